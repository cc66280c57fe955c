//! How long maps take to lay out, to draw and to be pointed at.

use std::time::{Duration, Instant};

use eframe::egui::{Rect, Vec2};

use super::Measure;
use crate::gui::{
    Canvas,
    model::{Camera, HitGrid, Point, PointClass, Shade},
    paint::scatter::{self, Scatter},
    theme,
};
use mynascope_base::jobs::Watch;
use mynascope_embedding::{EmbeddingTable, Level, TrackRow, near_duplicates};
use mynascope_map::{self as map, MapSettings, Method};
use mynascope_spectrum::tokens::{Purpose, stream};

const RUNS: usize = 3;
pub(super) const DIM: usize = 384;
const GROUPS: usize = 10;

pub(super) fn run(measure: &mut Measure<'_>) -> anyhow::Result<()> {
    for (rows, method, runs) in [
        (256, Method::Tsne, RUNS),
        (256, Method::TsneReference, RUNS),
        (9000, Method::Pca, RUNS),
        (9000, Method::Tsne, 1),
        (9000, Method::Umap, 1),
    ] {
        let table = planted(rows);
        let settings = MapSettings {
            method,
            iterations: (method != Method::Umap).then_some(750),
            ..MapSettings::default()
        };
        let mut seconds = Vec::new();
        for _ in 0..runs {
            let cancel = measure.console.cancel().clone();
            let watch = Watch::new(cancel, &|_| {});
            let layout = map::layout(&table, &settings, &watch)?;
            seconds.push(Duration::from_secs_f64(layout.seconds).as_secs_f64());
        }
        let steps = settings.steps(rows);
        let what = format!("{method} of {rows} x {DIM}, {steps} iterations");
        measure.values(what, "s", seconds);
    }
    let table = planted(9000);
    let watch = Watch::new(measure.console.cancel().clone(), &|_| {});
    let start = Instant::now();
    near_duplicates(&table, 0.98, &watch)?;
    let seconds = vec![start.elapsed().as_secs_f64()];
    measure.values(format!("near-duplicates among 9000 x {DIM}"), "s", seconds);
    for points in [100_000, 1_000_000] {
        frames(measure, points)?;
    }
    Ok(())
}

const SIZE: [u32; 2] = [1280, 800];
const FRAMES: usize = 20;
const PICKS: usize = 1000;

/// Frames of a map that is panned, points sent to the graphics card in these frames, and the point under a pointer.
fn frames(measure: &mut Measure<'_>, points: usize) -> anyhow::Result<()> {
    let mut random = stream(1, 0, 0, Purpose::Demo);
    let mut number = || 0.4 * random.normal() as f32;
    let xy: Vec<[f32; 2]> = (0..points).map(|_| [number(), number()]).collect();
    let shown: Vec<Point> = (0..)
        .zip(&xy)
        .map(|(group, &at)| Point::new(at, Shade::Group(group), PointClass::Plain))
        .collect();
    let shown = std::sync::Arc::new(shown);
    let mut canvas = Canvas::new(SIZE)?;
    let (mut camera, mut times) = (Camera::default(), Vec::new());
    let mut sent = None;
    for frame in 0..=FRAMES {
        measure.console.cancel().check()?;
        let rect = Rect::from_min_size(Default::default(), Vec2::new(1280.0, 800.0));
        camera = camera.panned(rect, Vec2::new(3.0, 1.0));
        let start = Instant::now();
        let output = canvas.frame(|ui| {
            let scatter = Scatter {
                slot: 0,
                points: std::sync::Arc::clone(&shown),
                camera,
                rect,
                radius: 1.5,
                ring: theme::DARK.text_strong,
                rim: theme::DARK.point_rim,
                tokens: &theme::DARK,
            };
            ui.painter().add(scatter.into_shape());
        });
        canvas.finish(output)?;
        // The first frame sends the points; all others only the camera.
        if frame > 0 {
            times.push(1e3 * start.elapsed().as_secs_f64());
        } else {
            sent = canvas.resources(scatter::uploads);
        }
    }
    let again = canvas.resources(scatter::uploads).zip(sent);
    let again = again.map_or(f64::NAN, |(now, sent)| (now - sent) as f64);
    let what = format!(
        "frame of {points} moved points, drawn by {}",
        canvas.adapter()
    );
    measure.values(what, "ms", times);
    let what = format!("points sent again in {FRAMES} frames of {points}");
    measure.values(what, "", vec![again]);
    let start = Instant::now();
    let grid = HitGrid::new(&xy);
    let what = format!("grid of {points} points made");
    measure.values(what, "ms", vec![1e3 * start.elapsed().as_secs_f64()]);
    let start = Instant::now();
    let found = (0..PICKS)
        .filter(|_| {
            grid.nearest(&xy, [number(), number()], 0.01, |_| true)
                .is_some()
        })
        .count();
    let each = 1e6 * start.elapsed().as_secs_f64() / PICKS as f64;
    let what = format!("point under the pointer among {points} ({found} of {PICKS} found)");
    measure.values(what, "\u{b5}s", vec![each]);
    Ok(())
}

/// Rows around ten places.
pub(super) fn planted(rows: usize) -> EmbeddingTable {
    let mut random = stream(0, 0, 0, Purpose::Demo);
    let centres: Vec<f64> = (0..GROUPS * DIM).map(|_| 2.0 * random.normal()).collect();
    let mut table = EmbeddingTable::empty(DIM, "planted".to_owned(), Level::Window);
    table.tracks.push(TrackRow {
        path: "planted".into(),
        label: None,
        split: None,
        incomplete: None,
    });
    for row in 0..rows {
        table.track.push(0);
        table.timestamps.push(0.0);
        let centre = centres.chunks_exact(DIM).nth(row % GROUPS);
        for value in centre.unwrap_or_default() {
            table.values.push((value + random.normal()) as f32);
        }
    }
    table
}
