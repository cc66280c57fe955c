//! Verbs that write and read tables of embeddings.

use std::path::PathBuf;

use clap::Args;

use super::Encoder;
use mynascope_embedding::Level;
use mynascope_map::Method;
use mynascope_spectrum::tokens::MaskRatio;

#[derive(Debug, Args)]
pub struct Embed {
    /// Tracks, folders, data set folders, or `demo`.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// A .npz, .parquet, .tsv or .safetensors file.
    #[arg(long)]
    pub out: PathBuf,
    #[command(flatten)]
    pub encoder: Encoder,
    /// One row a window, or one a track (the mean of its windows).
    #[arg(long, default_value = "window")]
    pub level: Level,
    /// Share of tokens to drop before the encoder sees them.
    #[arg(long, default_value = "0")]
    pub mask_ratio: MaskRatio,
}

#[derive(Debug, Args)]
pub struct Map {
    /// A table of embeddings: .npz, .npy, .parquet, .tsv, .csv or .safetensors, of `embed` or of other programs.
    pub embeddings: PathBuf,
    /// Folder with the sound of the table, if it was moved or comes from another machine; files are found by the longest
    /// common end of their paths.
    #[arg(long, value_name = "DIR")]
    pub audio_folder: Option<PathBuf>,
    /// A .parquet, .tsv or .png file.
    #[arg(long)]
    pub out: PathBuf,
    /// tsne, umap or pca.
    #[arg(long, default_value = "tsne")]
    pub method: Method,
    /// How many neighbours t-SNE looks at; lowered where there are too few points.
    #[arg(long, default_value_t = 30.0)]
    pub perplexity: f64,
    /// How many neighbours UMAP draws to a point, the point itself counted; lowered where there are too few points.
    #[arg(long, default_value_t = 15)]
    pub neighbours: usize,
    /// Iterations of t-SNE (else 1000), or epochs of UMAP (else 500, and 200 of more than 10,000 points).
    #[arg(long)]
    pub iterations: Option<usize>,
    /// Place these files on the map, which stays as it is; a picture shows them as crosses (--checkpoint must be the
    /// table's encoder).
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub land: Vec<PathBuf>,
    #[command(flatten)]
    pub encoder: Encoder,
}

#[derive(Debug, Args)]
pub struct Neighbours {
    /// A table of embeddings: .npz, .npy, .parquet, .tsv, .csv or .safetensors, of `embed` or of other programs.
    pub embeddings: PathBuf,
    /// Folder with the sound of the table, if it was moved or comes from another machine; files are found by the longest
    /// common end of their paths.
    #[arg(long, value_name = "DIR")]
    pub audio_folder: Option<PathBuf>,
    /// A track: one of the table, or any file (then --checkpoint must be the table's encoder).
    #[arg(long, required_unless_present_any = ["duplicates", "moved"])]
    pub query: Option<PathBuf>,
    /// Compare the query's window that plays at this second instead of the mean of all (a track of the table).
    #[arg(long, requires = "query", conflicts_with_all = ["from", "to"])]
    pub at: Option<f64>,
    /// Compare the stretch of the query that begins at this second ...
    #[arg(long, requires_all = ["query", "to"])]
    pub from: Option<f64>,
    /// ... and ends at this one.
    #[arg(long, requires_all = ["query", "from"])]
    pub to: Option<f64>,
    /// List pairs of tracks with windows whose cosine is at least this, instead of neighbours.
    #[arg(long, conflicts_with_all = ["query", "moved"])]
    pub duplicates: Option<f32>,
    /// List the tracks whose ten nearest tracks differ most from those in this other table.
    #[arg(long, conflicts_with = "query")]
    pub moved: Option<PathBuf>,
    /// How many neighbours to list.
    #[arg(short, default_value_t = 10)]
    pub k: usize,
    #[command(flatten)]
    pub encoder: Encoder,
}
