//! What tracks of the demo collection are called, wherever it lies.

use std::path::Path;

/// The name of a track in a demo collection that the program made in a user's cache: `folk/morning-on-the-canal`. `None` of all
/// other paths. The path may be another machine's; its files are not looked at.
pub fn demo_track_name(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    // Of whatever system.
    let mut parts = text.rsplit(['/', '\\']);
    let (file, style, folder) = (parts.next()?, parts.next()?, parts.next()?);
    let title = file.strip_suffix(".wav")?;
    // "demo-3-0": the collection's version and its seed.
    let mut numbers = folder.strip_prefix("demo-")?.split('-');
    let is_number = |part: &str| part.parse::<u64>().is_ok();
    let is_demo = numbers.by_ref().take(2).filter(|it| is_number(it)).count() == 2
        && numbers.next().is_none();
    is_demo.then(|| format!("{style}/{title}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_of_the_demo_collection_are_known_in_any_cache() {
        let name = |path: &str| demo_track_name(Path::new(path));
        let known = Some("folk/juniper-road".to_owned());
        assert_eq!(
            name("/home/a/.cache/mynascope/demo-3-0/folk/juniper-road.wav"),
            known
        );
        assert_eq!(
            name(r"C:\Users\a\mynascope\cache\demo-2-7\folk\juniper-road.wav"),
            known
        );
        for other in [
            "/music/demo-tapes/folk/juniper-road.wav",
            "/music/demo-3/folk/juniper-road.wav",
            "/music/demo-3-0-1/folk/juniper-road.wav",
            "/cache/demo-3-0/folk/juniper-road.mp3",
            "juniper-road.wav",
        ] {
            assert_eq!(name(other), None, "{other}");
        }
    }
}
