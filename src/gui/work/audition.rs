//! Lets hovered points of a map sound.
//!
//! A thread of its own decodes the window under the pointer, hands it to the player, and then decodes those around it
//! for the next movement. It keeps the last of them, so that what lies near sounds without decoding: the clip is with
//! the sound callback as soon as both threads have run.

use std::{collections::VecDeque, sync::Arc};

use crate::gui::{
    jobs::Answering,
    message::{MapMessage, Message, Outbox},
    model::{Spot, WINDOW_SECS},
};
use mynascope_audio::{Auditions, Clip, Semitones};
use mynascope_base::jobs::Cancel;

/// Clips that are kept decoded, and how long they last together at most: 0.4 MB a second at 48 kHz.
const KEPT: usize = 40;
const KEPT_SECS: f64 = 320.0;
/// The rate of clips while there is no player, in Hz.
const SILENT_RATE: u32 = 48_000;

/// What the pointer is at.
pub struct AuditionRequest {
    /// Sounds now.
    pub play: Option<Spot>,
    /// Lies around it, nearest first.
    pub around: Vec<Spot>,
    /// Seconds that are heard of a place: a window of the encoder that put it there.
    pub window_secs: f64,
    /// By how many semitones it sounds lower, and slower by as much.
    pub lowered: usize,
}

/// The thread that prepares and plays clips. The newest wish wins.
pub struct AuditionWork {
    requests: Answering<AuditionRequest>,
    auditions: Option<Auditions>,
}

impl AuditionWork {
    /// Starts the thread; without a player it prepares clips that nobody hears.
    ///
    /// # Errors
    /// The system's error if it gives no thread.
    pub fn start(outbox: &Outbox, auditions: Option<Auditions>) -> std::io::Result<Self> {
        let mut ring = Ring::new(auditions.clone(), outbox.clone());
        let requests = Answering::start("hover-sound", outbox, move |request, newer| {
            ring.answer(request, &|| newer.has_newer(), newer.cancel);
        })?;
        Ok(Self {
            requests,
            auditions,
        })
    }

    /// Takes the sound device, so that the first point sounds as fast as all others; or lets it go.
    pub fn stand_by(&self, ready: bool) {
        if let Some(auditions) = &self.auditions {
            auditions.stand_by(ready);
        }
    }

    /// Plays one place and prepares others.
    pub fn request(&self, request: AuditionRequest) {
        if request.play.is_none() {
            self.silence();
        }
        self.requests.ask(request);
    }

    /// Ends what sounds.
    pub fn stop(&self) {
        self.request(AuditionRequest {
            play: None,
            around: Vec::new(),
            window_secs: WINDOW_SECS,
            lowered: 0,
        });
    }

    fn silence(&self) {
        if let Some(auditions) = &self.auditions {
            auditions.stop();
        }
    }
}

/// Decoded clips, the newest last.
struct Ring {
    auditions: Option<Auditions>,
    outbox: Outbox,
    clips: VecDeque<(Spot, Arc<Clip>)>,
    /// How long they are.
    window_secs: f64,
    /// Where decoding failed last: told once.
    failed: Option<Spot>,
}

impl Ring {
    fn new(auditions: Option<Auditions>, outbox: Outbox) -> Self {
        Self {
            auditions,
            outbox,
            clips: VecDeque::new(),
            window_secs: WINDOW_SECS,
            failed: None,
        }
    }

    fn answer(&mut self, request: AuditionRequest, has_newer: &dyn Fn() -> bool, cancel: &Cancel) {
        if request.window_secs != self.window_secs {
            self.clips.clear();
            self.window_secs = request.window_secs;
        }
        if let Some(spot) = request.play {
            self.play(spot, request.lowered, has_newer, cancel);
        }
        for spot in request.around.into_iter().take(self.most_kept() / 2) {
            if has_newer() {
                break;
            }
            // A neighbour that cannot be read says so when it is pointed at.
            let _ = self.clip(&spot, cancel);
        }
    }

    fn play(&mut self, spot: Spot, lowered: usize, has_newer: &dyn Fn() -> bool, cancel: &Cancel) {
        let clip = self.clip(&spot, cancel);
        let clip = clip.and_then(|clip| match Semitones::new(-(lowered as i8)) {
            Ok(semitones) => clip.transposed(semitones).map(Arc::new),
            // By nothing.
            Err(_) => Ok(clip),
        });
        match clip {
            // The pointer has gone on meanwhile: what comes next decides.
            Ok(_) if has_newer() => {}
            Ok(clip) => {
                if let Some(auditions) = &self.auditions {
                    auditions.play(clip);
                }
                let sounds = MapMessage::Sounds(spot);
                self.outbox.send_if_room(Message::Map(sounds));
            }
            Err(why) => {
                if self.failed.as_ref() != Some(&spot) {
                    self.failed = Some(spot);
                    let failed = MapMessage::SoundFailed(why);
                    self.outbox.send(Message::Map(failed));
                }
            }
        }
    }

    /// The clip of a place, decoded unless it is kept.
    fn clip(&mut self, spot: &Spot, cancel: &Cancel) -> Result<Arc<Clip>, String> {
        let kept = self.clips.iter().position(|(other, _)| other == spot);
        let entry = match kept.and_then(|index| self.clips.remove(index)) {
            Some(entry) => entry,
            None => {
                let rate = self.auditions.as_ref().map_or(SILENT_RATE, Auditions::rate);
                let length = self.window_secs;
                let clip = Clip::decode(&spot.path, spot.start_secs, length, rate, cancel)
                    .map_err(|error| error.to_string())?;
                (spot.clone(), Arc::new(clip))
            }
        };
        let clip = Arc::clone(&entry.1);
        self.clips.push_back(entry);
        while self.clips.len() > self.most_kept() {
            self.clips.pop_front();
        }
        Ok(clip)
    }

    fn most_kept(&self) -> usize {
        let fit = (KEPT_SECS / self.window_secs.max(1e-3)) as usize;
        fit.clamp(2, KEPT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui;
    use mynascope_audio::write_wav;

    #[test]
    fn what_lies_near_is_decoded_once_and_the_oldest_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        write_wav(&path, &vec![0.1; 16_000], 16_000).unwrap();
        let (outbox, inbox) = Outbox::new(&egui::Context::default());
        let mut ring = Ring::new(None, outbox);
        let cancel = Cancel::default();
        let spot = |n: usize| Spot {
            path: path.clone(),
            start_secs: 0.01 * n as f64,
        };
        let first = ring.clip(&spot(0), &cancel).unwrap();
        assert!(Arc::ptr_eq(&first, &ring.clip(&spot(0), &cancel).unwrap()));
        for n in 1..=KEPT {
            ring.clip(&spot(n), &cancel).unwrap();
        }
        assert_eq!(ring.clips.len(), KEPT);
        assert!(!Arc::ptr_eq(&first, &ring.clip(&spot(0), &cancel).unwrap()));
        // A file that is gone is told once, however long the pointer rests there.
        let gone = Spot {
            path: folder.path().join("gone.wav"),
            start_secs: 0.0,
        };
        ring.play(gone.clone(), 0, &|| false, &cancel);
        ring.play(gone, 0, &|| false, &cancel);
        assert_eq!(inbox.len(), 1);
    }

    #[test]
    fn a_point_sounds_as_long_as_a_window_of_its_encoder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        write_wav(&path, &vec![0.1; 16_000 * 12], 16_000).unwrap();
        let (outbox, _inbox) = Outbox::new(&egui::Context::default());
        let mut ring = Ring::new(None, outbox);
        let spot = Spot {
            path,
            start_secs: 1.0,
        };
        let mut heard_secs = |window_secs: f64| {
            let request = AuditionRequest {
                play: Some(spot.clone()),
                around: Vec::new(),
                window_secs,
                lowered: 0,
            };
            ring.answer(request, &|| false, &Cancel::default());
            assert_eq!(ring.clips.len(), 1, "of one length only");
            ring.clips[0].1.duration_secs()
        };
        for window_secs in [WINDOW_SECS, 10.0, 5.0] {
            let heard = heard_secs(window_secs);
            assert!((heard - window_secs).abs() < 0.05, "{heard}");
        }
        ring.window_secs = 30.0;
        assert_eq!(ring.most_kept(), 10, "of long clips fewer are kept");
    }
}
