//! Play, pause, seek, volume and the end of a track do what they say, without a click.

use super::*;

#[test]
fn plays_pauses_and_keeps_the_position() {
    let (player, _) = player();
    player.load_samples(level(0.5, 60.0), RATE);
    let state = until(&player, "loaded", |s| s.duration_secs == 60.0);
    assert!(!state.playing && state.position_secs == 0.0);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 0.1);
    player.pause();
    until(&player, "paused", |s| !s.playing);
    assert!(at_rest(&player) > 0.1);
}

#[test]
fn seeks_while_paused_and_while_playing() {
    let (player, _) = player();
    player.load_samples(level(0.5, 100.0), RATE);
    player.seek(30.0);
    assert_eq!(player.state().position_secs, 30.0, "at once");
    until(&player, "loaded", |s| s.duration_secs > 0.0);
    until(&player, "there", |s| (s.position_secs - 30.0).abs() < 1e-6);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 30.05);
    player.seek(70.0);
    until(&player, "moving there", |s| {
        s.playing && s.position_secs > 70.05
    });
    player.seek(1e9);
    let state = until(&player, "at the end", |s| !s.playing);
    assert_eq!(state.position_secs, state.duration_secs);
}

#[test]
fn stops_at_the_end_and_starts_over() {
    let (player, _) = player();
    player.load_samples(level(0.5, 0.3), RATE);
    player.play();
    until(&player, "moving", |s| s.position_secs > 0.0);
    let state = until(&player, "over", |s| !s.playing);
    assert!((state.position_secs - 0.3).abs() < 1e-6, "{state:?}");
    assert_eq!(state.underruns, 0, "an end is no underrun");
    player.play();
    until(&player, "moving again", |s| {
        s.playing && s.position_secs < 0.29
    });
}

#[test]
fn nothing_clicks() {
    let (player, silence) = hurried();
    player.load_samples(level(0.5, 600.0), RATE);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 0.1);
    player.seek(300.0);
    until(&player, "there", |s| s.position_secs > 300.1);
    player.pause();
    until(&player, "paused", |s| !s.playing);
    until_heard(&silence, "silent", |heard| heard.last() == Some(&0.0));
    let heard = silence.fake.heard.lock().unwrap();
    assert!(heard.contains(&0.5));
    let steepest = steepest(&heard);
    assert!(steepest <= 0.5 * slope(FADE_SECS) * 1.01, "{steepest}");
}

#[test]
fn the_volume_scales_what_is_heard_without_a_click() {
    let (player, silence) = hurried();
    player.load_samples(level(0.5, 600.0), RATE);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 0.1);
    player.set_volume(0.5);
    until_heard(&silence, "quieter", |heard| heard.last() == Some(&0.25));
    player.set_volume(f32::NAN);
    player.set_volume(-3.0);
    until_heard(&silence, "silent", |heard| heard.last() == Some(&0.0));
    assert!(player.state().playing, "silence is no pause");
    let heard = silence.fake.heard.lock().unwrap();
    assert!(heard.contains(&0.5));
    let steepest = steepest(&heard);
    assert!(steepest <= 0.5 * slope(FADE_SECS) * 1.01, "{steepest}");
}

#[test]
fn a_stretch_is_played_once_and_fades_at_its_end() {
    let (player, silence) = hurried();
    player.load_samples(level(0.5, 60.0), RATE);
    // A loop waits meanwhile.
    player.set_loop(Some([1.0, 2.0]));
    player.play_once(10.0, 12.5);
    assert_eq!(player.state().position_secs, 10.0, "at once");
    until(&player, "moving", |s| s.playing || s.position_secs > 12.4);
    let state = until(&player, "over", |s| !s.playing);
    assert!((state.position_secs - 12.5).abs() < 1e-6, "{state:?}");
    until_heard(&silence, "silent", |heard| heard.last() == Some(&0.0));
    {
        let heard = silence.fake.heard.lock().unwrap();
        let sounding = heard.iter().filter(|value| **value > 1e-3).count();
        assert!(sounding.abs_diff(5 * RATE as usize / 2) < 10, "{sounding}");
        assert!(steepest(&heard) <= 0.5 * slope(FADE_SECS) * 1.01);
    }
    // From here it plays on as ever.
    player.play();
    until(&player, "moving on", |s| s.position_secs > 12.6);
}

#[test]
fn a_file_plays_from_the_place_that_was_sought() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("steps.wav");
    // Each second has its own level.
    let samples: Vec<f32> = (0..160_000).map(|n| (n / 16_000) as f32 * 0.1).collect();
    crate::write_wav(&path, &samples, 16_000).unwrap();
    let (player, silence) = player();
    player.load(&path);
    player.seek(7.5);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 7.6);
    player.pause();
    until(&player, "paused", |s| !s.playing);
    let heard = silence.fake.heard.lock().unwrap();
    let top = heard.iter().copied().fold(0.0, f32::max);
    assert!((top - 0.7).abs() < 0.01, "{top}");
}

#[test]
fn what_cannot_be_played_is_a_message() {
    let (player, _) = player();
    player.load(std::path::Path::new("/nonexistent/song.wav"));
    player.play();
    let state = until(&player, "refused", |s| s.problem.is_some());
    assert!(!state.playing);
    // The next track is not affected.
    player.load_samples(level(0.1, 5.0), RATE);
    player.play();
    until(&player, "moving", |s| s.playing && s.problem.is_none());
}
