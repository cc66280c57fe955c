//! The eight styles: one file each, a small arrangement that the dice vary.

mod ambient;
mod chiptune;
mod dub;
mod folk;
mod jazz;
mod metal;
mod techno;
mod waltz;

use crate::song::{Finish, Song};

/// A style of the demo collection: the label of its tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Chiptune,
    Ambient,
    Waltz,
    Techno,
    Folk,
    Dub,
    Jazz,
    Metal,
}

/// What the plan of a style says.
pub(super) struct Plan {
    pub name: &'static str,
    /// Slowest and fastest tempo in beats a minute.
    pub tempo_bpm: [f32; 2],
    /// How many of its [`TRACKS_PER_STYLE`] tracks are in a major key.
    pub major: usize,
    pub titles: [&'static str; TRACKS_PER_STYLE],
}

/// Tracks of each style.
pub(super) const TRACKS_PER_STYLE: usize = 8;

impl Style {
    /// In the order of the collection: the first one greets a new user.
    pub(super) const ALL: [Self; 8] = [
        Self::Folk,
        Self::Chiptune,
        Self::Jazz,
        Self::Ambient,
        Self::Techno,
        Self::Waltz,
        Self::Dub,
        Self::Metal,
    ];

    pub(super) fn plan(self) -> Plan {
        match self {
            Self::Chiptune => Plan {
                name: "chiptune",
                tempo_bpm: [128.0, 168.0],
                major: 5,
                titles: [
                    "Pixel Harbour",
                    "Coins in the Cloud",
                    "Level Nine",
                    "Save the Lighthouse",
                    "Cartridge Summer",
                    "Robot on a Bicycle",
                    "Extra Life",
                    "The Last Boss Sleeps",
                ],
            },
            Self::Ambient => Plan {
                name: "ambient",
                tempo_bpm: [54.0, 72.0],
                major: 4,
                titles: [
                    "Glacier Light",
                    "Slow Orbit",
                    "Under the Ice",
                    "Lanterns Adrift",
                    "A Field of Static",
                    "Moth Hour",
                    "Distant Weather",
                    "Salt and Air",
                ],
            },
            Self::Waltz => Plan {
                name: "waltz",
                tempo_bpm: [104.0, 168.0],
                major: 5,
                titles: [
                    "Waltz for a Paper Boat",
                    "The Clockmaker",
                    "Three Steps to Spring",
                    "Empty Ballroom",
                    "Letters from Trieste",
                    "A Small Parade",
                    "Snow on the Terrace",
                    "Last Guest",
                ],
            },
            Self::Techno => Plan {
                name: "techno",
                tempo_bpm: [122.0, 138.0],
                major: 2,
                titles: [
                    "Concrete Bloom",
                    "Night Shift",
                    "Signal Chain",
                    "Platform Six",
                    "Ultramarine",
                    "Strobe Garden",
                    "Hall of Relays",
                    "Four in the Morning",
                ],
            },
            Self::Folk => Plan {
                name: "folk",
                tempo_bpm: [88.0, 118.0],
                major: 6,
                titles: [
                    "Morning on the Canal",
                    "Juniper Road",
                    "Salt Marsh Reel",
                    "The Weaver's Daughter",
                    "Hay Wagon",
                    "Letters to the Hills",
                    "Kestrel",
                    "Old Stone Bridge",
                ],
            },
            Self::Dub => Plan {
                name: "dub",
                tempo_bpm: [66.0, 80.0],
                major: 3,
                titles: [
                    "Harbour Dub",
                    "Echo Bay",
                    "Lion of the Allotment",
                    "Rain on Tin",
                    "Slow Ferry",
                    "Chamber Two",
                    "Mango Season",
                    "Deep Street Version",
                ],
            },
            Self::Jazz => Plan {
                name: "jazz",
                tempo_bpm: [124.0, 190.0],
                major: 5,
                titles: [
                    "Blue Umbrella",
                    "Late Tram",
                    "Corner Table",
                    "Minor Detour",
                    "Walking the Dog Twice",
                    "After the Rain Stops",
                    "Cab Fare",
                    "Half Past Two",
                ],
            },
            Self::Metal => Plan {
                name: "metal",
                tempo_bpm: [126.0, 176.0],
                major: 1,
                titles: [
                    "Iron Weather",
                    "Anvil Choir",
                    "Ashes of the Tower",
                    "Wolf Moon Rising",
                    "Black Quarry",
                    "Throne of Rust",
                    "Avalanche",
                    "The Ninth Hammer",
                ],
            },
        }
    }

    /// Beats of a bar.
    pub(super) fn beats_per_bar(self) -> f32 {
        if self == Self::Waltz { 3.0 } else { 4.0 }
    }

    /// Plays the style into a song and says how it is to be mixed. `variant` is the place of the track in its style.
    pub(super) fn play(self, song: &mut Song, variant: usize) -> Finish {
        match self {
            Self::Chiptune => chiptune::play(song, variant),
            Self::Ambient => ambient::play(song, variant),
            Self::Waltz => waltz::play(song, variant),
            Self::Techno => techno::play(song, variant),
            Self::Folk => folk::play(song, variant),
            Self::Dub => dub::play(song, variant),
            Self::Jazz => jazz::play(song, variant),
            Self::Metal => metal::play(song, variant),
        }
    }
}
