//! What the card of a model says of its licence: the `README.md` that lies beside its weights.

use std::{fs, path::Path};

/// Cards are short; what stands behind so many bytes is not read.
const MOST_BYTES: usize = 1 << 16;

/// The licence that the card in a model's folder states: `license` between the two lines `---` at its beginning, or
/// `license_name` where that says `other`. `None` without a card, and where it states none.
pub fn licence_in_card(folder: &Path) -> Option<String> {
    let bytes = fs::read(folder.join("README.md")).ok()?;
    let bytes = bytes.get(..MOST_BYTES.min(bytes.len()))?;
    stated(&String::from_utf8_lossy(bytes))
}

fn stated(card: &str) -> Option<String> {
    let mut lines = card.lines();
    if lines.next()?.trim_end() != "---" {
        return None;
    }
    let head: Vec<&str> = lines.take_while(|line| line.trim_end() != "---").collect();
    let value = |name: &str| {
        let rest = head.iter().find_map(|line| line.strip_prefix(name));
        let value = rest?.trim().trim_matches(['"', '\'']);
        (!value.is_empty()).then(|| value.to_owned())
    };
    match value("license:") {
        Some(other) if other == "other" => value("license_name:").or(Some(other)),
        stated => stated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_licence_stands_at_the_head_of_the_card() {
        let card = "---\ntags:\n- music\nlicense: cc-by-nc-sa-4.0\n---\n# MAEST\nlicense: none\n";
        assert_eq!(stated(card).as_deref(), Some("cc-by-nc-sa-4.0"));
        let named = "---\nlicense: other\nlicense_name: 'research only'\n---\n";
        assert_eq!(stated(named).as_deref(), Some("research only"));
        assert_eq!(stated("# MAEST\nlicense: mit\n"), None);
        assert_eq!(stated("---\ntags: []\n---\nlicense: mit\n"), None);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(licence_in_card(folder.path()), None, "no card");
        fs::write(folder.path().join("README.md"), card).unwrap();
        assert!(licence_in_card(folder.path()).is_some());
    }
}
