//! Places on the plane of a map.

/// Whether a place lies inside an outline: a ray from it to the right crosses the outline an odd number of times.
pub(super) fn is_inside([x, y]: [f32; 2], outline: &[[f32; 2]]) -> bool {
    let Some(&last) = outline.last() else {
        return false;
    };
    let (mut before, mut inside) = (last, false);
    for &corner in outline {
        let ([x0, y0], [x1, y1]) = (before, corner);
        if (y0 > y) != (y1 > y) && x < x0 + (y - y0) / (y1 - y0) * (x1 - x0) {
            inside = !inside;
        }
        before = corner;
    }
    inside
}

/// The least and the greatest coordinates.
pub(super) fn bounds(points: impl Iterator<Item = [f32; 2]>) -> ([f32; 2], [f32; 2]) {
    let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
    for [x, y] in points {
        low = [low[0].min(x), low[1].min(y)];
        high = [high[0].max(x), high[1].max(y)];
    }
    (low, high)
}

/// Moves and scales points into the square from -1 to 1; distances keep their proportions.
pub(super) fn to_unit_square(points: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let (low, high) = bounds(points.iter().copied());
    let side = (high[0] - low[0])
        .max(high[1] - low[1])
        .max(f32::MIN_POSITIVE);
    let middle = [0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1])];
    points
        .iter()
        .map(|[x, y]| [2.0 * (x - middle[0]) / side, 2.0 * (y - middle[1]) / side])
        .collect()
}

/// How far points lie from the origin along each axis.
pub(super) fn extent(xy: &[[f32; 2]]) -> [f32; 2] {
    xy.iter().fold([0.0; 2], |[x, y], at| {
        [x.max(at[0].abs()), y.max(at[1].abs())]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_of_any_size_fills_the_square_to_scale() {
        let square = to_unit_square(&[[10.0, 5.0], [30.0, 5.0], [20.0, 10.0]]);
        assert_eq!(square, [[-1.0, -0.25], [1.0, -0.25], [0.0, 0.25]]);
        assert_eq!(to_unit_square(&[[7.0, 7.0]]), [[0.0, 0.0]]);
    }

    #[test]
    fn a_lasso_holds_what_it_encloses_also_where_it_bends_inwards() {
        // The letter U.
        let outline = [
            [0.0, 0.0],
            [3.0, 0.0],
            [3.0, 3.0],
            [2.0, 3.0],
            [2.0, 1.0],
            [1.0, 1.0],
            [1.0, 3.0],
            [0.0, 3.0],
        ];
        for (at, inside) in [
            ([0.5, 2.0], true),
            ([2.5, 2.9], true),
            ([1.5, 0.5], true),
            ([1.5, 2.0], false),
            ([-0.1, 1.0], false),
            ([3.1, 1.0], false),
        ] {
            assert_eq!(is_inside(at, &outline), inside, "{at:?}");
        }
        assert!(!is_inside([0.0, 0.0], &[]));
    }
}
