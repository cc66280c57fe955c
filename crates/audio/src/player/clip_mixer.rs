//! Clips that sound alone while the track waits, as on the map: mixed and cross-faded in the sound callback.

use std::sync::Arc;

use super::{clip::Clip, fade::FADE_SECS};

/// Clips on their way to the callback. More than it can take between two looks are not worth hearing.
pub(super) const WAITING: usize = 16;
/// Clips that sound at once while they are exchanged: the newest, and older ones that fade out.
const VOICES: usize = 4;

/// What the callback is sent: a clip to play, or silence.
pub(super) type ClipRequest = Option<Arc<Clip>>;

/// Short clips over the track, as the callback mixes them. The sender holds each clip for as long as it may be here,
/// so that nothing is ever freed in the callback.
pub(super) struct ClipMixer {
    clip_requests: rtrb::Consumer<ClipRequest>,
    voices: [Option<Voice>; VOICES],
    fade: usize,
    step: f32,
    /// Clips that came to be heard since this was asked last.
    heard: u64,
}

struct Voice {
    clip: Arc<Clip>,
    next: usize,
    gain: f32,
    ends: bool,
    /// A frame of it that is not silent went out.
    heard: bool,
}

impl ClipMixer {
    pub(super) fn new(clip_requests: rtrb::Consumer<ClipRequest>, rate: f32) -> Self {
        let fade = (FADE_SECS * rate).max(1.0);
        Self {
            clip_requests,
            voices: [const { None }; VOICES],
            fade: fade as usize,
            step: 1.0 / fade,
            heard: 0,
        }
    }

    /// Takes what was sent: the newest clip sounds, all others fade out.
    pub(super) fn look(&mut self) {
        let mut newest = None;
        while let Ok(request) = self.clip_requests.pop() {
            newest = Some(request);
        }
        let Some(request) = newest else { return };
        for voice in self.voices.iter_mut().flatten() {
            voice.ends = true;
        }
        let Some(clip) = request else { return };
        let loudness = |voice: &Option<Voice>| voice.as_ref().map_or(-1.0, |voice| voice.gain);
        let quietest = self
            .voices
            .iter_mut()
            .min_by(|a, b| loudness(a).total_cmp(&loudness(b)));
        if let Some(place) = quietest {
            *place = Some(Voice {
                clip,
                next: 0,
                gain: 0.0,
                ends: false,
                heard: false,
            });
        }
    }

    /// Whether a clip sounds that is not about to end.
    pub(super) fn sounds(&self) -> bool {
        self.voices.iter().flatten().any(|voice| !voice.ends)
    }

    /// How many clips came to be heard since the last call.
    pub(super) fn take_heard(&mut self) -> u64 {
        std::mem::take(&mut self.heard)
    }

    /// The next frame of all that sounds.
    pub(super) fn next(&mut self) -> [f32; 2] {
        let mut sum = [0.0; 2];
        for place in &mut self.voices {
            let Some(voice) = place else { continue };
            let left = voice.clip.frames.len() - voice.next;
            voice.ends |= left <= self.fade;
            voice.gain = if voice.ends {
                (voice.gain - self.step).max(0.0)
            } else {
                (voice.gain + self.step).min(1.0)
            };
            match voice.clip.frames.get(voice.next) {
                Some(frame) if voice.gain > 0.0 => {
                    voice.next += 1;
                    if !voice.heard && *frame != [0.0; 2] {
                        voice.heard = true;
                        self.heard += 1;
                    }
                    for (sum, value) in sum.iter_mut().zip(frame) {
                        *sum += voice.gain * value;
                    }
                }
                _ => *place = None,
            }
        }
        sum
    }
}
