//! What patchout saves in a window of an encoder that is no Myna, what it costs, where the encoder attends, and which styles the
//! window has.

use std::{path::PathBuf, time::Instant};

use crate::gui::{
    jobs::Newer,
    model::{AttentionAnswer, AttentionKey, EncoderFacts, PatchoutAnswer, TeachKey},
};
use mynascope_base::{jobs::Cancel, storage::Cache};
use mynascope_embedding::cosine;
use mynascope_encoder::{Input, LoadedEncoder, Patchout, Window};
use mynascope_spectrum::{
    HOP,
    tokens::{TokenGrid, TokenMask, WINDOW_FRAMES},
};

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

    /// The window that holds the middle of view A's crop, with and without patchout. `found` is given the answer as far as it
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
            found(Found::Attention(self.attention(
                encoder,
                number,
                (wanted, key.patchout),
            )));
        }
        let lacks_styles = answer.styles.is_empty() && !encoder.info().outputs.is_empty();
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

    /// Where the encoder attends in a window, of which everything is read or what patchout leaves.
    fn attention(
        &self,
        encoder: &LoadedEncoder,
        number: usize,
        (wanted, patchout): (&AttentionKey, Patchout),
    ) -> Result<AttentionAnswer, String> {
        let window = self.window(number)?;
        let patchout = match wanted.whole {
            true => Patchout::default(),
            false => patchout,
        };
        let mask = mask(patchout, &encoder.grids_of(window))?;
        let trace = encoder
            .attention(&window.values, 0, mask.of(0))
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
        let [view, _] = &key.views;
        // The middle of the crop should lie in the window.
        let middle = ((view.start_frame + WINDOW_FRAMES / 2) * HOP) as f64 / 16_000.0;
        let (secs, info) = (encoder.info().window.secs, encoder.info());
        let from_middle = |start: f32| (f64::from(start) + 0.5 * secs - middle).abs();
        let nearest = input.windows.iter().enumerate().min_by(|(_, a), (_, b)| {
            from_middle(a.start_secs).total_cmp(&from_middle(b.start_secs))
        });
        let (number, window) = nearest.ok_or("The track holds no sound")?;
        let values = [window.values.as_slice()];
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
        let Some(whole) = &self.window else {
            return Err("The window could not be embedded".to_owned());
        };
        let masks = [mask(key.patchout, &info.grids)?];
        // A window that is shorter than the others has fewer columns of patches.
        let grids = encoder.grids_of(window);
        let count = |mask: &TokenMask| mask.0.iter().map(Vec::len).sum::<usize>();
        let read = count(&mask(key.patchout, &grids)?);
        let tokens = grids.iter().map(|grid| grid.tokens()).sum();
        let (embedding, seconds) = match read == tokens {
            true => (whole.embedding.clone(), whole.seconds),
            false => timed(|| encoder.embed_windows(&values, Some(&masks)))?,
        };
        let start = f64::from(window.start_secs);
        Ok((
            number,
            PatchoutAnswer {
                patchout: key.patchout,
                path: key.path.clone(),
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
        let names = encoder.info().outputs.iter().cloned();
        let mut styles: Vec<(String, f32)> = names.zip(told).collect();
        styles.sort_by(|a, b| b.1.total_cmp(&a.1));
        styles.truncate(STYLES);
        if let Some(whole) = &mut self.window {
            whole.styles = Some(styles.clone());
        }
        Ok(styles)
    }
}

fn mask(patchout: Patchout, grids: &[TokenGrid]) -> Result<TokenMask, String> {
    patchout.mask(grids).map_err(|error| error.to_string())
}

fn timed(
    work: impl FnOnce() -> Result<Vec<f32>, mynascope_encoder::EncoderError>,
) -> Result<(Vec<f32>, f64), String> {
    let begin = Instant::now();
    let values = work().map_err(|error| error.to_string())?;
    Ok((values, begin.elapsed().as_secs_f64()))
}
