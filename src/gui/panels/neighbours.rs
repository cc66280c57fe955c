//! The lists beside the map: what is near to what, near-duplicates, what moved most.

use eframe::egui::{self, Align2, Rect, Sense, Ui, pos2, vec2};
use egui_phosphor::regular as icon;
use mynascope_base::counted;

use crate::gui::{
    command::{Command, MapCommand},
    model::{AppState, Duplicates, ListForm, ListTab, Query, Spot, THRESHOLDS, clock},
    theme,
};

use mynascope_embedding::Level;

use super::{parts, row_from_right, top};

/// Draws the pane.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    parts::padded(ui, |ui| {
        head(ui, model, out);
        match model.lists.form.tab {
            ListTab::Neighbours => near(ui, model, out),
            ListTab::Duplicates => duplicates(ui, model, out),
            ListTab::Moved => moved(ui, model, out),
        }
    });
}

fn head(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let mut push = |command| out.push(Command::Map(command));
    row_from_right(ui, |ui| {
        let hint = "Puts the command on the clipboard that makes this list in a terminal";
        if top::icon_button(ui, icon::TERMINAL_WINDOW, hint).clicked() {
            push(MapCommand::CopyList);
        }
        let hint = "Find what is like a file of your own, and where it lies on the map";
        if top::icon_button(ui, icon::FILE_AUDIO, hint).clicked() {
            push(MapCommand::ChooseQuery);
        }
        let hint = "Find what is like the selected stretch of the spectrogram";
        let selected = model.transport.form.selection.is_some();
        let region = ui.add_enabled_ui(selected, |ui| {
            top::icon_button(ui, icon::SELECTION, hint).on_disabled_hover_text(
                "Drag over the spectrogram first: what is like that stretch?",
            )
        });
        if region.inner.clicked() {
            push(MapCommand::QueryRegion);
        }
        let tabs = [
            (
                ListTab::Neighbours,
                "nearest",
                "What the encoder finds nearest; N and B walk along the list",
            ),
            (
                ListTab::Duplicates,
                "near-duplicates",
                "Near-duplicates: pairs of tracks that the encoder can hardly tell apart",
            ),
            (
                ListTab::Moved,
                "moved",
                "Tracks whose neighbours changed most between the two encoders that are compared",
            ),
        ];
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let width = ui.available_width().min(78.0 * theme::UNIT);
            let (_, tab) = parts::choice(ui, width, &tabs, model.lists.form.tab);
            if let Some(tab) = tab {
                push(MapCommand::EditList(ListForm {
                    tab,
                    ..model.lists.form
                }));
            }
        });
    });
}

fn near(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let neighbours = &model.neighbours;
    if let Some(running) = neighbours.job.running() {
        if parts::progress(ui, running) {
            out.push(Command::Map(MapCommand::StopQuery));
        }
        return;
    }
    let name = |path: &std::path::Path| parts::track_name(&model.library, path);
    let chart = model.mapping.chart.as_ref();
    let tracks = chart.is_some_and(|chart| chart.level == Level::Track);
    let about = match &neighbours.query {
        None => None,
        Some(Query::Spot(spot)) if tracks => Some(name(&spot.path)),
        Some(Query::Spot(spot)) => Some(format!(
            "{} at {}",
            name(&spot.path),
            clock(spot.start_secs)
        )),
        Some(Query::Stretch(path, [start, end])) => {
            let (start, end) = (clock(*start), clock(*end));
            Some(format!("{} from {start} to {end}", name(path)))
        }
        Some(Query::File(path)) => Some(name(path)),
    };
    let Some(about) = about else {
        let hint = "Compute a map, then click a point or choose a track: what the encoder finds nearest to it is \
                    listed here.";
        return parts::empty(ui, icon::LIST_BULLETS, "Nothing is selected yet", hint);
    };
    let how = match (model.mapping.imported_chart(), chart) {
        (Some(imported), _) => format!("in {}", imported.name()),
        (None, Some(chart)) => chart.source.key.source.mask_note(),
        (None, None) => model.embeddings.source.mask_note(),
    };
    let text = theme::small(format!("Nearest to {about}, {how}"));
    let weak = theme::tokens(ui).text_weak;
    ui.add(egui::Label::new(text.color(weak)).truncate())
        .on_hover_text(match tracks {
            true => "By cosine in the encoder's own space, the means of the windows of each track",
            false => "By cosine in the encoder's own space, windows of other tracks",
        });
    if let Some(why) = &neighbours.problem {
        return match neighbours.query {
            // Nothing failed: the track is not among what is compared.
            Some(Query::Spot(_)) => parts::explain(ui, why),
            _ => parts::error(ui, why),
        };
    }
    landed(ui, model, out);
    let rows = neighbours.found.len();
    if rows == 0 && !neighbours.is_searching() {
        return parts::explain(
            ui,
            "The map holds no window of another track, so nothing can be near; open more tracks and compute the map again.",
        );
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    egui::ScrollArea::vertical()
        .id_salt("near")
        .auto_shrink(false)
        .show_rows(ui, theme::ROW_HEIGHT, rows, |ui, range| {
            for at in range {
                let Some(near) = neighbours.found.get(at) else {
                    continue;
                };
                let library = &model.library;
                let index = library.index_of(&near.path);
                let track = index.and_then(|index| library.track(index));
                let line = Line {
                    dot: track.and_then(|track| library.label_place(track)),
                    name: track.map_or_else(|| name(&near.path), |track| track.title.clone()),
                    place: if tracks {
                        String::new()
                    } else {
                        clock(near.start_secs)
                    },
                    number: format!("{:.3}", near.cosine),
                    on: neighbours.at == Some(at),
                    hint: if tracks {
                        "Selects and plays this track"
                    } else {
                        "Selects and plays this window"
                    },
                };
                if line.show(ui) {
                    out.push(Command::Map(MapCommand::PlayNear(at)));
                }
            }
        });
}

/// Where a file that is not on the map landed on it.
fn landed(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let landed = &model.neighbours.landed;
    let Some(first) = landed.first() else { return };
    let known: f32 = landed.iter().map(|landed| landed.nearest).sum::<f32>() / landed.len() as f32;
    ui.horizontal(|ui| {
        let hint = "Hear its first window";
        if top::icon_button(ui, icon::PLAY, hint).clicked() {
            out.push(Command::Map(MapCommand::Audition(first.spot.clone())));
        }
        let text = format!("Placed at the crosses; mean cosine to neighbours {known:.2}");
        parts::quiet(ui, text).on_hover_text(
            "Each window of the file is put at the weighted mean of its ten nearest points; the map itself is not laid \
             out anew. The number is the mean cosine to the nearest point: the lower, the less the map can say",
        );
    });
}

fn duplicates(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let lists = &model.lists;
    if let Some(running) = lists.job.running() {
        if parts::progress(ui, running) {
            out.push(Command::Map(MapCommand::StopQuery));
        }
        return;
    }
    ui.horizontal(|ui| {
        let hint = "Compares every window with every other; pairs of tracks are listed with their most alike windows";
        let button = egui::Button::new("Find near-duplicates");
        if parts::wide(ui, 38.0 * theme::UNIT, button, true, hint) {
            out.push(Command::Map(MapCommand::FindDuplicates));
        }
        let mut threshold = lists.form.threshold;
        let field = egui::DragValue::new(&mut threshold)
            .range(THRESHOLDS)
            .speed(0.001)
            .fixed_decimals(3)
            .prefix("cosine from ");
        parts::number(ui, 32.0 * theme::UNIT, field)
            .on_hover_text("From which cosine on two tracks count as near-duplicates");
        if threshold.to_bits() != lists.form.threshold.to_bits() {
            out.push(Command::Map(MapCommand::EditList(ListForm {
                threshold,
                ..lists.form
            })));
        }
    });
    if let Some(why) = &lists.error {
        return parts::error(ui, why);
    }
    let Some(duplicates) = &lists.duplicates else {
        parts::quiet(ui, "Lists copies, covers and loops of one sound");
        return;
    };
    let count = duplicates.pairs.len();
    let threshold = duplicates.threshold;
    parts::quiet(
        ui,
        match duplicates.at_least > count {
            true => format!(
                "The {count} most alike of at least {} pairs with a cosine of {threshold:.3} or more",
                duplicates.at_least
            ),
            false => format!(
                "{} with a cosine of {threshold:.3} or more",
                counted(count, "pair")
            ),
        },
    );
    ui.spacing_mut().item_spacing.y = 0.0;
    egui::ScrollArea::vertical()
        .id_salt("duplicates")
        .auto_shrink(false)
        .show_rows(ui, theme::ROW_HEIGHT, count, |ui, range| {
            for pair in range {
                duplicate(ui, model, duplicates, pair, out);
            }
        });
}

/// Two tracks side by side, each to be played, and how alike they are.
fn duplicate(
    ui: &mut Ui,
    model: &AppState,
    duplicates: &Duplicates,
    pair: usize,
    out: &mut Vec<Command>,
) {
    let Some(pair) = duplicates.pairs.get(pair) else {
        return;
    };
    let Some(spots) = duplicates.spots(pair) else {
        return;
    };
    let number_width = 12.0 * theme::UNIT;
    let size = vec2(ui.available_width(), theme::ROW_HEIGHT);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let half = 0.5 * (row.width() - number_width);
    for (index, spot) in spots.into_iter().enumerate() {
        let left = row.left() + half * index as f32;
        let area = Rect::from_min_size(pos2(left, row.top()), vec2(half, row.height()));
        let line = Line {
            dot: None,
            name: parts::track_name(&model.library, &spot.path),
            place: clock(spot.start_secs),
            number: String::new(),
            on: model.mapping.selected() == Some(spot.path.as_path()),
            hint: "Selects and plays the window that is most like the other track",
        };
        let id = ui.id().with(("duplicate", pair.rows, index));
        let response = ui.interact(area, id, Sense::click());
        if line.show_in(ui, area, response) {
            choose(spot, out);
        }
    }
    let tokens = theme::tokens(ui);
    let place = row.right_center() - vec2(theme::UNIT, 0.0);
    let text = format!("{:.3}", pair.cosine);
    let font = theme::small_font();
    ui.painter()
        .text(place, Align2::RIGHT_CENTER, text, font, tokens.text);
}

fn choose(spot: Spot, out: &mut Vec<Command>) {
    out.push(Command::Map(MapCommand::Choose {
        path: spot.path,
        start_secs: spot.start_secs,
    }));
}

fn moved(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let moved = &model.lists.moved;
    if moved.is_empty() {
        let hint = "Compare two encoders side by side with the button above the map: the tracks whose ten nearest \
                    neighbours changed most are listed here.";
        return parts::empty(ui, icon::ARROWS_LEFT_RIGHT, "Nothing is compared", hint);
    }
    parts::quiet(ui, "Neighbours kept, of the ten nearest tracks").on_hover_text(
        "Counted in the encoders' own spaces, not on the maps: a layout may turn, mirror and stretch what did not change",
    );
    ui.spacing_mut().item_spacing.y = 0.0;
    egui::ScrollArea::vertical()
        .id_salt("moved")
        .auto_shrink(false)
        .show_rows(ui, theme::ROW_HEIGHT, moved.len(), |ui, range| {
            for change in moved.get(range).unwrap_or_default() {
                let line = Line {
                    dot: None,
                    name: parts::track_name(&model.library, &change.path),
                    place: String::new(),
                    number: format!("{} of {}", change.kept, change.of),
                    on: model.mapping.selected() == Some(change.path.as_path()),
                    hint: "Selects and plays this track: it stands out in both maps",
                };
                if line.show(ui) {
                    let path = change.path.clone();
                    let start_secs = 0.0;
                    choose(Spot { path, start_secs }, out);
                }
            }
        });
}

/// A row that plays something.
struct Line<'a> {
    /// Its label, by its colour.
    dot: Option<usize>,
    name: String,
    place: String,
    number: String,
    on: bool,
    hint: &'a str,
}

impl Line<'_> {
    /// Draws it over the whole width; returns whether it was clicked.
    fn show(self, ui: &mut Ui) -> bool {
        let size = vec2(ui.available_width(), theme::ROW_HEIGHT);
        let (area, response) = ui.allocate_exact_size(size, Sense::click());
        self.show_in(ui, area, response)
    }

    fn show_in(self, ui: &mut Ui, area: Rect, response: egui::Response) -> bool {
        let tokens = theme::tokens(ui);
        response.widget_info(|| {
            let name = format!("{} {}", self.name, self.place);
            egui::WidgetInfo::selected(
                egui::WidgetType::SelectableLabel,
                true,
                self.on,
                name.trim(),
            )
        });
        let fill = match (self.on, response.hovered() || response.has_focus()) {
            (true, _) => Some(tokens.accent_quiet),
            (false, true) => Some(tokens.raised),
            (false, false) => None,
        };
        if let Some(fill) = fill {
            ui.painter().rect_filled(area, theme::CORNER, fill);
        }
        let mut room = area.shrink2(vec2(theme::SPACE, 0.0));
        for (text, colour, width) in [
            (&self.number, tokens.text, 12.0 * theme::UNIT),
            (&self.place, tokens.text_weak, 14.0 * theme::UNIT),
        ] {
            if text.is_empty() {
                continue;
            }
            let font = theme::small_font();
            let align = Align2::RIGHT_CENTER;
            ui.painter()
                .text(room.right_center(), align, text, font, colour);
            room.max.x -= width;
        }
        if let Some(label) = self.dot {
            let at = pos2(room.left() + theme::LABEL_DOT, room.center().y);
            let colour = theme::label_colour(theme::tokens(ui), label);
            theme::label_mark(ui.painter(), at, theme::LABEL_DOT, label, colour);
            room.min.x += 2.0 * theme::LABEL_DOT + theme::SPACE_SMALL;
        }
        let colour = if self.on {
            tokens.text_strong
        } else {
            tokens.text
        };
        parts::write_line(ui, room, &self.name, colour);
        response.on_hover_text(self.hint).clicked()
    }
}
