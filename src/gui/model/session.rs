//! What the window was left with, to begin with it again.

use serde::{Deserialize, Serialize};

use super::{AppState, EncoderSource, MapForm, PictureForm};
use crate::gui::workspace::Workspace;
use mynascope_base::storage::{Session, Settings};
use mynascope_encoder::{Patching, Reading};

/// An encoder and how it is read, as text for the settings. Device and channel are settings of their own.
#[derive(Serialize, Deserialize)]
struct SavedEncoder {
    checkpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patch: Option<Patching>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    heads: Option<usize>,
    #[serde(default)]
    reading: Reading,
}

impl EncoderSource {
    /// The choice as text for the settings.
    pub fn to_text(&self) -> Option<String> {
        let saved = SavedEncoder {
            checkpoint: self.checkpoint.to_string(),
            patch: self.patch,
            weights: (!self.weights.is_auto()).then(|| self.weights.to_string()),
            heads: self.heads,
            reading: self.reading,
        };
        serde_json::to_string(&saved).ok()
    }

    /// The encoder of such a text, on the device and of the channel of this one. `None` of damaged text.
    pub fn of_text(&self, text: &str) -> Option<Self> {
        let saved: SavedEncoder = serde_json::from_str(text).ok()?;
        let Ok(checkpoint) = saved.checkpoint.parse();
        Some(Self {
            patch: saved.patch,
            weights: saved.weights.map(Into::into).unwrap_or_default(),
            heads: saved.heads,
            reading: saved.reading,
            ..self.with_checkpoint(checkpoint)
        })
    }
}

/// What waits for the collection that was open last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Restoring(Session);

impl Restoring {
    /// What is left to do once the collection of the settings is open.
    pub fn of(settings: &Settings) -> Self {
        Self(settings.session.clone())
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.0
    }
}

impl AppState {
    /// What the next start begins with; where the window stands is told by the window. While the last session is not there yet,
    /// what it said of its collection stays.
    pub fn session(&self) -> Session {
        let old = &self.settings.session;
        let waits = self.restoring.as_ref().map(Restoring::session);
        let opened = self.library.opening().is_none() && self.library.collection.is_some();
        let (track, map) = match waits {
            Some(waiting) if !opened => (waiting.track.clone(), waiting.map),
            _ => (
                self.library
                    .selected_track()
                    .map(|track| track.path.clone()),
                self.mapping.chart.is_some() && self.mapping.imported.is_none()
                    || self.restoring_map(),
            ),
        };
        let active = self.probing.active.as_ref();
        Session {
            window: old.window.clone(),
            layout: self.workspace.name().to_owned(),
            encoder: self.embeddings.source.to_text().unwrap_or_default(),
            picture: serde_json::to_string(&self.spectrogram.form).unwrap_or_default(),
            track,
            map,
            map_form: self.mapping.form.to_text().unwrap_or_default(),
            probe: active.and_then(|active| active.path.clone()),
            removed: self.library.removed.clone(),
        }
    }

    /// Whether the map of the last session is still being made of what is on the disk.
    fn restoring_map(&self) -> bool {
        self.settings.session.map && self.mapping.job.is_running()
    }

    /// Shows what does not wait for a collection: layout, encoder, how maps are laid out and how the spectrogram is drawn.
    pub fn restore(&mut self, session: &Session) {
        let mut all = Workspace::ALL.into_iter();
        if let Some(workspace) = all.find(|workspace| workspace.name() == session.layout) {
            self.show_workspace(workspace);
        }
        if let Some(source) = self.embeddings.source.of_text(&session.encoder) {
            self.embeddings.set_source(source);
        }
        if let Some(form) = MapForm::of_text(&session.map_form) {
            self.mapping.form = form;
        }
        if let Ok(form) = serde_json::from_str::<PictureForm>(&session.picture) {
            self.spectrogram.form = form.bounded();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::model::{PictureOf, SoundPictureForm};
    use mynascope_encoder::CheckpointRef;
    use mynascope_map::Method;
    use mynascope_spectrum::{ColourMap, FftSize, FrequencyAxis};

    #[test]
    fn layout_encoder_and_forms_come_back_as_they_were_left() {
        let mut left = AppState {
            workspace: Workspace::Train,
            ..AppState::default()
        };
        left.embeddings.source = EncoderSource {
            checkpoint: CheckpointRef::File("/models/caf\u{e9} 1.pth".into()),
            patch: Some(Patching::Square),
            weights: "ema".to_owned().into(),
            heads: Some(6),
            reading: Reading {
                layer: Some(3),
                ..Reading::default()
            },
            ..EncoderSource::default()
        };
        left.mapping.form = MapForm {
            method: Method::Umap,
            neighbours: 40,
            ..MapForm::default()
        };
        left.spectrogram.form = PictureForm {
            of: PictureOf::Sound,
            sound: SoundPictureForm {
                axis: FrequencyAxis::Log,
                fft: FftSize::default().next(true),
                top_db: -25.0,
                range_db: 70.0,
            },
            colour_map: ColourMap::Cividis,
            ..PictureForm::default()
        };
        let session = left.session();
        let mut begun = AppState::default();
        begun.restore(&session);
        assert_eq!(begun.spectrogram.form, left.spectrogram.form);
        assert_eq!(begun.workspace, Workspace::Train);
        assert_eq!(begun.embeddings.source, left.embeddings.source);
        assert_eq!(begun.mapping.form, left.mapping.form);
        // Text of another version changes nothing.
        begun.restore(&Session {
            layout: "Compose".to_owned(),
            encoder: "{".to_owned(),
            map_form: r#"{"method":"trimap"}"#.to_owned(),
            picture: r#"{"of":"whales"}"#.to_owned(),
            ..session
        });
        assert_eq!(begun.spectrogram.form, left.spectrogram.form);
        assert_eq!(begun.workspace, Workspace::Train);
        assert_eq!(begun.embeddings.source, left.embeddings.source);
        assert_eq!(begun.mapping.form, left.mapping.form);
    }
}
