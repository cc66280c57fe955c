use crate::spectrum::ColourMap;

/// What a user does to the picture.
#[derive(Debug, Clone)]
pub enum PictureCommand {
    /// Enlarges the time axis around a time by so many notches; negative ones make it smaller.
    ZoomTime {
        at_secs: f64,
        notches: f64,
    },
    /// Shows this part of the track.
    ShowTime {
        start_secs: f64,
        span_secs: f64,
    },
    /// Moves the picture by so many seconds.
    PanTime(f64),
    FitTrack,
    SetColourMap(ColourMap),
    /// To the next colour map, or the one before.
    NextColourMap {
        back: bool,
    },
    SetTopDb(f32),
    SetRangeDb(f32),
}
