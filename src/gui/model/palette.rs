//! The command palette: everything that can be done, opened or played, found by a few letters.

use std::path::PathBuf;

use super::{Find, Library, search::Finder};
use mynascope_base::storage::path_from_text;

/// One thing that the palette offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// An action by its id.
    Action(&'static str),
    /// A folder or file opened before.
    Recent(PathBuf),
    /// Folders and files whose paths were typed or pasted.
    Paths(Vec<PathBuf>),
    /// A track by its index.
    Track(usize),
}

/// The open palette.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    /// What is typed.
    pub text: String,
    /// What is offered, the best first.
    pub offers: Vec<Offer>,
    /// Place of the offer that Enter takes.
    pub chosen: usize,
    /// What was found at once, with its score; tracks come later.
    others: Vec<(u32, Offer)>,
    generation: u64,
    /// Tracks are still looked for.
    finding: bool,
    /// Enter was pressed meanwhile.
    entered: bool,
}

/// What can be offered beside tracks: its name, and what else is searched.
pub struct Candidate {
    /// What is done.
    pub offer: Offer,
    /// Its name.
    pub name: String,
    /// What else is searched.
    pub more: String,
}

/// More tracks are found by the library's own search.
const MOST_TRACKS: usize = 30;
/// What is typed as it is called comes first: more than any score.
const NAMED: u32 = 1 << 20;

impl Palette {
    /// An empty one. Answers to what this one was asked are not taken for answers to what the new one is asked.
    pub fn opened_anew(&self) -> Self {
        Self {
            generation: self.generation,
            ..Self::default()
        }
    }

    /// Enter: what is to be done. `None` while tracks are looked for that may answer better than the best so far; [`Palette::found`]
    /// returns it then.
    #[must_use]
    pub fn enter(&mut self) -> Option<Offer> {
        // Who went down the list means what is chosen there.
        self.entered = self.finding && self.chosen == 0;
        let chosen = self.offers.get(self.chosen);
        chosen.filter(|_| !self.entered).cloned()
    }

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
        self.entered = false;
        let mut finder = Finder::new(&self.text);
        let typed = self.text.trim().to_lowercase();
        let mut found: Vec<(u32, Offer)> = candidates
            .into_iter()
            .filter_map(|candidate| {
                let score = finder.score(&candidate.name, &candidate.more)?;
                let name = candidate.name.to_lowercase();
                // "Layout: Teach" is what people call "teach".
                let behind_group = name.rsplit_once(": ").map(|(_, own)| own);
                let named = name == typed || behind_group == Some(typed.as_str());
                Some((
                    score.saturating_add(if named { NAMED } else { 0 }),
                    candidate.offer,
                ))
            })
            .collect();
        found.extend(typed_paths(&self.text).map(|paths| (u32::MAX, Offer::Paths(paths))));
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        self.offers = found.iter().map(|(_, offer)| offer.clone()).collect();
        self.others = found;
        let question = match finder.is_empty() {
            true => None,
            false => library.question(self.text.clone(), self.generation),
        };
        self.finding = question.is_some();
        question
    }

    /// Takes in the tracks that answer, unless something else was typed by now. Returns what is to be done if Enter was pressed
    /// before.
    #[must_use]
    pub fn found(&mut self, generation: u64, rows: Vec<usize>, library: &Library) -> Option<Offer> {
        if generation != self.generation {
            return None;
        }
        self.finding = false;
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
        let chosen = self.offers.get(self.chosen).filter(|_| self.chosen > 0);
        let chosen = chosen.and_then(|chosen| all.iter().position(|(_, offer)| offer == chosen));
        self.chosen = chosen.unwrap_or(0);
        self.offers = all.into_iter().map(|(_, offer)| offer).collect();
        std::mem::take(&mut self.entered).then(|| self.enter())?
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

/// More lines than this are no paths that somebody copied.
const MOST_PATHS: usize = 10_000;

/// The paths of a text, one a line, if it is nothing but paths from the root: as file managers and shells copy them, with
/// or without quotes, or as `file://` URIs.
pub fn typed_paths(text: &str) -> Option<Vec<PathBuf>> {
    let lines = text.lines().map(str::trim);
    // File managers may put what the paths are for before them, and lists of URIs have comments.
    let lines =
        lines.filter(|line| !matches!(*line, "" | "copy" | "cut") && !line.starts_with('#'));
    let mut paths = Vec::new();
    for line in lines {
        if paths.len() == MOST_PATHS {
            return None;
        }
        // A field of one line makes spaces of line ends.
        let several = line.split_whitespace().all(is_uri);
        match several {
            true => paths.extend(line.split_whitespace().map(path_from_text)),
            false => paths.push(typed_path(line)?),
        }
    }
    (!paths.is_empty() && paths.iter().all(|path| path.is_absolute())).then_some(paths)
}

fn is_uri(word: &str) -> bool {
    let scheme = word.get(..5);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
}

fn typed_path(line: &str) -> Option<PathBuf> {
    let quoted = |quote: char| line.strip_prefix(quote)?.strip_suffix(quote);
    let line = quoted('\'').or_else(|| quoted('"')).unwrap_or(line);
    match line.strip_prefix('~') {
        Some("") => std::env::home_dir(),
        Some(rest) => Some(std::env::home_dir()?.join(rest.strip_prefix('/')?)),
        None => Some(path_from_text(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_collection::{Collection, CollectionKind, Track};

    #[cfg(unix)]
    #[test]
    fn pasted_paths_are_offered_first() {
        let paths = |text: &str| typed_paths(text);
        let list = |paths: &[&str]| Some(paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(paths(" /music/a b.wav\n"), list(&["/music/a b.wav"]));
        assert_eq!(paths("'/music/it is'"), list(&["/music/it is"]));
        assert_eq!(paths("\"/music/a\""), list(&["/music/a"]));
        let two = list(&["/m/a b.wav", "/m/c.wav"]);
        assert_eq!(paths("/m/a b.wav\r\n/m/c.wav\r\n"), two);
        assert_eq!(paths("file:///m/a%20b.wav\nfile:///m/c.wav"), two);
        assert_eq!(paths("file:///m/a%20b.wav file:///m/c.wav"), two);
        assert_eq!(
            paths("copy\nfile:///m/a%20b.wav\nfile://localhost/m/c.wav"),
            two
        );
        let home = std::env::home_dir().unwrap();
        assert_eq!(paths("~/music"), Some(vec![home.join("music")]));
        for text in [
            "",
            "jazz",
            "a/b.wav",
            "https://a.example/b",
            "~music",
            "/m/a.wav\njazz",
            "file:a",
        ] {
            assert_eq!(paths(text), None, "{text}");
        }
        let mut palette = Palette::default();
        let _ = palette.search("/music".to_owned(), candidates(), &Library::default());
        assert_eq!(
            palette.offers.first(),
            Some(&Offer::Paths(vec!["/music".into()]))
        );
        let run = palette.found(palette.generation, vec![7], &Library::default());
        assert_eq!(run, None, "nobody pressed Enter");
        assert_eq!(
            palette.offers.first(),
            Some(&Offer::Paths(vec!["/music".into()]))
        );
    }

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
        // What stands behind the group is what it is called.
        let candidates = vec![
            named("lesson", "Lesson 8: Predicting the teacher"),
            named("layout", "Layout: Teach"),
        ];
        let _ = palette.search("teach".to_owned(), candidates, &Library::default());
        let layout_first = [Offer::Action("layout"), Offer::Action("lesson")];
        assert_eq!(palette.offers, layout_first);
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
        let _ = palette.found(old, vec![7], &library);
        assert_eq!(
            palette.offers,
            [Offer::Action("layout-map")],
            "a late answer"
        );
        let _ = palette.found(palette.generation, vec![7], &library);
        assert_eq!(palette.offers.last(), Some(&Offer::Track(7)));
        let _ = palette.search("nothing like it".to_owned(), Vec::new(), &library);
        palette.move_by(1);
        assert!(palette.offers.is_empty());
    }

    #[test]
    fn enter_waits_for_the_tracks_that_may_answer_better() {
        let titles = ["Sound sleep", "Mirror"];
        let tracks = titles.map(|title| Track {
            title: title.to_owned(),
            ..Track::of_file(std::path::Path::new(title))
        });
        let mut library = Library::default();
        library.show(Collection {
            name: String::new(),
            kind: CollectionKind::Folder,
            tracks: tracks.into(),
            split: None,
            notes: Vec::new(),
        });
        let mut palette = Palette::default();
        let asked = palette.search("sound".to_owned(), candidates(), &library);
        assert!(asked.is_some());
        assert_eq!(palette.enter(), None, "tracks are looked for");
        let mute = Some(Offer::Action("mute"));
        let found = palette.found(palette.generation, Vec::new(), &library);
        assert_eq!(found, mute, "no track answers");
        // What is chosen stays chosen when tracks come in above it, and needs no answer.
        let _ = palette.search("o".to_owned(), candidates(), &library);
        palette.move_by(1);
        let chosen = palette.offers.get(1).cloned();
        assert!(chosen.is_some());
        assert_eq!(palette.enter(), chosen);
        assert_eq!(
            palette.found(palette.generation, vec![0, 1], &library),
            None
        );
        assert_eq!(palette.enter(), chosen);
        let _ = palette.search("mirror".to_owned(), candidates(), &library);
        assert_eq!(palette.enter(), None);
        let found = palette.found(palette.generation, vec![1], &library);
        assert_eq!(found, Some(Offer::Track(1)));
        // Closed before the answer came, it runs nothing in the palette that is opened next.
        let _ = palette.search("mirror".to_owned(), candidates(), &library);
        assert_eq!(palette.enter(), None);
        let late = palette.generation;
        palette = palette.opened_anew();
        let _ = palette.search("sound".to_owned(), candidates(), &library);
        assert_eq!(palette.found(late, vec![1], &library), None);
    }
}
