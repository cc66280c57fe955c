//! The nearest rows of a table by cosine.

use super::EmbeddingTable;

/// A row near to a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// The row of the table.
    pub row: usize,
    /// Cosine of row and query, from -1 to 1.
    pub cosine: f32,
}

/// The sum of products of two vectors of one length.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(&a, &b)| f64::from(a) * f64::from(b))
        .sum()
}

/// Cosine of two vectors of one length; 0 where one of them is zero.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms > 0.0 {
        (dot(a, b) / norms).clamp(-1.0, 1.0) as f32
    } else {
        0.0
    }
}

/// The `k` rows with the largest cosine to `query` `[dim]`, nearest first, without the rows for which `leave_out`
/// says yes (the query itself, the rows of its own track). Exact: every row is compared. Equal cosines keep the
/// order of the table.
pub fn neighbours(
    table: &EmbeddingTable,
    query: &[f32],
    k: usize,
    leave_out: impl Fn(usize) -> bool,
) -> Vec<Neighbour> {
    let mut found: Vec<Neighbour> = table
        .iter()
        .enumerate()
        .filter(|(row, _)| !leave_out(*row))
        .map(|(row, values)| Neighbour {
            row,
            cosine: cosine(values, query),
        })
        .collect();
    // A stable sort keeps ties in the order of the table, so that two calls agree.
    found.sort_by(|a, b| b.cosine.total_cmp(&a.cosine));
    found.truncate(k);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, TrackRow};

    #[test]
    fn neighbours_are_ordered_by_cosine_and_length_does_not_matter() {
        let track = TrackRow {
            path: "a".into(),
            label: None,
            split: None,
            incomplete: None,
        };
        let table = EmbeddingTable {
            values: vec![10.0, 0.0, 0.0, 0.1, 3.0, 3.0, -1.0, 0.0, 0.0, 0.0],
            timestamps: vec![0.0; 5],
            track: vec![0; 5],
            tracks: vec![track],
            ..EmbeddingTable::empty(2, String::new(), Level::Window)
        };
        let rows = |found: Vec<Neighbour>| found.iter().map(|n| n.row).collect::<Vec<_>>();
        let found = neighbours(&table, &[1.0, 0.2], 5, |_| false);
        assert_eq!(rows(found.clone()), [0, 2, 1, 4, 3]);
        assert!((found[0].cosine - 1.0 / 1.04_f32.sqrt()).abs() < 1e-6);
        assert_eq!(found[3].cosine, 0.0, "a zero row is near to nothing");
        assert_eq!(
            rows(neighbours(&table, &[1.0, 0.2], 2, |row| row == 0)),
            [2, 1]
        );
        assert!(neighbours(&table, &[1.0, 0.2], 0, |_| false).is_empty());
    }
}
