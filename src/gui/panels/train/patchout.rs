//! What the objective maest does to the clips of a batch.

use eframe::egui::{DragValue, Ui};

use super::{super::parts, form::Fields};
use mynascope_encoder::{EncoderConfig, families::maest::ROWS};

impl Fields<'_> {
    /// Patchout, mixup, SpecAugment and the choice of tracks.
    pub(super) fn patchout(&mut self, ui: &mut Ui) {
        let EncoderConfig::Maest(sizes) = self.form.encoder_config() else {
            return;
        };
        let all = sizes.columns_of(sizes.frames());
        let published = 3 * sizes.window_samples() / 16_000;
        let hint = "Columns of patches that every batch drops, others each time: fewer tokens, less work, and nothing that can \
                    be relied on";
        self.row(ui, "Columns off", "patchout_columns", hint, |ui, form| {
            let mut dropped = form.maest.patchout_columns.unwrap_or(published);
            let field = DragValue::new(&mut dropped).range(0..=all.saturating_sub(1));
            let field = field.suffix(format!(" of {all}"));
            let response = parts::number(ui, ui.available_width(), field);
            if response.changed() {
                form.maest.patchout_columns = (dropped != published).then_some(dropped);
            }
            response
        });
        let hint = "Rows of patches, bands of frequency, that every batch drops";
        self.row(ui, "Rows off", "patchout_rows", hint, |ui, form| {
            let field = DragValue::new(&mut form.maest.patchout_rows).range(0..=ROWS - 1);
            parts::number(
                ui,
                ui.available_width(),
                field.suffix(format!(" of {ROWS}")),
            )
        });
        let hint = "How evenly two clips and their labels are mixed: alpha of a beta distribution; 0 mixes none";
        self.row(ui, "Mixup", "mixup", hint, |ui, form| {
            let field = DragValue::new(&mut form.maest.mixup).range(0.0..=1.0);
            parts::number(ui, ui.available_width(), field.speed(0.01))
        });
        let hint = "Groups of up to 7 frames that are blanked in a clip (SpecAugment)";
        self.row(ui, "Time masks", "time_masks", hint, |ui, form| {
            let field = DragValue::new(&mut form.maest.time_masks).range(0..=1000);
            parts::number(ui, ui.available_width(), field)
        });
        let hint = "Groups of up to 4 mel bands that are blanked in a clip (SpecAugment)";
        self.row(ui, "Band masks", "band_masks", hint, |ui, form| {
            let field = DragValue::new(&mut form.maest.band_masks).range(0..=1000);
            parts::number(ui, ui.available_width(), field)
        });
        ui.checkbox(&mut self.form.maest.balance, "Rare labels more often")
            .on_hover_text("Draws tracks of rare labels more often than the others");
    }
}
