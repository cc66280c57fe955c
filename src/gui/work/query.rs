//! Jobs about a map's embeddings: what is like a file or a stretch, and which tracks are near-duplicates.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    message::{Message, Outbox},
    model::{Duplicates, JobId, KeyedTable, Landed, MapMessage, Spot},
    work::{near, report::Reporter},
};
use mynascope_base::jobs::{self, Job, Watch};
use mynascope_embedding::{ExtractSettings, Level, extract_stretch, near_duplicates};
use mynascope_encoder::LoadedEncoder;
use mynascope_map::land_windows;

/// The job that runs, if one does.
#[derive(Default)]
pub struct QueryWork {
    job: Option<Job>,
    last: JobId,
}

/// A file, or a stretch of one, to be embedded and compared.
pub struct QueryRequest {
    /// The number of the question.
    pub number: u64,
    pub path: PathBuf,
    /// In seconds; the whole file without it.
    pub stretch: Option<[f64; 2]>,
    /// The encoder that made it is used.
    pub table: Arc<KeyedTable>,
    /// The places of the map's points, and what they stand for, where the file shall land on it.
    pub map: Option<(Level, Vec<[f32; 2]>)>,
}

impl QueryWork {
    /// Whether something is being worked on.
    pub fn is_busy(&self) -> bool {
        self.job.as_ref().is_some_and(|job| !job.is_finished())
    }

    /// Ends the job that runs; what it still sends is void.
    pub fn stop(&mut self) {
        self.job = None;
    }

    /// Embeds a file or a stretch and looks for what is near.
    pub fn query(&mut self, request: QueryRequest, outbox: &Outbox) -> std::io::Result<JobId> {
        let number = request.number;
        self.spawn(
            "query",
            outbox,
            move |watch| {
                let result = query(&request, watch);
                MapMessage::Queried { number, result }
            },
            move |why| MapMessage::Queried {
                number,
                result: Err(why),
            },
        )
    }

    /// Looks for near-duplicates.
    pub fn duplicates(
        &mut self,
        table: Arc<KeyedTable>,
        threshold: f32,
        outbox: &Outbox,
    ) -> std::io::Result<JobId> {
        self.spawn(
            "near-duplicates",
            outbox,
            move |watch| {
                let found = near_duplicates(&table.table, threshold, watch);
                MapMessage::Duplicates(found.map_err(|error| error.to_string()).map(|found| {
                    Duplicates {
                        table,
                        threshold,
                        at_least: found.at_least,
                        pairs: found.pairs,
                    }
                }))
            },
            |why| MapMessage::Duplicates(Err(why)),
        )
    }

    fn spawn(
        &mut self,
        name: &str,
        outbox: &Outbox,
        work: impl FnOnce(&Watch<'_>) -> MapMessage + Send + 'static,
        failed: impl FnOnce(String) -> MapMessage + Send + 'static,
    ) -> std::io::Result<JobId> {
        self.last = self.last.next();
        let job = self.last;
        let (outbox, after) = (outbox.clone(), outbox.clone());
        self.job = Some(jobs::spawn(
            name,
            move |cancel| {
                let reporter = Reporter::new(&outbox, move |progress| {
                    Message::Map(MapMessage::QueryProgress(job, progress))
                });
                let report = |progress| reporter.report(progress);
                let message = work(&Watch::new(cancel.clone(), &report));
                if !cancel.is_cancelled() {
                    outbox.send(Message::Map(message));
                }
            },
            move |fault| {
                let why = format!("The search broke off ({fault}); try again");
                after.send(Message::Map(failed(why)));
            },
        )?);
        Ok(job)
    }
}

fn query(request: &QueryRequest, watch: &Watch<'_>) -> Result<near::Answer, String> {
    watch.progress("loading the encoder", 0, None);
    let (table, source) = (&request.table.table, &request.table.key.source);
    let encoder = LoadedEncoder::open(&source.checkpoint, source.load_options(), &source.device)
        .map_err(|error| error.to_string())?;
    if encoder.embedding_dim() != table.dim {
        return Err(format!(
            "The encoder gives {} values and the embeddings of the map have {}; choose the encoder that made them",
            encoder.embedding_dim(),
            table.dim
        ));
    }
    let settings = ExtractSettings {
        channel: source.channel,
        ..ExtractSettings::default()
    };
    let extraction = extract_stretch(&request.path, request.stretch, &encoder, &settings, watch)
        .map_err(|error| error.to_string())?;
    let windows = &extraction.table;
    let means = windows.track_means();
    let own = table.tracks.iter().position(|row| row.path == request.path);
    let found = near::nearest(table, means.row(0), own.map(|track| track as u32));
    let landed = match &request.map {
        None => Vec::new(),
        Some((level, xy)) => land_windows(table, *level, xy, windows)
            .into_iter()
            .map(|landed| Landed {
                spot: Spot {
                    path: request.path.clone(),
                    start_secs: f64::from(landed.start_secs),
                },
                at: landed.at,
                nearest: landed.nearest,
            })
            .collect(),
    };
    Ok(near::Answer { found, landed })
}
