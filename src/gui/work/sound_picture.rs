//! The picture of the sound at its own rate: tiles of what is visible, and tiles in colours. Two threads, so that other colours do
//! not wait for a long file, nor make it begin again.

use std::{collections::VecDeque, sync::Arc};

use eframe::egui::{Color32, ColorImage};

use crate::gui::{
    jobs::{Answering, Newer},
    message::{Message, Outbox, PictureMessage, SoundPictureMessage},
    model::{PaintedTile, PaintedTiles, SoundSource, TilesWanted},
};
use mynascope_audio::file_rate;
use mynascope_base::jobs::Cancel;
use mynascope_spectrum::{SpectrumError, StftGrid, StftLook, StftTile, stft_of_file};

/// What tiles of the shown sound may take together, in bytes; those of one view always have room.
const MOST_BYTES: usize = 192 << 20;

/// A question about a sound.
pub enum SoundQuestion {
    /// Its sample rate. Another sound is shown, or the same file once more: what was computed before is dropped.
    Rate(Arc<SoundSource>),
    /// Some of its tiles.
    Tiles(TilesWanted),
    /// None: nobody looks any more.
    Nothing,
}

/// Tiles to be painted.
pub struct PaintQuestion {
    /// The sound.
    pub source: Arc<SoundSource>,
    /// How they are painted.
    pub look: StftLook,
    /// The tiles, in the order of time.
    pub tiles: Vec<Arc<StftTile>>,
}

/// The threads that make the picture of the sound.
pub struct SoundPictureWork {
    tiles: Answering<SoundQuestion>,
    paint: Answering<PaintQuestion>,
}

impl SoundPictureWork {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system's error if it gives no thread.
    pub fn start(outbox: &Outbox) -> std::io::Result<Self> {
        let (sends, mut kept) = (outbox.clone(), TileCache::default());
        let tiles = Answering::start("sound-tiles", outbox, move |question, newer| {
            answer(question, newer, &mut kept, &sends);
        })?;
        let (sends, mut last) = (outbox.clone(), None);
        let paint = Answering::start("sound-paint", outbox, move |question, _| {
            let painted = paint(question, last.take());
            last = Some(painted.clone());
            send(&sends, SoundPictureMessage::Painted(painted));
        })?;
        Ok(Self { tiles, paint })
    }

    /// Asks about a sound; the question before is given up.
    pub fn ask(&self, question: SoundQuestion) {
        self.tiles.ask(question);
    }

    /// Asks for tiles in colours.
    pub fn ask_paint(&self, question: PaintQuestion) {
        self.paint.ask(question);
    }

    /// Whether an answer is awaited.
    pub fn is_busy(&self) -> bool {
        self.tiles.is_busy() || self.paint.is_busy()
    }
}

fn send(outbox: &Outbox, message: SoundPictureMessage) {
    outbox.send(Message::Picture(PictureMessage::Sound(message)));
}

/// Tiles of one sound, those used last at the end.
#[derive(Default)]
struct TileCache(VecDeque<Arc<StftTile>>);

impl TileCache {
    fn get(&mut self, grid: StftGrid, index: usize) -> Option<Arc<StftTile>> {
        let is_it = |tile: &Arc<StftTile>| tile.grid() == grid && tile.index() == index;
        let place = self.0.iter().position(is_it)?;
        let tile = self.0.remove(place)?;
        self.0.push_back(Arc::clone(&tile));
        Some(tile)
    }

    fn keep(&mut self, tile: Arc<StftTile>) {
        self.0.push_back(tile);
        let mut bytes: usize = self.0.iter().map(|tile| tile.bytes()).sum();
        while bytes > MOST_BYTES
            && let Some(oldest) = self.0.pop_front()
        {
            bytes -= oldest.bytes();
        }
    }
}

fn answer(question: SoundQuestion, newer: &Newer<'_>, kept: &mut TileCache, outbox: &Outbox) {
    match question {
        SoundQuestion::Nothing => {}
        SoundQuestion::Rate(source) => {
            *kept = TileCache::default();
            let rate = file_rate(&source.path, newer.cancel).map_err(|error| error.to_string());
            send(outbox, SoundPictureMessage::Rate { source, rate });
        }
        SoundQuestion::Tiles(wanted) => {
            let TilesWanted {
                source,
                grid,
                tiles,
            } = wanted.clone();
            let send_tile = |tile| {
                let source = Arc::clone(&source);
                send(outbox, SoundPictureMessage::Tile { source, tile });
            };
            let keep_on = || !newer.has_newer() && !newer.cancel.is_cancelled();
            let mut missing: Vec<std::ops::Range<usize>> = Vec::new();
            for index in tiles {
                if let Some(tile) = kept.get(grid, index) {
                    send_tile(tile);
                } else if let Some(run) = missing.last_mut().filter(|run| run.end == index) {
                    run.end += 1;
                } else {
                    missing.push(index..index + 1);
                }
            }
            let mut result = Ok(());
            for run in missing {
                let mut done = |tile| {
                    let tile = Arc::new(tile);
                    kept.keep(Arc::clone(&tile));
                    send_tile(tile);
                };
                let (path, channel, cancel) = (&source.path, source.channel, newer.cancel);
                result = stft_of_file(path, channel, grid, run, cancel, &keep_on, &mut done);
                if !keep_on() {
                    return;
                }
                if result.is_err() {
                    break;
                }
            }
            let result = result.map_err(|error| error.to_string());
            send(outbox, SoundPictureMessage::Done { wanted, result });
        }
    }
}

/// Tiles in colours; those that were painted alike before are taken over.
fn paint(question: PaintQuestion, before: Option<PaintedTiles>) -> PaintedTiles {
    let PaintQuestion {
        source,
        look,
        tiles,
    } = question;
    let before = before.filter(|before| before.look == look);
    let before = before.map_or_else(Vec::new, |before| before.tiles);
    let painted = |tile: Arc<StftTile>| {
        let mut same = before.iter();
        let same = same.find(|painted| Arc::ptr_eq(&painted.tile, &tile));
        same.cloned().unwrap_or_else(|| {
            let pixels = tile.image(&look);
            let colour = |[red, green, blue, _]: [u8; 4]| Color32::from_rgb(red, green, blue);
            let size = [tile.columns() + 2, look.rows];
            let image = ColorImage::new(size, pixels.into_iter().map(colour).collect());
            PaintedTile {
                tile,
                image: Arc::new(image),
            }
        })
    };
    PaintedTiles {
        source,
        look,
        tiles: tiles.into_iter().map(painted).collect(),
    }
}

/// Computes and paints tiles here and now: for a picture that is saved, on a thread of its own.
///
/// # Errors
/// A [`SpectrumError`] if the file cannot be decoded.
pub fn painted_now(wanted: TilesWanted, look: StftLook) -> Result<PaintedTiles, SpectrumError> {
    let TilesWanted {
        source,
        grid,
        tiles,
    } = wanted;
    let mut found = Vec::new();
    let mut done = |tile| found.push(Arc::new(tile));
    let (path, channel, never) = (&source.path, source.channel, Cancel::default());
    stft_of_file(path, channel, grid, tiles, &never, &|| true, &mut done)?;
    let question = PaintQuestion {
        source: Arc::clone(&source),
        look,
        tiles: found,
    };
    Ok(paint(question, None))
}
