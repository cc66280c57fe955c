//! What patchout saves in a window of an encoder that is no Myna, what it costs, where the encoder attends, and which styles the
//! window has.

use std::{path::PathBuf, time::Instant};

use crate::gui::{
    jobs::Newer,
    model::{AttentionAnswer, AttentionKey, EncoderFacts, PatchoutAnswer, TeachKey, style_name},
};
use mynascope_base::{jobs::Cancel, storage::Cache};
use mynascope_embedding::cosine;
use mynascope_encoder::{Input, LoadedEncoder, Readout, Window};
use mynascope_spectrum::tokens::{TokenGrid, TokenMask};

/// The window learns what the encoder is a moment after it was chosen, and asks again.
const NOT_LOOKED_UP: &str = "Looking what the encoder is…";
/// What is wrong with a mask that leaves nothing.
const NOTHING_LEFT: &str = "Nothing is left of this window; leave out fewer rows of patches, lower the ratio, or keep a patch of it by hand";
/// Styles in the list.
const STYLES: usize = 12;

/// What is known of the shown window without patchout.
#[derive(Default)]
pub(super) struct WholeWindows {
    track: Option<(PathBuf, Input)>,
    window: Option<Whole>,
}

/// A window, embedded whole.
struct Whole {
    number: usize,
    embedding: Vec<f32>,
    seconds: f64,
    styles: Option<Vec<(String, f32)>>,
}

/// A part of the answer.
pub(super) enum Found {
    Patchout(Result<PatchoutAnswer, String>),
    Attention(Result<AttentionAnswer, String>),
}

impl WholeWindows {
    /// Forgets everything: another encoder, or another channel.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The window at the crop of the active view, with and without what is hidden of it. `found` is given the answer as far as it
    /// goes, what is fast first: the numbers, where the encoder attends if that is wanted, and the styles, which take all
    /// blocks. What comes after the numbers is left to a newer question if one waits.
    pub fn compare(
        &mut self,
        encoder: &LoadedEncoder,
        key: &TeachKey,
        (newer, cache): (&Newer<'_>, Option<&Cache>),
        found: &mut dyn FnMut(Found),
    ) {
        let (number, answer) = match self.numbers(encoder, key, (newer.cancel, cache)) {
            Err(why) => return found(Found::Patchout(Err(why))),
            Ok(numbers) => numbers,
        };
        found(Found::Patchout(Ok(answer.clone())));
        if newer.has_newer() {
            return;
        }
        if let Some(wanted) = &key.attention {
            let attention = self.attention(encoder, number, wanted, &answer.key.mask);
            found(Found::Attention(attention));
        }
        let classifies = encoder.info().readouts.contains(&Readout::Probabilities);
        let lacks_styles = answer.styles.is_empty() && classifies;
        if lacks_styles && !newer.has_newer() {
            let styles = self.styles(encoder, number);
            found(Found::Patchout(
                styles.map(|styles| PatchoutAnswer { styles, ..answer }),
            ));
        }
    }

    /// A window of the track.
    fn window(&self, number: usize) -> Result<&Window, String> {
        let window = self
            .track
            .as_ref()
            .and_then(|(_, input)| input.windows.get(number));
        window.ok_or_else(|| "The track holds no sound".to_owned())
    }

    /// Where the encoder attends in a window, of which everything is read or what the mask leaves.
    fn attention(
        &self,
        encoder: &LoadedEncoder,
        number: usize,
        wanted: &AttentionKey,
        mask: &TokenMask,
    ) -> Result<AttentionAnswer, String> {
        let window = self.window(number)?;
        let grids = encoder.grids_of(window);
        let kept = match wanted.whole {
            true => (0..grids.first().map_or(0, TokenGrid::tokens)).collect(),
            false => fitted(mask, &encoder.info().grids, &grids).of(0).to_vec(),
        };
        let trace = encoder
            .attention(&window.values, 0, &kept)
            .map_err(|error| error.to_string())?;
        Ok(AttentionAnswer {
            view: wanted.view,
            start_secs: f64::from(window.start_secs),
            trace,
        })
    }

    fn numbers(
        &mut self,
        encoder: &LoadedEncoder,
        key: &TeachKey,
        (cancel, cache): (&Cancel, Option<&Cache>),
    ) -> Result<(usize, PatchoutAnswer), String> {
        if self
            .track
            .as_ref()
            .is_none_or(|(path, _)| *path != key.path)
        {
            self.clear();
            let input = encoder
                .read(&key.path, key.source.channel, cancel, cache)
                .map_err(|error| error.to_string())?;
            self.track = Some((key.path.clone(), input));
        }
        let Some((_, input)) = &self.track else {
            return Err("The track could not be read".to_owned());
        };
        let (secs, info) = (encoder.info().window.secs, encoder.info());
        let asked = key.window.as_ref().ok_or(NOT_LOOKED_UP)?;
        let from_crop = |start: f32| (f64::from(start) - asked.start_secs).abs();
        let nearest =
            input.windows.iter().enumerate().min_by(|(_, a), (_, b)| {
                from_crop(a.start_secs).total_cmp(&from_crop(b.start_secs))
            });
        let (number, window) = nearest.ok_or("The track holds no sound")?;
        let values = [window.values.as_slice()];
        // A window that is shorter than the others has fewer columns.
        let grids = encoder.grids_of(window);
        let kept = fitted(&asked.mask, &info.grids, &grids);
        let read = kept.0.iter().map(Vec::len).sum();
        let tokens = grids.iter().map(TokenGrid::tokens).sum();
        if kept.lacks_tokens() {
            return Err(NOTHING_LEFT.to_owned());
        }
        let masks = [asked.mask.clone()];
        // Before the whole window, so that the first run, which also wakes threads and fills caches, is not that one's.
        let masked = match read == tokens {
            true => None,
            false => Some(timed(|| encoder.embed_windows(&values, Some(&masks)))?),
        };
        if self
            .window
            .as_ref()
            .is_none_or(|whole| whole.number != number)
        {
            let (embedding, seconds) = timed(|| encoder.embed_windows(&values, None))?;
            self.window = Some(Whole {
                number,
                embedding,
                seconds,
                styles: None,
            });
        }
        let Some(whole) = &mut self.window else {
            return Err("The window could not be embedded".to_owned());
        };
        let (embedding, seconds) = match masked {
            None => (whole.embedding.clone(), whole.seconds),
            Some((embedding, seconds)) => {
                if saves_too_much([seconds, whole.seconds], [read, tokens]) {
                    let (_, again) = timed(|| encoder.embed_windows(&values, None))?;
                    whole.seconds = whole.seconds.min(again);
                }
                (embedding, seconds)
            }
        };
        let start = f64::from(window.start_secs);
        Ok((
            number,
            PatchoutAnswer {
                path: key.path.clone(),
                key: asked.clone(),
                window: [start, (start + secs).min(input.duration_secs.max(start))],
                rows: info.grids.iter().map(|grid| grid.rows()).max().unwrap_or(0),
                tokens: [read, tokens],
                seconds: Some([seconds, whole.seconds]),
                cosine: cosine(&whole.embedding, &embedding),
                styles: whole.styles.clone().unwrap_or_default(),
                encoder: EncoderFacts {
                    description: encoder.description().to_owned(),
                    config: None,
                    blocks: encoder.blocks_read(),
                    device: encoder.device().to_owned(),
                },
            },
        ))
    }

    /// The likeliest styles of a window of the track.
    fn styles(
        &mut self,
        encoder: &LoadedEncoder,
        number: usize,
    ) -> Result<Vec<(String, f32)>, String> {
        let values = &self.window(number)?.values;
        let told = encoder
            .classify(&[values], None)
            .map_err(|error| error.to_string())?;
        let named = told.into_iter().enumerate();
        let named = named.map(|(style, told)| (style_name(encoder.info(), style), told));
        let mut styles: Vec<(String, f32)> = named.collect();
        styles.sort_by(|a, b| b.1.total_cmp(&a.1));
        styles.truncate(STYLES);
        if let Some(whole) = &mut self.window {
            whole.styles = Some(styles.clone());
        }
        Ok(styles)
    }
}

/// The same tokens in a window that may be shorter than the others, and so have fewer columns.
fn fitted(mask: &TokenMask, grids: &[TokenGrid], of_window: &[TokenGrid]) -> TokenMask {
    let grids = grids.iter().zip(of_window);
    let lists = mask.0.iter().zip(grids).map(|(kept, (all, here))| {
        let places = kept.iter().map(|&token| all.place(token));
        places
            .filter(|&(_, column)| column < here.columns)
            .map(|(row, column)| row * here.columns + column)
            .collect()
    });
    TokenMask(lists.collect())
}

/// Whether the time of a part and of all tell more than can be saved: no layer does more work than grows with the square of
/// the tokens, so something else held the machine up while all were read.
fn saves_too_much([part_secs, all_secs]: [f64; 2], [part, all]: [usize; 2]) -> bool {
    let share = part as f64 / all.max(1) as f64;
    all_secs * share * share > part_secs
}

/// The shortest of some runs: the first one also wakes threads and fills caches. What takes long is not run again.
fn timed(
    work: impl Fn() -> Result<Vec<f32>, mynascope_encoder::EncoderError>,
) -> Result<(Vec<f32>, f64), String> {
    const RUNS: usize = 5;
    const BUDGET_SECS: f64 = 0.1;
    let all = Instant::now();
    let mut shortest = f64::INFINITY;
    let mut run = || {
        let begin = Instant::now();
        let values = work().map_err(|error| error.to_string())?;
        shortest = shortest.min(begin.elapsed().as_secs_f64());
        Ok::<_, String>(values)
    };
    let mut values = run()?;
    for _ in 1..RUNS {
        if all.elapsed().as_secs_f64() > BUDGET_SECS {
            break;
        }
        values = run()?;
    }
    Ok((values, shortest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_something_else_took_is_not_said_to_be_saved() {
        // A third of the tokens takes a ninth of the time at best.
        assert!(!saves_too_much([0.1, 0.3], [93, 279]));
        assert!(!saves_too_much([0.1, 0.89], [93, 279]));
        assert!(saves_too_much([0.1, 0.91], [93, 279]));
        assert!(saves_too_much([0.002, 0.127], [99, 279]));
    }
}
