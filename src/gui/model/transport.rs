//! What is heard: position, selection, loop, original or masked.

use std::sync::Arc;

use mynascope_audio::{OutputDevice, OutputStatus};
use mynascope_spectrum::LevelMatch;

/// What of the shown track is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hearing {
    /// The track as it is.
    #[default]
    Original,
    /// What the active view keeps.
    Left,
    /// What the active view drops.
    Dropped,
}

/// Whether what the masks leave of the shown track can be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Views {
    /// Nobody asked for it yet.
    #[default]
    Unprepared,
    /// The track is being decoded for it; until then the original plays.
    Preparing,
    /// They can be heard.
    Ready,
}

/// A stretch of the shown track, in seconds from its start; never empty, and the start comes first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selection {
    /// Its start.
    pub start_secs: f64,
    /// Its end.
    pub end_secs: f64,
}

impl Selection {
    /// The shortest stretch, in seconds: shorter ones are a click that slipped, and no loop can be heard in them.
    pub const SHORTEST_SECS: f64 = 0.02;

    /// The stretch between two times in either order, within a track of `duration_secs`; `None` where nothing that
    /// can be heard lies between them.
    pub fn between(one_secs: f64, other_secs: f64, duration_secs: f64) -> Option<Self> {
        let inside = |secs: f64| secs.clamp(0.0, duration_secs.max(0.0));
        let (one, other) = (inside(one_secs), inside(other_secs));
        let (start_secs, end_secs) = (one.min(other), one.max(other));
        (end_secs - start_secs >= Self::SHORTEST_SECS).then_some(Self {
            start_secs,
            end_secs,
        })
    }

    /// The stretch with its farther end kept and the nearer one moved to a time.
    pub fn reaching(&self, secs: f64, duration_secs: f64) -> Option<Self> {
        let kept = if secs < (self.start_secs + self.end_secs) / 2.0 {
            self.end_secs
        } else {
            self.start_secs
        };
        Self::between(kept, secs, duration_secs)
    }

    /// How long it is, in seconds.
    pub fn length_secs(&self) -> f64 {
        self.end_secs - self.start_secs
    }
}

/// What a user sets of the sound.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SoundForm {
    /// What of the track is heard; of which view, [`super::MaskForm::active`] says.
    pub hearing: Hearing,
    /// The stretch that was selected on the picture; it goes with the track.
    pub selection: Option<Selection>,
    /// The stretch that is played over and over; it goes with the track.
    pub looped: Option<Selection>,
    /// What is kept or dropped plays as loud as the original, as far as that clips nothing.
    pub match_level: bool,
}

/// What is heard, as the player says.
#[derive(Debug, Clone)]
pub struct Transport {
    /// What is set.
    pub form: SoundForm,
    /// Whether it plays.
    pub playing: bool,
    /// Where the playhead is.
    pub position_secs: f64,
    /// 0 until a track is loaded.
    pub duration_secs: f64,
    /// Why the track could not be played, once that was told.
    pub problem: Option<String>,
    /// `None` until the player said something about the sound device.
    pub output: Option<OutputStatus>,
    /// What was heard of the masks last: where X goes back to.
    pub masked: Hearing,
    /// Whether the views can be heard.
    pub views: Views,
    /// How much louder what is heard of the masks plays, once that is known.
    pub level: Option<LevelMatch>,
    /// Whether levels were matched before the window was shown to an audience.
    pub matched_before: bool,
    /// The sound devices that were found, the system's choice first.
    pub devices: Arc<[OutputDevice]>,
    /// How loud it was before it was muted.
    pub volume_before_mute: f32,
    /// The notices that nothing can be heard, to be closed once something is.
    pub silence_notices: Vec<u64>,
    /// Where sound stopped when its device was lost, once that was told.
    pub lost_secs: Option<f64>,
    /// It came to the end of the track by itself, a frame ago.
    pub ended: bool,
    /// A stretch is played once, and nothing after it.
    pub once: bool,
    /// It was told that sound goes elsewhere than the user chose.
    pub told_stand_in: bool,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            form: SoundForm::default(),
            playing: false,
            position_secs: 0.0,
            duration_secs: 0.0,
            problem: None,
            output: None,
            masked: Hearing::Left,
            views: Views::Unprepared,
            level: None,
            matched_before: false,
            devices: Arc::from([]),
            volume_before_mute: 1.0,
            silence_notices: Vec::new(),
            lost_secs: None,
            ended: false,
            once: false,
            told_stand_in: false,
        }
    }
}

impl Transport {
    /// Whether the sound device is still being looked for.
    pub fn is_starting(&self) -> bool {
        self.output == Some(OutputStatus::Starting)
    }

    /// Whether masked sound is wanted and not there yet.
    pub fn is_preparing(&self) -> bool {
        self.form.hearing != Hearing::Original && self.views == Views::Preparing
    }

    /// How much louder what is heard of the masks plays, in words: "+14 dB", and what is missing where it would clip.
    pub fn level_note(&self) -> Option<String> {
        let level = self.level.filter(|_| self.form.match_level)?;
        let (gain, wanted) = (level.gain_db.round(), level.wanted_db.round());
        Some(match gain < wanted {
            true => format!("+{gain:.0} of {wanted:.0} dB"),
            false => format!("+{gain:.0} dB"),
        })
    }

    /// The device that sound goes to instead of the chosen one.
    pub fn stand_in(&self) -> Option<(&str, &str)> {
        match &self.output {
            Some(OutputStatus::Ready { device, instead_of }) => {
                Some((instead_of.as_deref()?, device))
            }
            _ => None,
        }
    }

    /// Why nothing can be heard, where that is so.
    pub fn silence(&self) -> Option<&str> {
        match &self.output {
            Some(OutputStatus::Unavailable { why }) => Some(why),
            _ => None,
        }
    }
}

/// A time as people write it: "3:07.5", "1:02:00.0".
pub fn clock(secs: f64) -> String {
    let tenths = (secs.max(0.0) * 10.0).floor() as u64;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}.{tenth}")
    } else {
        format!("{minutes}:{seconds:02}.{tenth}")
    }
}

/// A length in whole seconds: "3:08", "1:02:00".
pub fn length(secs: f64) -> String {
    let seconds = secs.max(0.0).round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_lies_in_the_track_and_is_never_a_slip() {
        let selection = Selection::between(9.0, 4.0, 8.0).unwrap();
        assert_eq!((selection.start_secs, selection.end_secs), (4.0, 8.0));
        assert_eq!(selection.length_secs(), 4.0);
        assert_eq!(Selection::between(2.0, 2.01, 8.0), None);
        assert_eq!(Selection::between(9.0, 12.0, 8.0), None);
        assert_eq!(Selection::between(-5.0, -1.0, 8.0), None);
        assert_eq!(Selection::between(f64::NAN, 1.0, 8.0), None);
        // The nearer end follows.
        assert_eq!(
            selection.reaching(7.0, 8.0),
            Selection::between(4.0, 7.0, 8.0)
        );
        assert_eq!(
            selection.reaching(1.0, 8.0),
            Selection::between(1.0, 8.0, 8.0)
        );
    }

    #[test]
    fn it_is_said_how_much_louder_a_part_plays_and_what_is_missing() {
        let mut transport = Transport {
            level: Some(LevelMatch {
                wanted_db: 22.4,
                gain_db: 13.7,
            }),
            ..Transport::default()
        };
        assert_eq!(transport.level_note(), None, "levels are not matched");
        transport.form.match_level = true;
        assert_eq!(transport.level_note().unwrap(), "+14 of 22 dB");
        transport.level = Some(LevelMatch::NONE);
        assert_eq!(transport.level_note().unwrap(), "+0 dB");
    }

    #[test]
    fn lengths_are_in_whole_seconds() {
        assert_eq!(length(187.6), "3:08");
        assert_eq!(length(59.7), "1:00");
        assert_eq!(length(3600.0), "1:00:00");
    }

    #[test]
    fn times_are_written_as_people_write_them() {
        assert_eq!(clock(0.0), "0:00.0");
        assert_eq!(clock(187.59), "3:07.5");
        assert_eq!(clock(3720.0), "1:02:00.0");
        assert_eq!(clock(-1.0), "0:00.0");
    }
}
