//! The tabs of the Probe layout.

/// What the right side of the Probe layout shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ProbeTab {
    /// The confusion matrix and the mistakes, to be heard.
    #[default]
    Mistakes,
    /// Every tested track.
    Tracks,
    /// Precision and recall of each class, the score of each tag or dimension.
    Classes,
    /// What there was to learn and test with.
    Data,
    /// The score against the share of dropped tokens.
    MaskRatio,
    /// The score against how many columns of tokens are read.
    Patchout,
    /// The score against the number of labelled tracks.
    Labels,
    /// The score after every block.
    Layers,
    /// What tells the layers apart without labels.
    Diagnostics,
    /// Several encoders on every task.
    Compare,
    /// Every score of this user, and published ones.
    Scoreboard,
    /// Groups of tracks that the user makes.
    Groups,
    /// The probe in use.
    Use,
}

impl ProbeTab {
    /// All of them, in the order of their buttons.
    pub const ALL: [Self; 13] = [
        Self::Mistakes,
        Self::Tracks,
        Self::Classes,
        Self::Data,
        Self::MaskRatio,
        Self::Patchout,
        Self::Labels,
        Self::Layers,
        Self::Diagnostics,
        Self::Compare,
        Self::Scoreboard,
        Self::Groups,
        Self::Use,
    ];

    /// What stands on its button.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mistakes => "Mistakes",
            Self::Tracks => "Tracks",
            Self::Classes => "Classes",
            Self::Data => "Data",
            Self::MaskRatio => "Mask ratio",
            Self::Patchout => "Patchout",
            Self::Labels => "Few labels",
            Self::Layers => "Layers",
            Self::Diagnostics => "Diagnostics",
            Self::Compare => "Compare",
            Self::Scoreboard => "Scoreboard",
            Self::Groups => "Groups",
            Self::Use => "Use",
        }
    }

    /// What it shows, in one sentence.
    pub fn help(self) -> &'static str {
        match self {
            Self::Mistakes => "Which labels are taken for which, and every mistake to be heard",
            Self::Tracks => "What was predicted for every tested track, and with which confidence",
            Self::Classes => "How well each class, tag or dimension is told apart",
            Self::Data => {
                "How many tracks of each part were found, and which files were missing or broken"
            }
            Self::MaskRatio => {
                "How the score falls as tokens are dropped, and what was left to hear"
            }
            Self::Patchout => "How the score falls as fewer columns of every window are read",
            Self::Labels => "How many labelled tracks the probe needs",
            Self::Layers => "What each block of the encoder knows",
            Self::Diagnostics => {
                "What tells the layers of the encoder apart where no labels are at hand"
            }
            Self::Compare => "Several encoders on every task that the labels allow",
            Self::Scoreboard => "Every score so far, and what others published",
            Self::Groups => {
                "Name groups of selected tracks, and train a probe that tells them apart"
            }
            Self::Use => "Keep the probe, and let it answer for other tracks",
        }
    }
}
