//! Parts of the window that are saved as pictures by themselves.

use std::{fmt, str::FromStr};

/// A part of the window that makes a picture by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PicturePanel {
    /// The mel-spectrogram of the shown track.
    Spectrogram,
    /// The map with its legend.
    Map,
    /// The confusion matrix of the last probe, or what another tab of its results shows.
    Results,
    /// The similarity of the batch in Teach.
    Similarity,
    /// The curves of a run.
    Curves,
}

impl PicturePanel {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Spectrogram,
        Self::Map,
        Self::Results,
        Self::Similarity,
        Self::Curves,
    ];

    /// Its name, as the command line takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spectrogram => "spectrogram",
            Self::Map => "map",
            Self::Results => "confusion",
            Self::Similarity => "similarity",
            Self::Curves => "curves",
        }
    }
}

impl fmt::Display for PicturePanel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for PicturePanel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|panel| panel.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("'{text}' is no panel; say one of {names}")
        })
    }
}

/// How a panel is saved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Publishing {
    /// Which one.
    pub panel: PicturePanel,
    /// Width and height, in points: text has 11 to 13 of them.
    pub size: [u32; 2],
    /// Pixels a point, of a PNG and of what has pixels in an SVG.
    pub scale: f32,
    /// On a light ground.
    pub light: bool,
    /// As vector graphics (SVG) instead of pixels (PNG).
    pub vector: bool,
}

impl Publishing {
    /// Sides that can be chosen, in points.
    pub const SIDES: std::ops::RangeInclusive<u32> = 320..=8192;
    /// Scales that can be chosen.
    pub const SCALES: std::ops::RangeInclusive<f32> = 1.0..=8.0;
    /// No side of a picture has more pixels: what every driver can draw on.
    pub const MOST_PIXELS: f32 = 8192.0;

    /// What is offered of a panel.
    pub fn of(panel: PicturePanel, light: bool) -> Self {
        let size = match panel {
            PicturePanel::Spectrogram => [900, 360],
            PicturePanel::Map => [900, 640],
            PicturePanel::Results | PicturePanel::Similarity => [720, 640],
            PicturePanel::Curves => [1280, 960],
        };
        Self {
            panel,
            size,
            scale: 2.0,
            light,
            vector: false,
        }
    }

    /// The same within its bounds.
    pub fn bounded(self) -> Self {
        let size = self
            .size
            .map(|side| side.clamp(*Self::SIDES.start(), *Self::SIDES.end()));
        let longest = size.into_iter().max().unwrap_or(1) as f32;
        let most = (Self::MOST_PIXELS / longest).min(*Self::SCALES.end());
        Self {
            size,
            scale: self.scale.clamp(0.5, most.max(0.5)),
            ..self
        }
    }

    /// The ending of its file.
    pub fn ending(&self) -> &'static str {
        if self.vector { "svg" } else { "png" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_no_more_pixels_than_can_be_drawn() {
        for panel in PicturePanel::ALL {
            assert_eq!(panel.name().parse(), Ok(panel));
            let large = Publishing {
                size: [8000, 100],
                scale: 4.0,
                ..Publishing::of(panel, true)
            };
            let bounded = large.bounded();
            assert_eq!(bounded.size, [8000, 320]);
            assert!(bounded.scale * 8000.0 <= Publishing::MOST_PIXELS);
            let usual = Publishing::of(panel, false);
            assert_eq!(usual.bounded(), usual);
        }
        assert!(
            "plots"
                .parse::<PicturePanel>()
                .unwrap_err()
                .contains("spectrogram")
        );
    }
}
