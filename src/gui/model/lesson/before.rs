//! What a lesson gives back at its end.

use std::sync::Arc;

use crate::gui::model::{
    AppState, EncoderSource, Hearing, History, KeyedTable, Library, Lists, Mapping, Neighbours,
    Probing,
};

use super::LessonState;

/// What a window showed before a lesson.
pub struct Before {
    /// The state of the window.
    pub state: LessonState,
    /// What was to be heard.
    pub hearing: Hearing,
    /// The encoder in use, where the lesson took another one.
    pub encoder: Option<EncoderSource>,
    /// The collection with all that was made of it, where the lesson opened another one.
    pub set_aside: Option<Box<SetAside>>,
}

impl Before {
    /// What is shown now.
    pub fn of(model: &AppState) -> Self {
        Self {
            state: LessonState::of(model),
            hearing: model.transport.form.hearing,
            encoder: None,
            set_aside: None,
        }
    }
}

/// A collection and what was made of it, out of sight while another one is open. Its jobs are stopped.
pub struct SetAside {
    library: Library,
    mapping: Mapping,
    neighbours: Neighbours,
    lists: Lists,
    probing: Probing,
    table: Option<Arc<KeyedTable>>,
    history: History,
}

impl AppState {
    /// Sets the open collection aside, where a lesson is about to open another one for the first time.
    pub fn set_aside_for_lesson(&mut self) {
        let library = &self.library;
        let is_whole = library.collection.is_some() && !library.is_provisional();
        let Some(open) = self.lesson.as_mut().filter(|_| is_whole) else {
            return;
        };
        if open.before.set_aside.is_some() {
            return;
        }
        let mut mapping = Mapping::default();
        mapping.form = self.mapping.form;
        mapping.hover_sound = self.mapping.hover_sound;
        let mut aside = SetAside {
            library: self.library.set_aside(),
            mapping: std::mem::replace(&mut self.mapping, mapping),
            neighbours: std::mem::take(&mut self.neighbours),
            lists: std::mem::take(&mut self.lists),
            probing: self.probing.clone(),
            table: self.embeddings.table.take(),
            history: std::mem::take(&mut self.history),
        };
        aside.mapping.job.stop();
        aside.mapping.hovered = None;
        if let Some(second) = &mut aside.mapping.second {
            second.job.stop();
        }
        aside.neighbours.job.stop();
        aside.lists.job.stop();
        aside.probing.job.stop();
        aside.probing.radio = None;
        aside.probing.timeline = None;
        open.before.set_aside = Some(Box::new(aside));
    }

    /// Shows again what was set aside.
    pub fn bring_back(&mut self, mut aside: SetAside) {
        // What was scored meanwhile stays scored.
        aside.probing.runs = std::mem::take(&mut self.probing.runs);
        self.library = aside.library;
        self.mapping = aside.mapping;
        self.neighbours = aside.neighbours;
        self.lists = aside.lists;
        self.probing = aside.probing;
        self.embeddings.table = aside.table;
        self.history = aside.history;
    }
}
