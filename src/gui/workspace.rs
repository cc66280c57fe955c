//! The five workspaces, each a tree of panes that can be resized and moved.

use eframe::egui;
use serde::{Deserialize, Serialize};

use egui_tiles::{Linear, LinearDir, Tile, TileId, Tiles, Tree};

/// What a tile shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pane {
    /// The list of tracks.
    Library,
    /// The spectrogram of the shown track.
    Spectrogram,
    /// The mask and its controls.
    Masking,
    /// The two views of a track, and how alike they are.
    Views,
    /// A batch of tracks, compared.
    Batch,
    /// The form of the next run, and how the present one stands.
    Train,
    /// Curves of a run.
    Curves,
    /// What a training step looks like.
    Step,
    /// The table of runs.
    Runs,
    /// The map.
    Map,
    /// What is near to what, and near-duplicates.
    Nearest,
    /// The styles that the encoder tells.
    Styles,
    /// The keys that the encoder hears, on the circle of fifths.
    Keys,
    /// The form of a probe, and its score.
    Probe,
    /// What the probe found out.
    Scores,
}

impl Pane {
    /// Every pane; the tests draw each of them.
    pub const ALL: [Self; 15] = [
        Self::Library,
        Self::Spectrogram,
        Self::Masking,
        Self::Views,
        Self::Batch,
        Self::Train,
        Self::Curves,
        Self::Step,
        Self::Runs,
        Self::Map,
        Self::Nearest,
        Self::Styles,
        Self::Keys,
        Self::Probe,
        Self::Scores,
    ];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Library => "Library",
            Self::Spectrogram => "Spectrogram",
            Self::Masking => "Masking",
            Self::Views => "Two views",
            Self::Batch => "Batch",
            Self::Train => "Training",
            Self::Curves => "Curves",
            Self::Step => "Batch",
            Self::Runs => "Runs",
            Self::Map => "Map",
            Self::Nearest => "Nearest",
            Self::Styles => "Styles",
            Self::Keys => "Key",
            Self::Probe => "Probe",
            Self::Scores => "Results",
        }
    }
}

/// An arrangement of panes for one kind of work: what the window, the command line and saved files call a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Workspace {
    /// Browse, see and hear tracks.
    #[default]
    Listen,
    /// See and hear what masking does.
    Teach,
    /// Explore embeddings.
    Map,
    /// Train an encoder.
    Train,
    /// Measure what an encoder knows.
    Probe,
}

impl Workspace {
    /// All workspaces, in the order of Ctrl+1 to Ctrl+5.
    pub const ALL: [Self; 5] = [
        Self::Listen,
        Self::Teach,
        Self::Map,
        Self::Train,
        Self::Probe,
    ];

    /// Its name on the bar.
    pub fn name(self) -> &'static str {
        match self {
            Self::Listen => "Listen",
            Self::Teach => "Teach",
            Self::Map => "Map",
            Self::Train => "Train",
            Self::Probe => "Probe",
        }
    }

    /// What it is for, in one sentence.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Listen => "Browse tracks, see and hear them",
            Self::Teach => "See and hear what masking drops and keeps",
            Self::Map => "Lay the collection out so that similar sounds lie together",
            Self::Train => "Train an encoder and watch it learn",
            Self::Probe => "Measure what an encoder knows about labels",
        }
    }

    /// The key of its shortcut, with Ctrl.
    pub fn key(self) -> egui::Key {
        match self {
            Self::Listen => egui::Key::Num1,
            Self::Teach => egui::Key::Num2,
            Self::Map => egui::Key::Num3,
            Self::Train => egui::Key::Num4,
            Self::Probe => egui::Key::Num5,
        }
    }

    /// Its place in [`Workspace::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The panes it starts with.
    pub fn tree(self) -> Tree<Pane> {
        let mut tiles = Tiles::default();
        let root = match self {
            Self::Listen => {
                let library = tiles.insert_pane(Pane::Library);
                let styles = tiles.insert_pane(Pane::Styles);
                let keys = tiles.insert_pane(Pane::Keys);
                let spectrogram = tiles.insert_pane(Pane::Spectrogram);
                let lists = tiles.insert_tab_tile(vec![library, styles, keys]);
                split(
                    &mut tiles,
                    LinearDir::Horizontal,
                    [lists, spectrogram],
                    0.28,
                )
            }
            Self::Teach => {
                let spectrogram = tiles.insert_pane(Pane::Spectrogram);
                let views = tiles.insert_pane(Pane::Views);
                let masking = tiles.insert_pane(Pane::Masking);
                let batch = tiles.insert_pane(Pane::Batch);
                let left = split(&mut tiles, LinearDir::Vertical, [spectrogram, views], 0.57);
                let right = split(&mut tiles, LinearDir::Vertical, [masking, batch], 0.54);
                split(&mut tiles, LinearDir::Horizontal, [left, right], 0.73)
            }
            Self::Map => {
                let map = tiles.insert_pane(Pane::Map);
                let spectrogram = tiles.insert_pane(Pane::Spectrogram);
                let library = tiles.insert_pane(Pane::Library);
                let nearest = tiles.insert_pane(Pane::Nearest);
                let styles = tiles.insert_pane(Pane::Styles);
                let near = tiles.insert_tab_tile(vec![nearest, styles]);
                let lists = split(&mut tiles, LinearDir::Vertical, [near, library], 0.6);
                let side = split(&mut tiles, LinearDir::Vertical, [spectrogram, lists], 0.3);
                split(&mut tiles, LinearDir::Horizontal, [map, side], 0.62)
            }
            Self::Train => {
                let form = tiles.insert_pane(Pane::Train);
                let curves = tiles.insert_pane(Pane::Curves);
                let batch = tiles.insert_pane(Pane::Step);
                let runs = tiles.insert_pane(Pane::Runs);
                let top = split(&mut tiles, LinearDir::Horizontal, [curves, batch], 0.66);
                let right = split(&mut tiles, LinearDir::Vertical, [top, runs], 0.76);
                split(&mut tiles, LinearDir::Horizontal, [form, right], 0.25)
            }
            Self::Probe => {
                let form = tiles.insert_pane(Pane::Probe);
                let scores = tiles.insert_pane(Pane::Scores);
                let spectrogram = tiles.insert_pane(Pane::Spectrogram);
                let right = split(&mut tiles, LinearDir::Vertical, [scores, spectrogram], 0.62);
                split(&mut tiles, LinearDir::Horizontal, [form, right], 0.27)
            }
        };
        Tree::new(egui::Id::new(("layout", self.index())), root, tiles)
    }
}

fn split(tiles: &mut Tiles<Pane>, dir: LinearDir, children: [TileId; 2], fraction: f32) -> TileId {
    let linear = Linear::new_binary(dir, children, fraction);
    tiles.insert_new(Tile::Container(linear.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pane_is_in_a_workspace_and_every_workspace_has_its_place() {
        let shown: Vec<Pane> = Workspace::ALL
            .iter()
            .flat_map(|workspace| {
                let tree = workspace.tree();
                let panes: Vec<Pane> = tree
                    .tiles
                    .tiles()
                    .filter_map(|tile| match tile {
                        Tile::Pane(pane) => Some(*pane),
                        Tile::Container(_) => None,
                    })
                    .collect();
                panes
            })
            .collect();
        assert!(Pane::ALL.iter().all(|pane| shown.contains(pane)));
        for (index, workspace) in Workspace::ALL.into_iter().enumerate() {
            assert_eq!(workspace.index(), index);
        }
    }
}
