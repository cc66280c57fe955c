//! From a table to the plane: PCA, and t-SNE and UMAP of its leading components.

use std::time::Instant;

use linfa_linalg::{
    eigh::{EigSort, EighInto},
    qr::QRInto,
};
use ndarray::{Array2, Axis, s};

use super::{
    Layout, MapError, MapSettings, Method, affinities::Affinities, nearest::neighbours_kept,
    reference::reference, tsne::tsne, umap::umap,
};
use mynascope_base::{counted, jobs::Watch};
use mynascope_embedding::EmbeddingTable;
use mynascope_spectrum::tokens::{Purpose, stream};

/// t-SNE and UMAP look at this many leading directions of the table, as the authors of t-SNE did.
const LEADING_COLUMNS: usize = 50;
/// Fewer rows have no neighbourhoods: they are laid out by PCA.
const FEWEST_ROWS: usize = 7;

/// Lays the rows of a table out in the plane. The same table, settings and seed give the same map.
///
/// # Errors
/// A [`MapError`] if the table has no rows or numbers that are not finite, if the perplexity is below 1, or there are
/// less than 2 neighbours or no iteration, if the engine fails, or if the job was cancelled.
pub fn layout(
    table: &EmbeddingTable,
    settings: &MapSettings,
    watch: &Watch<'_>,
) -> Result<Layout, MapError> {
    layout_live(table, settings, watch, &mut |_| {})
}

/// As [`layout`]; while t-SNE or UMAP runs, `moved` is given the points `[rows]` every few iterations, at their own scale.
///
/// # Errors
/// As [`layout`].
pub fn layout_live(
    table: &EmbeddingTable,
    settings: &MapSettings,
    watch: &Watch<'_>,
    moved: &mut (dyn FnMut(&[[f32; 2]]) + Send),
) -> Result<Layout, MapError> {
    let start = Instant::now();
    table
        .validate()
        .map_err(|error| MapError::Table(error.to_string()))?;
    let rows = table.rows();
    if rows == 0 {
        return Err(MapError::Table(
            "the table has no rows; embed some tracks first".into(),
        ));
    }
    if !(settings.perplexity.is_finite() && settings.perplexity >= 1.0) {
        let why = "t-SNE needs a perplexity of at least 1";
        return Err(MapError::Setting(why.into()));
    }
    if settings.neighbours < 2 {
        let why = "UMAP needs at least 2 neighbours, of which the first is the point itself";
        return Err(MapError::Setting(why.into()));
    }
    if settings.iterations == Some(0) {
        let why = "a map needs at least one iteration";
        return Err(MapError::Setting(why.into()));
    }
    let values = table.values.iter().map(|&value| f64::from(value)).collect();
    let mut centred = Array2::from_shape_vec((rows, table.dim), values)
        .map_err(|error| MapError::Table(error.to_string()))?;
    watch.check()?;
    let mean = centred.sum_axis(Axis(0)) / rows as f64;
    centred -= &mean;
    let spread = centred.iter().map(|v| v * v).sum::<f64>();
    let mut map = Layout {
        xy: vec![[0.0; 2]; rows],
        method: settings.method,
        kl: None,
        seconds: 0.0,
        perplexity: None,
        neighbours: None,
        neighbours_kept: None,
        notes: Vec::new(),
    };
    if spread <= 1e-24 * rows as f64 {
        let note = "all rows are equal: every point lies in the middle";
        map.notes.push(note.to_owned());
    } else {
        let reduced = reduce(centred, LEADING_COLUMNS)?;
        watch.check()?;
        place(&mut map, &reduced, settings, watch, moved)?;
    }
    map.seconds = start.elapsed().as_secs_f64();
    Ok(map)
}

/// Places the points of a map by its leading components [rows, columns], and measures it.
fn place(
    map: &mut Layout,
    reduced: &Array2<f64>,
    settings: &MapSettings,
    watch: &Watch<'_>,
    moved: &mut (dyn FnMut(&[[f32; 2]]) + Send),
) -> Result<(), MapError> {
    let rows = reduced.nrows();
    let values: Vec<f32> = reduced.iter().map(|&value| value as f32).collect();
    let columns = reduced.ncols();
    let method = match settings.method {
        few if few != Method::Pca && rows < FEWEST_ROWS => {
            map.notes.push(format!(
                "too few for {}: {}; this is PCA",
                few.title(),
                counted(rows, "row")
            ));
            Method::Pca
        }
        method => method,
    };
    let settings = MapSettings {
        method,
        ..*settings
    };
    let mut affinities = None;
    let xy: Vec<[f64; 2]> = match method {
        Method::Pca => points(reduced),
        Method::Umap => {
            let used = settings.neighbours.min(rows - 1);
            if used < settings.neighbours {
                let asked = settings.neighbours;
                map.notes.push(format!(
                    "{asked} neighbours were lowered to {used}: {rows} rows allow no more"
                ));
            }
            map.neighbours = Some(used);
            let (table, first) = ((values.as_slice(), columns), points(reduced));
            let settings = MapSettings {
                neighbours: used,
                ..settings
            };
            let xy = umap(table, &first, &settings, watch, moved)?;
            xy.iter().map(|point| point.map(f64::from)).collect()
        }
        Method::Tsne | Method::TsneReference => {
            let used = settings.perplexity.min((rows - 1) as f64 / 3.0);
            if used < settings.perplexity {
                map.notes.push(format!(
                    "perplexity {} was lowered to {used:.1}: {rows} rows allow no more",
                    settings.perplexity
                ));
            }
            map.perplexity = Some(used);
            let settings = MapSettings {
                perplexity: used,
                ..settings
            };
            watch.progress("finding neighbours", 0, None);
            let found = Affinities::of(&values, columns, used, watch)?;
            let found = affinities.insert(found);
            match method {
                Method::TsneReference => reference(reduced, &settings, watch)?,
                _ => {
                    let xy = tsne(reduced, found, &settings, watch, moved)?;
                    xy.iter().map(|point| point.map(f64::from)).collect()
                }
            }
        }
    };
    if xy.iter().flatten().any(|value| !value.is_finite()) {
        let why = "points came out that are not finite";
        return Err(MapError::Engine(why.into()));
    }
    watch.progress("measuring the map", 0, None);
    map.kl = affinities.map(|affinities| affinities.divergence(&xy));
    map.xy = xy.iter().map(|&[x, y]| [x as f32, y as f32]).collect();
    map.neighbours_kept = neighbours_kept(&values, columns, &map.xy, watch)?;
    Ok(())
}

/// Columns that the search for components carries beyond those that are wanted.
const SPARE: usize = 10;
/// Rounds of the search: each multiplies what is left of lesser components by the ratio of their variances.
const ROUNDS: usize = 40;

/// The leading principal components of centred rows: [rows, up to `columns`], at least two columns. Found by orthogonal
/// iteration on the covariance (Golub and Van Loan, 8.2), which takes memory for [columns, columns] alone and gives the
/// same answer every time. The sign of a component is such that its largest weight is positive.
fn reduce(centred: Array2<f64>, columns: usize) -> Result<Array2<f64>, MapError> {
    let engine = |error: linfa_linalg::LinalgError| MapError::Engine(error.to_string());
    let dim = centred.ncols();
    let most = columns.min(dim).min(centred.nrows().saturating_sub(1));
    let reduced = if most == 0 || dim < 2 {
        centred
    } else {
        let mut covariance = centred.t().dot(&centred);
        // To scale: powers of it must neither overflow nor vanish.
        covariance /= covariance.diag().sum().max(f64::MIN_POSITIVE);
        let mut random = stream(0, 0, 0, Purpose::Order);
        let width = (most + SPARE).min(dim);
        let mut basis = Array2::from_shape_simple_fn((dim, width), || random.normal());
        for _ in 0..ROUNDS {
            basis = covariance
                .dot(&basis)
                .qr_into()
                .map_err(engine)?
                .generate_q();
        }
        let within = basis.t().dot(&covariance.dot(&basis));
        let (_, turned) = within.eigh_into().map_err(engine)?.sort_eig_desc();
        let mut axes = basis.dot(&turned.slice(s![.., ..most]));
        for mut axis in axes.columns_mut() {
            let largest = axis
                .iter()
                .copied()
                .max_by(|a, b| a.abs().total_cmp(&b.abs()));
            if largest.is_some_and(|largest| largest < 0.0) {
                axis.mapv_inplace(|value| -value);
            }
        }
        centred.dot(&axes)
    };
    let missing = 2_usize.saturating_sub(reduced.ncols());
    let zeros = Array2::zeros((reduced.nrows(), missing));
    ndarray::concatenate(Axis(1), &[reduced.view(), zeros.view()])
        .map_err(|error| MapError::Engine(error.to_string()))
}

fn points(reduced: &Array2<f64>) -> Vec<[f64; 2]> {
    reduced
        .rows()
        .into_iter()
        .map(|row| {
            [
                row.get(0).copied().unwrap_or(0.0),
                row.get(1).copied().unwrap_or(0.0),
            ]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_embedding::{Level, TrackRow};
    use mynascope_spectrum::tokens::{Purpose, stream};

    fn planted(rows: usize, dim: usize) -> EmbeddingTable {
        let mut random = stream(3, 0, 0, Purpose::Demo);
        let mut table = EmbeddingTable::empty(dim, "planted".into(), Level::Window);
        table.tracks.push(TrackRow {
            path: "a".into(),
            label: None,
            split: None,
            incomplete: None,
        });
        for row in 0..rows {
            table.track.push(0);
            table.timestamps.push(0.0);
            for column in 0..dim {
                let centre = if column == row % 4 { 20.0 } else { 0.0 };
                table.values.push((centre + random.normal()) as f32);
            }
        }
        table
    }

    fn run(table: &EmbeddingTable, method: Method, seed: u64) -> Result<Layout, MapError> {
        let settings = MapSettings {
            method,
            seed,
            iterations: Some(400),
            ..MapSettings::default()
        };
        layout(table, &settings, &Watch::unattended())
    }

    #[test]
    fn planted_clusters_stay_together_and_the_seed_gives_the_map() {
        let table = planted(80, 60);
        for method in [Method::Tsne, Method::Umap] {
            check_clusters(&table, method);
        }
        let map = run(&table, Method::Tsne, 1).unwrap();
        assert!(map.perplexity.unwrap() < 30.0 && map.notes.len() == 1);
        let map = run(&table, Method::Umap, 1).unwrap();
        assert_eq!((map.neighbours, map.notes.len()), (Some(15), 0));
        let map = run(&planted(12, 60), Method::Umap, 1).unwrap();
        assert_eq!((map.neighbours, map.notes.len()), (Some(11), 1));
    }

    #[test]
    fn a_map_is_the_same_on_any_number_of_threads_and_measured_at_any_size() {
        let table = planted(3500, 12);
        let settings = MapSettings {
            iterations: Some(40),
            ..MapSettings::default()
        };
        let [one, three] = [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let run = || layout(&table, &settings, &Watch::unattended()).unwrap();
            pool.build().unwrap().install(run)
        });
        assert!(one.xy == three.xy);
        assert_eq!(one.kl, three.kl);
        assert!(one.kl.unwrap() > 0.0);
    }

    fn check_clusters(table: &EmbeddingTable, method: Method) {
        let map = run(table, method, 1).unwrap();
        for (row, point) in map.xy.iter().enumerate() {
            let distance = |other: &[f32; 2]| (other[0] - point[0]).hypot(other[1] - point[1]);
            let nearest = (0..80)
                .filter(|&other| other != row)
                .min_by(|&a, &b| distance(&map.xy[a]).total_cmp(&distance(&map.xy[b])))
                .unwrap();
            assert_eq!(nearest % 4, row % 4, "{method}, row {row}");
        }
        assert_eq!(run(table, method, 1).unwrap().xy, map.xy, "{method}");
        assert_ne!(run(table, method, 2).unwrap().xy, map.xy, "{method}");
    }

    #[test]
    fn the_first_axes_are_those_of_largest_variance() {
        // Columns of known spread, turned: the spread of the points along each axis must come back.
        let mut random = stream(4, 0, 0, Purpose::Demo);
        let spreads = [9.0, 5.0, 2.0, 1.0, 1.0, 1.0];
        let plain =
            Array2::from_shape_fn((4000, 6), |(_, column)| spreads[column] * random.normal());
        let turn = Array2::from_shape_simple_fn((6, 6), || random.normal());
        let turn = turn.qr_into().unwrap().generate_q();
        let turned = plain.dot(&turn);
        let centred = &turned - &(turned.sum_axis(Axis(0)) / 4000.0);
        let reduced = reduce(centred, 3).unwrap();
        assert_eq!(reduced.dim(), (4000, 3));
        for (column, spread) in spreads.iter().enumerate().take(3) {
            let axis = reduced.column(column);
            let found = (axis.dot(&axis) / 4000.0).sqrt();
            assert!((found / spread - 1.0).abs() < 0.05, "{found} {spread}");
            let next = reduced.column((column + 1) % 3);
            assert!((axis.dot(&next) / 4000.0).abs() < 1e-6 * spread);
        }
    }

    #[test]
    fn few_equal_and_broken_rows_have_an_answer() {
        for method in Method::ALL {
            for rows in [1, 2, 3, 7] {
                let map = run(&planted(rows, 60), method, 0).unwrap();
                assert_eq!(map.xy.len(), rows, "{method}");
            }
            let mut table = planted(20, 5);
            table.values.fill(0.5);
            assert!(
                run(&table, method, 0)
                    .unwrap()
                    .xy
                    .iter()
                    .all(|&point| point == [0.0, 0.0])
            );
            table.values[3] = f32::NAN;
            assert!(matches!(run(&table, method, 0), Err(MapError::Table(_))));
        }
    }
}
