//! What the classifier of the chosen encoder says: of the shown track over time, of the selection, of the collection.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use mynascope_base::jobs::Cancel;
use mynascope_embedding::TrackStyles;
use mynascope_encoder::{EncoderInfo, Readout};
use mynascope_probe::{Answer, TrackAnswer, WindowAnswer};

use crate::gui::{command_line::CommandLine, jobs::JobSlot};

use super::{AppState, EncoderSource, PredictionTimeline, Selection};

/// Of what the styles are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StyleScope {
    /// The shown track.
    #[default]
    Track,
    /// The selected stretch of it.
    Selection,
    /// All tracks of the collection.
    Collection,
}

/// What a user sets of the styles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StylesForm {
    /// Of what they are listed.
    pub scope: StyleScope,
    /// The style whose tracks are listed and marked, and which the strip shows.
    pub style: Option<usize>,
    /// A track has the style from this probability on, in the mean over its windows.
    pub threshold: f32,
    /// The strip below the spectrogram is shown.
    pub strip: bool,
}

impl Default for StylesForm {
    fn default() -> Self {
        Self {
            scope: StyleScope::Track,
            style: None,
            threshold: 0.1,
            strip: true,
        }
    }
}

/// What is kept of the styles of a track of the collection.
#[derive(Debug, Clone, PartialEq)]
pub struct StyleMeans {
    /// The mean of each style over the windows.
    pub mean: Vec<f32>,
    /// Where each style is strongest, in seconds.
    pub strongest: Vec<f32>,
}

/// A track with a style.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackOfStyle {
    /// The file of the track.
    pub path: PathBuf,
    /// The probability of the style, the mean over the windows.
    pub probability: f32,
    /// Where it is strongest, in seconds.
    pub start_secs: f32,
}

/// The styles of the chosen encoder, as far as they are computed.
#[derive(Default)]
pub struct Styles {
    /// What is set.
    pub form: StylesForm,
    /// The encoder whose styles these are; another one has other styles.
    pub source: Option<EncoderSource>,
    /// The shown track, window by window, or why there is nothing.
    pub shown: Option<(PathBuf, Result<Arc<TrackStyles>, String>)>,
    /// The shown track that was asked for last.
    pub asked: Option<AskedTrack>,
    /// The job that computes the styles of all tracks.
    pub job: JobSlot<StylesFound>,
    /// Why it ended early.
    pub problem: Option<String>,
    /// Tracks that could not be read, with the reason.
    pub skipped: Vec<(PathBuf, String)>,
    /// What is shown of all this, and ...
    pub view: StylesView,
    /// ... what that was made of.
    pub view_of: Option<StylesKey>,
    /// Tracks that were marked because they have the chosen style, by their place in the collection.
    pub marked: BTreeSet<usize>,
    tracks: HashMap<PathBuf, StyleMeans>,
    /// Grows with everything that is taken in.
    changes: u64,
}

/// A track that was asked for. Dropping it gives the answer up.
pub struct AskedTrack {
    /// The file of the track.
    pub path: PathBuf,
    /// Tells who answers that nobody wants to know any more.
    pub cancel: Cancel,
}

impl Drop for AskedTrack {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// What the job finds of a track.
#[derive(Debug)]
pub enum StylesFound {
    /// Its styles.
    Track(TrackStyles),
    /// It could not be read, and why.
    Skipped(PathBuf, String),
}

/// What is shown of the styles: made anew only when something of it changes.
#[derive(Debug, Clone, Default)]
pub struct StylesView {
    /// The styles of what the form says, likeliest first, each with its probability.
    pub ranked: Vec<(usize, f32)>,
    /// Tracks that these are of.
    pub tracks: usize,
    /// The tracks with the chosen style, the most certain first.
    pub listed: Vec<TrackOfStyle>,
    /// The strip below the spectrogram.
    pub timeline: Option<PredictionTimeline>,
}

/// What [`StylesView`] depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct StylesKey {
    form: StylesForm,
    path: Option<PathBuf>,
    selection: Option<Selection>,
    changes: u64,
    source: Option<EncoderSource>,
}

impl Styles {
    /// Forgets what belongs to another encoder; what is set stays, but for the style.
    pub fn begin(&mut self, source: Option<EncoderSource>) {
        *self = Self {
            form: StylesForm {
                style: None,
                ..self.form
            },
            source,
            ..Self::default()
        };
    }

    /// Shows the styles of a track window by window, or why it has none.
    pub fn show(&mut self, path: PathBuf, styles: Result<TrackStyles, String>) {
        if let Ok(styles) = &styles {
            self.take_in(styles);
        }
        self.changes += 1;
        self.shown = Some((path, styles.map(Arc::new)));
    }

    /// Of how many tracks of a collection the styles are known.
    pub fn count_computed<'a>(&self, tracks: impl IntoIterator<Item = &'a Path>) -> usize {
        let known = tracks.into_iter().filter(|path| self.is_computed(path));
        known.count()
    }

    /// Takes in the styles of a track.
    pub fn take_in(&mut self, styles: &TrackStyles) {
        let means = StyleMeans {
            mean: styles.mean(None),
            strongest: styles.strongest(),
        };
        self.changes += 1;
        self.tracks.insert(styles.path.clone(), means);
    }

    /// Whether the styles of a track are known, or that it has none.
    pub fn is_computed(&self, path: &Path) -> bool {
        self.tracks.contains_key(path) || self.skipped.iter().any(|(skipped, _)| skipped == path)
    }

    /// The windows of a track, if it is the shown one.
    pub fn of_shown(&self, path: Option<&Path>) -> Option<Result<&Arc<TrackStyles>, &str>> {
        let (of, styles) = self.shown.as_ref()?;
        (path == Some(of.as_path())).then(|| styles.as_ref().map_err(String::as_str))
    }

    /// The tracks with a style, the most certain first.
    fn tracks_of(&self, style: usize) -> Vec<TrackOfStyle> {
        let mut tracks: Vec<TrackOfStyle> = (self.tracks.iter())
            .filter_map(|(path, means)| {
                Some(TrackOfStyle {
                    path: path.clone(),
                    probability: *means.mean.get(style)?,
                    start_secs: *means.strongest.get(style)?,
                })
            })
            .filter(|track| track.probability >= self.form.threshold)
            .collect();
        tracks.sort_by(|a, b| {
            let by_probability = b.probability.total_cmp(&a.probability);
            by_probability.then_with(|| a.path.cmp(&b.path))
        });
        tracks
    }

    /// The mean of each style over those tracks whose styles are known, and how many they are.
    fn collection_mean(&self, paths: &mut dyn Iterator<Item = &Path>) -> (Vec<f32>, usize) {
        let known = paths.filter_map(|path| self.tracks.get(path));
        let (mut sums, mut tracks) = (Vec::new(), 0_usize);
        for means in known {
            sums.resize(means.mean.len(), 0.0_f32);
            for (sum, mean) in sums.iter_mut().zip(&means.mean) {
                *sum += mean;
            }
            tracks += 1;
        }
        sums.iter_mut().for_each(|sum| *sum /= tracks.max(1) as f32);
        (sums, tracks)
    }

    /// The styles as a person would have them written by the command line.
    pub fn command(sources: &[PathBuf], source: &EncoderSource) -> String {
        let line = CommandLine::verb("embed")
            .arguments(sources)
            .option("out", "styles.parquet")
            .option("level", "track");
        styles_source(source).options(line).to_line()
    }
}

/// The encoder, read as the styles: windows and patchout stay as they are.
pub fn styles_source(source: &EncoderSource) -> EncoderSource {
    let mut source = source.clone();
    source.reading.layer = None;
    source.reading.readout = Some(Readout::Probabilities);
    source
}

/// What a style is called; without a name its number.
pub fn style_name(info: &EncoderInfo, style: usize) -> String {
    let name = info.outputs.get(style);
    name.map_or_else(|| format!("style {style}"), Clone::clone)
}

impl AppState {
    /// What the chosen encoder reads and gives, if it gives styles.
    pub fn styles_info(&self) -> Option<&EncoderInfo> {
        let info = self.embeddings.info();
        info.filter(|info| info.readouts.contains(&Readout::Probabilities))
    }

    /// What the view of the styles depends on now.
    pub fn styles_key(&self) -> StylesKey {
        StylesKey {
            form: self.styles.form,
            path: self.spectrogram.path().map(Path::to_path_buf),
            selection: self.transport.form.selection,
            changes: self.styles.changes,
            source: self.styles.source.clone(),
        }
    }

    /// What is shown of the styles now.
    pub fn styles_view(&self) -> StylesView {
        let (ranked, tracks) = self.ranked_styles();
        let style = self.styles.form.style;
        StylesView {
            ranked,
            tracks,
            listed: style.map_or_else(Vec::new, |style| self.styles.tracks_of(style)),
            timeline: self.style_timeline(),
        }
    }

    /// The styles of what the form says, likeliest first, and of how many tracks. Empty where nothing is known yet.
    fn ranked_styles(&self) -> (Vec<(usize, f32)>, usize) {
        let styles = &self.styles;
        let of_shown = |stretch| match styles.of_shown(self.spectrogram.path()) {
            Some(Ok(shown)) => (shown.mean(stretch), 1),
            _ => (Vec::new(), 0),
        };
        let (means, tracks) = match styles.form.scope {
            StyleScope::Track => of_shown(None),
            StyleScope::Selection => match self.transport.form.selection {
                Some(selection) => of_shown(Some([selection.start_secs, selection.end_secs])),
                None => (Vec::new(), 0),
            },
            StyleScope::Collection => {
                let tracks = self.library.collection.iter().flat_map(|all| &all.tracks);
                styles.collection_mean(&mut tracks.map(|track| track.path.as_path()))
            }
        };
        let mut ranked: Vec<(usize, f32)> = means.into_iter().enumerate().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        (ranked, tracks)
    }

    /// The strip below the spectrogram: the likeliest style of each window, or how likely the chosen one is.
    fn style_timeline(&self) -> Option<PredictionTimeline> {
        let info = self.styles_info().filter(|_| self.styles.form.strip)?;
        let path = self.spectrogram.path()?;
        let known = self.styles.of_shown(Some(path));
        let styles = known.and_then(Result::ok);
        let count = styles.map_or(info.outputs.len(), |styles| styles.styles());
        Some(PredictionTimeline {
            path: path.to_path_buf(),
            classes: (0..count).map(|style| style_name(info, style)).collect(),
            window_secs: styles.map_or(info.window.secs, |styles| styles.window_secs),
            role: None,
            answer: match known {
                None => Err("computing styles …".to_owned()),
                Some(Err(why)) => Err(format!("no styles: {why}")),
                Some(Ok(styles)) => Ok(track_answer(info, styles, self.styles.form.style)),
            },
        })
    }
}

/// Styles in the form of a probe's answer: the likeliest style of each window, or the one that is meant.
fn track_answer(info: &EncoderInfo, styles: &TrackStyles, meant: Option<usize>) -> TrackAnswer {
    let windows = styles.windows().map(|(start_secs, row)| {
        let likeliest = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let style = meant.or(likeliest.map(|(style, _)| style)).unwrap_or(0);
        let probability = row.get(style).copied().unwrap_or(0.0);
        WindowAnswer {
            start_secs,
            answer: Answer {
                class: Some(style),
                prediction: style_name(info, style),
                confidence: Some(f64::from(probability)),
                scores: row.iter().copied().map(f64::from).collect(),
            },
        }
    });
    TrackAnswer {
        path: styles.path.clone(),
        answer: None,
        problem: None,
        seen_in_training: false,
        windows: windows.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styles(path: &str, probabilities: &[f32]) -> TrackStyles {
        TrackStyles {
            path: path.into(),
            starts: vec![0.0, 5.0],
            window_secs: 5.0,
            probabilities: probabilities.to_vec(),
        }
    }

    #[test]
    fn tracks_of_a_style_are_listed_from_the_threshold_on_and_begin_where_it_is_strongest() {
        let mut all = Styles::default();
        all.form.threshold = 0.4;
        all.take_in(&styles("/a", &[0.2, 0.9, 0.6, 0.1]));
        all.take_in(&styles("/b", &[0.9, 0.1, 0.7, 0.1]));
        all.take_in(&styles("/c", &[0.1, 0.1, 0.1, 0.1]));
        let of_first = all.tracks_of(0);
        let listed: Vec<(&Path, f32)> = of_first
            .iter()
            .map(|track| (track.path.as_path(), track.start_secs))
            .collect();
        assert_eq!(listed, [(Path::new("/b"), 0.0), (Path::new("/a"), 5.0)]);
        let paths = ["/a", "/c", "/unknown"].map(Path::new);
        let (mean, tracks) = all.collection_mean(&mut paths.into_iter());
        assert_eq!(tracks, 2);
        assert!((mean[0] - 0.25).abs() < 1e-6 && (mean[1] - 0.3).abs() < 1e-6);
        // Another encoder has other styles.
        all.form.style = Some(1);
        all.begin(None);
        assert!(all.tracks_of(0).is_empty() && all.form.style.is_none());
        assert_eq!(all.form.threshold, 0.4);
    }

    #[test]
    fn the_command_reads_the_styles_with_the_windows_that_are_set() {
        let mut source = EncoderSource {
            checkpoint: mynascope_encoder::CheckpointRef::File("/m/maest".into()),
            ..EncoderSource::default()
        };
        source.reading.layer = Some(3);
        source.reading.patchout.every = 2;
        assert_eq!(
            Styles::command(&["/music".into()], &source),
            "mynascope embed /music --out styles.parquet --level track --checkpoint /m/maest --readout probabilities \
             --patchout 2"
        );
    }
}
