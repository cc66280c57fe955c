//! Finding the point under the pointer among very many.

/// Finds the point of a map that is nearest to the pointer without looking at all of them: points are sorted into
/// square cells, and only the cells that a search circle touches are read.
#[derive(Debug, Clone, Default)]
pub struct HitGrid {
    low: [f32; 2],
    cell: f32,
    columns: usize,
    rows: usize,
    /// For each cell where its points begin in `members`; one more than there are cells.
    starts: Vec<u32>,
    members: Vec<u32>,
}

/// Points a cell on average.
const POINTS_PER_CELL: usize = 4;
/// Cells a side at most: keeps the memory of the grid below that of the points.
const CELLS_PER_SIDE: usize = 1024;

impl HitGrid {
    /// Sorts points into cells.
    pub fn new(points: &[[f32; 2]]) -> Self {
        let Some(&first) = points.first() else {
            return Self::default();
        };
        let (mut low, mut high) = (first, first);
        for &[x, y] in points {
            low = [low[0].min(x), low[1].min(y)];
            high = [high[0].max(x), high[1].max(y)];
        }
        let side = (high[0] - low[0]).max(high[1] - low[1]).max(f32::EPSILON);
        let per_side = (points.len() / POINTS_PER_CELL).isqrt();
        let per_side = per_side.clamp(1, CELLS_PER_SIDE);
        let mut grid = Self {
            low,
            cell: side / per_side as f32,
            columns: per_side,
            rows: per_side,
            starts: Vec::new(),
            members: vec![0; points.len()],
        };
        // A counting sort: how many in each cell, where each cell begins, then every point to its place.
        let mut counts = vec![0_u32; per_side * per_side + 1];
        for &point in points {
            if let Some(count) = counts.get_mut(grid.cell_of(point) + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for count in &mut counts {
            sum += *count;
            *count = sum;
        }
        let mut next = counts.clone();
        for (index, &point) in points.iter().enumerate() {
            if let Some(place) = next.get_mut(grid.cell_of(point)) {
                if let Some(slot) = grid.members.get_mut(*place as usize) {
                    *slot = index as u32;
                }
                *place += 1;
            }
        }
        grid.starts = counts;
        grid
    }

    fn column_and_row(&self, [x, y]: [f32; 2]) -> (usize, usize) {
        // Casting to an unsigned number takes what is left of or below the grid to 0.
        let column = ((x - self.low[0]) / self.cell) as usize;
        let row = ((y - self.low[1]) / self.cell) as usize;
        (
            column.min(self.columns.saturating_sub(1)),
            row.min(self.rows.saturating_sub(1)),
        )
    }

    fn cell_of(&self, point: [f32; 2]) -> usize {
        let (column, row) = self.column_and_row(point);
        row * self.columns + column
    }

    /// The points in the cells that a rectangle touches; some lie outside of it.
    pub fn within(&self, low: [f32; 2], high: [f32; 2]) -> impl Iterator<Item = usize> + '_ {
        let (left, bottom) = self.column_and_row(low);
        let (right, top) = self.column_and_row(high);
        (bottom..=top).flat_map(move |row| {
            let cell = row * self.columns + left;
            let begin = self.starts.get(cell).copied().unwrap_or(0) as usize;
            let end = self.starts.get(cell + right - left + 1);
            let end = end.copied().unwrap_or(0) as usize;
            let members = self.members.get(begin..end).unwrap_or_default();
            members.iter().map(|&member| member as usize)
        })
    }

    /// The visible point nearest to `at` within `radius`; of two at one place, the later.
    pub fn nearest(
        &self,
        points: &[[f32; 2]],
        at: [f32; 2],
        radius: f32,
        visible: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        if self.members.is_empty() {
            return None;
        }
        let [x, y] = at;
        let mut best = None;
        let mut best_distance = radius * radius;
        for member in self.within([x - radius, y - radius], [x + radius, y + radius]) {
            let Some(&[point_x, point_y]) = points.get(member) else {
                continue;
            };
            let distance = (point_x - x).powi(2) + (point_y - y).powi(2);
            if distance <= best_distance && visible(member) {
                best_distance = distance;
                best = Some(member);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_spectrum::tokens::{Purpose, stream};

    #[test]
    fn the_grid_finds_what_a_search_through_all_points_finds() {
        let mut random = stream(11, 0, 0, Purpose::Demo);
        let mut number = || random.between(-1.0, 1.0) as f32;
        let points: Vec<[f32; 2]> = (0..3000).map(|_| [number(), number() * 0.3]).collect();
        let grid = HitGrid::new(&points);
        let visible = |index: usize| !index.is_multiple_of(7);
        let mut found = 0;
        for _ in 0..500 {
            let at = [number() * 1.2, number()];
            let distance =
                |index: usize| (points[index][0] - at[0]).hypot(points[index][1] - at[1]);
            let slow = (0..points.len())
                .filter(|&index| visible(index) && distance(index) <= 0.05)
                .min_by(|&a, &b| distance(a).total_cmp(&distance(b)));
            assert_eq!(grid.nearest(&points, at, 0.05, visible), slow);
            found += usize::from(slow.is_some());
        }
        assert!(
            found > 50 && found < 500,
            "{found} of 500 were near a point"
        );
    }

    #[test]
    fn no_points_one_point_and_equal_points_are_fine() {
        assert_eq!(
            HitGrid::new(&[]).nearest(&[], [0.0, 0.0], 1.0, |_| true),
            None
        );
        let same = [[0.5, 0.5]; 20];
        let grid = HitGrid::new(&same);
        assert!(grid.nearest(&same, [0.5, 0.6], 0.2, |_| true).is_some());
        assert_eq!(grid.nearest(&same, [0.5, 0.6], 0.05, |_| true), None);
    }
}
