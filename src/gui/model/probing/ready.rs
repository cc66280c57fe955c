//! Why a job of the Probe layout cannot be started; buttons, menus and the palette ask here.

use crate::gui::model::AppState;
use mynascope_collection::Track;
use mynascope_probe::{Head, Protocol, Task};

use super::{CurveKind, ProbeJob};

const ONE_AT_A_TIME: &str = "one job runs at a time; what runs is at the left";
const NEEDS_ENCODER: &str = "a table of embeddings is on the map, and this curve needs an encoder: put the table away (Back to the encoder)";
const NO_GRID: &str = "the published protocol would train its whole grid for every point; choose quick, clean or folds";

impl AppState {
    /// What stands in the way of a job, and what to do about it; `None` where it can be started.
    pub fn why_not(&self, job: ProbeJob) -> Option<&'static str> {
        let probing = &self.probing;
        if probing.job.is_running() {
            return Some(ONE_AT_A_TIME);
        }
        if job == ProbeJob::Use && probing.active.is_none() {
            return Some("run a probe that is kept, or load one first");
        }
        if job == ProbeJob::Groups && !probing.groups.can_be_learned() {
            return Some("make two groups of at least two tracks each first");
        }
        if self.mapping.imported.is_some() {
            match job {
                ProbeJob::Probe | ProbeJob::Leaks => return self.no_labels_of_table(),
                ProbeJob::Curve(CurveKind::Labels) => {
                    return self
                        .no_labels_of_table()
                        .or_else(|| self.no_curve(CurveKind::Labels));
                }
                ProbeJob::Curve(_) => return Some(NEEDS_ENCODER),
                ProbeJob::Groups | ProbeJob::Compare | ProbeJob::Diagnose | ProbeJob::Use => {}
            }
        }
        // A folder can be labelled whatever is open.
        if self.library.track_count() == 0 && job != ProbeJob::Use {
            return Some("open a labelled collection first");
        }
        match job {
            ProbeJob::Groups | ProbeJob::Diagnose | ProbeJob::Use => None,
            ProbeJob::Compare if self.compared().is_empty() => Some("mark an encoder first"),
            ProbeJob::Compare => (probing.form.protocol == Protocol::Paper).then_some(NO_GRID),
            ProbeJob::Probe => self.no_labels().or_else(|| self.no_published()),
            ProbeJob::Leaks => self.no_labels(),
            ProbeJob::Curve(kind) => self.no_labels().or_else(|| self.no_curve(kind)),
        }
    }

    /// What labels the task lacks where the table on the map is probed.
    fn no_labels_of_table(&self) -> Option<&'static str> {
        let own = self.mapping.imported.as_ref().map_or(0, |it| it.labels);
        match self.probing.form.task {
            Task::Genre if own > 1 => None,
            Task::Genre if self.library.labels().len() < 2 => Some(
                "the table has no two labels: take them from a list, or open the folder that has them too",
            ),
            _ => self.no_labels(),
        }
    }

    /// What labels the task lacks.
    fn no_labels(&self) -> Option<&'static str> {
        let imported = self.mapping.imported.as_ref();
        let listed = imported.and_then(|it| it.listed.as_ref());
        let collection = listed.map(|it| &it.collection);
        let collection = collection.or(self.library.collection.as_ref());
        let tracks = collection.iter().flat_map(|all| &all.tracks);
        let any = |has: fn(&Track) -> bool| tracks.clone().any(has);
        let (there, why) = match self.probing.form.task {
            Task::Genre => (
                self.library.labels().len() > 1,
                "open a collection with at least two labels: sub-folders, GTZAN or the demo",
            ),
            Task::Key => (
                any(|track| track.key.is_some()),
                "no track of this collection has a key; choose another task",
            ),
            Task::Tags => (
                any(|track| !track.tags.is_empty()),
                "no track of this collection has tags; choose another task",
            ),
            Task::Emotion => (
                any(|track| track.emotion.is_some()),
                "no track of this collection has arousal and valence; choose another task",
            ),
        };
        (!there).then_some(why)
    }

    /// What the published protocol lacks, where it is chosen.
    fn no_published(&self) -> Option<&'static str> {
        let form = &self.probing.form;
        if form.protocol != Protocol::Paper {
            return None;
        }
        let collection = self.library.collection.as_ref();
        if collection.is_some_and(|collection| collection.split.is_none()) {
            return Some(
                "the published protocol needs the published split of a data set, and this collection has none; choose quick or folds",
            );
        }
        matches!(form.head, Head::Ridge | Head::Knn)
            .then_some("the published protocol tries linear and MLP heads by itself; choose linear")
    }

    fn no_curve(&self, kind: CurveKind) -> Option<&'static str> {
        match (kind, self.probing.form.protocol) {
            (_, Protocol::Paper) => Some(NO_GRID),
            (CurveKind::Labels, Protocol::Folds(_)) => Some(
                "few tracks are drawn from one training part, which folds do not have; choose quick or clean",
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use mynascope_collection::{Collection, CollectionKind};

    #[test]
    fn a_job_that_would_be_refused_says_why_before_it_is_started() {
        let mut model = AppState::default();
        let jobs = [ProbeJob::Probe, ProbeJob::Diagnose, ProbeJob::Leaks];
        assert!(jobs.iter().all(|job| model.why_not(*job).is_some()));
        let track = |name: &str| Track {
            label: Some(name.to_owned()),
            ..Track::of_file(Path::new(name))
        };
        model.library.show(Collection {
            name: "two".to_owned(),
            kind: CollectionKind::Folder,
            tracks: vec![track("a"), track("b")],
            split: None,
            notes: Vec::new(),
        });
        let few = ProbeJob::Curve(CurveKind::Labels);
        assert!(jobs.iter().all(|job| model.why_not(*job).is_none()));
        assert_eq!(model.why_not(few), None);
        model.probing.form.protocol = Protocol::Folds(5);
        assert!(
            model
                .why_not(few)
                .unwrap()
                .contains("choose quick or clean")
        );
        assert_eq!(model.why_not(ProbeJob::Probe), None);
        model.probing.form.protocol = Protocol::Paper;
        assert!(model.why_not(ProbeJob::Probe).unwrap().contains("split"));
        assert!(model.why_not(ProbeJob::Curve(CurveKind::Layers)).is_some());
        model.probing.form.protocol = Protocol::Quick;
        model.probing.form.task = Task::Key;
        assert!(model.why_not(ProbeJob::Probe).unwrap().contains("key"));
        assert!(
            model
                .why_not(ProbeJob::Groups)
                .unwrap()
                .contains("two groups")
        );
    }
}
