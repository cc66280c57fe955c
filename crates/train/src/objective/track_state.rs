//! What contrastive objectives keep of the tracks between steps.

/// One remembered quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name in the run folder.
    pub name: &'static str,
    /// One number for all tracks (`false`), or one a track.
    pub per_track: bool,
    /// `[tracks]`, or `[1]`.
    pub values: Vec<f32>,
}

/// What an objective remembers: moving averages, temperatures and their optimiser's state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrackState {
    /// The quantities, in the order of the objective.
    pub columns: Vec<Column>,
}

impl TrackState {
    /// Adds a quantity that every track has.
    pub fn per_track(mut self, name: &'static str, tracks: usize, value: f64) -> Self {
        self.columns.push(Column {
            name,
            per_track: true,
            values: vec![value as f32; tracks],
        });
        self
    }

    /// Adds a quantity of the whole run.
    pub fn global(mut self, name: &'static str, value: f64) -> Self {
        self.columns.push(Column {
            name,
            per_track: false,
            values: vec![value as f32],
        });
        self
    }

    /// A quantity by its name.
    pub fn column(&self, name: &str) -> &[f32] {
        self.columns
            .iter()
            .find(|column| column.name == name)
            .map_or(&[], |column| &column.values)
    }

    /// The part of some tracks.
    pub(crate) fn rows(&self, tracks: &[usize]) -> Rows {
        let columns = self.columns.iter().map(|column| {
            let values: Vec<f64> = if column.per_track {
                let row =
                    |&track: &usize| f64::from(column.values.get(track).copied().unwrap_or(0.0));
                tracks.iter().map(row).collect()
            } else {
                column
                    .values
                    .iter()
                    .map(|&value| f64::from(value))
                    .collect()
            };
            (column.name, values)
        });
        Rows(columns.collect())
    }

    /// Takes back the part of some tracks.
    pub(crate) fn store(&mut self, tracks: &[usize], rows: &Rows) {
        for (column, (_, values)) in self.columns.iter_mut().zip(&rows.0) {
            if column.per_track {
                for (&track, &value) in tracks.iter().zip(values) {
                    if let Some(slot) = column.values.get_mut(track) {
                        *slot = value as f32;
                    }
                }
            } else {
                column.values = values.iter().map(|&value| value as f32).collect();
            }
        }
    }
}

/// The state of one batch: numbers in the order of its tracks.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rows(Vec<(&'static str, Vec<f64>)>);

impl Rows {
    /// A quantity of the batch; empty if the objective has no such quantity.
    pub fn get(&self, name: &str) -> &[f64] {
        self.0
            .iter()
            .find(|(found, _)| *found == name)
            .map_or(&[], |(_, values)| values)
    }

    /// Replaces a quantity.
    pub fn set(&mut self, name: &str, values: Vec<f64>) {
        if let Some((_, slot)) = self.0.iter_mut().find(|(found, _)| *found == name) {
            *slot = values;
        }
    }

    /// Whether all numbers could be kept; a number that is not finite may only stand for "never seen".
    pub fn is_sound(&self) -> bool {
        self.0
            .iter()
            .flat_map(|(_, values)| values)
            .all(|value| value.is_finite() || *value == f64::NEG_INFINITY)
    }
}

/// Gamma of an epoch: constant, or from 1 down to `smallest` along half a cosine over `epochs`.
pub fn effective_gamma(smallest: f64, cosine: bool, epoch: u64, epochs: u64) -> f64 {
    if !cosine || epoch >= epochs {
        return smallest;
    }
    let part = epoch as f64 / epochs as f64;
    smallest + (1.0 - smallest) * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_falls_along_half_a_cosine() {
        assert_eq!(effective_gamma(0.9, false, 0, 10), 0.9);
        // The values of FastCLIP's schedule for a smallest gamma of 0.2 over 10 epochs.
        for (epoch, gamma) in [
            (0, 1.0),
            (1, 0.9804),
            (5, 0.6),
            (9, 0.2196),
            (10, 0.2),
            (40, 0.2),
        ] {
            let found = effective_gamma(0.2, true, epoch, 10);
            assert!((found - gamma).abs() < 5e-5, "epoch {epoch}: {found}");
        }
    }

    #[test]
    fn a_batch_changes_its_own_tracks_only() {
        let mut track_state = TrackState::default()
            .per_track("u", 4, 0.0)
            .global("tau", 0.1);
        let mut rows = track_state.rows(&[3, 1]);
        rows.set("u", vec![3.0, 1.0]);
        rows.set("tau", vec![0.5]);
        track_state.store(&[3, 1], &rows);
        assert_eq!(track_state.column("u"), [0.0, 1.0, 0.0, 3.0]);
        assert_eq!(track_state.column("tau"), [0.5]);
    }
}
