//! Fonts of the system for letters that the window's own fonts lack, from the first time that such a letter is drawn.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use eframe::{
    egui::{self, FontDefinitions, FontFamily, Shape},
    epaint::text::{FontData, FontInsert, FontPriority, InsertFontFamily},
};

use crate::gui::{
    message::{Message, Outbox},
    theme,
};
use mynascope_base::jobs::{self, Job, Latest};
use mynascope_fonts::{MOST_BYTES, SystemFonts, is_drawn, letters_in};

/// All letters beyond ASCII that were drawn so far.
type Letters = BTreeSet<char>;

/// The thread that looks for fonts.
pub struct FontWork {
    requests: Arc<Latest<Letters>>,
    busy: Arc<AtomicBool>,
    _thread: Job,
}

impl FontWork {
    /// Starts the thread, which looks at the system's fonts only when a letter is missing.
    ///
    /// # Errors
    /// The system's error if it gives no thread.
    pub fn start(outbox: Outbox) -> std::io::Result<Self> {
        let (requests, inbox) = jobs::latest::<Letters>();
        let busy = Arc::new(AtomicBool::new(false));
        let (failed, working) = (outbox.clone(), Arc::clone(&busy));
        let thread = jobs::spawn(
            "fonts",
            move |_| {
                let mut finder = FontFinder::new(theme::fonts());
                while let Some(letters) = inbox.wait() {
                    finder.add(&letters, &outbox);
                    if !inbox.has_newer() {
                        working.store(false, Ordering::Release);
                    }
                }
            },
            move |fault| failed.send(Message::Fault(fault)),
        )?;
        Ok(Self {
            requests: Arc::new(requests),
            busy,
            _thread: thread,
        })
    }

    /// Lets every letter that is drawn be looked at.
    pub fn watch(&self, ctx: &egui::Context) {
        ctx.add_plugin(LetterWatch {
            seen: HashSet::new(),
            // The thread ends with the workers, though the context may outlive them.
            requests: Arc::downgrade(&self.requests),
            busy: Arc::clone(&self.busy),
        });
    }

    /// Whether a font may still be added.
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }
}

/// Sees which letters are drawn.
struct LetterWatch {
    seen: HashSet<char>,
    requests: Weak<Latest<Letters>>,
    busy: Arc<AtomicBool>,
}

impl LetterWatch {
    /// Takes in the letters of what is drawn.
    fn look(&mut self, shape: &Shape) {
        match shape {
            Shape::Text(text) if !text.galley.text().is_ascii() => {
                let letters = text.galley.text().chars();
                self.seen
                    .extend(letters.filter(|letter| !letter.is_ascii() && is_drawn(*letter)));
            }
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.look(shape)),
            _ => {}
        }
    }
}

impl egui::Plugin for LetterWatch {
    fn debug_name(&self) -> &'static str {
        "letters"
    }

    fn output_hook(&mut self, _ctx: &egui::Context, output: &mut egui::FullOutput) {
        let before = self.seen.len();
        for clipped in &output.shapes {
            self.look(&clipped.shape);
        }
        if self.seen.len() > before
            && let Some(requests) = self.requests.upgrade()
        {
            self.busy.store(true, Ordering::Release);
            requests.post(self.seen.iter().copied().collect());
        }
    }
}

/// What the window can draw, and what it looked for in vain.
struct FontFinder {
    own: FontDefinitions,
    system: Option<SystemFonts>,
    /// Letters that need no further looking for.
    settled: Letters,
    room: u64,
}

impl FontFinder {
    fn new(own: FontDefinitions) -> Self {
        Self {
            own,
            system: None,
            settled: Letters::new(),
            room: MOST_BYTES,
        }
    }

    /// Adds fonts for letters that no font so far has; those that no font has at all are told once.
    fn add(&mut self, letters: &Letters, outbox: &Outbox) {
        let new: Letters = letters.difference(&self.settled).copied().collect();
        self.settled.extend(&new);
        let mut lacking = new;
        let own = self.own.families.get(&FontFamily::Proportional);
        for font in own.into_iter().flatten() {
            if let Some(font) = self.own.font_data.get(font) {
                let has = letters_in(&font.font, font.index, &lacking);
                lacking.retain(|letter| !has.contains(letter));
            }
        }
        if lacking.is_empty() {
            return;
        }
        let system = self.system.get_or_insert_with(SystemFonts::find);
        let found = system.covering(&lacking, self.room);
        for font in found.fonts {
            self.room = self.room.saturating_sub(font.data.len() as u64);
            // What it has is known from now on, so that the next letter of a script needs no second font.
            let mut data = FontData::from_owned(font.data);
            data.index = font.index;
            let name = format!("{} {}", font.name, font.index);
            let lowest = |family| InsertFontFamily {
                family,
                priority: FontPriority::Lowest,
            };
            let families = vec![
                lowest(FontFamily::Proportional),
                lowest(FontFamily::Monospace),
            ];
            outbox.add_font(FontInsert::new(&name, data.clone(), families));
            self.own.font_data.insert(name.clone(), Arc::new(data));
            let own = self.own.families.entry(FontFamily::Proportional);
            own.or_default().push(name);
        }
        if !found.missing.is_empty() {
            outbox.send(Message::NoFont(found.missing.into_iter().collect()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> (LetterWatch, jobs::Requests<Letters>, Arc<Latest<Letters>>) {
        let (requests, inbox) = jobs::latest::<Letters>();
        let requests = Arc::new(requests);
        let watch = LetterWatch {
            seen: HashSet::new(),
            requests: Arc::downgrade(&requests),
            busy: Arc::default(),
        };
        (watch, inbox, requests)
    }

    #[test]
    fn letters_are_asked_for_once_wherever_they_are_drawn() {
        let ctx = egui::Context::default();
        let (watch, inbox, _requests) = watch();
        ctx.add_plugin(watch);
        let show = |text: &str| {
            let _ = ctx.run_ui(egui::RawInput::default(), |ui| {
                ui.label("plain");
                ui.label(text);
            });
        };
        show("日本 日\u{200b}\u{e000}");
        assert_eq!(inbox.wait(), Some("日本".chars().collect()));
        show("本日");
        assert!(!inbox.has_newer(), "nothing new");
        show("ש");
        assert_eq!(inbox.wait(), Some("日本ש".chars().collect()));
    }

    #[test]
    fn letters_that_no_font_has_are_told_once_and_those_of_our_own_fonts_never() {
        let ctx = egui::Context::default();
        let (outbox, inbox) = Outbox::new(&ctx);
        let mut finder = FontFinder::new(theme::fonts());
        finder.add(&"éЖ…".chars().collect(), &outbox);
        assert!(finder.system.is_none() && inbox.is_empty());
        // A letter that Unicode will never have.
        let never: Letters = ['\u{1ffff}'].into();
        finder.add(&never, &outbox);
        let Ok(Message::NoFont(letters)) = inbox.try_recv() else {
            panic!("nothing is said");
        };
        assert_eq!(letters, ['\u{1ffff}']);
        finder.add(&never, &outbox);
        assert!(inbox.is_empty(), "once");
    }
}
