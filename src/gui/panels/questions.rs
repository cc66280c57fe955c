//! Questions that lie over the panels: for a path where the system has no file dialog, and what becomes of dropped files.

use eframe::egui::{self, Frame, Id, Key, Margin, Modal, TextEdit};

use crate::gui::{
    command::{Command, LibraryCommand, WindowCommand},
    model::{AppState, typed_paths},
    theme::{self, small},
};
use mynascope_base::counted;

/// Asks for a path.
pub fn path(ui: &egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let Some(question) = &model.path_question else {
        return;
    };
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(20));
    let response = Modal::new(Id::new("path question")).frame(frame).show(ui.ctx(), |ui| {
        let tokens = theme::tokens(ui);
        let width = theme::DIALOG_WIDTH.min(ui.ctx().content_rect().width() - 60.0);
        ui.set_width(width);
        ui.label(theme::large(&question.title).color(tokens.text_strong));
        let words = "No file dialog can be shown here: the system has neither a desktop portal nor zenity. Type or paste the path.";
        ui.add(egui::Label::new(small(words).color(tokens.text_weak)).wrap());
        let mut text = question.text.clone();
        let field = TextEdit::singleline(&mut text)
            .hint_text("/home/you/Music, or ~/Music")
            .margin(Margin::symmetric(8, 6))
            .desired_width(f32::INFINITY);
        let field = ui.add(field);
        field.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::TextEdit, true, "Path"));
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if !entered {
            field.request_focus();
        }
        if field.changed() {
            out.push(Command::Window(WindowCommand::PathText(Some(text.clone()))));
        }
        ui.add_space(theme::SPACE);
        ui.horizontal(|ui| {
            let ready = typed_paths(&text).is_some();
            let tip = match ready {
                true => "Enter does the same",
                false => "Type a whole path first: it begins with / or ~",
            };
            let take = ui.add_enabled(ready, theme::primary_button(ui, question.verb));
            let take = take.on_hover_text(tip).on_disabled_hover_text(tip);
            if take.clicked() || entered && ready {
                out.push(Command::Window(WindowCommand::PathAnswer));
            }
            ui.button("Cancel").on_hover_text("Choose nothing (Esc)").clicked()
        })
        .inner
    });
    if response.inner || response.should_close() {
        out.push(Command::Window(WindowCommand::PathText(None)));
    }
}

/// Asks whether dropped sound files are added or opened instead of what is open.
pub fn dropped(ui: &egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let (Some(files), Some(collection)) = (&model.dropped, &model.library.collection) else {
        return;
    };
    let what = match files.as_slice() {
        [file] => {
            let name = file.file_name().unwrap_or(file.as_os_str());
            format!("\u{201c}{}\u{201d}", name.to_string_lossy())
        }
        files => counted(files.len(), "file"),
    };
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(20));
    let response = Modal::new(Id::new("dropped"))
        .frame(frame)
        .show(ui.ctx(), |ui| {
            let tokens = theme::tokens(ui);
            ui.set_width(theme::DIALOG_WIDTH.min(ui.ctx().content_rect().width() - 60.0));
            ui.label(theme::large(format!("Add {what}?")).color(tokens.text_strong));
            let tracks = counted(collection.tracks.len(), "track");
            let words = format!(
                "{} is open, {tracks}. Either way it can be undone (Ctrl+Z).",
                collection.name
            );
            ui.add(egui::Label::new(small(words).color(tokens.text_weak)).wrap());
            ui.add_space(theme::SPACE);
            let enter = ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Enter));
            ui.horizontal(|ui| {
                let mut answer = None;
                let add = ui.add(theme::primary_button(ui, "Add to the collection"));
                if add
                    .on_hover_text("Lists them behind the open tracks (Enter)")
                    .clicked()
                    || enter
                {
                    answer = Some(Some(true));
                }
                let open = ui.button("Open instead");
                if open
                    .on_hover_text("Lists them alone; the open collection can be shown again")
                    .clicked()
                {
                    answer = Some(Some(false));
                }
                if ui
                    .button("Cancel")
                    .on_hover_text("Do nothing (Esc)")
                    .clicked()
                {
                    answer = Some(None);
                }
                answer
            })
            .inner
        });
    let closed = response.should_close().then_some(None);
    if let Some(answer) = response.inner.or(closed) {
        out.push(Command::Library(LibraryCommand::DropAnswer(answer)));
    }
}
