//! What the colours of a map stand for: facts of the collection, or what the last probe said.

use std::{collections::HashMap, path::Path};

use crate::gui::model::{AppState, Chart, Colouring, Groups, MapSide, NO_LABEL, Number, Scale};
use mynascope_collection::{Track, key_name};
use mynascope_probe::TrackPrediction;

/// Colours the map anew: another colouring, other labels, another probe, another map, or tracks came or went.
pub(super) fn paint(model: &mut AppState) {
    for side in [MapSide::Main, MapSide::Second] {
        let Some(chart) = model.mapping.chart_of(side) else {
            continue;
        };
        let facts = Facts::new(model, chart);
        // Tracks that were taken off the list have no points; those of a table from a file need not be on it.
        let of_list = model.library.collection.is_some() && !model.mapping.is_of_file(side);
        let gone = match of_list && facts.tracks.contains(&None) {
            true => facts.tracks.iter().map(Option::is_none).collect(),
            false => Vec::new(),
        };
        match model.mapping.colouring.clone() {
            Colouring::Number(number) => {
                let scale = Scale::new(number, facts.numbers(number));
                model.mapping.leave_out(side, gone);
                model.mapping.set_scale(side, scale);
            }
            colouring => {
                let groups = facts.groups(&colouring);
                model.mapping.leave_out(side, gone);
                model.mapping.set_groups(side, groups);
            }
        }
    }
    model.mapping.colour();
}

/// What is known of the tracks of a chart.
struct Facts<'a> {
    model: &'a AppState,
    chart: &'a Chart,
    /// The track of the collection, and its place there, for each track of the table.
    tracks: Vec<Option<(usize, &'a Track)>>,
    predictions: HashMap<&'a Path, &'a TrackPrediction>,
}

impl<'a> Facts<'a> {
    fn new(model: &'a AppState, chart: &'a Chart) -> Self {
        let known = model.library.collection.as_ref();
        let known = known.map_or(&[][..], |collection| &collection.tracks);
        let rows = &chart.source.table.tracks;
        let places: HashMap<&Path, usize> = known
            .iter()
            .enumerate()
            .map(|(place, track)| (track.path.as_path(), place))
            .collect();
        let tracks = rows
            .iter()
            .map(|row| {
                let place = *places.get(row.path.as_path())?;
                Some((place, known.get(place)?))
            })
            .collect();
        let report = model.probing.result.as_ref().map(|result| &result.report);
        let predictions = report
            .iter()
            .flat_map(|report| &report.predictions)
            .map(|prediction| (prediction.path.as_path(), prediction))
            .collect();
        Self {
            model,
            chart,
            tracks,
            predictions,
        }
    }

    fn groups(&self, colouring: &Colouring) -> Groups {
        let rows = self.chart.source.table.tracks.iter();
        let known = || {
            self.tracks
                .iter()
                .map(|track| track.map(|(_, track)| track))
        };
        let predicted = || {
            rows.clone()
                .map(|row| self.predictions.get(row.path.as_path()))
        };
        match colouring {
            Colouring::Label | Colouring::Number(_) => {
                let labels = known().zip(rows.clone()).map(|(track, row)| match track {
                    Some(track) => track.label.as_deref(),
                    None => row.label.as_deref(),
                });
                Groups::of(labels, &[], NO_LABEL).coloured(self.model)
            }
            Colouring::Key => {
                let keys = known().map(|track| track?.key.and_then(key_name));
                Groups::of(keys, &mynascope_collection::KEYS, "no key")
            }
            Colouring::Tag(tag) => {
                let without = format!("not {tag}");
                let tags = known().map(|track| {
                    let has = track?.tags.iter().any(|other| **other == **tag);
                    Some(if has { &**tag } else { without.as_str() })
                });
                Groups::of(tags, &[tag, &without], "unknown")
            }
            Colouring::Split => {
                let collection = self.model.library.collection.as_ref();
                let split = collection.and_then(|collection| collection.split.as_ref());
                let mut parts: HashMap<usize, &str> = HashMap::new();
                if let Some(split) = split {
                    for (name, part) in [
                        ("train", &split.train),
                        ("valid", &split.valid),
                        ("test", &split.test),
                    ] {
                        parts.extend(part.iter().map(|&track| (track, name)));
                    }
                }
                let parts = self.tracks.iter().map(|track| {
                    let (place, _) = (*track)?;
                    parts.get(&place).copied()
                });
                Groups::of(parts, &["train", "valid", "test"], "in no part")
            }
            Colouring::Track => {
                let titles: Vec<String> = known()
                    .zip(rows.clone())
                    .map(|(track, row)| match track {
                        Some(track) => track.title.clone(),
                        None => row.path.display().to_string(),
                    })
                    .collect();
                Groups::of(titles.iter().map(|title| Some(title.as_str())), &[], "?")
            }
            Colouring::Prediction => {
                let result = self.model.probing.result.as_ref();
                let classes = predicted().map(|prediction| {
                    let class = result?.report.classes.get(prediction?.prediction)?;
                    Some(class.as_str())
                });
                Groups::of(classes, &[], "not tested").coloured(self.model)
            }
            Colouring::Answers => {
                let said = self.tracks.iter().map(|track| {
                    let (place, _) = (*track)?;
                    let answer = self.model.coloured_answer(place)?.answer.as_ref()?;
                    Some(answer.prediction.as_str())
                });
                let said: Vec<Option<&str>> = said.collect();
                let classes = self.model.probing.predictions.as_ref();
                let classes = classes.map_or(&[][..], |said| &said.classes);
                let classes: Vec<&str> = classes.iter().map(String::as_str).collect();
                Groups::of(said.into_iter(), &classes, "no sure answer").coloured(self.model)
            }
            Colouring::Error => {
                let right = predicted().map(|prediction| {
                    let prediction = prediction?;
                    Some(match prediction.truth == prediction.prediction {
                        true => "right",
                        false => "wrong",
                    })
                });
                Groups::of(right, &["right", "wrong"], "not tested")
            }
        }
    }

    /// A number for each point; NaN where it is not known.
    fn numbers(&self, number: Number) -> Vec<f32> {
        let chart = self.chart;
        if number == Number::Cosine {
            let cosines = self.model.neighbours.cosines.as_deref().unwrap_or_default();
            return match cosines.len() == chart.xy.len() {
                true => cosines.to_vec(),
                false => vec![f32::NAN; chart.xy.len()],
            };
        }
        let of_track: Vec<Option<f32>> = self
            .tracks
            .iter()
            .zip(&chart.source.table.tracks)
            .map(|(track, row)| {
                let track = track.map(|(_, track)| track);
                match number {
                    Number::Length => track?.duration_secs.map(|secs| secs as f32),
                    Number::Tempo => track?.tempo_bpm,
                    Number::Arousal => track?.emotion.map(|[arousal, _]| arousal),
                    Number::Valence => track?.emotion.map(|[_, valence]| valence),
                    Number::Confidence => {
                        let prediction = self.predictions.get(row.path.as_path())?;
                        Some(prediction.confidence as f32)
                    }
                    Number::Start | Number::Cosine => None,
                }
            })
            .collect();
        (0..chart.xy.len())
            .map(|point| match number {
                Number::Start => chart.facts(point).map(|facts| facts.start_secs as f32),
                _ => {
                    let track = chart.track_of(point);
                    track.and_then(|track| of_track.get(track).copied().flatten())
                }
            })
            .map(|value| value.unwrap_or(f32::NAN))
            .collect()
    }
}
