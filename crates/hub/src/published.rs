//! The published encoders that this program knows by name.

/// A published encoder, as its authors describe it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Published {
    /// What it is called.
    pub name: &'static str,
    /// The family: which network it is.
    pub family: &'static str,
    /// `OWNER/NAME` on the hub, where it is there.
    pub hub: Option<&'static str>,
    /// Where its authors say more of it: the paper.
    pub paper: &'static str,
    /// Numbers in its weights.
    pub parameters: u64,
    /// Sound of one window, in seconds.
    pub window_secs: f32,
    /// Licence of the weights when this list was made; before they are fetched the hub is asked for today's.
    pub licence: &'static str,
    /// What sets it apart within its family.
    pub note: &'static str,
    /// Whether this version of the program can open it.
    pub opens: bool,
}

const MYNA: &str = "Yonay et al. 2025, arXiv:2502.12511";
const MAEST: &str = "Alonso-Jiménez et al. 2023, arXiv:2309.16418";
const MUSIC2VEC: &str = "Li et al. 2022, arXiv:2212.02508";
const MT2: &str = "Kong et al. 2025, arXiv:2507.12996";
const MAEST_LICENCE: &str = "CC BY-NC-SA 4.0";

const fn myna(
    name: &'static str,
    hub: &'static str,
    parameters: u64,
    note: &'static str,
) -> Published {
    Published {
        name,
        family: "Myna",
        hub: Some(hub),
        paper: MYNA,
        parameters,
        window_secs: 3.072,
        licence: "MIT",
        note,
        opens: true,
    }
}

const fn maest(
    name: &'static str,
    hub: &'static str,
    window_secs: u16,
    parameters: u64,
    note: &'static str,
) -> Published {
    Published {
        name,
        family: "MAEST",
        hub: Some(hub),
        paper: MAEST,
        parameters,
        window_secs: window_secs as f32,
        licence: MAEST_LICENCE,
        note,
        opens: true,
    }
}

/// The published encoders that are known, family by family.
pub const PUBLISHED: &[Published] = &[
    myna(
        "Myna Base",
        "oriyonay/myna-base",
        21_375_872,
        "square patches",
    ),
    myna(
        "Myna Vertical",
        "oriyonay/myna-vertical",
        21_375_872,
        "vertical patches",
    ),
    myna(
        "Myna Hybrid",
        "oriyonay/myna-hybrid",
        21_475_840,
        "both patches",
    ),
    myna(
        "Myna 85M",
        "oriyonay/myna-85m",
        85_417_984,
        "both patches, larger",
    ),
    maest(
        "MAEST-5s",
        "mtg-upf/discogs-maest-5s-pw-129e",
        5,
        85_779_856,
        "400 styles",
    ),
    maest(
        "MAEST-10s",
        "mtg-upf/discogs-maest-10s-pw-129e",
        10,
        85_994_128,
        "400 styles",
    ),
    maest(
        "MAEST-10s from DeiT",
        "mtg-upf/discogs-maest-10s-dw-75e",
        10,
        85_994_128,
        "400 styles; began as an encoder of images",
    ),
    maest(
        "MAEST-10s from scratch",
        "mtg-upf/discogs-maest-10s-fs-129e",
        10,
        85_994_128,
        "400 styles; began at random",
    ),
    maest(
        "MAEST-20s",
        "mtg-upf/discogs-maest-20s-pw-129e",
        20,
        86_429_584,
        "400 styles",
    ),
    maest(
        "MAEST-30s",
        "mtg-upf/discogs-maest-30s-pw-129e",
        30,
        86_858_128,
        "400 styles",
    ),
    maest(
        "MAEST-30s, 519 styles",
        "mtg-upf/discogs-maest-30s-pw-129e-519l",
        30,
        86_949_639,
        "519 styles",
    ),
    maest(
        "MAEST-30s, teacher-student",
        "mtg-upf/discogs-maest-30s-pw-73e-ts",
        30,
        86_858_128,
        "400 styles",
    ),
    Published {
        name: "Music2Vec",
        family: "Music2Vec",
        hub: Some("m-a-p/music2vec-v1"),
        paper: MUSIC2VEC,
        parameters: 93_164_288,
        window_secs: 30.0,
        licence: "CC BY-NC 4.0",
        note: "reads samples",
        opens: true,
    },
    Published {
        name: "MT2",
        family: "MT2",
        hub: None,
        paper: MT2,
        parameters: 5_338_752,
        window_secs: 4.0,
        licence: "not stated",
        note: "not on the hub; its authors name https://github.com/deezer/mt2. Open its model_state_dict.pt",
        opens: true,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HubName;

    #[test]
    fn every_published_encoder_can_be_asked_for() {
        for known in PUBLISHED {
            if let Some(hub) = known.hub {
                let name: HubName = hub.parse().unwrap();
                assert_eq!(name.model(), hub);
            }
            let same = PUBLISHED.iter().filter(|other| other.name == known.name);
            assert_eq!(same.count(), 1, "{}", known.name);
        }
    }

    #[test]
    fn longer_windows_of_maest_have_more_positions_and_more_styles_a_larger_head() {
        // 768 numbers a position: 9 rows of 31, 62, 125 or 187 columns and two tokens of their own.
        let parameters = |secs: f32, styles: &str| {
            let mut all = PUBLISHED.iter();
            let is = |known: &&Published| {
                known.family == "MAEST" && known.window_secs == secs && known.note == styles
            };
            all.find(is).unwrap().parameters
        };
        let whole = parameters(30.0, "400 styles");
        for (secs, columns) in [(5.0, 31), (10.0, 62), (20.0, 125)] {
            let expected = whole - 768 * 9 * (187 - columns);
            assert_eq!(parameters(secs, "400 styles"), expected);
        }
        assert_eq!(parameters(30.0, "519 styles"), whole + 119 * 769);
    }
}
