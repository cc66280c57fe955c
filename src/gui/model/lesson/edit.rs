//! Writing a lesson: its pages, and what each shows.

use super::{Lesson, LessonState, LessonStep, OpenLesson};

/// What there is to know of a lesson that is being written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LessonEdit {
    /// Something was changed that is not saved.
    pub changed: bool,
    /// The user was told so and closes it nevertheless.
    pub warned: bool,
    /// The user may pass its tracks on: they go into the file.
    pub with_tracks: bool,
}

impl Lesson {
    /// A lesson of one page without words.
    pub fn new(title: String, state: LessonState) -> Self {
        Self {
            title,
            steps: vec![LessonStep::new(state)],
        }
    }

    /// Why it cannot be saved yet, for people.
    pub fn lacks(&self) -> Option<String> {
        if self.title.trim().is_empty() {
            return Some("Give the lesson a title first".to_owned());
        }
        let empty = self
            .steps
            .iter()
            .position(|step| step.text.trim().is_empty());
        empty.map(|step| format!("Write a few words on page {} first", step + 1))
    }
}

impl LessonStep {
    fn new(state: LessonState) -> Self {
        Self {
            text: String::new(),
            whole: true,
            state,
        }
    }
}

impl OpenLesson {
    /// Begins to change the lesson: every page says all that it shows, so that pages can be moved and taken away.
    pub fn begin_edit(&mut self) {
        if self.edit.is_some() {
            return;
        }
        for step in (0..self.lesson.steps.len()).rev() {
            let state = self.lesson.state_at(step);
            if let Some(page) = self.lesson.steps.get_mut(step) {
                page.state = state;
                page.whole = true;
            }
        }
        self.edit = Some(LessonEdit::default());
    }

    /// Puts a page with this state behind the open one, and opens it.
    pub fn add_page(&mut self, state: LessonState) {
        let at = (self.step + 1).min(self.lesson.steps.len());
        self.lesson.steps.insert(at, LessonStep::new(state));
        self.step = at;
    }

    /// Takes the open page away; the last one stays.
    pub fn delete_page(&mut self) {
        if self.lesson.steps.len() > 1 && self.step < self.lesson.steps.len() {
            self.lesson.steps.remove(self.step);
            self.step = self.step.min(self.lesson.steps.len() - 1);
        }
    }

    /// Moves the open page on by so many places, or back.
    pub fn move_page(&mut self, places: isize) {
        let last = self.lesson.steps.len().saturating_sub(1);
        let to = self.step.saturating_add_signed(places).min(last);
        if self.step <= last {
            let page = self.lesson.steps.remove(self.step);
            self.lesson.steps.insert(to, page);
            self.step = to;
        }
    }

    /// Lets the open page show this state.
    pub fn set_state(&mut self, state: LessonState) {
        if let Some(page) = self.lesson.steps.get_mut(self.step) {
            page.state = state;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::model::{AppState, Before};

    #[test]
    fn pages_that_are_moved_or_taken_away_go_on_showing_what_they_showed() {
        let mut open = OpenLesson {
            lesson: Lesson::built_in(0).unwrap(),
            step: 0,
            before: Before::of(&AppState::default()),
            edit: None,
        };
        let said = open.lesson.clone();
        open.begin_edit();
        let shown = |open: &OpenLesson| {
            let steps = 0..open.lesson.steps.len();
            steps
                .map(|step| open.lesson.state_at(step))
                .collect::<Vec<_>>()
        };
        let [a, b, c, d]: [LessonState; 4] = [0, 1, 2, 3].map(|step| said.state_at(step));
        assert_eq!(shown(&open), [a.clone(), b.clone(), c.clone(), d.clone()]);
        // The page that moves the crop goes to the end: no other page gets the crop.
        open.step = 1;
        open.move_page(5);
        assert_eq!(open.step, 3);
        assert_eq!(shown(&open), [a.clone(), c.clone(), d.clone(), b.clone()]);
        open.step = 0;
        open.delete_page();
        open.add_page(a.clone());
        assert_eq!(open.step, 1);
        assert_eq!(shown(&open), [c, a, d, b.clone()]);
        for _ in 0..9 {
            open.delete_page();
        }
        assert_eq!(open.lesson.steps.len(), 1, "a lesson has a page");
        open.set_state(b.clone());
        assert_eq!(shown(&open), [b]);
        // What was written is read back.
        let text = open.lesson.to_text(None).unwrap();
        assert_eq!(Lesson::parse(&text, None).unwrap(), open.lesson);
    }

    #[test]
    fn a_lesson_without_words_says_what_it_lacks() {
        let mut lesson = Lesson::new(String::new(), LessonState::default());
        assert!(lesson.lacks().unwrap().contains("title"));
        lesson.title = "Mine".to_owned();
        assert!(lesson.lacks().unwrap().contains("page 1"));
        lesson.steps[0].text = "Look".to_owned();
        assert_eq!(lesson.lacks(), None);
    }
}
