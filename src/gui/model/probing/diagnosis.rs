//! Layers measured without labels, as the tab shows them.

use std::collections::BTreeSet;

use mynascope_probe::{Diagnosis, Diagnostic, LayerDiagnostics, Measured};

use super::Sheet;

/// What is known of the layers of an encoder, while it grows and when it is done.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownDiagnosis {
    /// The encoder.
    pub encoder: String,
    /// The layers so far.
    pub layers: Vec<LayerDiagnostics>,
    /// What the whole says, once it is done.
    pub done: Option<Diagnosis>,
}

impl ShownDiagnosis {
    /// The points of a curve: layer and value, where it is defined.
    pub fn curve(&self, diagnostic: Diagnostic) -> Vec<[f64; 2]> {
        let points = self.layers.iter().filter_map(|layer| {
            let value = layer.of(diagnostic).number()?;
            Some([layer.layer as f64, value])
        });
        points.collect()
    }

    /// Why it is not defined, where it isn't.
    pub fn gaps(&self, diagnostic: Diagnostic) -> Vec<&str> {
        let whys = self
            .layers
            .iter()
            .filter_map(|layer| match layer.of(diagnostic) {
                Measured::Undefined(why) => Some(why.as_str()),
                Measured::Value(_) => None,
            });
        let whys: BTreeSet<&str> = whys.collect();
        whys.into_iter().collect()
    }

    /// What some curves say at a place of their horizontal axis: the layer nearest to it, in words.
    pub fn read(&self, diagnostics: &[Diagnostic], x: f64) -> Option<String> {
        let off = |layer: &LayerDiagnostics| (layer.layer as f64 - x).abs();
        let nearest = self
            .layers
            .iter()
            .min_by(|a, b| off(a).total_cmp(&off(b)))?;
        let mut text = format!("layer {}: {}", nearest.layer, nearest.name);
        for &diagnostic in diagnostics {
            text += &match nearest.of(diagnostic) {
                Measured::Value(value) => format!("\n{} {value:.3}", diagnostic.name()),
                Measured::Undefined(_) => format!("\n{} not defined", diagnostic.name()),
            };
        }
        if diagnostics.contains(&Diagnostic::Transposition) {
            for each in &nearest.transpositions {
                let words = |measured: &Measured| match measured.number() {
                    Some(value) => format!("{value:.3}"),
                    None => "not defined".to_owned(),
                };
                let (with, without) = (words(&each.with_map), words(&each.without_map));
                text += &format!(
                    "\n{} semitones: {with}, without a map {without}",
                    each.semitones
                );
            }
        }
        Some(text)
    }

    /// What is known in one line.
    pub fn about(&self) -> String {
        match &self.done {
            Some(done) => format!(
                "{}: {} windows of {} tracks",
                self.encoder, done.windows, done.tracks
            ),
            None => self.encoder.clone(),
        }
    }

    /// The layers as a table.
    pub(super) fn sheet(&self) -> Sheet {
        let names = Diagnostic::ALL.map(|it| it.name().to_owned());
        let mut heading = vec!["layer".to_owned(), "name".to_owned()];
        heading.extend(names);
        heading.push("not defined".to_owned());
        let mut sheet = vec![heading];
        for layer in &self.layers {
            let mut line = vec![layer.layer.to_string(), layer.name.clone()];
            let mut gaps = Vec::new();
            for diagnostic in Diagnostic::ALL {
                line.push(match layer.of(diagnostic) {
                    Measured::Value(value) => value.to_string(),
                    Measured::Undefined(why) => {
                        gaps.push(format!("{}: {why}", diagnostic.name()));
                        String::new()
                    }
                });
            }
            line.push(gaps.join("; "));
            sheet.push(line);
        }
        sheet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_audio::Semitones;
    use mynascope_probe::TransposedScore;

    #[test]
    fn a_layer_is_read_in_words_and_gaps_say_why() {
        let gap = || Measured::Undefined("no track has two windows".into());
        let layer = |layer: usize| LayerDiagnostics {
            layer,
            name: format!("block {layer}"),
            alignment: gap(),
            uniformity: Measured::Value(-2.0),
            intrinsic_dimension: Measured::Value(7.5),
            effective_rank: Measured::Value(20.0),
            transposition: Measured::Value(0.9),
            transposition_without_map: Measured::Value(0.4),
            transpositions: vec![TransposedScore {
                semitones: Semitones::new(2).unwrap(),
                with_map: Measured::Value(0.9),
                without_map: Measured::Value(0.4),
            }],
        };
        let shown = ShownDiagnosis {
            encoder: "Shipped".into(),
            layers: vec![layer(1), layer(2)],
            done: None,
        };
        assert_eq!(
            shown.curve(Diagnostic::Uniformity),
            [[1.0, -2.0], [2.0, -2.0]]
        );
        assert!(shown.curve(Diagnostic::Alignment).is_empty());
        assert_eq!(
            shown.gaps(Diagnostic::Alignment),
            ["no track has two windows"]
        );
        let both = [
            Diagnostic::Transposition,
            Diagnostic::TranspositionWithoutMap,
        ];
        let text = shown.read(&both, 1.8).unwrap();
        assert!(
            text.starts_with("layer 2: block 2\ntransposition, linear map 0.900"),
            "{text}"
        );
        assert!(
            text.ends_with("+2 semitones: 0.900, without a map 0.400"),
            "{text}"
        );
        let sheet = shown.sheet();
        assert!(sheet.iter().all(|line| line.len() == sheet[0].len()));
        assert_eq!(sheet[1][8], "alignment: no track has two windows");
    }
}
