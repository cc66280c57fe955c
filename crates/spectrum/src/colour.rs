//! Colour maps of the spectrogram.

use colorous::Gradient;

/// A perceptual colour map: equal steps of level look like equal steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourMap {
    /// matplotlib's magma: black, purple, orange, pale yellow.
    #[default]
    Magma,
    /// matplotlib's viridis: purple, green, yellow.
    Viridis,
    /// matplotlib's cividis: blue to yellow, made to look alike to colour-blind eyes.
    Cividis,
    /// matplotlib's inferno: black, red, yellow.
    Inferno,
    /// Black to white.
    Grey,
}

impl ColourMap {
    /// Every map, in the order of menus.
    pub const ALL: [Self; 5] = [
        Self::Magma,
        Self::Viridis,
        Self::Cividis,
        Self::Inferno,
        Self::Grey,
    ];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Magma => "magma",
            Self::Viridis => "viridis",
            Self::Cividis => "cividis",
            Self::Inferno => "inferno",
            Self::Grey => "grey",
        }
    }

    /// 256 opaque sRGB colours from quiet to loud.
    pub fn table(self) -> [[u8; 4]; 256] {
        let mut table = [[0, 0, 0, u8::MAX]; 256];
        for (index, entry) in table.iter_mut().enumerate() {
            let [red, green, blue] = match self.gradient() {
                Some(gradient) => gradient.eval_rational(index, 256).as_array(),
                // 256 levels fit a byte exactly.
                None => [index as u8; 3],
            };
            *entry = [red, green, blue, u8::MAX];
        }
        table
    }

    /// The published map; greys need none.
    fn gradient(self) -> Option<Gradient> {
        match self {
            Self::Magma => Some(colorous::MAGMA),
            Self::Viridis => Some(colorous::VIRIDIS),
            Self::Cividis => Some(colorous::CIVIDIS),
            Self::Inferno => Some(colorous::INFERNO),
            Self::Grey => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CIE lightness is a monotone function of this.
    fn luminance([red, green, blue, _]: [u8; 4]) -> f64 {
        let linear = |value: u8| (f64::from(value) / 255.0).powf(2.2);
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    #[test]
    fn louder_is_never_darker() {
        for map in ColourMap::ALL {
            let table = map.table();
            for (index, pair) in table.windows(2).enumerate() {
                assert!(
                    luminance(pair[1]) >= luminance(pair[0]) - 2e-3,
                    "{} gets darker at {index}",
                    map.name()
                );
            }
            assert!(luminance(table[255]) > luminance(table[0]) + 0.5);
        }
    }

    #[test]
    fn the_ends_are_those_of_the_published_maps() {
        assert_eq!(ColourMap::Magma.table()[0], [0, 0, 4, 255]);
        assert_eq!(ColourMap::Magma.table()[255], [252, 253, 191, 255]);
        assert_eq!(ColourMap::Viridis.table()[0], [68, 1, 84, 255]);
        assert_eq!(ColourMap::Grey.table()[128], [128, 128, 128, 255]);
    }
}
