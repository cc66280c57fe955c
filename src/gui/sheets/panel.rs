//! One panel as a picture by itself: without pointer, playhead, loop and bubbles, with axes, a caption and the command that makes it
//! again. The window and the command line save the same pictures.

use std::{path::Path, sync::Arc};

use eframe::egui::{self, Pos2, Rect, Ui, vec2};

use super::{About, save_drawn};
use crate::gui::{
    model::{
        AppState, BatchAnswer, PicturePanel, Publishing, RunView, SoundForm, SoundPicture,
        TeachForm, TilesWanted, Transport,
    },
    panels::{map, probe, spectrogram, teach, train},
    theme,
    work::sound_picture::painted_now,
};

/// What is drawn: a copy of no more than the panel shows, so that a thread of its own can save it.
enum Content {
    Spectrogram(Box<AppState>),
    Map(Box<map::sheet::MapSheet>),
    Results(Box<AppState>),
    Similarity(Arc<BatchAnswer>, Box<TeachForm>),
    Curves(Box<RunView>, Option<Box<RunView>>),
}

/// A panel as it is shown at one moment.
pub struct PanelPicture {
    publishing: Publishing,
    title: String,
    caption: String,
    content: Content,
}

impl PanelPicture {
    /// What the window shows now; `None` where the panel shows nothing.
    pub fn of(model: &AppState, publishing: Publishing) -> Option<Self> {
        let track = model.library.selected_track();
        let collection = model.library.collection.as_ref();
        let collection = collection.map_or("", |collection| collection.name.as_str());
        let encoder = model.embeddings.source.title();
        let (title, caption, content) = match publishing.panel {
            PicturePanel::Spectrogram => {
                model.spectrogram.picture()?;
                let title = track.map_or_else(String::new, |track| match &track.label {
                    Some(label) => format!("{} \u{b7} {label}", track.title),
                    None => track.title.clone(),
                });
                let content = Content::Spectrogram(Box::new(spectrogram_of(model)));
                (title, spectrogram::caption(model), content)
            }
            PicturePanel::Map => {
                let sheet = map::sheet::MapSheet::of(model)?;
                let caption = sheet.caption.clone();
                let title = format!("Map of {collection}");
                (title, caption, Content::Map(Box::new(sheet)))
            }
            PicturePanel::Results => {
                let probing = &model.probing;
                probing.table(probing.view.tab)?;
                let mut shown = AppState {
                    workspace: model.workspace,
                    probing: probing.clone(),
                    ..AppState::default()
                };
                shown.probing.view.cell = None;
                let caption = format!("{collection}, {encoder}");
                (probing.title(), caption, Content::Results(Box::new(shown)))
            }
            PicturePanel::Similarity => {
                let answer = model.teaching.batch.value.clone()?;
                let form = model.teaching.form;
                let mask = &model.mask.form;
                let caption = format!(
                    "{collection}, {encoder}; {} mask, {} % dropped, seed {}",
                    mask.kind,
                    mask.percent(),
                    mask.seed
                );
                let title = teach::matrix::title(&answer, form);
                (title, caption, Content::Similarity(answer, Box::new(form)))
            }
            PicturePanel::Curves => {
                let run = model.training.shown()?;
                let overlay = model.training.overlay.clone().map(Box::new);
                let content = Content::Curves(Box::new(run.clone()), overlay);
                (run.name(), String::new(), content)
            }
        };
        Some(Self {
            publishing: publishing.bounded(),
            title,
            caption,
            content,
        })
    }

    /// The name that is offered for its file.
    pub fn file_name(&self) -> String {
        let plain = |c: char| {
            if "/\\:*?\"<>|\u{b7}".contains(c) {
                '-'
            } else {
                c
            }
        };
        let title: String = self.title.chars().map(plain).collect();
        let (panel, ending) = (self.publishing.panel, self.publishing.ending());
        format!("{title} - {panel}.{ending}")
    }

    /// Draws it to a file, with the command that makes it again: vector graphics where the file ends in .svg, else PNG.
    ///
    /// # Errors
    /// Why it could not be saved, in a sentence.
    pub fn save(&self, command: &str, path: &Path) -> Result<(), String> {
        let about = About {
            title: self.title.clone(),
            command: command.to_owned(),
        };
        let at_its_size = match &self.content {
            Content::Spectrogram(model) if model.shows_sound() => {
                Some(Content::Spectrogram(Box::new(self.with_sound(model)?)))
            }
            _ => None,
        };
        let content = at_its_size.as_ref().unwrap_or(&self.content);
        save_drawn(&self.publishing, &about, path, |ui| self.draw(ui, content))
    }

    /// The picture of the sound, computed for the size at which it is saved.
    fn with_sound(&self, model: &AppState) -> Result<AppState, String> {
        let [width, height] = self.publishing.size.map(|side| side as f32);
        let area = Rect::from_min_size(Pos2::ZERO, vec2(width, height));
        let size = spectrogram::size_alone(self.place_of_content(area)) * self.publishing.scale;
        let pixels = [size.x, size.y].map(|side| side.round().max(1.0) as u32);
        let mut drawn = spectrogram_of(model);
        let spectrogram = &mut drawn.spectrogram;
        let (Some(source), Some(rate)) = (spectrogram.sound.source.clone(), spectrogram.sound.rate)
        else {
            let why = spectrogram.sound.error.clone();
            return Err(why.unwrap_or_else(|| {
                "the spectrogram of the sound is not there yet; wait until it is shown".to_owned()
            }));
        };
        let (grid, tiles) = spectrogram.sound_tiles(&spectrogram.view, rate, pixels[0]);
        let wanted = TilesWanted {
            source,
            grid,
            tiles,
        };
        let look = spectrogram.sound_look(pixels[1]);
        let painted = painted_now(wanted.clone(), look).map_err(|error| error.to_string())?;
        spectrogram.sound = SoundPicture {
            pixels,
            tiles: painted
                .tiles
                .iter()
                .map(|it| Arc::clone(&it.tile))
                .collect(),
            done: true,
            wanted: Some(wanted),
            painted: Some(painted),
            under: None,
            ..spectrogram.sound.clone()
        };
        Ok(drawn)
    }

    /// What the caption leaves of an area.
    fn place_of_content(&self, area: Rect) -> Rect {
        let caption = match self.caption.is_empty() {
            true => 0.0,
            false => theme::SMALL_LINE + theme::SPACE,
        };
        area.with_max_y(area.bottom() - caption)
    }

    fn draw(&self, ui: &mut Ui, content: &Content) {
        let tokens = theme::tokens(ui);
        let area = ui.max_rect();
        ui.painter().rect_filled(area, 0.0, tokens.surface);
        let inner = self.place_of_content(area);
        if !self.caption.is_empty() {
            let at = egui::pos2(area.left() + theme::SPACE_LARGE, inner.bottom());
            let width = area.width() - 2.0 * theme::SPACE_LARGE;
            let mut job = egui::text::LayoutJob::simple_singleline(
                self.caption.clone(),
                theme::small_font(),
                tokens.text_weak,
            );
            job.wrap = egui::text::TextWrapping::truncate_at_width(width);
            let galley = ui.painter().layout_job(job);
            ui.painter().galley(at, galley, tokens.text_weak);
        }
        ui.scope_builder(egui::UiBuilder::new().max_rect(inner), |ui| {
            ui.set_clip_rect(inner);
            match content {
                Content::Spectrogram(model) => spectrogram::show_alone(ui, model, &self.title),
                Content::Map(sheet) => map::sheet::show(ui, sheet, &self.title),
                Content::Results(model) => probe::sheet(ui, model),
                Content::Similarity(answer, form) => {
                    teach::matrix::sheet(ui, answer, **form, &self.title);
                }
                Content::Curves(run, overlay) => train::sheet(ui, run, overlay.as_deref()),
            }
        });
    }
}

/// Only what a spectrogram is drawn from. There is no playhead, no selection and no loop.
fn spectrogram_of(model: &AppState) -> AppState {
    AppState {
        // Some layouts mark the crops on the picture.
        workspace: model.workspace,
        spectrogram: model.spectrogram.clone(),
        mask: model.mask.clone(),
        transport: Transport {
            form: SoundForm::default(),
            position_secs: f64::NEG_INFINITY,
            ..model.transport.clone()
        },
        ..AppState::default()
    }
}
