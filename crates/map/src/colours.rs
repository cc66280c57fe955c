//! The colours of labels.

/// The colours of labels on a dark ground, in their order: Okabe and Ito's without black, which colour-blind people tell apart, then
/// those that lie farthest from all before them and from the grey of what has no label (in Oklab, of a grid of sRGB, with a contrast
/// of 3 to the ground). Any two lie 0.13 or more apart there.
pub const LABEL_COLOURS: [[u8; 3]; 20] = [
    [230, 159, 0],
    [86, 180, 233],
    [0, 158, 115],
    [204, 121, 167],
    [213, 94, 0],
    [0, 114, 178],
    [240, 228, 66],
    [150, 0, 255],
    [255, 210, 255],
    [255, 15, 255],
    [75, 255, 240],
    [0, 225, 0],
    [195, 0, 150],
    [120, 120, 255],
    [255, 30, 105],
    [135, 195, 135],
    [255, 135, 255],
    [105, 105, 0],
    [255, 255, 210],
    [255, 165, 165],
];

/// The same on a light ground: as far apart, each as near to the hue of its label and as bright and pure as a contrast of 3 and those
/// before it allow (in Oklab, of a grid of sRGB). Any two of the first ten lie 0.16 apart.
pub const LABEL_COLOURS_ON_LIGHT: [[u8; 3]; 20] = [
    [210, 105, 15],
    [30, 135, 225],
    [30, 150, 45],
    [240, 0, 195],
    [180, 0, 0],
    [0, 60, 240],
    [120, 90, 0],
    [150, 0, 255],
    [150, 60, 150],
    [90, 0, 105],
    [0, 120, 105],
    [15, 90, 0],
    [210, 75, 120],
    [60, 45, 165],
    [120, 0, 30],
    [0, 45, 0],
    [180, 105, 225],
    [60, 0, 0],
    [0, 0, 120],
    [15, 0, 15],
];

/// The shape of a point. Labels have colours of their own up to the twentieth; the next twenty have the same colours on another
/// shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A round one.
    Disc,
    /// A square.
    Square,
    /// A triangle on its side.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A plus.
    Plus,
}

impl Mark {
    /// All shapes, in the order of labels; the shader knows them by their place.
    pub const ALL: [Self; 5] = [
        Self::Disc,
        Self::Square,
        Self::Triangle,
        Self::Diamond,
        Self::Plus,
    ];

    /// The shape of the `place`-th label. The hundred-and-first looks like the first again.
    pub fn of_label(place: usize) -> Self {
        let turn = place / LABEL_COLOURS.len() % Self::ALL.len();
        Self::ALL.get(turn).copied().unwrap_or(Self::Disc)
    }

    /// How far a place lies outside a mark of a radius around 0, inside below 0; y points up. The marks look equally large.
    pub fn distance(self, [x, y]: [f32; 2], radius: f32) -> f32 {
        let (x, up) = (x.abs(), y);
        let y = y.abs();
        match self {
            Self::Disc => x.hypot(y) - radius,
            Self::Square => x.max(y) - 0.87 * radius,
            Self::Triangle => (-up).max(0.866 * x + 0.5 * up) - 0.65 * radius,
            Self::Diamond => (x + y) * std::f32::consts::FRAC_1_SQRT_2 - 0.87 * radius,
            Self::Plus => {
                let arm =
                    |along: f32, across: f32| (along - 1.15 * radius).max(across - 0.42 * radius);
                arm(x, y).min(arm(y, x))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(colour: [u8; 3]) -> [f64; 3] {
        colour.map(|value| {
            let c = f64::from(value) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    /// Oklab (B. Ottosson, "A perceptual color space for image processing", 2020).
    fn oklab(colour: [u8; 3]) -> [f64; 3] {
        let times = |matrix: [[f64; 3]; 3], v: [f64; 3]| {
            matrix.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum::<f64>())
        };
        let lms = times(
            [
                [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
                [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
                [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
            ],
            linear(colour),
        );
        times(
            [
                [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
                [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
                [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
            ],
            lms.map(f64::cbrt),
        )
    }

    fn distance(a: [u8; 3], b: [u8; 3]) -> f64 {
        let (a, b) = (oklab(a), oklab(b));
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - b).powi(2))
            .sum::<f64>()
            .sqrt()
    }

    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let luminance = |colour| {
            let [r, g, b] = linear(colour);
            0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
        };
        let (a, b) = (luminance(a), luminance(b));
        a.max(b) / a.min(b)
    }

    #[test]
    fn twenty_labels_can_be_told_apart_and_seen_on_either_ground() {
        for (colours, ground) in [(LABEL_COLOURS, 24), (LABEL_COLOURS_ON_LIGHT, 246)] {
            for (place, &colour) in colours.iter().enumerate() {
                for &other in &colours[..place] {
                    let apart = distance(colour, other);
                    assert!(apart > 0.13, "{colour:?} and {other:?}: {apart:.3}");
                }
                assert!(distance(colour, [128; 3]) > 0.1, "{colour:?} is grey");
                let seen = contrast(colour, [ground; 3]);
                assert!(seen >= 3.0, "{colour:?} on {ground}: {seen:.2}");
            }
        }
    }

    #[test]
    fn a_hundred_labels_look_different() {
        let looks: std::collections::BTreeSet<_> = (0..100)
            .map(|place| {
                let mark = Mark::of_label(place);
                // What of a grid of places lies inside.
                let inside: Vec<bool> = (-8..=8)
                    .flat_map(|y| (-8..=8).map(move |x| [x as f32 / 4.0, y as f32 / 4.0]))
                    .map(|at| mark.distance(at, 1.2) < 0.0)
                    .collect();
                (LABEL_COLOURS[place % 20], inside)
            })
            .collect();
        assert_eq!(looks.len(), 100);
        // About as much colour on each.
        for mark in Mark::ALL {
            let steps = || (-200..200).map(|step| step as f32 / 100.0);
            let area = steps()
                .flat_map(|y| steps().map(move |x| [x, y]))
                .filter(|&at| mark.distance(at, 1.0) < 0.0)
                .count() as f32
                / 10_000.0;
            assert!((2.1..3.3).contains(&area), "{mark:?} {area}");
        }
    }
}
