//! A thread that answers the newest question.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use mynascope_base::jobs::{self, Cancel, Job, Latest};

use super::{Fault, Outbox};

/// A thread that answers one question at a time. A question that was not begun gives way to a newer one. A panic costs
/// the answer to its question: it is sent as a fault, and the next question is answered.
pub struct Answering<Q> {
    questions: Latest<(u64, Q)>,
    /// Number of the newest question.
    asked: AtomicU64,
    /// Number of the newest question that is done with.
    done: Arc<AtomicU64>,
    _thread: Job,
}

impl<Q: Send + 'static> Answering<Q> {
    /// Starts the thread `name`. `answer` is given a question and [`Newer`].
    ///
    /// # Errors
    /// The system's error if it gives no thread.
    pub fn start<M: From<Fault> + Send + 'static>(
        name: &str,
        outbox: &Outbox<M>,
        mut answer: impl FnMut(Q, &Newer<'_>) + Send + 'static,
    ) -> io::Result<Self> {
        let (questions, inbox) = jobs::latest::<(u64, Q)>();
        let done = Arc::new(AtomicU64::new(0));
        let (answered, faults, after) = (Arc::clone(&done), outbox.clone(), outbox.clone());
        let thread = jobs::spawn(
            name,
            move |cancel| {
                while let Some((number, question)) = inbox.wait() {
                    let has_newer = || inbox.has_newer();
                    let newer = Newer {
                        has_newer: &has_newer,
                        cancel,
                    };
                    if let Err(fault) = jobs::guarded(|| answer(question, &newer)) {
                        faults.send(M::from(Fault(fault)));
                    }
                    // After the answer: who sees this finds the answer in the inbox.
                    answered.store(number, Ordering::Release);
                }
            },
            move |fault| after.send(M::from(Fault(fault))),
        )?;
        Ok(Self {
            questions,
            asked: AtomicU64::new(0),
            done,
            _thread: thread,
        })
    }

    /// Asks; a question that was not begun is left out.
    pub fn ask(&self, question: Q) {
        let number = 1 + self.asked.fetch_add(1, Ordering::Relaxed);
        self.questions.post((number, question));
    }

    /// Whether the newest question has no answer yet.
    pub fn is_busy(&self) -> bool {
        self.done.load(Ordering::Acquire) < self.asked.load(Ordering::Relaxed)
    }
}

/// What an answer in the making is to know of the world outside.
pub struct Newer<'a> {
    has_newer: &'a dyn Fn() -> bool,
    /// Set when the window closes.
    pub cancel: &'a Cancel,
}

impl Newer<'_> {
    /// Whether a newer question waits, so that the present one may be given up.
    pub fn has_newer(&self) -> bool {
        (self.has_newer)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui;

    enum Sent {
        Answer(u32),
        /// Something that runs in the background broke.
        Fault(String),
    }

    impl From<Fault> for Sent {
        fn from(Fault(why): Fault) -> Self {
            Self::Fault(why)
        }
    }

    #[test]
    fn a_question_that_panics_is_told_and_the_next_one_is_answered() {
        let (outbox, inbox) = Outbox::new(&egui::Context::default());
        let answers = outbox.clone();
        let thread = Answering::start("test", &outbox, move |question: u32, _| {
            assert_ne!(question, 1, "no answer to {question}");
            answers.send(Sent::Answer(question));
        })
        .unwrap();
        thread.ask(1);
        let Ok(Sent::Fault(why)) = inbox.recv() else {
            panic!("the fault is not told");
        };
        assert!(why.contains("no answer to 1"), "{why}");
        thread.ask(2);
        assert!(matches!(inbox.recv(), Ok(Sent::Answer(2))));
        while thread.is_busy() {
            std::thread::yield_now();
        }
    }
}
