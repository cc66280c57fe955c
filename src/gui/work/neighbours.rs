//! Looks for what is near to something in the encoder's own space.

use std::sync::Arc;

use crate::gui::{
    jobs::Answering,
    message::{MapMessage, Message, Outbox},
    model::{KeyedTable, Neighbour, Spot},
};
use mynascope_embedding::{EmbeddingTable, Level, cosine, neighbours};

/// Neighbours that are told; more are not walked or read.
const MOST: usize = 100;

/// What to look for.
pub struct NeighboursRequest {
    /// Which request.
    pub number: u64,
    /// The embeddings.
    pub table: Arc<KeyedTable>,
    /// The name of the file that they came from, if they did.
    pub file: Option<String>,
    /// The window of the table that plays at this place.
    pub spot: Spot,
    /// Whether windows or whole tracks are near.
    pub level: Level,
    /// The cosines of all points of a map of this level are wanted too.
    pub cosines: Option<Level>,
}

/// Starts the thread that searches. The newest question wins.
///
/// # Errors
/// The system's error if it gives no thread.
pub fn start(outbox: &Outbox) -> std::io::Result<Answering<NeighboursRequest>> {
    let sends = outbox.clone();
    Answering::start(
        "neighbours",
        outbox,
        move |request: NeighboursRequest, _| {
            let number = request.number;
            let found = row_of(&request).map(|row| search(&request, row));
            sends.send(Message::Map(MapMessage::Neighbours { number, found }));
            if let Some(level) = request.cosines {
                let values = cosines(&request, level);
                sends.send(Message::Map(MapMessage::Cosines { number, values }));
            }
        },
    )
}

/// The window that plays at the place; an error says why there is none.
fn row_of(request: &NeighboursRequest) -> Result<usize, String> {
    let (table, spot) = (&request.table.table, &request.spot);
    let no_row = || {
        let path = spot.path.display();
        match &request.file {
            Some(file) => format!(
                "The table {file} doesn't hold this track; click a point of the map to list what is nearest to it: {path}"
            ),
            None => format!(
                "The embeddings don't hold this track; compute the map again to find its neighbours: {path}"
            ),
        }
    };
    let track = table.tracks.iter().position(|row| row.path == spot.path);
    let track = track.ok_or_else(no_row)? as u32;
    // The last window that has begun by then, or else the first there is.
    let starts = || {
        let rows = table.track.iter().zip(&table.timestamps).enumerate();
        rows.filter(|(_, (of, _))| **of == track)
            .map(|(row, (_, &start))| (row, f64::from(start)))
    };
    let begun = starts().filter(|(_, start)| *start <= spot.start_secs + 0.01);
    let row = begun
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .or_else(|| starts().next());
    let (row, _) = row.ok_or_else(no_row)?;
    Ok(row)
}

/// The cosine of each point to the window; empty where there is none.
fn cosines(request: &NeighboursRequest, level: Level) -> Vec<f32> {
    let Ok(row) = row_of(request) else {
        return Vec::new();
    };
    let table = &request.table.table;
    let query = table.row(row);
    let all = |table: &EmbeddingTable| table.iter().map(|row| cosine(row, query)).collect();
    match level {
        Level::Window => all(table),
        Level::Track => all(&table.track_means()),
    }
}

/// The nearest windows of other tracks, or the nearest tracks.
fn search(request: &NeighboursRequest, row: usize) -> Vec<Neighbour> {
    let table = &request.table.table;
    let own = table.track.get(row).copied();
    match (request.level, own) {
        (Level::Track, Some(track)) => {
            // Tracks without a row have no mean.
            let means = table.track_means();
            let row = means.track.iter().position(|&of| of == track);
            let query = means.row(row.unwrap_or(0)).to_vec();
            nearest(&means, &query, own)
        }
        (Level::Track | Level::Window, _) => nearest(table, table.row(row), own),
    }
}

/// The windows of a table that are nearest to an embedding, without those of one track.
pub fn nearest(table: &EmbeddingTable, query: &[f32], without: Option<u32>) -> Vec<Neighbour> {
    let left_out = |row: usize| without.is_some() && table.track.get(row).copied() == without;
    let found = neighbours(table, query, MOST, left_out);
    found
        .into_iter()
        .filter_map(|neighbour| {
            let start_secs = table.timestamps.get(neighbour.row).copied();
            Some(Neighbour {
                path: table.track_of(neighbour.row)?.path.clone(),
                start_secs: f64::from(start_secs.unwrap_or_default()),
                cosine: neighbour.cosine,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::model::{EncoderSource, TableKey};
    use mynascope_embedding::TrackRow;

    fn request(path: &str, start_secs: f64) -> NeighboursRequest {
        let track = |name: &str| TrackRow {
            path: name.into(),
            label: None,
            split: None,
            incomplete: None,
        };
        let table = EmbeddingTable {
            values: vec![1.0, 0.0, 0.0, 1.0, 0.9, 0.1, 0.2, 0.8, 1.0, 0.0],
            timestamps: vec![0.0, 3.072, 0.0, 3.072, 0.0],
            track: vec![1, 1, 2, 2, 3],
            tracks: vec![track("unreadable"), track("a"), track("b"), track("c")],
            ..EmbeddingTable::empty(2, "test".into(), Level::Window)
        };
        let key = TableKey {
            tracks: Vec::new(),
            source: EncoderSource::default(),
            version: None,
        };
        NeighboursRequest {
            number: 1,
            table: Arc::new(KeyedTable {
                id: mynascope_probe::EncoderId::default(),
                key,
                table,
                skipped: Vec::new(),
                windows_per_second: 0.0,
                seconds: 0.0,
            }),
            file: None,
            spot: Spot {
                path: path.into(),
                start_secs,
            },
            level: Level::Window,
            cosines: None,
        }
    }

    #[test]
    fn the_window_that_plays_is_compared_with_those_of_other_tracks() {
        let near = |path, secs| -> Vec<(String, f64)> {
            let request = request(path, secs);
            let found = search(&request, row_of(&request).unwrap());
            let spot = |near: Neighbour| (near.path.display().to_string(), near.start_secs);
            found.into_iter().map(spot).collect()
        };
        let named = |name: &str, start: f32| (name.to_owned(), f64::from(start));
        assert_eq!(
            near("a", 1.0),
            [named("c", 0.0), named("b", 0.0), named("b", 3.072)]
        );
        assert_eq!(near("a", 5.0)[0], named("b", 3.072));
        // Of whole tracks each stands there once, by the mean of its windows.
        let tracks = NeighboursRequest {
            level: Level::Track,
            ..request("a", 5.0)
        };
        let found = search(&tracks, row_of(&tracks).unwrap());
        let names: Vec<_> = found.iter().map(|near| near.path.clone()).collect();
        assert_eq!(names, ["b", "c"].map(std::path::PathBuf::from));
        let why = row_of(&request("unreadable", 0.0)).unwrap_err();
        assert!(why.ends_with("unreadable"), "{why}");
        let mut of_file = request("not there", 0.0);
        assert!(
            row_of(&of_file)
                .unwrap_err()
                .contains("compute the map again")
        );
        of_file.file = Some("clap.npz".to_owned());
        let why = row_of(&of_file).unwrap_err();
        assert!(why.starts_with("The table clap.npz doesn't hold"), "{why}");
        let cosines = cosines(&request("a", 0.0), Level::Track);
        assert_eq!(cosines.len(), 3);
        assert_eq!(cosines[2], 1.0);
    }
}
