//! The embedding of a stretch of a file.

use std::path::Path;

use super::{EmbeddingError, ExtractSettings, Extraction, extract_windows};
use mynascope_audio::{SAMPLE_RATE, load_mono};
use mynascope_base::jobs::{Cancel, Watch};
use mynascope_collection::Track;
use mynascope_encoder::{Input, LoadedEncoder};

/// Embeds one file, or a stretch of it (start and end in seconds): windows lie back to back from the stretch's start,
/// and their timestamps are places in the file. A stretch that is shorter than a window is widened to one around its
/// middle, as far as the file reaches; a shorter file is padded with silence.
///
/// # Errors
/// When the file cannot be read, the job was told to stop, or the encoder fails.
pub fn extract_stretch(
    path: &Path,
    stretch: Option<[f64; 2]>,
    encoder: &LoadedEncoder,
    settings: &ExtractSettings,
    watch: &Watch<'_>,
) -> Result<Extraction, EmbeddingError> {
    let window_secs = encoder.info().window.secs;
    let start_secs = stretch.map_or(0.0, |stretch| widen(stretch, window_secs)[0]);
    let read = |path: &Path, cancel: &Cancel| {
        let (samples, info) = load_mono(path, SAMPLE_RATE, settings.channel, cancel)
            .map_err(|error| error.to_string())?;
        let part = match stretch {
            Some(stretch) => {
                let [start, end] = widen(stretch, window_secs);
                // Casting takes what is out of range to the nearest end.
                let place = |secs: f64| (secs * f64::from(SAMPLE_RATE)).round() as usize;
                let end = place(end).min(samples.len());
                samples.get(place(start).min(end)..end).unwrap_or_default()
            }
            None => &samples,
        };
        Ok(Input {
            windows: encoder.windows(part).map_err(|error| error.to_string())?,
            duration_secs: info.duration_secs,
            caveats: info.caveats(),
        })
    };
    let tracks = [Track::of_file(path)];
    let mut extraction = extract_windows(&tracks, encoder, &read, settings, watch)?;
    for timestamp in &mut extraction.table.timestamps {
        *timestamp += start_secs as f32;
    }
    Ok(extraction)
}

/// The stretch, or as much around its middle as a window takes.
fn widen([start, end]: [f64; 2], window_secs: f64) -> [f64; 2] {
    let missing = (window_secs - (end - start)).max(0.0);
    let start = (start - 0.5 * missing).max(0.0);
    [start, end.max(start + window_secs)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_audio::write_wav;
    use mynascope_encoder::{CheckpointRef, DeviceChoice};

    #[test]
    fn short_stretches_are_widened_to_a_window() {
        assert_eq!(widen([10.0, 11.0], 3.0), [9.0, 12.0]);
        assert_eq!(widen([0.5, 1.0], 3.0), [0.0, 3.0]);
        assert_eq!(widen([2.0, 9.0], 3.0), [2.0, 9.0]);
    }

    #[test]
    fn a_stretch_is_embedded_as_the_same_sound_alone() {
        let folder = tempfile::tempdir().unwrap();
        let sound: Vec<f32> = (0..16_000 * 10)
            .map(|n| (n as f32 * n as f32 * 1e-6).sin())
            .collect();
        let (whole, part) = (folder.path().join("whole.wav"), folder.path().join("p.wav"));
        write_wav(&whole, &sound, 16_000).unwrap();
        write_wav(&part, &sound[16_000 * 2..16_000 * 6], 16_000).unwrap();
        let encoder =
            LoadedEncoder::open(&CheckpointRef::Untrained, None, &DeviceChoice::Cpu).unwrap();
        let embed = |path: &Path, stretch| {
            let settings = ExtractSettings::default();
            let watch = Watch::unattended();
            extract_stretch(path, stretch, &encoder, &settings, &watch)
                .unwrap()
                .table
        };
        let (inside, alone) = (embed(&whole, Some([2.0, 6.0])), embed(&part, None));
        assert_eq!(inside.timestamps, [2.0]);
        assert_eq!((inside.rows(), alone.rows()), (1, 1));
        let cosine = super::super::cosine(inside.row(0), alone.row(0));
        assert!(cosine > 0.99999, "{cosine}");
        assert_eq!(embed(&whole, None).rows(), 3);
    }
}
