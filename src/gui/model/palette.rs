//! The command palette: everything that can be done, opened or played, found by a few letters.

use std::path::PathBuf;

use super::{Find, Library, search::Finder};

/// One thing that the palette offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// An action by its id.
    Action(&'static str),
    /// A folder or file opened before.
    Recent(PathBuf),
    /// A track by its index.
    Track(usize),
}

/// The open palette.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    pub text: String,
    pub offers: Vec<Offer>,
    /// Place of the offer that Enter takes.
    pub chosen: usize,
    /// What was found at once, with its score; tracks come later.
    others: Vec<(u32, Offer)>,
    generation: u64,
}

/// What can be offered beside tracks: its name, and what else is searched.
pub struct Candidate {
    pub offer: Offer,
    pub name: String,
    pub more: String,
}

/// More tracks are found by the library's own search.
const MOST_TRACKS: usize = 30;
/// What is typed as it is called comes first: more than any score.
const NAMED: u32 = 1 << 20;

impl Palette {
    /// Offers what answers to another text. Returns what is to be found in the background.
    #[must_use]
    pub fn search(
        &mut self,
        text: String,
        candidates: Vec<Candidate>,
        library: &Library,
    ) -> Option<Find> {
        self.text = text;
        self.chosen = 0;
        self.generation += 1;
        let mut finder = Finder::new(&self.text);
        let typed = self.text.trim().to_lowercase();
        let mut found: Vec<(u32, Offer)> = candidates
            .into_iter()
            .filter_map(|candidate| {
                let score = finder.score(&candidate.name, &candidate.more)?;
                let named = candidate.name.to_lowercase() == typed;
                Some((
                    score.saturating_add(if named { NAMED } else { 0 }),
                    candidate.offer,
                ))
            })
            .collect();
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        self.offers = found.iter().map(|(_, offer)| offer.clone()).collect();
        self.others = found;
        if finder.is_empty() {
            return None;
        }
        library.question(self.text.clone(), self.generation)
    }

    /// Takes in the tracks that answer, unless something else was typed by now.
    pub fn found(&mut self, generation: u64, rows: Vec<usize>, library: &Library) {
        if generation != self.generation {
            return;
        }
        // A title that is typed as it stands comes before an action that merely has the letters in order.
        let mut finder = Finder::new(&self.text);
        let mut score = |index: usize| {
            let track = library.track(index)?;
            finder.score(&track.title, "")
        };
        let tracks = rows.into_iter().take(MOST_TRACKS);
        let tracks = tracks.map(|index| (score(index).unwrap_or(0), Offer::Track(index)));
        let mut all: Vec<(u32, Offer)> = self.others.iter().cloned().chain(tracks).collect();
        all.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        self.offers = all.into_iter().map(|(_, offer)| offer).collect();
    }

    /// Goes up or down the offers, around the ends.
    pub fn move_by(&mut self, rows: isize) {
        let count = self.offers.len() as isize;
        if count > 0 {
            let to = (self.chosen as isize + rows).rem_euclid(count);
            self.chosen = to as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates() -> Vec<Candidate> {
        [("layout-map", "Layout: Map"), ("mute", "Sound on or off")]
            .map(|(id, name)| Candidate {
                offer: Offer::Action(id),
                name: name.to_owned(),
                more: String::new(),
            })
            .into()
    }

    #[test]
    fn what_is_typed_as_it_is_called_comes_first() {
        let named = |id, name: &str| Candidate {
            offer: Offer::Action(id),
            name: name.to_owned(),
            more: String::new(),
        };
        let candidates = vec![
            named("two", "Compare two encoders"),
            named("all", "Compare encoders"),
        ];
        let mut palette = Palette::default();
        let text = "compare encoders ".to_owned();
        let asked = palette.search(text, candidates, &Library::default());
        assert!(asked.is_none());
        assert_eq!(palette.offers, [Offer::Action("all"), Offer::Action("two")]);
    }

    #[test]
    fn letters_find_offers_and_the_choice_goes_around() {
        let library = Library::default();
        let mut palette = Palette::default();
        assert!(
            palette
                .search(String::new(), candidates(), &library)
                .is_none()
        );
        assert_eq!(palette.offers.len(), 2);
        palette.move_by(-1);
        assert_eq!(palette.chosen, 1);
        palette.move_by(1);
        assert_eq!(palette.chosen, 0);
        assert!(
            palette
                .search("snd".to_owned(), candidates(), &library)
                .is_none()
        );
        assert_eq!(palette.offers, [Offer::Action("mute")]);
        let old = palette.generation;
        assert!(
            palette
                .search("map".to_owned(), candidates(), &library)
                .is_none()
        );
        palette.found(old, vec![7], &library);
        assert_eq!(
            palette.offers,
            [Offer::Action("layout-map")],
            "a late answer"
        );
        palette.found(palette.generation, vec![7], &library);
        assert_eq!(palette.offers.last(), Some(&Offer::Track(7)));
        let _ = palette.search("nothing like it".to_owned(), Vec::new(), &library);
        palette.move_by(1);
        assert!(palette.offers.is_empty());
    }
}
