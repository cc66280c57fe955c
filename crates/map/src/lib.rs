//! Embeddings in two dimensions: t-SNE, UMAP and PCA.
//!
//! A crate of its own: t-SNE and its reference implementations are dependencies of nothing else.

// Tests may unwrap, index and panic: a failing test is what those are for.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod affinities;
mod colours;
mod layout;
mod nearest;
mod picture;
mod place;
mod reference;
mod save;
mod tsne;
mod umap;

pub use colours::{LABEL_COLOURS, LABEL_COLOURS_ON_LIGHT, Mark};
pub use layout::{layout, layout_live};
pub use place::{Landed, Landing, land, land_windows, turn_towards};
pub use save::{LAYOUT_EXTENSIONS, check_layout_path, save_landed, save_layout};

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use mynascope_base::{jobs::Cancelled, named, storage::StorageError};

/// How a map is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// t-SNE (van der Maaten and Hinton 2008, Barnes-Hut variant 2014): near rows stay near.
    #[default]
    Tsne,
    /// The t-SNE of linfa, slower and without progress, to compare with.
    TsneReference,
    /// UMAP (McInnes et al. 2018): near rows stay near, and groups stand further apart.
    Umap,
    /// The two directions of largest variance.
    Pca,
}

impl Method {
    /// All methods, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Tsne, Self::TsneReference, Self::Umap, Self::Pca];
    /// Those that the window offers.
    pub const OFFERED: [Self; 3] = [Self::Tsne, Self::Umap, Self::Pca];

    /// Its name as papers write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Tsne | Self::TsneReference => "t-SNE",
            Self::Umap => "UMAP",
            Self::Pca => "PCA",
        }
    }

    /// What it does, in a sentence.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Tsne | Self::TsneReference => {
                "t-SNE keeps neighbours together best; distances between groups mean little"
            }
            Self::Umap => {
                "UMAP keeps neighbours together and draws groups apart; distances between groups mean little"
            }
            Self::Pca => {
                "PCA shows the two directions in which the embeddings differ most: distances mean something, but neighbours \
                 lie less close together"
            }
        }
    }
}

named!(
    Method,
    "map method",
    Method::Tsne => "tsne",
    Method::TsneReference => "tsne-reference",
    Method::Umap => "umap",
    Method::Pca => "pca",
);

/// What a layout is asked to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MapSettings {
    /// How points are placed.
    pub method: Method,
    /// Effective number of neighbours that t-SNE looks at; lowered where there are too few rows.
    pub perplexity: f64,
    /// How many neighbours of a row UMAP draws to it, the row itself counted; lowered where there are too few rows.
    pub neighbours: usize,
    /// Steps of t-SNE, or epochs of UMAP; where nothing is said, as many as is usual (see [`MapSettings::steps`]).
    pub iterations: Option<usize>,
    /// The same seed gives the same map.
    pub seed: u64,
}

impl Default for MapSettings {
    fn default() -> Self {
        Self {
            method: Method::Tsne,
            perplexity: 30.0,
            neighbours: 15,
            iterations: None,
            seed: 0,
        }
    }
}

impl MapSettings {
    /// Steps of the method for a table of so many rows: 1000 of t-SNE; 500 epochs of UMAP, or 200 of more than 10,000
    /// rows, as umap-learn has them.
    pub fn steps(&self, rows: usize) -> usize {
        self.iterations.unwrap_or(match self.method {
            Method::Umap if rows > 10_000 => 200,
            Method::Umap => 500,
            Method::Tsne | Method::TsneReference | Method::Pca => 1000,
        })
    }
}

/// A table laid out in the plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// A point for each row of the table.
    pub xy: Vec<[f32; 2]>,
    /// How the points were placed.
    pub method: Method,
    /// Kullback-Leibler divergence of map and table (nats), for t-SNE of at most 3000 rows.
    pub kl: Option<f64>,
    /// Time that the layout took.
    pub seconds: f64,
    /// The perplexity that was used, for t-SNE.
    pub perplexity: Option<f64>,
    /// The neighbours that were used, for UMAP.
    pub neighbours: Option<usize>,
    /// Which share of a row's ten nearest rows are among its ten nearest on the map, 0 to 1: the mean of all rows, or of
    /// 2000 of them. `None` of eleven rows or fewer.
    pub neighbours_kept: Option<f64>,
    /// What the reader of the map should know: a lowered perplexity, too few rows.
    pub notes: Vec<String>,
}

/// Why there is no map.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The job was told to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The file could not be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The table is empty, inconsistent or holds numbers that are not finite.
    #[error("{0}")]
    Table(String),
    /// A setting that cannot be.
    #[error("{0}")]
    Setting(String),
    /// The method failed.
    #[error("the map could not be laid out: {0}; try the method pca")]
    Engine(String),
    /// The file's ending names no format of maps.
    #[error("maps are kept as .parquet, .tsv or .png, not as {found}; change the ending of {path}")]
    UnknownFormat {
        /// The path's ending, empty if it has none.
        found: String,
        /// The file.
        path: PathBuf,
    },
}
