//! The command palette: a few letters find everything that can be done, opened or played.

use eframe::egui::{
    self, Align, Align2, Area, Event, Frame, Id, Key, Layout as Flow, Margin, Modal, Modifiers,
    RichText, ScrollArea, Sense, TextEdit, vec2,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    actions,
    command::{Command, WindowCommand},
    model::{AppState, Offer, Overlay, Palette, length, typed_paths},
    theme::{self, small},
};

/// Draws the palette while it is open.
pub fn show(ui: &egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    if model.overlay != Some(Overlay::Palette) {
        return;
    }
    let palette = &model.palette;
    // Read before the text field sees them.
    let keys = ui.ctx().input_mut(|input| Keys::take(&mut input.events));
    let top = Area::new(Id::new("palette"))
        .order(egui::Order::Foreground)
        .kind(egui::UiKind::Modal)
        .anchor(Align2::CENTER_TOP, vec2(0.0, theme::BAR_HEIGHT));
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(8));
    let response = Modal::new(Id::new("palette"))
        .area(top)
        .frame(frame)
        .show(ui.ctx(), |ui| {
            ui.set_width(theme::DIALOG_WIDTH.min(ui.ctx().content_rect().width() - 40.0));
            let pasted = keys.pasted.as_ref();
            let mut text = pasted.unwrap_or(&palette.text).clone();
            // The letters go here and nowhere else while the palette is open, those too that came in the frame it was opened in.
            let id = Id::new("palette text");
            if !ui.memory(|memory| memory.has_focus(id)) {
                ui.memory_mut(|memory| memory.request_focus(id));
            }
            // Paths that are pasted stand in lines; a field of one line would show a box for each line's end.
            let mut layouter = |ui: &egui::Ui, text: &dyn egui::TextBuffer, _: f32| {
                let job = egui::text::LayoutJob::simple_singleline(
                    text.as_str().replace('\n', " "),
                    egui::FontSelection::default().resolve(ui.style()),
                    ui.visuals().text_color(),
                );
                ui.fonts_mut(|fonts| fonts.layout_job(job))
            };
            let field = TextEdit::singleline(&mut text)
                .id(id)
                .layouter(&mut layouter)
                .hint_text(
                    "What to do, a track, what was open before, or the path of a file or folder",
                )
                .margin(Margin::symmetric(8, 6))
                .desired_width(f32::INFINITY);
            ui.add(field);
            keys.push(text, palette, out);
            ui.add_space(theme::SPACE_SMALL);
            offers(ui, model, palette, out);
        });
    if response.should_close() {
        out.push(Command::Window(WindowCommand::ShowOverlay(None)));
    }
}

/// The keys of one frame that the palette takes for itself.
#[derive(Default)]
struct Keys {
    /// Paths that were pasted in lines: a field of one line would make one word of them.
    pasted: Option<String>,
    /// Rows down the list, after the last letter; what was chosen before it is void.
    rows_down: isize,
    /// Enter ends what is typed, in whatever frame.
    enter: bool,
}

impl Keys {
    /// Takes them out of the events of a frame, and what was typed after Enter.
    fn take(events: &mut Vec<Event>) -> Self {
        let mut keys = Self::default();
        events.retain(|event| {
            let is_typed = matches!(event, Event::Text(_) | Event::Paste(_) | Event::Ime(_));
            match event {
                Event::Key { pressed: true, .. } if keys.enter => return false,
                _ if is_typed && keys.enter => return false,
                Event::Key {
                    key: Key::ArrowUp | Key::ArrowDown | Key::Enter,
                    pressed: true,
                    modifiers,
                    ..
                } if !modifiers.matches_logically(Modifiers::NONE) => {}
                Event::Key {
                    key: Key::Enter,
                    pressed: true,
                    ..
                } => {
                    keys.enter = true;
                    return false;
                }
                Event::Key {
                    key: key @ (Key::ArrowUp | Key::ArrowDown),
                    pressed: true,
                    ..
                } => {
                    keys.rows_down += if *key == Key::ArrowUp { -1 } else { 1 };
                    return false;
                }
                Event::Paste(text) if text.trim().contains('\n') && typed_paths(text).is_some() => {
                    keys.pasted = Some(text.clone());
                    return false;
                }
                _ => {}
            }
            if is_typed {
                keys.rows_down = 0;
            }
            true
        });
        keys
    }

    /// Pushes what they ask for, after the text that they follow.
    fn push(&self, text: String, palette: &Palette, out: &mut Vec<Command>) {
        let mut push = |command| out.push(Command::Window(command));
        if text != palette.text {
            push(WindowCommand::PaletteText(text));
        }
        if self.rows_down != 0 {
            push(WindowCommand::PaletteMove(self.rows_down));
        }
        if self.enter {
            push(WindowCommand::PaletteEnter);
        }
    }
}

fn offers(ui: &mut egui::Ui, model: &AppState, palette: &Palette, out: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let room = (ui.ctx().content_rect().height() - 50.0 * theme::UNIT)
        .clamp(theme::CONTROL_HEIGHT, 14.0 * theme::CONTROL_HEIGHT);
    let seen = ui.id().with("chosen");
    let moved = ui.data(|data| data.get_temp(seen)) != Some(palette.chosen);
    ui.data_mut(|data| data.insert_temp(seen, palette.chosen));
    // As high as it was, however little is found: what is typed next may find more.
    let area = ScrollArea::vertical()
        .max_height(room)
        .min_scrolled_height(room)
        .auto_shrink(false);
    area.show(ui, |ui| {
        if palette.offers.is_empty() {
            let weak = theme::tokens(ui).text_weak;
            let nothing = "No action, track or recent folder has that in its name";
            ui.label(RichText::new(nothing).color(weak));
        }
        for (place, offer) in palette.offers.iter().enumerate() {
            let on = place == palette.chosen;
            let response = row(ui, model, offer, on);
            if on && moved {
                response.scroll_to_me(None);
            }
            if response.clicked() {
                let run = WindowCommand::PaletteRun(offer.clone());
                out.push(Command::Window(run));
            }
        }
    });
}

/// What an offer looks like: symbol, name, an explanation, and its key at the right.
struct Look {
    symbol: &'static str,
    name: String,
    more: String,
    key: String,
    /// It can be done now.
    is_possible: bool,
}

fn look(model: &AppState, offer: &Offer) -> Look {
    match offer {
        Offer::Action(id) => {
            let action = actions::find(id);
            let first = action.and_then(|action| action.what_first(model));
            Look {
                symbol: icon::CARET_RIGHT,
                name: action.map_or_else(String::new, |action| action.name.to_owned()),
                more: match first {
                    Some(first) => format!("Not yet: {first}"),
                    None => action.map_or_else(String::new, |action| action.help.to_owned()),
                },
                key: action.map_or_else(String::new, |action| action.key_text()),
                is_possible: first.is_none(),
            }
        }
        Offer::Recent(path) => Look {
            symbol: icon::FOLDER,
            name: format!(
                "Open {}",
                path.file_name()
                    .unwrap_or(path.as_os_str())
                    .to_string_lossy()
            ),
            more: path.display().to_string(),
            key: String::new(),
            is_possible: true,
        },
        Offer::Paths(paths) => Look {
            symbol: icon::FOLDER,
            name: match paths.as_slice() {
                [path] => format!("Open {}", path.display()),
                paths => format!("Open these {} files and folders", paths.len()),
            },
            more: String::new(),
            key: String::new(),
            is_possible: true,
        },
        Offer::Track(index) => {
            let track = model.library.track(*index);
            Look {
                symbol: icon::MUSIC_NOTE,
                name: track.map_or_else(String::new, |track| track.title.clone()),
                more: track
                    .and_then(|track| track.label.clone())
                    .unwrap_or_default(),
                key: track
                    .and_then(|track| track.duration_secs)
                    .map_or_else(String::new, length),
                is_possible: true,
            }
        }
    }
}

fn row(ui: &mut egui::Ui, model: &AppState, offer: &Offer, on: bool) -> egui::Response {
    let tokens = theme::tokens(ui);
    let look = look(model, offer);
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    let (area, response) = ui.allocate_exact_size(size, Sense::click());
    if on || response.hovered() {
        let fill = if on {
            tokens.accent_quiet
        } else {
            tokens.raised
        };
        ui.painter().rect_filled(area, theme::CORNER, fill);
    }
    let inner = area.shrink2(vec2(theme::SPACE, 0.0));
    let builder = egui::UiBuilder::new()
        .max_rect(inner)
        .layout(Flow::right_to_left(Align::Center));
    ui.scope_builder(builder, |ui| {
        ui.label(small(&look.key).color(tokens.text_weak));
        ui.with_layout(Flow::left_to_right(Align::Center), |ui| {
            ui.label(RichText::new(look.symbol).color(tokens.text_weak));
            let colour = match look.is_possible {
                true => tokens.text_strong,
                false => tokens.text_weak,
            };
            ui.label(RichText::new(&look.name).color(colour));
            let more = small(&look.more).color(tokens.text_weak);
            ui.add(egui::Label::new(more).truncate().selectable(false));
        });
    });
    let name = look.name;
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::WidgetType::SelectableLabel, true, on, &name)
    });
    response
}
