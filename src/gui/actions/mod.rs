//! Everything that a key or a menu can ask for, in one list: keys, key sheet, menus, palette and tests read it.

mod lesson;
mod library;
mod map;
mod mask;
mod picture;
mod probe;
mod sound;
mod train;
mod window;

use eframe::egui::{self, Key, Modifiers};

use super::{command::Command, model::Model};

/// The part of the window that an action belongs to; the key sheet's headings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// The window itself.
    Window,
    /// The list of tracks.
    Library,
    /// Playing and selecting.
    Sound,
    /// The spectrogram.
    Picture,
    /// The mask.
    Mask,
    /// Lessons.
    Lessons,
    /// The map.
    Map,
    /// Training.
    Train,
    /// Probing.
    Probe,
}

impl Group {
    /// All groups, in the order of the key sheet.
    pub const ALL: [Self; 9] = [
        Self::Sound,
        Self::Picture,
        Self::Mask,
        Self::Lessons,
        Self::Map,
        Self::Train,
        Self::Probe,
        Self::Library,
        Self::Window,
    ];

    /// Its heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Window => "Window",
            Self::Library => "Library",
            Self::Sound => "Listening",
            Self::Picture => "Spectrogram",
            Self::Mask => "Masking",
            Self::Lessons => "Lessons",
            Self::Map => "Map",
            Self::Train => "Training",
            Self::Probe => "Probing",
        }
    }
}

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

/// Something to do by key, menu or palette.
pub struct Action {
    /// Stable name for tests and settings: words with hyphens.
    pub id: &'static str,
    /// The part of the window that it belongs to.
    pub group: Group,
    /// What stands in menu, palette and key sheet.
    pub name: &'static str,
    /// One sentence for the tooltip.
    pub help: &'static str,
    /// The keys that ask for it; the first is shown in menus.
    pub keys: &'static [Shortcut],
    /// What it does now, if it can be done now.
    pub command: fn(&Model) -> Option<Command>,
}

/// Words that people look for instead of those in an action's name and help.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("probe-radio", "worst errors wrong misclassified failures"),
    (
        "probe-run",
        "classify classifier evaluate evaluation accuracy",
    ),
    ("probe-compare", "benchmark"),
    ("probe-layers", "layers layerwise depth"),
    ("probe-leaks", "duplicates contamination"),
    (
        "compute-map",
        "t-SNE tsne umap pca embed projection scatter cluster",
    ),
    ("open-table", "import load vectors"),
    ("save-map-parquet", "export coordinates"),
    ("save-map-tsv", "export coordinates csv"),
    ("save-map-png", "export picture image plot"),
    ("save-embeddings-npz", "export vectors numpy npy"),
    ("save-embeddings-parquet", "export vectors dataframe"),
    ("find-near-duplicates", "copies same"),
    ("train-start", "fit learn finetune fine-tune pretrain"),
];

impl Action {
    /// What else it is looked for by.
    pub fn other_words(&self) -> &'static str {
        let found = OTHER_WORDS.iter().find(|(id, _)| *id == self.id);
        found.map_or("", |(_, words)| words)
    }

    /// The first shortcut as people write it; empty where there is none.
    pub fn key_text(&self) -> String {
        self.keys
            .first()
            .map_or_else(String::new, |shortcut| shortcut.text())
    }
}

/// All actions, group by group.
pub fn all() -> impl Iterator<Item = &'static Action> {
    [
        sound::ACTIONS,
        picture::ACTIONS,
        mask::ACTIONS,
        lesson::ACTIONS,
        map::ACTIONS,
        train::ACTIONS,
        probe::ACTIONS,
        library::ACTIONS,
        window::ACTIONS,
    ]
    .into_iter()
    .flatten()
}

/// The action of a name.
pub fn find(id: &str) -> Option<&'static Action> {
    all().find(|action| action.id == id)
}

/// What the keys of this frame ask for. Plain keys act only while no text field has the focus.
pub fn read_keys(ctx: &egui::Context, model: &Model) -> Vec<Command> {
    // What lies over the panels takes letters and Esc for itself.
    let covered = model.keys_shown || model.settings_shown || model.palette.is_some();
    let typing = covered || ctx.text_edit_focused();
    // A control is reached by Tab alone, and then these keys are for it.
    let reached = ctx.memory(|memory| memory.focused()).is_some();
    let mut bound: Vec<(Shortcut, &Action)> = all()
        .flat_map(|action| action.keys.iter().map(move |&shortcut| (shortcut, action)))
        .filter(|(shortcut, _)| !(typing && shortcut.is_for_typing()))
        .filter(|(shortcut, _)| !(reached && shortcut.is_for_control()))
        .collect();
    // The more modifiers, the earlier: plain keys also match with Shift held.
    bound.sort_by_key(|(shortcut, _)| std::cmp::Reverse(shortcut.modifier_count()));
    let mut held: Held =
        ctx.data(|data| data.get_temp(egui::Id::new(WHILE_HELD)).unwrap_or_default());
    let mut commands = Vec::new();
    ctx.input_mut(|input| {
        // A sign on the key comes before the place of the key.
        for by in [Shortcut::is_signed, Shortcut::is_placed] {
            for (shortcut, action) in &bound {
                // Asked first: a key that can do nothing now stays for others, e.g. Esc for a menu.
                let Some(command) = (action.command)(model) else {
                    continue;
                };
                if take_key(input, *shortcut, by) {
                    if action.id == WHILE_HELD {
                        held.since_secs = Some(input.time);
                    }
                    commands.push(command);
                }
            }
        }
    });
    if held.was_let_go(ctx) {
        commands.extend(find(WHILE_HELD).and_then(|action| (action.command)(model)));
    }
    ctx.data_mut(|data| data.insert_temp(egui::Id::new(WHILE_HELD), held));
    commands
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
    /// Whether the key was held, and is not any more.
    fn was_let_go(&mut self, ctx: &egui::Context) -> bool {
        let keys = find(WHILE_HELD).map_or(&[][..], |action| action.keys);
        let (down, now) =
            ctx.input(|input| (keys.iter().any(|it| input.key_down(it.key)), input.time));
        let since = if down { None } else { self.since_secs.take() };
        since.is_some_and(|since| now - since >= HELD_SECS)
    }
}

/// Whether a key was pressed. One that stays down says so again and again; that counts for keys that move something,
/// and not for those that switch.
fn take_key(
    input: &mut egui::InputState,
    shortcut: Shortcut,
    by: fn(Shortcut, &KeyPress) -> bool,
) -> bool {
    let mut pressed = false;
    input.events.retain(|event| match KeyPress::of(event) {
        Some((key, repeat)) if by(shortcut, &key) => {
            pressed |= !repeat || shortcut.repeats();
            false
        }
        _ => true,
    });
    pressed
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
}

impl Shortcut {
    /// Whether the key with the shortcut's letter, digit or sign on it was pressed.
    fn is_signed(self, pressed: &KeyPress) -> bool {
        pressed.key == self.key && pressed.meant().matches_logically(self.modifiers)
    }

    /// Whether, on a layout with other signs there, the key was pressed that has the shortcut's digit, comma or period
    /// on a US keyboard. Where the sign that is there has its own meaning, it keeps that.
    fn is_placed(self, pressed: &KeyPress) -> bool {
        let placed = matches!(
            self.key,
            Key::Num0
                | Key::Num1
                | Key::Num2
                | Key::Num3
                | Key::Num4
                | Key::Num5
                | Key::Num6
                | Key::Num7
                | Key::Num8
                | Key::Num9
                | Key::Comma
                | Key::Period
        );
        placed
            && pressed.place == Some(self.key)
            && is_sign(pressed.key)
            && pressed.modifiers.matches_logically(self.modifiers)
            && !all()
                .flat_map(|action| action.keys)
                .any(|other| other.is_signed(pressed))
    }
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
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_action_has_its_own_name_key_and_help() {
        let (mut ids, mut keys) = (HashSet::new(), HashSet::new());
        for action in all() {
            assert!(ids.insert(action.id), "{} stands twice", action.id);
            assert!(!action.name.is_empty() && !action.help.is_empty());
            assert_eq!(find(action.id).map(|found| found.name), Some(action.name));
            for key in action.keys {
                assert!(keys.insert(key), "{} has two actions", key.text());
            }
        }
    }

    /// The keys that people were promised, by how they are written.
    const PROMISED: &[&str] = &[
        "Space",
        "Left",
        "Right",
        "Shift+Left",
        "Shift+Right",
        "Ctrl+Left",
        "Ctrl+Right",
        "Home",
        "End",
        "F",
        "P",
        "Shift+P",
        "U",
        "Shift+U",
        "D",
        "Shift+D",
        "M",
        "R",
        ",",
        ".",
        "Shift+,",
        "Shift+.",
        "X",
        "Ctrl+1",
        "Ctrl+2",
        "Ctrl+3",
        "Ctrl+4",
        "Ctrl+5",
        "Ctrl+P",
        "F1",
        "F11",
        "Ctrl+Z",
        "Ctrl+Shift+Z",
        "Ctrl+,",
        "L",
        "Shift+L",
        "Esc",
        "[",
        "]",
        "Shift+Space",
        "1",
        "2",
        "Ctrl+E",
        "H",
        "N",
        "B",
    ];

    #[test]
    fn every_promised_key_has_its_action() {
        let keys: HashSet<String> = all()
            .flat_map(|action| action.keys.iter().map(|key| key.text()))
            .collect();
        let missing: Vec<&&str> = PROMISED
            .iter()
            .filter(|key| {
                !keys.contains(&key.replace(
                    "Ctrl",
                    if cfg!(target_os = "macos") {
                        "Cmd"
                    } else {
                        "Ctrl"
                    },
                ))
            })
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

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
            commands = read_keys(ui.ctx(), &Model::default())
        });
        commands
    }

    /// What the one action of a name does.
    fn does(id: &str) -> Vec<Command> {
        find(id)
            .and_then(|action| (action.command)(&Model::default()))
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
            // Czech: + on 1.
            (Key::Plus, Key::Num1, NONE, "view-a"),
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
