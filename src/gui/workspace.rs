//! The five workspaces, each a tree of panes that can be resized and moved. In a small window a workspace has other trees, in
//! which panes that would be too low or too narrow to read stand behind tabs.

use eframe::egui::{self, Vec2, vec2};
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

    /// How much room a window has for it that leaves its panes so much space.
    pub fn room(self, space: Vec2) -> Room {
        // What its panes need to stand as in a large window, and as in a low one.
        let [large, low] = match self {
            Self::Teach => [vec2(1180.0, 600.0), vec2(1040.0, 430.0)],
            Self::Map => [vec2(0.0, 590.0), vec2(0.0, 430.0)],
            Self::Probe => [vec2(0.0, 560.0), Vec2::INFINITY],
            Self::Train => [vec2(1040.0, 560.0), vec2(1040.0, 0.0)],
            Self::Listen => [Vec2::ZERO; 2],
        };
        let fits = |least: Vec2| space.x >= least.x && space.y >= least.y;
        if fits(large) {
            Room::Large
        } else if fits(low) {
            Room::Low
        } else {
            Room::Small
        }
    }

    /// Under which name the settings keep where the user moved its panes.
    pub fn saved_name(self, room: Room) -> String {
        match room {
            Room::Large => self.name().to_owned(),
            Room::Low => format!("{}, low", self.name()),
            Room::Small => format!("{}, small", self.name()),
        }
    }

    /// The panes it starts with.
    pub fn tree(self, room: Room) -> Tree<Pane> {
        let mut tiles = Tiles::default();
        let root = match self {
            Self::Listen => {
                let library = tiles.insert_pane(Pane::Library);
                let styles = tiles.insert_pane(Pane::Styles);
                let keys = tiles.insert_pane(Pane::Keys);
                let spectrogram = tiles.insert_pane(Pane::Spectrogram);
                let lists = tiles.insert_tab_tile(vec![library, styles, keys]);
                row(&mut tiles, [lists, spectrogram], 0.28)
            }
            Self::Teach => {
                let spectrogram = tiles.insert_pane(Pane::Spectrogram);
                let views = tiles.insert_pane(Pane::Views);
                let masking = tiles.insert_pane(Pane::Masking);
                let batch = tiles.insert_pane(Pane::Batch);
                match room {
                    Room::Large => {
                        let left = column(&mut tiles, [spectrogram, views], 0.57);
                        let right = column(&mut tiles, [masking, batch], 0.57);
                        row(&mut tiles, [left, right], 0.73)
                    }
                    Room::Low => {
                        let left = column(&mut tiles, [spectrogram, views], 0.57);
                        let right = row(&mut tiles, [batch, masking], 0.44);
                        row(&mut tiles, [left, right], 0.5)
                    }
                    Room::Small => {
                        let right = tiles.insert_tab_tile(vec![views, batch, masking]);
                        row(&mut tiles, [spectrogram, right], 0.56)
                    }
                }
            }
            Self::Map => {
                let map = tiles.insert_pane(Pane::Map);
                let spectrogram = tiles.insert_pane(Pane::Spectrogram);
                let library = tiles.insert_pane(Pane::Library);
                let nearest = tiles.insert_pane(Pane::Nearest);
                let styles = tiles.insert_pane(Pane::Styles);
                let side = match room {
                    Room::Large => {
                        let near = tiles.insert_tab_tile(vec![nearest, styles]);
                        let lists = column(&mut tiles, [near, library], 0.56);
                        column(&mut tiles, [spectrogram, lists], 0.36)
                    }
                    Room::Low => {
                        let lists = tiles.insert_tab_tile(vec![nearest, styles, library]);
                        column(&mut tiles, [spectrogram, lists], 0.47)
                    }
                    Room::Small => {
                        tiles.insert_tab_tile(vec![spectrogram, nearest, styles, library])
                    }
                };
                row(&mut tiles, [map, side], 0.62)
            }
            Self::Train => {
                let form = tiles.insert_pane(Pane::Train);
                let curves = tiles.insert_pane(Pane::Curves);
                let batch = tiles.insert_pane(Pane::Step);
                let runs = tiles.insert_pane(Pane::Runs);
                match room {
                    Room::Large => {
                        let top = row(&mut tiles, [curves, batch], 0.66);
                        let right = column(&mut tiles, [top, runs], 0.76);
                        row(&mut tiles, [form, right], 0.25)
                    }
                    Room::Low => {
                        let lines = tiles.insert_tab_tile(vec![curves, runs]);
                        let right = row(&mut tiles, [lines, batch], 0.55);
                        row(&mut tiles, [form, right], 0.26)
                    }
                    Room::Small => {
                        let right = tiles.insert_tab_tile(vec![curves, batch, runs]);
                        row(&mut tiles, [form, right], 0.4)
                    }
                }
            }
            Self::Probe => {
                let form = tiles.insert_pane(Pane::Probe);
                let scores = tiles.insert_pane(Pane::Scores);
                let spectrogram = tiles.insert_pane(Pane::Spectrogram);
                let right = match room {
                    Room::Large => column(&mut tiles, [scores, spectrogram], 0.62),
                    Room::Low | Room::Small => tiles.insert_tab_tile(vec![scores, spectrogram]),
                };
                row(&mut tiles, [form, right], 0.27)
            }
        };
        let id = egui::Id::new(("layout", self.index(), room as usize));
        Tree::new(id, root, tiles)
    }
}

/// How much room a window has for a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// For all of its panes, as they are meant to stand.
    Large,
    /// For fewer panes one above the other.
    Low,
    /// For few panes at a time: the others stand behind tabs.
    Small,
}

impl Room {
    /// All of them, by their place.
    pub const ALL: [Self; 3] = [Self::Large, Self::Low, Self::Small];
}

/// Two tiles side by side, of which the first has a share of the width.
fn row(tiles: &mut Tiles<Pane>, children: [TileId; 2], share: f32) -> TileId {
    split(tiles, LinearDir::Horizontal, children, share)
}

/// Two tiles one above the other, of which the first has a share of the height.
fn column(tiles: &mut Tiles<Pane>, children: [TileId; 2], share: f32) -> TileId {
    split(tiles, LinearDir::Vertical, children, share)
}

fn split(tiles: &mut Tiles<Pane>, dir: LinearDir, children: [TileId; 2], fraction: f32) -> TileId {
    let linear = Linear::new_binary(dir, children, fraction);
    tiles.insert_new(Tile::Container(linear.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panes(tree: &Tree<Pane>) -> Vec<Pane> {
        let tiles = tree.tiles.tiles();
        let panes = tiles.filter_map(|tile| match tile {
            Tile::Pane(pane) => Some(*pane),
            Tile::Container(_) => None,
        });
        let mut panes: Vec<Pane> = panes.collect();
        panes.sort_by_key(|pane| *pane as usize);
        panes
    }

    #[test]
    fn every_pane_is_in_a_workspace_and_every_workspace_has_its_place() {
        let shown = Workspace::ALL.map(|workspace| panes(&workspace.tree(Room::Large)));
        assert!(Pane::ALL.iter().all(|pane| shown.concat().contains(pane)));
        for (index, workspace) in Workspace::ALL.into_iter().enumerate() {
            assert_eq!(workspace.index(), index);
        }
    }

    #[test]
    fn a_small_window_has_the_same_panes_and_each_size_its_own_place_for_them() {
        for workspace in Workspace::ALL {
            let large = workspace.tree(Room::Large);
            for (place, room) in Room::ALL.into_iter().enumerate() {
                assert_eq!(room as usize, place);
                assert_eq!(panes(&workspace.tree(room)), panes(&large));
            }
            let names = Room::ALL.map(|room| workspace.saved_name(room));
            assert_eq!(
                names.map(|name| workspace.name() == name),
                [true, false, false]
            );
        }
        // 1280x800 with bars and a lesson; 1920x1080 and 1280x800 with text of 160 %.
        let rooms = [(1280.0, 605.0), (1200.0, 500.0), (800.0, 300.0)];
        let rooms = rooms.map(|(width, height)| Workspace::Teach.room(vec2(width, height)));
        assert_eq!(rooms, Room::ALL);
    }
}
