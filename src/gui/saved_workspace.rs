//! Where the user moved the panels, as text for the settings.

use std::collections::BTreeSet;

use egui_tiles::{Container, Grid, Linear, LinearDir, Tabs, Tile, TileId, Tiles, Tree};
use serde::{Deserialize, Serialize};

use super::workspace::{Pane, Room, Workspace};

/// A tile and what lies in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SavedTile {
    Pane(Pane),
    /// Tabs, and which is in front.
    Tabs(Vec<SavedTile>, usize),
    /// Side by side, each with its share of the width.
    Row(Vec<(SavedTile, f32)>),
    /// One above the other, each with its share of the height.
    Column(Vec<(SavedTile, f32)>),
    Grid(Vec<SavedTile>),
}

/// Deeper trees are damaged text.
const DEEPEST: usize = 16;

/// The panels of a tree as text.
pub fn to_text(tree: &Tree<Pane>) -> Option<String> {
    serde_json::to_string(&saved(&tree.tiles, tree.root()?, 0)?).ok()
}

/// The panels of a workspace in a window of some size where a text has them. `None` if the text is damaged or from a version whose workspace had
/// other panels.
pub fn restore(workspace: Workspace, room: Room, text: &str) -> Option<Tree<Pane>> {
    let saved: SavedTile = serde_json::from_str(text).ok()?;
    let mut tiles = Tiles::default();
    let root = insert(&mut tiles, &saved)?;
    let fresh = workspace.tree(room);
    let same = panes(&tiles) == panes(&fresh.tiles) && tiles.len() < 64;
    same.then(|| Tree::new(fresh.id(), root, tiles))
}

/// Each panel by its title, and how often it stands there.
fn panes(tiles: &Tiles<Pane>) -> (BTreeSet<&'static str>, usize) {
    let titles: Vec<&str> = tiles
        .tiles()
        .filter_map(|tile| match tile {
            Tile::Pane(pane) => Some(pane.title()),
            Tile::Container(_) => None,
        })
        .collect();
    let count = titles.len();
    (titles.into_iter().collect(), count)
}

fn saved(tiles: &Tiles<Pane>, id: TileId, depth: usize) -> Option<SavedTile> {
    if depth > DEEPEST {
        return None;
    }
    let below = |id: &TileId| saved(tiles, *id, depth + 1);
    Some(match tiles.get(id)? {
        Tile::Pane(pane) => SavedTile::Pane(*pane),
        Tile::Container(Container::Tabs(tabs)) => {
            let front = tabs.children.iter().position(|id| tabs.is_active(*id));
            let children: Option<Vec<SavedTile>> = tabs.children.iter().map(below).collect();
            SavedTile::Tabs(children?, front.unwrap_or(0))
        }
        Tile::Container(Container::Linear(linear)) => {
            let children: Option<Vec<(SavedTile, f32)>> = linear
                .children
                .iter()
                .map(|id| Some((below(id)?, share_of(linear, *id))))
                .collect();
            match linear.dir {
                LinearDir::Horizontal => SavedTile::Row(children?),
                LinearDir::Vertical => SavedTile::Column(children?),
            }
        }
        Tile::Container(Container::Grid(grid)) => {
            SavedTile::Grid(grid.children().map(below).collect::<Option<_>>()?)
        }
    })
}

/// The share of a child; one that was never resized has 1.
fn share_of(linear: &Linear, child: TileId) -> f32 {
    let mut shares = linear.shares.iter();
    shares
        .find(|(id, _)| **id == child)
        .map_or(1.0, |(_, share)| *share)
}

fn insert(tiles: &mut Tiles<Pane>, saved: &SavedTile) -> Option<TileId> {
    let mut all = |children: &[SavedTile]| -> Option<Vec<TileId>> {
        children.iter().map(|child| insert(tiles, child)).collect()
    };
    let container: Container = match saved {
        SavedTile::Pane(pane) => return Some(tiles.insert_pane(*pane)),
        SavedTile::Tabs(children, front) => {
            let children = all(children)?;
            let active = children.get(*front).copied();
            let mut tabs = Tabs::new(children);
            tabs.set_active(active?);
            tabs.into()
        }
        SavedTile::Row(children) | SavedTile::Column(children) => {
            let mut placed = Vec::new();
            for (child, share) in children {
                // A panel that nobody can see any more could not be made larger again.
                if !share.is_finite() || *share <= 0.01 {
                    return None;
                }
                placed.push((insert(tiles, child)?, *share));
            }
            let dir = match saved {
                SavedTile::Row(_) => LinearDir::Horizontal,
                _ => LinearDir::Vertical,
            };
            let mut linear = Linear::new(dir, placed.iter().map(|(id, _)| *id).collect());
            for (id, share) in placed {
                linear.shares.set_share(id, share);
            }
            linear.into()
        }
        SavedTile::Grid(children) => Grid::new(all(children)?).into(),
    };
    Some(tiles.insert_new(Tile::Container(container)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_come_back_where_they_were_moved() {
        let all = Workspace::ALL.map(|workspace| Room::ALL.map(|room| (workspace, room)));
        for (workspace, room) in all.concat() {
            let mut tree = workspace.tree(room);
            if let Some(Tile::Container(Container::Linear(linear))) =
                tree.root().and_then(|root| tree.tiles.get_mut(root))
            {
                let first = linear.children[0];
                linear.children.reverse();
                linear.shares.set_share(first, 1.7);
            }
            let text = to_text(&tree).unwrap();
            let again = restore(workspace, room, &text).unwrap();
            assert_eq!(to_text(&again).unwrap(), text, "{workspace:?}");
            assert_ne!(
                workspace.tree(room).tiles.len() > 2,
                to_text(&workspace.tree(room)).unwrap() == text,
                "{workspace:?}: what was moved is in the text"
            );
            assert_eq!(again.id(), workspace.tree(room).id());
        }
    }

    #[test]
    fn damaged_and_foreign_texts_are_refused() {
        let room = Room::Large;
        let map = to_text(&Workspace::Map.tree(room)).unwrap();
        let as_listen = |text: &str| restore(Workspace::Listen, room, text);
        assert!(as_listen(&map).is_none(), "other panels");
        let listen = to_text(&Workspace::Listen.tree(room)).unwrap();
        for bad in [
            String::new(),
            "{}".to_owned(),
            listen.replace("Library", "Jukebox"),
            listen.replace("Spectrogram", "Library"),
            r#"{"tabs":[[{"pane":"Library"},{"pane":"Spectrogram"}],7]}"#.to_owned(),
            r#"{"row":[[{"pane":"Library"},0.0],[{"pane":"Spectrogram"},1.0]]}"#.to_owned(),
        ] {
            assert!(as_listen(&bad).is_none(), "{bad}");
        }
        assert!(as_listen(&listen).is_some());
    }
}
