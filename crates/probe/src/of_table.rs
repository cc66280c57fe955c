//! Tables of embeddings from anywhere as something to probe: their rows with labels of their own, or of a list.

use super::{EncoderId, MadeBy, ProbeError, matching};
use mynascope_base::storage::ContentKey;
use mynascope_collection::{Collection, CollectionKind, Split, Track};
use mynascope_embedding::{EmbeddingTable, Level};

/// A table and the collection that its tracks are.
#[derive(Debug, Clone)]
pub struct ProbedTable {
    /// The table, with the labels that are probed.
    pub table: EmbeddingTable,
    /// The table's tracks, in its order.
    pub collection: Collection,
    /// How the labels were found, for people; nothing where they are the table's own.
    pub note: Option<String>,
}

impl ProbedTable {
    /// A table that a file of this `name` held. Its tracks take labels, keys, tags, emotions, folds and parts of a split from
    /// `labels`, where there are some: by their paths, else by file names, else by names without their endings, else by
    /// numbers (`000100.mp3` is 100), whichever first finds any; and those of a table that names nothing in order, where
    /// there are as many. Others keep what the table says.
    ///
    /// # Errors
    /// [`ProbeError::Labels`] where no track of the table is one of `labels`.
    pub fn new(
        mut table: EmbeddingTable,
        name: &str,
        labels: Option<&Collection>,
    ) -> Result<Self, ProbeError> {
        // What made it, the file may not tell.
        if table.encoder.is_empty() || table.encoder == "unknown" {
            name.clone_into(&mut table.encoder);
        }
        let of_table = table.tracks.iter().map(|track| Track {
            label: track.label.clone(),
            ..Track::of_file(&track.path)
        });
        let mut collection = Collection {
            name: name.to_owned(),
            kind: CollectionKind::Files,
            tracks: of_table.collect(),
            split: split_of(table.tracks.iter().map(|track| track.split.as_deref())),
            notes: Vec::new(),
        };
        let mut note = None;
        if let Some(labels) = labels {
            let found = matching::find(&table, labels)?;
            let parts = labels.parts();
            let mut part_of = Vec::new();
            for (place, (row, track)) in
                (table.tracks.iter_mut().zip(&mut collection.tracks)).enumerate()
            {
                let at = found.places.get(place).copied().flatten();
                part_of.push(at.and_then(|at| parts.get(at).copied().flatten()));
                if let Some(labelled) = at.and_then(|at| labels.tracks.get(at)) {
                    *track = Track {
                        path: row.path.clone(),
                        ..labelled.clone()
                    };
                    row.label.clone_from(&labelled.label);
                }
            }
            collection.split = split_of(part_of.into_iter()).or(collection.split);
            collection.kind = labels.kind;
            note = Some(found.note);
        }
        Ok(Self {
            table,
            collection,
            note,
        })
    }

    /// What is known of the encoder that made it.
    pub fn made_by(&self) -> MadeBy {
        MadeBy::of_hash(&self.table.encoder_hash)
    }

    /// What stands in for the encoder in scores: the values themselves, as nobody knows which weights made them.
    pub fn id(&self) -> EncoderId {
        let values = self
            .table
            .values
            .iter()
            .flat_map(|value| value.to_le_bytes());
        let values: Vec<u8> = values.collect();
        let key = ContentKey::of_parts([values.as_slice()].into_iter()).hex();
        let digits: String = key.chars().take(32).collect();
        EncoderId {
            description: self.table.encoder.clone(),
            hash: format!("table-{digits}"),
            dim: self.table.dim,
            read: match self.table.level {
                Level::Window => "a table of windows".to_owned(),
                Level::Track => "a table of tracks".to_owned(),
            },
            ..EncoderId::default()
        }
    }
}

/// The split of tracks in these parts; `None` without a training or a test part.
fn split_of<'a>(parts: impl Iterator<Item = Option<&'a str>>) -> Option<Split> {
    let mut split = Split::default();
    for (place, part) in parts.enumerate() {
        match part {
            Some("train") => split.train.push(place),
            Some("valid") => split.valid.push(place),
            Some("test") => split.test.push(place),
            _ => {}
        }
    }
    (!split.train.is_empty() && !split.test.is_empty()).then_some(split)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_embedding::TrackRow;
    use std::path::Path;

    fn table(paths: &[&str], label: Option<&str>) -> EmbeddingTable {
        let mut table = EmbeddingTable::empty(1, "openl3".into(), Level::Track);
        for (place, path) in (0..).zip(paths) {
            table.track.push(place);
            table.timestamps.push(0.0);
            table.values.push(place as f32);
            table.tracks.push(TrackRow {
                path: path.into(),
                label: label.map(str::to_owned),
                split: None,
                incomplete: None,
            });
        }
        table
    }

    fn labels(paths: &[&str]) -> Collection {
        let track = |(place, path): (usize, &&str)| Track {
            label: Some(format!("label {place}")),
            key: Some(place as u8),
            ..Track::of_file(Path::new(path))
        };
        Collection {
            name: "list".into(),
            kind: CollectionKind::Gtzan,
            tracks: paths.iter().enumerate().map(track).collect(),
            split: Some(Split {
                train: vec![0],
                valid: Vec::new(),
                test: vec![1],
            }),
            notes: Vec::new(),
        }
    }

    #[test]
    fn labels_are_found_by_path_then_by_name_and_then_in_order() {
        let list = labels(&["/m/b.wav", "/m/a.wav"]);
        let labels_of = |paths: &[&str]| -> Vec<Option<String>> {
            let probed = ProbedTable::new(table(paths, Some("own")), "t", Some(&list)).unwrap();
            assert_eq!(probed.collection.tracks.len(), paths.len());
            let tracks = probed.table.tracks.into_iter();
            tracks.map(|track| track.label).collect()
        };
        let [first, second] = ["label 0", "label 1"].map(|it| Some(it.to_owned()));
        assert_eq!(
            labels_of(&["/m/a.wav", "/x/b.wav"]),
            [second.clone(), Some("own".to_owned())]
        );
        assert_eq!(
            labels_of(&["/x/a.mp3", "b.mp3"]),
            [second.clone(), first.clone()]
        );
        assert_eq!(labels_of(&["row 0", "row 1"]), [first, second]);
        let probed = ProbedTable::new(table(&["b.mp3", "a"], None), "t", Some(&list)).unwrap();
        assert_eq!(probed.collection.tracks[1].key, Some(1));
        assert_eq!(probed.collection.split.unwrap().test, [1]);
        let fails = ProbedTable::new(table(&["row 0"], None), "t", Some(&list)).unwrap_err();
        assert!(
            fails.to_string().contains("cannot take 2 labels"),
            "{fails}"
        );
    }

    /// FMA's track 100 is `000/000100.mp3`, and pandas reads its id as 100.
    #[test]
    fn labels_are_found_by_number_and_a_table_with_numbers_is_never_matched_in_order() {
        let list = labels(&[
            "/m/000/000102.mp3",
            "/m/000/000100.mp3",
            "/m/000/001000.mp3",
        ]);
        for paths in [
            ["100", "1000", "102"],
            ["000100", "001000", "000102"],
            ["track 100", "track 1000", "track 102"],
            ["100.0", "1000.0", "102.0"],
        ] {
            let probed = ProbedTable::new(table(&paths, None), "t", Some(&list)).unwrap();
            let labels = probed.table.tracks.iter().map(|it| it.label.as_deref());
            let labels: Vec<_> = labels.map(Option::unwrap).collect();
            assert_eq!(labels, ["label 1", "label 2", "label 0"], "{paths:?}");
        }
        for paths in [
            ["7", "8", "9"],
            ["x.wav", "y.wav", "z.wav"],
            ["track 3", "track 4", "track 5"],
        ] {
            let error = ProbedTable::new(table(&paths, None), "t", Some(&list)).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains("none of the table's 3 tracks") && error.contains("in the order"),
                "{error}"
            );
        }
        // Numbers that count the tracks are no ids.
        let named = labels(&["/m/c.wav", "/m/a.wav", "/m/b.wav"]);
        let counted = table(&["track 0", "track 1", "track 2"], None);
        let probed = ProbedTable::new(counted, "t", Some(&named)).unwrap();
        assert_eq!(probed.table.tracks[2].label.as_deref(), Some("label 2"));
        assert!(probed.note.unwrap().contains("only counts its tracks"));
    }

    /// As FMA's tracks come: a table and a list of numbers, and no sound of them anywhere.
    #[test]
    fn labels_in_another_order_are_found_by_the_numbers_of_both_files_without_any_sound() {
        let home = tempfile::tempdir().unwrap();
        let table = home.path().join("t.csv");
        let list = home.path().join("l.csv");
        let genre = |at: usize| ["rock", "jazz", "dub"][at % 3];
        // A sound whose name is a number of no track must not be taken for one.
        std::fs::create_dir(home.path().join("other")).unwrap();
        std::fs::write(home.path().join("other/100.wav"), b"RIFF").unwrap();
        for (heading, of_table, of_list) in [
            ("track_id", "", ""),
            ("file", "0000", ".mp3"),
            ("id", "000", ""),
            ("name", "", ".wav"),
            ("", "", ""),
            ("clip_id", "", ""),
        ] {
            let rows =
                (0..60).map(|at| format!("{of_table}{},{at}.5,-0.5,{}.25\n", 100 + at, 60 - at));
            let rows: String = rows.collect();
            std::fs::write(&table, format!("{heading},e0,e1,e2\n{rows}")).unwrap();
            let listed = match heading {
                "" => "file",
                other => other,
            };
            let rows = (0..60).rev().map(|at| {
                let part = ["train", "test"][at % 2];
                format!("000{}{of_list},{},{part}\n", 100 + at, genre(at))
            });
            let rows: String = rows.collect();
            std::fs::write(&list, format!("{listed},genre,split\n{rows}")).unwrap();
            let read = mynascope_embedding::load_table(&table).unwrap();
            assert_eq!(
                (read.dim, read.rows()),
                (3, 60),
                "{heading}: a number is no value"
            );
            let watch = mynascope_base::jobs::Watch::unattended();
            let labels =
                mynascope_collection::open_labels(std::slice::from_ref(&list), &watch).unwrap();
            assert_eq!(labels.tracks.len(), 60, "{heading}");
            let said: Vec<&str> = labels.note_texts().collect();
            assert!(
                !said.iter().any(|note| note.contains("not where")),
                "{said:?}"
            );
            let probed = ProbedTable::new(read, "t", Some(&labels)).unwrap();
            for (at, track) in probed.table.tracks.iter().enumerate() {
                assert_eq!(track.label.as_deref(), Some(genre(at)), "{heading} {at}");
            }
            assert!(probed.note.unwrap().contains("labels of 60"), "{heading}");
            assert_eq!(probed.collection.split.unwrap().test[..2], [1, 3]);
        }
    }

    #[test]
    fn files_of_one_name_are_told_by_their_folders_or_left_out() {
        let list = labels(&["/m/cd1/01.wav", "/m/cd2/01.wav", "/m/02.wav"]);
        let label_of = |paths: &[&str]| -> (Vec<Option<String>>, String) {
            let probed = ProbedTable::new(table(paths, None), "t", Some(&list)).unwrap();
            let tracks = probed.table.tracks.into_iter();
            (tracks.map(|it| it.label).collect(), probed.note.unwrap())
        };
        let some = |place: usize| Some(format!("label {place}"));
        let (found, note) = label_of(&["/x/cd2/01.wav", "/x/cd1/01.wav", "/x/02.wav"]);
        assert_eq!(found, [some(1), some(0), some(2)]);
        assert!(!note.contains("left out"), "{note}");
        let (found, note) = label_of(&["/x/01.wav", "/x/02.wav"]);
        assert_eq!(found, [None, some(2)]);
        assert!(note.contains("1 track left out"), "{note}");
        // Two files of the table can't both be one of the list.
        let (found, _) = label_of(&["/x/a/02.wav", "/x/b/02.wav", "/x/cd1/01.wav"]);
        assert_eq!(found, [None, None, some(0)]);
    }

    #[test]
    fn without_a_list_the_table_tells_labels_and_split() {
        let mut own = table(&["a", "b", "c"], Some("x"));
        own.tracks[1].split = Some("train".into());
        own.tracks[2].split = Some("test".into());
        let probed = ProbedTable::new(own, "t", None).unwrap();
        let split = probed.collection.split.as_ref().unwrap();
        assert_eq!((&split.train[..], &split.test[..]), (&[1][..], &[2][..]));
        assert_eq!(probed.collection.tracks[0].label.as_deref(), Some("x"));
        let other = ProbedTable::new(table(&["a", "b"], None), "t", None).unwrap();
        assert_ne!(probed.id().hash, other.id().hash);
    }
}
