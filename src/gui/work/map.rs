//! Makes the maps of the Map layout.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::gui::{
    jobs::{JobContext, JobSlot, NoThread},
    message::{EncoderMessage, MapMessage, Message, Outbox},
    model::{EmbedError, KeyedTable, MapFound, MapSide},
    work::embed::{EmbedRequest, embed_live, find},
};
use mynascope_base::jobs::Watch;
use mynascope_embedding::{Level, neighbourhood_changes};
use mynascope_map::{MapSettings, Method, layout_live};

/// Between two pictures of moving points.
const MOVE_EVERY: Duration = Duration::from_millis(33);
/// How often a resting layout looks whether it may go on.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Neighbours that make up a neighbourhood.
const NEIGHBOURHOOD: usize = 10;

/// What to embed and how to lay it out.
pub struct MapJob {
    /// What is laid out.
    pub rows: Rows,
    /// Whether points are windows or tracks.
    pub level: Level,
    /// How.
    pub settings: MapSettings,
    /// A table of the same tracks to compare with: what moved is told in the end.
    pub against: Option<Arc<KeyedTable>>,
}

/// Where the rows of a map come from.
pub enum Rows {
    /// The collection, embedded first.
    Embed(EmbedRequest),
    /// The collection, if what was embedded of it is on the disk; else nothing is made.
    Cached(EmbedRequest),
    /// They are there: a table from a file.
    Given(Arc<KeyedTable>),
}

/// Starts the work: embeddings (unless they are there), then PCA, which is there at once, then the method that is asked
/// for. The points rest while `paused` is set.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start(
    slot: &mut JobSlot<MapFound, EmbedError>,
    side: MapSide,
    work: MapJob,
    paused: &Arc<AtomicBool>,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let wrap = match side {
        MapSide::Main => |update| Message::Map(MapMessage::Map(MapSide::Main, update)),
        MapSide::Second => |update| Message::Map(MapMessage::Map(MapSide::Second, update)),
    };
    let broke_off = |fault| {
        EmbedError::Failed(format!(
            "The map broke off ({fault}); try again, or another encoder"
        ))
    };
    let (paused, sends) = (Arc::clone(paused), outbox.clone());
    slot.start("map", outbox, wrap, broke_off, move |job| {
        lay_out(&work, &paused, job, &sends)
    })
}

fn lay_out(
    work: &MapJob,
    paused: &AtomicBool,
    job: &JobContext<'_, MapFound>,
    outbox: &Outbox,
) -> Result<(), EmbedError> {
    let watch = &job.watch;
    // PCA of what is there already, while the rest is embedded.
    let grown = |table: Arc<KeyedTable>| {
        let settings = MapSettings {
            method: Method::Pca,
            ..work.settings
        };
        let means = (work.level == Level::Track).then(|| table.table.track_means());
        let rows = means.as_ref().unwrap_or(&table.table);
        if let Ok(layout) = layout_live(rows, &settings, &Watch::unattended(), &mut |_| {}) {
            job.found_if_room(MapFound::Layout {
                table: Arc::clone(&table),
                level: work.level,
                layout,
            });
        }
    };
    let table = match &work.rows {
        Rows::Embed(request) => embed_live(request, watch, Some(&grown))?,
        Rows::Cached(request) => match find(request, watch)? {
            Some(table) => table,
            None => return Ok(()),
        },
        Rows::Given(table) => Arc::clone(table),
    };
    if let Rows::Embed(_) | Rows::Cached(_) = work.rows
        && work.against.is_none()
    {
        let embedded = EncoderMessage::Embedded(Arc::clone(&table));
        outbox.send(Message::Encoder(embedded));
    }
    // A table of tracks has no windows to show.
    let level = match table.table.level {
        Level::Track => Level::Track,
        Level::Window => work.level,
    };
    let means = match level {
        Level::Window => None,
        Level::Track => Some(table.table.track_means()),
    };
    let rows = means.as_ref().unwrap_or(&table.table);
    let methods = [Method::Pca, work.settings.method];
    let methods = match work.settings.method {
        Method::Pca => methods.get(1..).unwrap_or_default(),
        _ => &methods,
    };
    for &method in methods {
        watch.progress("laying out the map", 0, None);
        let settings = MapSettings {
            method,
            ..work.settings
        };
        let mut reported = Instant::now();
        let mut moved = |xy: &[[f32; 2]]| {
            while paused.load(Ordering::Acquire) && !watch.cancel().is_cancelled() {
                std::thread::sleep(LOOK_EVERY);
            }
            if reported.elapsed() >= MOVE_EVERY {
                reported = Instant::now();
                job.found_if_room(MapFound::Moved(xy.to_vec()));
            }
        };
        let layout = layout_live(rows, &settings, watch, &mut moved).map_err(EmbedError::failed)?;
        job.found(MapFound::Layout {
            table: Arc::clone(&table),
            level,
            layout,
        });
    }
    if let Some(other) = &work.against {
        let changes = neighbourhood_changes(&other.table, &table.table, NEIGHBOURHOOD, watch)
            .map_err(EmbedError::failed)?;
        job.found(MapFound::Changes(changes));
    }
    Ok(())
}
