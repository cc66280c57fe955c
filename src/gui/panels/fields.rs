//! Fields of forms that stand for one value of a few: each shows it, and sets it.

use eframe::egui::{ComboBox, Response, Ui};

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
    ComboBox::from_id_salt(id)
        .width(ui.available_width())
        .truncate()
        .selected_text(value.to_string())
        .show_ui(ui, |ui| {
            for &one in values {
                let label = ui.selectable_value(value, one, one.to_string());
                match explain(one) {
                    "" => {}
                    help => drop(label.on_hover_text(help)),
                }
            }
        })
        .response
}
