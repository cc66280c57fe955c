//! The most memory that large jobs hold at once. Each is a process of its own, as a user would start it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::{Bench, Measure, map, sound};
use mynascope_base::jobs::Cancel;
use mynascope_embedding::save_table;

/// How often the process is asked. Its answer is the most since its start, so only the last moments can be missed.
const ASK_EVERY: Duration = Duration::from_millis(10);
/// Systems allow so many names of one file.
const NAMES_OF_A_FILE: usize = 30_000;
/// Of a track that is embedded: as the clips of GTZAN.
const TRACK_SECS: f64 = 30.0;

/// A folder of tracks embedded, a window over a large folder, and a map by t-SNE; a hundredth of each without `--full`.
pub(super) fn run(measure: &mut Measure<'_>, verb: &Bench) -> anyhow::Result<()> {
    if !Path::new("/proc/self/status").exists() {
        measure.note("memory was not measured: this system does not tell the peak of a process");
        return Ok(());
    }
    let cancel = measure.console.cancel();
    let part = if verb.full { 1 } else { 100 };
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);

    let tracks = 10_000 / part;
    tracks_of_names(&at("few"), tracks, TRACK_SECS, cancel)?;
    let what = format!("embed {tracks} tracks of {TRACK_SECS} s");
    peak(measure, what, "embed", &at("few"), &at("few.parquet"))?;

    let tracks = 100_000 / part;
    tracks_of_names(&at("many"), tracks, 1.0, cancel)?;
    let what = format!("window over {tracks} tracks");
    peak(measure, what, "picture", &at("many"), &at("many.png"))?;

    let rows = 100_000 / part;
    save_table(&map::planted(rows), &at("rows.npz"))?;
    let what = format!("t-SNE of {rows} x {}", map::DIM);
    peak(measure, what, "map", &at("rows.npz"), &at("rows.parquet"))?;
    Ok(())
}

/// Keeps the peak of this program while it makes one file of another by a verb.
fn peak(
    measure: &mut Measure<'_>,
    what: String,
    verb: &str,
    input: &Path,
    out: &Path,
) -> anyhow::Result<()> {
    // Nothing that was kept before makes the job smaller, and nothing of it is kept.
    let home = out.with_extension("home");
    let mut child = Command::new(std::env::current_exe()?)
        .arg(verb)
        .arg(input)
        .arg("--out")
        .arg(out)
        .args(["--device", "cpu", "--quiet"])
        .env("MYNASCOPE_HOME", &home)
        .stdout(Stdio::null())
        .spawn()?;
    let mut most = 0.0_f64;
    let ended = loop {
        most = most.max(peak_mb(child.id()).unwrap_or(0.0));
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        if let Err(stopped) = measure.console.cancel().check() {
            // It fails only when the process has ended by itself.
            let _ = child.kill();
            let _ = child.wait();
            return Err(stopped.into());
        }
        thread::sleep(ASK_EVERY);
    };
    anyhow::ensure!(
        ended.success(),
        "{what}: the process that was measured failed"
    );
    measure.values(what, "MB", vec![most]);
    Ok(())
}

/// The most memory that a process held so far: VmHWM of /proc/PID/status (man 5 proc), in MB.
fn peak_mb(process: u32) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// A folder of so many tracks, most of them further names of a few files.
pub(super) fn tracks_of_names(
    folder: &Path,
    tracks: usize,
    secs: f64,
    cancel: &Cancel,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut original = PathBuf::new();
    for number in 0..tracks {
        cancel.check()?;
        let path = folder.join(format!("take {number} of song {}.wav", number % 977));
        if number % NAMES_OF_A_FILE == 0 {
            sound::write(&path, secs)?;
            original = path;
        } else {
            std::fs::hard_link(&original, &path)?;
        }
    }
    Ok(())
}
