//! A track that is played: decoded as it plays, or samples that are there already.

use std::{collections::VecDeque, path::Path, path::PathBuf, sync::Arc};

use crate::{AudioError, decode::Decoder, resample::Resample};
use mynascope_base::jobs::Cancel;

/// What can be played.
#[derive(Debug, Clone)]
pub(super) enum Source {
    File(PathBuf),
    /// Mono samples at `rate` Hz.
    Samples {
        samples: Arc<[f32]>,
        rate: u32,
    },
}

/// Mono samples handed on at once.
const PIECE: usize = 4096;

/// A source being played: stereo at the rate of the output, from any place.
pub(super) struct Sound {
    tape: Tape,
    rate_out: u32,
    resample: Option<Resample>,
    /// Interleaved stereo at `rate_out`, decoded and not yet played.
    ready: VecDeque<f32>,
    ended: bool,
}

enum Tape {
    File(Box<Decoder>),
    Samples {
        samples: Arc<[f32]>,
        rate: u32,
        next: usize,
    },
}

impl Sound {
    pub(super) fn open(
        source: &Source,
        rate_out: u32,
        cancel: &Cancel,
    ) -> Result<Self, AudioError> {
        let tape = match source {
            Source::File(path) => Tape::File(Box::new(Decoder::open(path, cancel)?)),
            Source::Samples { samples, rate } => {
                if samples.is_empty() || *rate == 0 {
                    return Err(AudioError::Empty {
                        path: PathBuf::from("(samples)"),
                    });
                }
                Tape::Samples {
                    samples: Arc::clone(samples),
                    rate: *rate,
                    next: 0,
                }
            }
        };
        Ok(Self {
            tape,
            rate_out,
            resample: None,
            ready: VecDeque::new(),
            ended: false,
        })
    }

    /// Its length in seconds as far as it is known, else 0.
    pub(super) fn duration_secs(&self) -> f64 {
        match &self.tape {
            Tape::File(decoder) => decoder.info().duration_secs,
            Tape::Samples { samples, rate, .. } => samples.len() as f64 / f64::from(*rate),
        }
    }

    /// Goes on from `secs`, for an output of `rate_out` Hz.
    pub(super) fn seek(&mut self, secs: f64, rate_out: u32) -> Result<(), AudioError> {
        self.rate_out = rate_out;
        self.resample = None;
        self.ready.clear();
        self.ended = false;
        match &mut self.tape {
            Tape::File(decoder) => decoder.seek(secs),
            Tape::Samples { rate, next, .. } => {
                *next = (secs.max(0.0) * f64::from(*rate)).round() as usize;
                Ok(())
            }
        }
    }

    /// Whether all was handed out.
    pub(super) fn is_over(&self) -> bool {
        self.ended && self.ready.is_empty()
    }

    /// The next value (left and right in turn), decoding when there is none.
    pub(super) fn next_values(&mut self) -> Result<Option<&mut VecDeque<f32>>, AudioError> {
        while self.ready.is_empty() && !self.ended {
            if let Err(error) = self.fill() {
                self.ended = true;
                return Err(error);
            }
        }
        Ok((!self.ready.is_empty()).then_some(&mut self.ready))
    }

    fn fill(&mut self) -> Result<(), AudioError> {
        let mut stereo = Vec::new();
        let (rate, path) = match &mut self.tape {
            Tape::File(decoder) => match decoder.next()? {
                Some(chunk) => {
                    to_stereo(chunk.samples, chunk.channels, &mut stereo);
                    (chunk.rate, None)
                }
                None => (0, None),
            },
            Tape::Samples {
                samples,
                rate,
                next,
            } => {
                let piece = samples.get(*next..).unwrap_or_default();
                let piece = piece.get(..PIECE).unwrap_or(piece);
                *next += piece.len();
                to_stereo(piece, 1, &mut stereo);
                (*rate, Some(Path::new("(samples)")))
            }
        };
        let refused = |why: String| AudioError::damaged(path.unwrap_or(Path::new("(file)")), why);
        let ready = &mut self.ready;
        let mut sink = |values: &[f32]| ready.extend(values);
        if let Some(old) = &mut self.resample
            && (stereo.is_empty() || old.rate_in() != rate)
        {
            old.finish(&mut sink).map_err(refused)?;
            self.resample = None;
        }
        if stereo.is_empty() {
            self.ended = true;
            return Ok(());
        }
        if self.resample.is_none() {
            self.resample = Some(Resample::new(2, rate, self.rate_out).map_err(refused)?);
        }
        if let Some(resample) = &mut self.resample {
            resample.push(&stereo, &mut sink).map_err(refused)?;
        }
        Ok(())
    }
}

/// Mono goes to both sides, stereo stays, more channels are mixed.
fn to_stereo(samples: &[f32], channels: usize, stereo: &mut Vec<f32>) {
    match channels {
        0 => {}
        2 => stereo.extend_from_slice(samples),
        _ => stereo.extend(samples.chunks_exact(channels).flat_map(|frame| {
            let mean = frame.iter().sum::<f32>() / channels as f32;
            [mean, mean]
        })),
    }
}
