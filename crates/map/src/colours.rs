//! The colours of labels.

/// The colours of labels, in their order: Okabe and Ito's without black, which colour-blind people tell apart, then those
/// that lie farthest from all before them and from the grey of what has no label (in Oklab, of a grid of sRGB, with a
/// contrast of 2 to the dark ground and 1.25 to the light one). Any two lie 0.15 or
/// more apart there. More labels cycle.
pub const LABEL_COLOURS: [[u8; 3]; 20] = [
    [230, 159, 0],
    [86, 180, 233],
    [0, 158, 115],
    [204, 121, 167],
    [213, 94, 0],
    [0, 114, 178],
    [240, 228, 66],
    [150, 0, 255],
    [0, 90, 0],
    [150, 0, 120],
    [0, 0, 255],
    [255, 195, 225],
    [60, 210, 0],
    [90, 240, 210],
    [135, 45, 0],
    [255, 105, 255],
    [210, 15, 195],
    [255, 0, 105],
    [120, 120, 255],
    [90, 45, 180],
];

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
    fn twenty_labels_can_be_told_apart_on_both_grounds() {
        for (place, &colour) in LABEL_COLOURS.iter().enumerate() {
            for &other in &LABEL_COLOURS[..place] {
                let apart = distance(colour, other);
                assert!(apart > 0.15, "{colour:?} and {other:?}: {apart:.3}");
            }
            assert!(distance(colour, [128; 3]) > 0.1, "{colour:?} is grey");
            assert!(contrast(colour, [24; 3]) >= 2.0, "{colour:?} on dark");
            assert!(contrast(colour, [246; 3]) >= 1.2, "{colour:?} on light");
        }
    }
}
