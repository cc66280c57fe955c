//! Keys: how they are written, and what those that are pressed ask for.

use eframe::egui::{self, Key, Modifiers};

use super::{Action, all, find};
use crate::gui::{command::Command, model::AppState};

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shortcut {
    /// Keys that are held meanwhile.
    pub modifiers: Modifiers,
    /// The key.
    pub key: Key,
}

impl Shortcut {
    /// A key alone. It acts only while no text field has the focus.
    pub const fn plain(key: Key) -> Self {
        Self {
            modifiers: Modifiers::NONE,
            key,
        }
    }

    /// With Shift. It acts only while no text field has the focus.
    pub const fn shift(key: Key) -> Self {
        Self {
            modifiers: Modifiers::SHIFT,
            key,
        }
    }

    /// With Ctrl (Command on a Mac).
    pub const fn ctrl(key: Key) -> Self {
        Self {
            modifiers: Modifiers::COMMAND,
            key,
        }
    }

    /// Whether it acts again and again while it is held down: keys that move something do, those that switch don't.
    fn repeats(self) -> bool {
        let letter_or_digit = self.key.name().len() == 1;
        let switches = self.key == Key::Space || letter_or_digit;
        self.modifiers.command || !switches
    }

    /// With Alt. It acts only while no text field has the focus.
    pub const fn alt(key: Key) -> Self {
        Self {
            modifiers: Modifiers::ALT,
            key,
        }
    }

    /// With Alt and Shift. It acts only while no text field has the focus.
    pub const fn alt_shift(key: Key) -> Self {
        Self {
            modifiers: Modifiers::ALT.plus(Modifiers::SHIFT),
            key,
        }
    }

    /// With Ctrl and Shift.
    pub const fn ctrl_shift(key: Key) -> Self {
        Self {
            modifiers: Modifiers::COMMAND.plus(Modifiers::SHIFT),
            key,
        }
    }

    /// Whether a text field with the focus needs this key for itself.
    fn is_for_typing(self) -> bool {
        let moves_cursor = matches!(
            self.key,
            Key::ArrowLeft | Key::ArrowRight | Key::ArrowUp | Key::ArrowDown | Key::Home | Key::End
        );
        let function = matches!(self.key, Key::F1 | Key::F2 | Key::F11);
        // Undo and "select all" mean the text while it is typed.
        let edits = self.modifiers.command && matches!(self.key, Key::A | Key::Y | Key::Z);
        (!self.modifiers.command && !function) || moves_cursor || edits
    }

    /// Whether a control with the focus needs this key for itself.
    fn is_for_control(self) -> bool {
        self.modifiers.is_none()
            && matches!(
                self.key,
                Key::Enter
                    | Key::Space
                    | Key::ArrowLeft
                    | Key::ArrowRight
                    | Key::ArrowUp
                    | Key::ArrowDown
            )
    }

    fn modifier_count(self) -> usize {
        let held = [
            self.modifiers.command,
            self.modifiers.shift,
            self.modifiers.alt,
        ];
        held.into_iter().filter(|held| *held).count()
    }

    /// As people write it: "Ctrl+Shift+O".
    pub fn text(self) -> String {
        let mut text = String::new();
        if self.modifiers.command {
            text.push_str(if cfg!(target_os = "macos") {
                "Cmd+"
            } else {
                "Ctrl+"
            });
        }
        if self.modifiers.alt {
            text.push_str("Alt+");
        }
        if self.modifiers.shift {
            text.push_str("Shift+");
        }
        text.push_str(match self.key {
            Key::ArrowLeft => "Left",
            Key::ArrowRight => "Right",
            Key::ArrowUp => "Up",
            Key::ArrowDown => "Down",
            Key::Escape => "Esc",
            Key::PageDown => "Page Down",
            Key::PageUp => "Page Up",
            Key::Comma => ",",
            Key::Period => ".",
            Key::Plus => "+",
            Key::Minus => "-",
            Key::Equals => "=",
            Key::OpenBracket => "[",
            Key::CloseBracket => "]",
            key => key.name(),
        });
        text
    }
}

impl Shortcut {
    /// Whether the key with the shortcut's letter, digit or sign on it was pressed.
    fn is_signed(self, pressed: &KeyPress) -> bool {
        pressed.key == self.key
            && pressed.meant().matches_logically(self.modifiers)
            && !pressed.is_digit_with_ctrl()
    }

    /// Whether, on a layout with other signs there, the key was pressed that has the shortcut's digit, comma or period
    /// on a US keyboard. Where the sign that is there has its own meaning, it keeps that.
    fn is_placed(self, pressed: &KeyPress) -> bool {
        let placed = is_digit(self.key) || matches!(self.key, Key::Comma | Key::Period);
        placed
            && pressed.place == Some(self.key)
            && is_sign(pressed.key)
            && pressed.modifiers.matches_logically(self.modifiers)
            && !all()
                .flat_map(|action| action.keys)
                .any(|other| other.is_signed(pressed))
    }
}

/// Reads the keys of a frame in the order in which they were pressed.
#[derive(Default)]
pub struct KeyReader {
    /// The events before this one were looked at.
    at: usize,
    is_done: bool,
}

impl KeyReader {
    /// What the next key asks for; `None` after the last. Plain keys act only while no text field has the focus.
    pub fn next(&mut self, ctx: &egui::Context, model: &AppState) -> Option<Command> {
        if self.is_done {
            return None;
        }
        // What lies over the panels takes letters and Esc for itself.
        let covered = model.overlay.is_some()
            || model.path_question.is_some()
            || model.dropped.is_some()
            || model.publishing.is_some();
        // Esc closes what lies on top first: an open menu.
        let menu = egui::Popup::is_any_open(ctx);
        let typing = covered || ctx.text_edit_focused();
        // A control is reached by Tab alone, and then these keys are for it.
        let reached = ctx.memory(|memory| memory.focused()).is_some();
        let mut bound: Vec<(Shortcut, &Action)> = all()
            .flat_map(|action| action.keys.iter().map(move |&shortcut| (shortcut, action)))
            .filter(|(shortcut, _)| !(typing && shortcut.is_for_typing()))
            .filter(|(shortcut, _)| !(menu && shortcut.key == Key::Escape))
            .filter(|(shortcut, _)| !(reached && shortcut.is_for_control()))
            .collect();
        // The more modifiers, the earlier: plain keys also match with Shift held.
        bound.sort_by_key(|(shortcut, _)| std::cmp::Reverse(shortcut.modifier_count()));
        let (taken, now) = ctx.input_mut(|input| {
            let taken = self.take(&mut input.events, &bound, model);
            if taken.is_some() && !typing {
                // Letters before a key that opens a text field are not for that field.
                let (mut place, all, at) = (0, input.events.len(), self.at);
                input.events.retain(|event| {
                    place += 1;
                    place > at || !is_typed(event)
                });
                self.at = at + input.events.len() - all;
            }
            (taken, input.time)
        });
        match taken {
            Some((action, command)) => {
                if action.id == WHILE_HELD {
                    Held::since(ctx, now);
                }
                Some(command)
            }
            None => {
                self.is_done = true;
                let let_go = Held::was_let_go(ctx);
                let action = find(WHILE_HELD).filter(|_| let_go);
                action.and_then(|action| (action.command)(model))
            }
        }
    }

    /// Takes the next key out of the events that one of the shortcuts is for.
    fn take<'a>(
        &mut self,
        events: &mut Vec<egui::Event>,
        bound: &[(Shortcut, &'a Action)],
        model: &AppState,
    ) -> Option<(&'a Action, Command)> {
        while let Some(event) = events.get(self.at) {
            let Some((pressed, repeat)) = KeyPress::of(event) else {
                self.at += 1;
                continue;
            };
            let pressed = &pressed;
            // A sign on the key comes before the place of the key.
            let ways = [Shortcut::is_signed, Shortcut::is_placed].into_iter();
            let found = ways
                .flat_map(|by| bound.iter().filter(move |(key, _)| by(*key, pressed)))
                // A key that can do nothing now stays for others, e.g. Esc for a menu.
                .find_map(|(key, action)| Some((key, *action, (action.command)(model)?)));
            match found {
                None => self.at += 1,
                Some((key, action, command)) => {
                    events.remove(self.at);
                    // One that stays down says so again and again; that counts for keys that move something, and not for
                    // those that switch.
                    if !repeat || key.repeats() {
                        return Some((action, command));
                    }
                }
            }
        }
        None
    }
}

/// Whether it is text for a field.
fn is_typed(event: &egui::Event) -> bool {
    matches!(
        event,
        egui::Event::Text(_) | egui::Event::Paste(_) | egui::Event::Ime(_)
    )
}

/// The action that a tap switches, and that lasts only as long as its key is held.
const WHILE_HELD: &str = "hear-masked";
/// A key that is down for this long was held, not tapped.
const HELD_SECS: f64 = 0.4;

/// Since when the key of [`WHILE_HELD`] is down.
#[derive(Clone, Copy, Default)]
struct Held {
    since_secs: Option<f64>,
}

impl Held {
    /// Remembers since when.
    fn since(ctx: &egui::Context, now_secs: f64) {
        let since_secs = Some(now_secs);
        ctx.data_mut(|data| data.insert_temp(egui::Id::new(WHILE_HELD), Self { since_secs }));
    }

    /// Whether the key was held, and is not any more.
    fn was_let_go(ctx: &egui::Context) -> bool {
        let keys = find(WHILE_HELD).map_or(&[][..], |action| action.keys);
        let (down, now) =
            ctx.input(|input| (keys.iter().any(|it| input.key_down(it.key)), input.time));
        if down {
            return false;
        }
        let held: Option<Self> = ctx.data_mut(|data| data.remove_temp(egui::Id::new(WHILE_HELD)));
        let since = held.and_then(|held| held.since_secs);
        since.is_some_and(|since| now - since >= HELD_SECS)
    }
}

/// A key as it was pressed: what stands on it in this layout, and where it lies (as on a US keyboard).
struct KeyPress {
    key: Key,
    place: Option<Key>,
    modifiers: Modifiers,
}

impl KeyPress {
    /// The key that an event presses, and whether it only repeats.
    fn of(event: &egui::Event) -> Option<(Self, bool)> {
        match *event {
            egui::Event::Key {
                key,
                physical_key: place,
                pressed: true,
                repeat,
                modifiers,
            } => Some((
                Self {
                    key,
                    place,
                    modifiers,
                },
                repeat,
            )),
            _ => None,
        }
    }

    /// The modifiers that were held for themselves. A sign that lies on another key than in a US layout may need Shift
    /// to be typed at all, as the period does on a French keyboard.
    fn meant(&self) -> Modifiers {
        let elsewhere = self.place.is_some_and(|place| place != self.key);
        Modifiers {
            shift: self.modifiers.shift && !(is_sign(self.key) && elsewhere),
            ..self.modifiers
        }
    }

    /// Whether it is a key of the row of digits whose digit means something with Ctrl, whatever it types in this layout:
    /// on a Czech keyboard 1 types +, and Ctrl+1 is meant.
    fn is_digit_with_ctrl(&self) -> bool {
        self.modifiers.command
            && is_sign(self.key)
            && all().flat_map(|action| action.keys).any(|other| {
                is_digit(other.key)
                    && self.place == Some(other.key)
                    && self.modifiers.matches_logically(other.modifiers)
            })
    }
}

fn is_digit(key: Key) -> bool {
    matches!(key.name().as_bytes(), [b'0'..=b'9'])
}

/// Whether a key types a sign, neither a letter nor a digit.
fn is_sign(key: Key) -> bool {
    matches!(
        key,
        Key::Backslash
            | Key::Backtick
            | Key::CloseBracket
            | Key::CloseCurlyBracket
            | Key::Colon
            | Key::Comma
            | Key::Equals
            | Key::Exclamationmark
            | Key::Minus
            | Key::OpenBracket
            | Key::OpenCurlyBracket
            | Key::Period
            | Key::Pipe
            | Key::Plus
            | Key::Questionmark
            | Key::Quote
            | Key::Semicolon
            | Key::Slash
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_people_write_them() {
        assert_eq!(Shortcut::ctrl_shift(Key::O).text(), "Ctrl+Shift+O");
        assert_eq!(Shortcut::shift(Key::ArrowLeft).text(), "Shift+Left");
        assert_eq!(Shortcut::plain(Key::Comma).text(), ",");
    }

    /// What a key does that has this sign in a layout, at this place of a US keyboard.
    fn done(key: Key, place: Key, modifiers: Modifiers) -> Vec<Command> {
        let ctx = egui::Context::default();
        let event = egui::Event::Key {
            key,
            physical_key: Some(place),
            pressed: true,
            repeat: false,
            modifiers,
        };
        let input = egui::RawInput {
            events: vec![event],
            modifiers,
            ..egui::RawInput::default()
        };
        let mut commands = Vec::new();
        let _ = ctx.run_ui(input, |ui| {
            let (mut keys, model) = (KeyReader::default(), AppState::default());
            commands.extend(std::iter::from_fn(|| keys.next(ui.ctx(), &model)));
        });
        commands
    }

    /// What the one action of a name does.
    fn does(id: &str) -> Vec<Command> {
        find(id)
            .and_then(|action| (action.command)(&AppState::default()))
            .into_iter()
            .collect()
    }

    const NONE: Modifiers = Modifiers::NONE;
    const SHIFT: Modifiers = Modifiers::SHIFT;

    #[test]
    fn keys_act_by_their_sign_else_by_their_place() {
        let ctrl = Modifiers {
            ctrl: true,
            command: !cfg!(target_os = "macos"),
            ..Modifiers::COMMAND
        };
        for (key, place, held, id) in [
            // A US keyboard. What egui knows no key for, as <, comes with the key of its place.
            (Key::Num4, Key::Num4, ctrl, "layout-train"),
            (Key::Comma, Key::Comma, NONE, "drop-less"),
            (Key::Comma, Key::Comma, SHIFT, "drop-little-less"),
            (Key::Period, Key::Period, NONE, "drop-more"),
            (Key::Period, Key::Period, SHIFT, "drop-little-more"),
            (Key::Plus, Key::Equals, ctrl | SHIFT, "larger"),
            // French and Belgian: ' on 4, - on 6, comma on M, period above the semicolon.
            (Key::Quote, Key::Num4, ctrl, "layout-train"),
            (Key::Num1, Key::Num1, ctrl, "layout-listen"),
            (Key::Minus, Key::Num6, ctrl, "smaller"),
            (Key::Exclamationmark, Key::Num2, NONE, "view-b"),
            (Key::Comma, Key::M, NONE, "drop-less"),
            (Key::Period, Key::Comma, SHIFT, "drop-more"),
            (Key::Colon, Key::Period, NONE, "drop-more"),
            (Key::Slash, Key::Period, SHIFT, "drop-little-more"),
            (Key::M, Key::Semicolon, NONE, "toggle-mask"),
            // German: ; and : above comma and period.
            (Key::Semicolon, Key::Comma, SHIFT, "drop-little-less"),
            (Key::Colon, Key::Period, SHIFT, "drop-little-more"),
            // Czech: + on 1, and = beside 0.
            (Key::Plus, Key::Num1, NONE, "view-a"),
            (Key::Plus, Key::Num1, ctrl, "layout-listen"),
            (Key::Equals, Key::Minus, ctrl, "larger"),
            // Dvorak: comma and period on W and E.
            (Key::Comma, Key::W, NONE, "drop-less"),
            (Key::Period, Key::E, NONE, "drop-more"),
        ] {
            let (done, ought) = (done(key, place, held), does(id));
            assert!(!ought.is_empty(), "{id}");
            assert_eq!(
                format!("{done:?}"),
                format!("{ought:?}"),
                "{key:?} at {place:?} with {held:?}"
            );
        }
    }

    #[test]
    fn signs_at_the_place_of_a_letter_do_nothing() {
        // ? on a French keyboard, / on Dvorak, and Insert where a number pad has 0 otherwise.
        assert!(done(Key::Questionmark, Key::M, SHIFT).is_empty());
        assert!(done(Key::Slash, Key::OpenBracket, NONE).is_empty());
        assert!(done(Key::PageDown, Key::Num3, Modifiers::COMMAND).is_empty());
    }
}
