//! The thread that finds fonts for letters that the window's own fonts lack, from the first time that such a letter is
//! drawn.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, Ordering},
};

use eframe::egui;

use crate::gui::{
    fonts::{FontFinder, Found, Letters, letters_of},
    message::{Message, Outbox},
    theme,
};
use mynascope_base::jobs::{self, Job, Latest};

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
                    add(&mut finder, &letters, &outbox);
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
            seen: Letters::new(),
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

/// Adds fonts for letters that no font so far has; those that no font has at all are told once.
fn add(finder: &mut FontFinder, letters: &Letters, outbox: &Outbox) {
    let Found { fonts, missing } = finder.find(letters);
    for font in fonts {
        outbox.add_font(font);
    }
    if !missing.is_empty() {
        outbox.send(Message::NoFont(missing.into_iter().collect()));
    }
}

/// Sees which letters are drawn.
struct LetterWatch {
    seen: Letters,
    requests: Weak<Latest<Letters>>,
    busy: Arc<AtomicBool>,
}

impl egui::Plugin for LetterWatch {
    fn debug_name(&self) -> &'static str {
        "letters"
    }

    fn output_hook(&mut self, _ctx: &egui::Context, output: &mut egui::FullOutput) {
        let before = self.seen.len();
        for clipped in &output.shapes {
            letters_of(&clipped.shape, &mut self.seen);
        }
        if self.seen.len() > before
            && let Some(requests) = self.requests.upgrade()
        {
            self.busy.store(true, Ordering::Release);
            requests.post(self.seen.clone());
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
            seen: Letters::new(),
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
        add(&mut finder, &"éЖ…".chars().collect(), &outbox);
        assert!(!finder.has_looked() && inbox.is_empty());
        // A letter that Unicode will never have.
        let never: Letters = ['\u{1ffff}'].into();
        add(&mut finder, &never, &outbox);
        let Ok(Message::NoFont(letters)) = inbox.try_recv() else {
            panic!("nothing is said");
        };
        assert_eq!(letters, ['\u{1ffff}']);
        add(&mut finder, &never, &outbox);
        assert!(inbox.is_empty(), "once");
    }
}
