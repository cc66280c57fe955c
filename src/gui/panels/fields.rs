//! Fields of forms that stand for one value of a few: each shows it, and sets it.

use std::hash::Hash;

use eframe::egui::{
    ComboBox, Key, Margin, Rect, Response, TextEdit, Ui, WidgetInfo, WidgetType,
    text::{CCursor, CCursorRange},
    text_edit::TextEditState,
};

use super::parts;

/// A row of buttons over the width, one for each value.
pub fn pick<T: PartialEq + Copy>(
    ui: &mut Ui,
    options: &[(T, &str, &str)],
    value: &mut T,
) -> Response {
    let (response, chosen) = parts::choice(ui, ui.available_width(), options, *value);
    *value = chosen.unwrap_or(*value);
    response
}

/// A menu over the width with all values by their own names; what a value does is told beside it.
pub fn menu<T: PartialEq + Copy + ToString>(
    ui: &mut Ui,
    id: &str,
    values: &[T],
    explain: impl Fn(T) -> &'static str,
    value: &mut T,
) -> Response {
    titled_menu(ui, id, values, |one| one.to_string(), explain, value)
}

/// The same with other names.
pub fn titled_menu<T: PartialEq + Copy>(
    ui: &mut Ui,
    id: &str,
    values: &[T],
    title: impl Fn(T) -> String,
    explain: impl Fn(T) -> &'static str,
    value: &mut T,
) -> Response {
    ComboBox::from_id_salt(id)
        .width(ui.available_width())
        .truncate()
        .selected_text(title(*value))
        .show_ui(ui, |ui| {
            for &one in values {
                let label = ui.selectable_value(value, one, title(one));
                match explain(one) {
                    "" => {}
                    help => drop(label.on_hover_text(help)),
                }
            }
        })
        .response
}

/// What came of a field for a name.
pub enum Typed {
    /// This stands in it now.
    Text(String),
    /// It is closed: by Enter, which keeps what stands in it, or otherwise.
    End {
        /// Whether it is kept.
        keep: bool,
    },
}

/// A field that lies over a panel while a name is typed. It has the cursor from the beginning, and what is typed takes the place
/// of what stands there.
pub fn name(
    ui: &mut Ui,
    place: Rect,
    id: impl Hash + std::fmt::Debug,
    name: &str,
    hint: &str,
    text: &str,
) -> Option<Typed> {
    let mut text = text.to_owned();
    let length = text.chars().count();
    let field = TextEdit::singleline(&mut text)
        .id_salt(id)
        .hint_text(hint)
        .margin(Margin::symmetric(4, 2));
    let response = ui.put(place, field);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::TextEdit, true, name));
    let [enter, escape] =
        ui.input(|input| [Key::Enter, Key::Escape].map(|key| input.key_pressed(key)));
    if !begin(ui, &response, length) && (response.lost_focus() || !response.has_focus()) {
        // Clicking elsewhere gives up what was typed: only Enter changes anything.
        return Some(Typed::End {
            keep: enter && !escape,
        });
    }
    response.changed().then_some(Typed::Text(text))
}

/// Gives a field of so many letters the cursor when it was not there a moment ago, with all of them selected. Returns whether that
/// was so.
pub fn begin(ui: &Ui, field: &Response, letters: usize) -> bool {
    let drawn = field.id.with("drawn");
    let now = ui.ctx().cumulative_pass_nr();
    let before = ui.data_mut(|data| {
        let before = data.get_temp::<u64>(drawn);
        data.insert_temp(drawn, now);
        before
    });
    if before.is_some_and(|before| before + 1 >= now) {
        return false;
    }
    field.request_focus();
    let mut state = TextEditState::load(ui.ctx(), field.id).unwrap_or_default();
    let all = CCursorRange::two(CCursor::new(0), CCursor::new(letters));
    state.cursor.set_char_range(Some(all));
    state.store(ui.ctx(), field.id);
    true
}
