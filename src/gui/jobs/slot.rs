//! The place of one background job that the window shows.

use std::{marker::PhantomData, sync::Arc, time::Instant};

use mynascope_base::jobs::{self, Job, Progress, Watch};

use super::{NoThread, Outbox, Running, throttle::Throttle};

/// One background job of a part of the window, while there is one: its thread, what it does, how far it is. `T` is
/// what such jobs find, `E` why they fail.
///
/// All that a job sends comes as [`JobUpdate`]s, which [`JobSlot::take`] sorts: progress stays here, what a job sends
/// that was stopped or replaced is dropped. Every job ends with exactly one [`JobEvent::Ended`], also by a panic, and
/// with that the place is free. Dropping the slot stops the job.
pub struct JobSlot<T, E = String> {
    active: Option<Active>,
    sends: PhantomData<fn() -> (T, E)>,
}

struct Active {
    id: JobId,
    running: Running,
    /// Only the slot that started it has it.
    job: Option<Job>,
}

/// Tells the messages of one job from those of all others.
#[derive(Clone)]
struct JobId(Arc<()>);

impl JobId {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// One report of a job.
pub struct JobUpdate<T, E = String> {
    id: JobId,
    news: News<T, E>,
}

enum News<T, E> {
    Progress(Progress),
    Event(JobEvent<T, E>),
}

/// What a job tells beside its progress.
#[derive(Debug)]
pub enum JobEvent<T, E = String> {
    /// Something of its result; more may follow.
    Found(T),
    /// Nothing follows.
    Ended(Result<(), E>),
}

/// What a job is given: a way to be stopped, to tell how far it is, and to send what it finds.
pub struct JobContext<'a, T> {
    id: JobId,
    /// Tells the job to stop, and takes its progress.
    pub watch: Watch<'a>,
    found: &'a (dyn Fn(T, Urgency) + Sync),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Urgency {
    /// Waits for room in the inbox.
    Needed,
    /// Is left out while the inbox is full.
    Superseded,
}

impl<T> JobContext<'_, T> {
    /// Sends something of the result.
    pub fn found(&self, value: T) {
        (self.found)(value, Urgency::Needed);
    }

    /// Sends something that the next of its kind makes superfluous: left out while the inbox is full.
    pub fn found_if_room(&self, value: T) {
        (self.found)(value, Urgency::Superseded);
    }

    /// Something of the result as a report of this job, for who sends it otherwise.
    pub fn update<E>(&self, value: T) -> JobUpdate<T, E> {
        JobUpdate {
            id: self.id.clone(),
            news: News::Event(JobEvent::Found(value)),
        }
    }
}

impl<T, E> JobUpdate<T, E> {
    /// What was found, where that is what is told.
    pub fn into_found(self) -> Option<T> {
        match self.news {
            News::Event(JobEvent::Found(value)) => Some(value),
            News::Event(JobEvent::Ended(_)) | News::Progress(_) => None,
        }
    }
}

impl<T: Send + 'static, E: Send + 'static> JobSlot<T, E> {
    /// Starts a job on a thread `name`, in the place of one that still runs. `wrap` makes messages of its reports;
    /// `broke_off` makes a panic its failure.
    ///
    /// # Errors
    /// [`NoThread`] if the system gives no thread.
    pub fn start<M: Send + 'static>(
        &mut self,
        name: &str,
        outbox: &Outbox<M>,
        wrap: fn(JobUpdate<T, E>) -> M,
        broke_off: impl FnOnce(String) -> E + Send + 'static,
        work: impl FnOnce(&JobContext<'_, T>) -> Result<(), E> + Send + 'static,
    ) -> Result<(), NoThread> {
        self.stop();
        let id = JobId(Arc::new(()));
        let (sends, after) = (outbox.clone(), outbox.clone());
        let (own, last) = (id.clone(), id.clone());
        let job = jobs::spawn(
            name,
            move |cancel| {
                let message = |news| {
                    let id = own.clone();
                    wrap(JobUpdate { id, news })
                };
                let throttle = Throttle::new();
                let report = |progress: Progress| {
                    if throttle.is_due(&progress) {
                        sends.send_if_room(message(News::Progress(progress)));
                    }
                };
                let found = |value, urgency| {
                    let message = message(News::Event(JobEvent::Found(value)));
                    match urgency {
                        Urgency::Needed => sends.send(message),
                        Urgency::Superseded => sends.send_if_room(message),
                    }
                };
                let end = work(&JobContext {
                    id: own.clone(),
                    watch: Watch::new(cancel.clone(), &report),
                    found: &found,
                });
                sends.send(message(News::Event(JobEvent::Ended(end))));
            },
            move |fault| {
                let news = News::Event(JobEvent::Ended(Err(broke_off(fault))));
                after.send(wrap(JobUpdate { id: last, news }));
            },
        )?;
        self.active = Some(Active {
            id,
            running: Running::starting(Instant::now()),
            job: Some(job),
        });
        Ok(())
    }

    /// Takes a report in. Returns what it tells beside progress, if its job is the one that runs.
    pub fn take(&mut self, update: JobUpdate<T, E>) -> Option<JobEvent<T, E>> {
        let active = self.active.as_mut().filter(|it| it.id.is(&update.id))?;
        match update.news {
            News::Progress(progress) => {
                active.running.report(progress);
                None
            }
            News::Event(event) => {
                if let JobEvent::Ended(_) = event {
                    self.active = None;
                }
                Some(event)
            }
        }
    }
}

impl<T, E> JobSlot<T, E> {
    /// Gives the job up, if there is one: it is asked to stop, and what it still sends is not listened to.
    pub fn stop(&mut self) {
        // Dropping a job cancels it.
        self.active = None;
    }

    /// Asks the job to stop, and listens to it until it does.
    pub fn ask_to_stop(&self) {
        if let Some(Active { job: Some(job), .. }) = &self.active {
            job.cancel();
        }
    }

    /// Whether there is a job.
    pub fn is_running(&self) -> bool {
        self.active.is_some()
    }

    /// Whether the job's thread still works.
    pub fn has_thread(&self) -> bool {
        let job = self.active.as_ref().and_then(|it| it.job.as_ref());
        job.is_some_and(|job| !job.is_finished())
    }

    /// How far the job is, if there is one.
    pub fn running(&self) -> Option<&Running> {
        self.active.as_ref().map(|active| &active.running)
    }
}

impl<T, E> Default for JobSlot<T, E> {
    fn default() -> Self {
        Self {
            active: None,
            sends: PhantomData,
        }
    }
}

/// A copy shows the same progress; the job belongs to the slot that started it.
impl<T, E> Clone for JobSlot<T, E> {
    fn clone(&self) -> Self {
        let active = self.active.as_ref().map(|active| Active {
            id: active.id.clone(),
            running: active.running.clone(),
            job: None,
        });
        Self {
            active,
            sends: PhantomData,
        }
    }
}

impl<T, E> std::fmt::Debug for JobSlot<T, E> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let running = self.running();
        formatter.debug_tuple("JobSlot").field(&running).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::Receiver;
    use eframe::egui;

    type Update = JobUpdate<u32>;

    fn inbox() -> (Outbox<Update>, Receiver<Update>) {
        Outbox::new(&egui::Context::default())
    }

    fn start(
        slot: &mut JobSlot<u32>,
        outbox: &Outbox<Update>,
        work: impl FnOnce(&JobContext<'_, u32>) -> Result<(), String> + Send + 'static,
    ) {
        let broke_off = |fault| format!("It broke off ({fault})");
        slot.start("test", outbox, |update| update, broke_off, work)
            .unwrap();
    }

    /// Takes in reports until something is told that is not progress.
    fn next(slot: &mut JobSlot<u32>, inbox: &Receiver<Update>) -> JobEvent<u32> {
        loop {
            if let Some(event) = slot.take(inbox.recv().unwrap()) {
                return event;
            }
        }
    }

    #[test]
    fn a_job_that_panics_ends_as_a_failed_one_and_the_next_one_runs() {
        let (outbox, inbox) = inbox();
        let mut slot = JobSlot::default();
        start(&mut slot, &outbox, |_| panic!("the roof fell in"));
        assert!(slot.is_running());
        let JobEvent::Ended(Err(why)) = next(&mut slot, &inbox) else {
            panic!("a panic is a failure");
        };
        assert_eq!(why, "It broke off (the roof fell in)");
        assert!(!slot.is_running(), "the place is free");
        start(&mut slot, &outbox, |job| {
            job.found(7);
            Ok(())
        });
        assert!(matches!(next(&mut slot, &inbox), JobEvent::Found(7)));
        assert!(matches!(next(&mut slot, &inbox), JobEvent::Ended(Ok(()))));
    }

    #[test]
    fn what_a_job_sends_that_was_stopped_or_replaced_is_dropped() {
        let (outbox, inbox) = inbox();
        let mut slot = JobSlot::default();
        start(&mut slot, &outbox, |job| {
            job.found(1);
            Ok(())
        });
        let [found, ended] = [inbox.recv().unwrap(), inbox.recv().unwrap()];
        slot.stop();
        assert!(slot.take(found).is_none());
        start(&mut slot, &outbox, |job| {
            job.watch.progress("counting", 1, Some(2));
            while job.watch.check().is_ok() {
                std::thread::yield_now();
            }
            Err("stopped".to_owned())
        });
        assert!(slot.take(ended).is_none());
        assert!(slot.take(inbox.recv().unwrap()).is_none(), "progress");
        let far = slot.running().unwrap();
        assert_eq!(far.progress.what, "counting");
        slot.ask_to_stop();
        let end = next(&mut slot, &inbox);
        assert!(matches!(end, JobEvent::Ended(Err(why)) if why == "stopped"));
    }
}
