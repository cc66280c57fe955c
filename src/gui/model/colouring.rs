//! What the colours of a map show.

use std::{collections::BTreeSet, sync::Arc};

use mynascope_base::natural_order;
use mynascope_collection::Track;

use super::AppState;

/// What the colours of a map tell apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Colouring {
    /// Genre, style or sub-folder.
    #[default]
    Label,
    /// The key of the track.
    Key,
    /// Whether tracks have a tag.
    Tag(Arc<str>),
    /// The part of the published split.
    Split,
    /// The track that a window is of.
    Track,
    /// What the last probe predicts.
    Prediction,
    /// Whether the last probe is right.
    Error,
    /// What the probe in use answered for the tracks.
    Answers,
    /// A number.
    Number(Number),
}

/// A number that colours show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// Length of the track.
    Length,
    /// Where in its track a window begins.
    Start,
    /// Beats a minute.
    Tempo,
    /// Arousal, from calm to excited.
    Arousal,
    /// Valence, from sad to happy.
    Valence,
    /// How sure the last probe is.
    Confidence,
    /// Cosine to the selected window in the original space.
    Cosine,
}

impl Number {
    /// All numbers, in the order of menus.
    pub const ALL: [Self; 7] = [
        Self::Length,
        Self::Start,
        Self::Tempo,
        Self::Arousal,
        Self::Valence,
        Self::Confidence,
        Self::Cosine,
    ];

    /// Its name and its unit.
    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Length => ("length", " s"),
            Self::Start => ("place in track", " s"),
            Self::Tempo => ("tempo", " bpm"),
            Self::Arousal => ("arousal", ""),
            Self::Valence => ("valence", ""),
            Self::Confidence => ("probe's confidence", ""),
            Self::Cosine => ("cosine to selected", ""),
        }
    }
}

impl Colouring {
    /// Its name in menus.
    pub fn name(&self) -> String {
        match self {
            Self::Label => "label".to_owned(),
            Self::Key => "key".to_owned(),
            Self::Tag(tag) => format!("tag {tag}"),
            Self::Split => "split".to_owned(),
            Self::Track => "track".to_owned(),
            Self::Prediction => "prediction".to_owned(),
            Self::Error => "right or wrong".to_owned(),
            Self::Answers => "answers of the probe".to_owned(),
            Self::Number(number) => number.name().0.to_owned(),
        }
    }
}

/// What a colour stands for. Which colour that is, those know who draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shade {
    /// A group, by its number from 0 on.
    Group(u32),
    /// A place between the low end of a scale (0) and its high end (1).
    Share(f32),
    /// Something that is not known.
    Unknown,
}

/// A line of the legend.
#[derive(Debug, Clone, PartialEq)]
pub struct LegendEntry {
    /// The name of the group.
    pub label: String,
    /// What its colour stands for.
    pub shade: Shade,
    /// How many points it has.
    pub points: usize,
}

/// Tracks sorted into groups. [`Groups::of`] makes it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Groups {
    /// The name of each group, and what its colour stands for.
    pub names: Vec<(String, Shade)>,
    /// The group of each track of the table.
    pub of_track: Vec<usize>,
}

impl Groups {
    /// Groups tracks by a name; `order` tells which names come first, the rest follow in natural order. Tracks without a name
    /// are in the last group, called `missing`: what they are is not known.
    pub fn of<'a>(
        names: impl Iterator<Item = Option<&'a str>> + Clone,
        order: &[&'a str],
        missing: &str,
    ) -> Self {
        let mut places: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
        for name in names.clone().flatten() {
            places.insert(name, 0);
        }
        let known: Vec<&str> = order
            .iter()
            .copied()
            .filter(|name| places.contains_key(name))
            .collect();
        let mut rest: Vec<&str> = places.keys().copied().collect();
        rest.retain(|name| !known.contains(name));
        rest.sort_by(|a, b| natural_order(a, b));
        let sorted: Vec<&str> = known.iter().copied().chain(rest).collect();
        for (place, name) in sorted.iter().enumerate() {
            places.insert(name, place);
        }
        let of_track: Vec<usize> = names
            .map(|name| name.and_then(|name| places.get(name).copied()))
            .map(|place| place.unwrap_or(sorted.len()))
            .collect();
        let mut groups: Vec<(String, Shade)> = (0..)
            .zip(&sorted)
            .map(|(index, name)| ((*name).to_owned(), Shade::Group(index)))
            .collect();
        if of_track.contains(&groups.len()) {
            groups.push((missing.to_owned(), Shade::Unknown));
        }
        Self {
            names: groups,
            of_track,
        }
    }

    /// The same groups in the colours that their names have elsewhere.
    #[must_use]
    pub fn coloured(mut self, model: &AppState) -> Self {
        let known = self.names.iter_mut();
        let mut known: Vec<_> = known
            .filter(|(_, shade)| matches!(shade, Shade::Group(_)))
            .collect();
        let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        let places = model.colour_places(&names);
        for ((_, shade), place) in known.iter_mut().zip(places) {
            *shade = Shade::Group(place as u32);
        }
        self
    }
}

impl AppState {
    /// The colours of names, as places among those of the theme: labels and groups of the user have theirs wherever they stand;
    /// names that are neither have those that follow, in their order.
    pub fn colour_places<T: AsRef<str>>(&self, names: &[T]) -> Vec<usize> {
        let known = self.library.colours();
        let mut next = known.count();
        let place = |name: &T| {
            known.place(name.as_ref()).unwrap_or_else(|| {
                next += 1;
                next - 1
            })
        };
        names.iter().map(place).collect()
    }
}

/// A number for each point, from the low end of a colour scale to its high end.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// What is shown.
    pub number: Number,
    /// The value at the low end of the colours.
    pub low: f32,
    /// The value at their high end.
    pub high: f32,
    /// NaN where it is not known. `[points]`
    pub values: Vec<f32>,
}

impl Scale {
    /// A scale from the least to the greatest of the values.
    pub fn new(number: Number, values: Vec<f32>) -> Self {
        let known = || values.iter().copied().filter(|value| value.is_finite());
        let low = known().fold(f32::INFINITY, f32::min);
        let high = known().fold(f32::NEG_INFINITY, f32::max);
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        Self {
            number,
            low,
            high,
            values,
        }
    }

    /// Where a point's number lies on the scale.
    pub fn shade(&self, point: usize) -> Shade {
        match self.values.get(point) {
            Some(value) if value.is_finite() => {
                let width = (self.high - self.low).max(f32::MIN_POSITIVE);
                Shade::Share((value - self.low) / width)
            }
            _ => Shade::Unknown,
        }
    }
}

/// The colourings that tell something apart in the open collection, and tags, which have a menu of their own.
pub fn offered_colourings(model: &AppState) -> (Vec<Colouring>, Vec<Arc<str>>) {
    let collection = model.library.collection.as_ref();
    let tracks = collection.map_or(&[][..], |collection| &collection.tracks);
    let any = |has: fn(&Track) -> bool| tracks.iter().any(has);
    let probe = model.probing.result.as_ref();
    let classes = probe.is_some_and(|result| !result.report.predictions.is_empty());
    let mut offers = vec![Colouring::Label, Colouring::Track];
    let mut offer = |there: bool, colouring: Colouring| {
        if there {
            offers.push(colouring);
        }
    };
    offer(any(|track| track.key.is_some()), Colouring::Key);
    let split = collection.is_some_and(|collection| collection.split.is_some());
    offer(split, Colouring::Split);
    offer(classes, Colouring::Prediction);
    offer(classes, Colouring::Error);
    let answers = model.probing.predictions.is_some() && model.probing.answered.is_open();
    offer(answers, Colouring::Answers);
    for number in Number::ALL {
        let there = match number {
            Number::Length => any(|track| track.duration_secs.is_some()),
            Number::Tempo => any(|track| track.tempo_bpm.is_some()),
            Number::Arousal | Number::Valence => any(|track| track.emotion.is_some()),
            Number::Confidence => classes,
            Number::Start | Number::Cosine => true,
        };
        offer(there, Colouring::Number(number));
    }
    let tags: BTreeSet<&str> = tracks
        .iter()
        .flat_map(|track| track.tags.iter().map(String::as_str))
        .collect();
    (offers, tags.into_iter().map(Arc::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_sorted_and_what_has_no_name_is_last() {
        let names = [Some("rock"), None, Some("dub"), Some("rock")];
        let groups = Groups::of(names.into_iter(), &[], "no label");
        let listed: Vec<&str> = groups.names.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(listed, ["dub", "rock", "no label"]);
        assert_eq!(groups.of_track, [1, 2, 0, 1]);
        assert_eq!(groups.names[1].1, Shade::Group(1));
        assert_eq!(groups.names[2].1, Shade::Unknown);
        let ordered = Groups::of(names.into_iter(), &["train", "rock", "dub"], "none");
        assert_eq!(ordered.of_track, [0, 2, 1, 0]);
        let all = Groups::of([Some("a")].into_iter(), &[], "none");
        assert_eq!(all.names.len(), 1, "no group without a track");
        let numbers = Groups::of(["10", "2", "1"].map(Some).into_iter(), &[], "none");
        assert_eq!(numbers.of_track, [2, 1, 0], "1, 2, 10");
    }

    #[test]
    fn a_scale_reaches_from_the_least_to_the_greatest_known_number() {
        let scale = Scale::new(Number::Length, vec![30.0, f32::NAN, 10.0, 20.0]);
        assert_eq!((scale.low, scale.high), (10.0, 30.0));
        assert_eq!(scale.shade(2), Shade::Share(0.0));
        assert_eq!(scale.shade(3), Shade::Share(0.5));
        assert_eq!(scale.shade(1), Shade::Unknown);
        let none = Scale::new(Number::Tempo, vec![f32::NAN]);
        assert_eq!(none.shade(0), Shade::Unknown);
    }
}
