use std::path::PathBuf;

use super::*;
use crate::{ColourMap, FrequencyAxis, FrequencyScale, Summary, read_npy};

const RATE: u32 = 44_100;

fn tone(hz: f64, amplitude: f64, samples: usize) -> Vec<f32> {
    let turn = std::f64::consts::TAU * hz / f64::from(RATE);
    (0..samples)
        .map(|n| (amplitude * (turn * n as f64).sin()) as f32)
        .collect()
}

fn all_tiles(grid: StftGrid, tiles: Range<usize>, sound: &[f32]) -> Vec<StftTile> {
    let mut found = Vec::new();
    let mut maker = StftMaker::new(grid, tiles);
    let first = maker.first_sample() as usize;
    for piece in sound.get(first..).unwrap_or_default().chunks(7777) {
        if !maker.push(piece, &mut |tile| found.push(tile)) {
            return found;
        }
    }
    maker.finish(&mut |tile| found.push(tile));
    found
}

fn grid(fft: usize, level: u32) -> StftGrid {
    StftGrid {
        fft: FftSize::try_from(fft).unwrap(),
        rate: RATE,
        level,
    }
}

fn look(axis: FrequencyAxis, rows: usize) -> StftLook {
    StftLook {
        summary: Summary::Mean,
        scale: FrequencyScale {
            axis,
            top_hz: f64::from(RATE) / 2.0,
        },
        low: 0.0,
        high: 1.0,
        rows,
        colours: ColourMap::Grey,
        top_db: 0.0,
        range_db: 51.0,
    }
}

/// The level in dB of a sine at full scale that lies so many bins beside the middle of one: the main lobe of a Hann window,
/// `sin(pi d) / (pi d (1 - d^2))`.
fn hann_lobe_db(beside: f64) -> f64 {
    let turn = std::f64::consts::PI * beside;
    let lobe = match turn.abs() < 1e-9 {
        true => 1.0,
        false => turn.sin() / turn / (1.0 - beside * beside),
    };
    20.0 * lobe.abs().log10()
}

/// Half of what the picture of 44.1 kHz has lies above what an encoder of 16 kHz is fed.
#[test]
fn a_sine_at_15_khz_lies_at_its_row_of_either_axis_at_its_level() {
    let (hz, amplitude) = (15_000.0, 0.25);
    let sound = tone(hz, amplitude, 2 * RATE as usize);
    for fft in FftSize::ALL {
        let grid = grid(fft.get(), 0);
        let tiles = all_tiles(grid, 0..1, &sound);
        let bin = hz / grid.hz_per_bin();
        let expected = 20.0 * amplitude.log10() + hann_lobe_db(bin - bin.round());
        let level = tiles[0].level_db(Summary::Mean, 0.2, hz).unwrap();
        assert!(
            (f64::from(level) - expected).abs() < 0.05,
            "{level} {expected}"
        );
        for axis in FrequencyAxis::ALL {
            for rows in [250, 800] {
                let look = look(axis, rows);
                let image = tiles[0].image(&look);
                let width = tiles[0].columns() + 2;
                assert_eq!(image.len(), rows * width);
                // Brightest first from the top: the middle of what is as bright as the brightest.
                let column: Vec<u8> = (0..rows).map(|y| image[y * width + width / 2][0]).collect();
                let most = *column.iter().max().unwrap();
                let brightest: Vec<usize> = (0..rows).filter(|y| column[*y] == most).collect();
                let middle = brightest.iter().sum::<usize>() as f64 / brightest.len() as f64;
                let share = 1.0 - (middle + 0.5) / rows as f64;
                let there = look.scale.hz_at(share);
                let row_hz = look.scale.hz_at(share + 0.5 / rows as f64)
                    - look.scale.hz_at(share - 0.5 / rows as f64);
                // A sine lies within half a bin of its own, and that within a row.
                let most_off = row_hz + 0.5 * grid.hz_per_bin();
                assert!(
                    (there - hz).abs() <= most_off,
                    "{fft} {axis} {rows}: {there} Hz"
                );
                // 5 grey levels are a dB.
                let level = f64::from(most) / 5.0 - 51.0;
                assert!(
                    (level - expected).abs() < 0.5,
                    "{fft} {axis} {rows}: {level} dB"
                );
            }
        }
    }
}

/// What a larger FFT is for: tones a semitone apart at the bottom are two; and what it costs: a click is as long as its window.
#[test]
fn a_larger_fft_parts_tones_and_a_smaller_one_clicks() {
    let seconds = RATE as usize;
    let mut tones = tone(110.0, 0.4, seconds);
    for (sum, other) in tones.iter_mut().zip(tone(130.8, 0.4, seconds)) {
        *sum += other;
    }
    let dip = |fft: usize| {
        let tiles = all_tiles(grid(fft, 0), 0..1, &tones);
        let level = |hz| tiles[0].level_db(Summary::Mean, 0.4, hz).unwrap();
        level(110.0).min(level(130.8)) - level(120.4)
    };
    assert!(dip(8192) > 10.0, "{} dB between them", dip(8192));
    assert!(dip(1024) < 3.0, "{} dB between them", dip(1024));
    let mut click = vec![0.0; seconds];
    click[seconds / 2] = 1.0;
    let lasts = |fft: usize| {
        let grid = grid(fft, 0);
        let tiles = all_tiles(grid, 0..9, &click);
        let columns = tiles.iter().flat_map(|tile| {
            (0..tile.columns()).map(|column| {
                let secs = tile.start_secs() + (column as f64 + 0.5) * grid.column_secs();
                tile.level_db(Summary::Mean, secs, 5000.0).unwrap()
            })
        });
        columns.filter(|level| *level > -100.0).count() as f64 * grid.column_secs()
    };
    let (long, short) = (lasts(8192), lasts(512));
    assert!(
        long > 0.13 && long < 0.2 && short < 0.015,
        "{long} s, {short} s"
    );
}

#[test]
fn coarser_columns_are_mean_and_maximum_and_every_part_is_the_whole() {
    let mut sound = tone(1000.0, 0.5, 3 * RATE as usize + 1234);
    // Half silent, so that means and maxima differ.
    for (n, sample) in sound.iter_mut().enumerate() {
        if n / 3000 % 2 == 0 {
            *sample = 0.0;
        }
    }
    let fine = all_tiles(grid(512, 0), 0..99, &sound);
    let frames = sound.len().div_ceil(128);
    assert_eq!(fine.iter().map(StftTile::columns).sum::<usize>(), frames);
    let hz = 1000.0;
    let level_of = |tiles: &[StftTile], summary, secs: f64| {
        let mut tiles = tiles.iter();
        tiles.find_map(|tile| tile.level_db(summary, secs, hz))
    };
    let power = |db: f32| 10_f64.powf(f64::from(db) / 10.0);
    for level in [2, 5] {
        let grid = grid(512, level);
        let coarse = all_tiles(grid, 0..99, &sound);
        let columns: usize = coarse.iter().map(StftTile::columns).sum();
        assert_eq!(columns, frames.div_ceil(1 << level));
        for column in 0..columns {
            let at = |frame: usize| (frame as f64 + 0.5) * 128.0 / f64::from(RATE);
            let inside = (column << level)..((column + 1) << level).min(frames);
            let count = inside.len() as f64;
            let levels: Vec<f32> = inside
                .map(|frame| level_of(&fine, Summary::Mean, at(frame)).unwrap())
                .collect();
            let mean = 10.0 * (levels.iter().map(|db| power(*db)).sum::<f64>() / count).log10();
            let most = levels.iter().copied().fold(f32::MIN, f32::max);
            let secs = (column as f64 + 0.5) * grid.column_secs();
            assert_eq!(level_of(&coarse, Summary::Loudest, secs), Some(most));
            // Lower levels than -120 dB count as that, which tells where all are low.
            if mean < -80.0 {
                continue;
            }
            let found = level_of(&coarse, Summary::Mean, secs).unwrap();
            assert!(
                (f64::from(found) - mean).abs() < 0.02,
                "{column}: {found} {mean}"
            );
        }
        // Any tile by itself is that of the whole.
        for tile in &coarse {
            let alone = all_tiles(grid, tile.index()..tile.index() + 1, &sound);
            assert_eq!(alone, std::slice::from_ref(tile));
        }
    }
    assert!(
        all_tiles(grid(512, 0), 50..60, &sound).is_empty(),
        "behind the end"
    );
}

#[test]
fn a_view_has_one_to_two_columns_a_pixel_and_few_tiles_however_long_it_is() {
    for fft in FftSize::ALL {
        for pixels in [300, 1300, 3840] {
            for secs in [0.3, 12.0, 180.0, 3720.0, 12.0 * 3600.0] {
                let grid = StftGrid::of_view(fft, 48_000, secs, pixels);
                let columns = secs / grid.column_secs();
                let of_pixel = columns / f64::from(pixels);
                assert!(of_pixel < 2.0 && (of_pixel >= 1.0 || grid.level == 0));
                let tiles = grid.tiles(0.4 * secs, secs);
                assert!(tiles.len() <= 2 * pixels as usize / STFT_COLUMNS + 2);
                let bytes = tiles.len() * (STFT_COLUMNS + 2) * fft.bins() * 4;
                assert!(bytes < 140 << 20, "{bytes}");
            }
        }
    }
}

/// scipy's `spectrogram` of the same sound: `tests/fixtures/front_end/make_stft.py`.
#[test]
fn the_levels_are_those_of_scipy() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/front_end");
    let mut reader = hound::WavReader::open(folder.join("rising.wav")).unwrap();
    assert_eq!(reader.spec().sample_rate, RATE);
    let sound: Vec<f32> = reader
        .samples::<i16>()
        .map(|sample| f32::from(sample.unwrap()) / 32768.0)
        .collect();
    let (shape, theirs) = read_npy(&folder.join("rising.stft.npy")).unwrap();
    let grid = grid(1024, 0);
    let tiles = all_tiles(grid, 0..9, &sound);
    let [columns, bins] = [shape[0] as usize, shape[1] as usize];
    assert_eq!(bins, 513);
    assert_eq!(tiles.iter().map(StftTile::columns).sum::<usize>(), columns);
    let loudest = theirs.iter().copied().fold(f32::MIN, f32::max);
    let mut compared = 0;
    for (place, theirs) in theirs.iter().enumerate() {
        // Far below the loudest, powers are the rounding of 32 bits.
        if *theirs < loudest - 80.0 {
            continue;
        }
        let secs = ((place / bins) as f64 + 0.5) * grid.column_secs();
        let hz = (place % bins) as f64 * grid.hz_per_bin();
        let ours = tiles
            .iter()
            .find_map(|tile| tile.level_db(Summary::Mean, secs, hz));
        assert!(
            (ours.unwrap() - theirs).abs() < 0.02,
            "{place}: {ours:?} {theirs}"
        );
        compared += 1;
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn a_part_of_a_file_is_decoded_and_no_more_than_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound.wav");
    let sound = tone(440.0, 0.5, 20 * RATE as usize);
    mynascope_audio::write_wav(&path, &sound, RATE).unwrap();
    let grid = grid(512, 0);
    let never = Cancel::default();
    let read = |tiles: Range<usize>, keep_on: &dyn Fn() -> bool| {
        let mut found = Vec::new();
        let mut done = |tile| found.push(tile);
        stft_of_file(
            &path,
            Channel::Mean,
            grid,
            tiles,
            &never,
            keep_on,
            &mut done,
        )
        .unwrap();
        found
    };
    let found = read(10..12, &|| true);
    assert_eq!(found.len(), 2);
    // WAV files have 16 bits.
    let whole = all_tiles(grid, 10..12, &sound);
    for (ours, whole) in found.iter().zip(&whole) {
        assert_eq!(
            (ours.index(), ours.columns()),
            (whole.index(), whole.columns())
        );
        let level = |tile: &StftTile| tile.level_db(Summary::Mean, tile.start_secs() + 0.1, 440.0);
        assert!((level(ours).unwrap() - level(whole).unwrap()).abs() < 0.01);
    }
    assert!(
        read(10..12, &|| false).is_empty(),
        "nobody wants it any more"
    );
    assert!(read(5000..5002, &|| true).is_empty(), "behind the end");
}
