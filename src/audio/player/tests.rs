//! The transport works without a sound device, and losing one loses nothing else.

use std::{
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    OutputStatus, Player, PlayerState,
    output::{Backend, Silence},
    render::FADE_SECS,
};

/// The silent output's own rate: nothing is resampled.
const RATE: u32 = 48_000;

fn player() -> (Player, Arc<Silence>) {
    let silence = Arc::new(Silence::default());
    (Player::on(Backend::Silent(Arc::clone(&silence))), silence)
}

fn level(level: f32, secs: f64) -> Arc<[f32]> {
    vec![level; (secs * f64::from(RATE)) as usize].into()
}

/// Waits until the state is as it should be; a slow machine gets time.
fn until(player: &Player, what: &str, good: impl Fn(&PlayerState) -> bool) -> PlayerState {
    let start = Instant::now();
    loop {
        let state = player.state();
        if good(&state) {
            return state;
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "never {what}: {state:?}"
        );
        thread::sleep(Duration::from_millis(2));
    }
}

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
    thread::sleep(Duration::from_millis(100));
    let position = player.state().position_secs;
    assert!(position > 0.1);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(player.state().position_secs, position);
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
    player.play();
    until(&player, "moving again", |s| {
        s.playing && s.position_secs < 0.29
    });
}

#[test]
fn a_lost_device_pauses_and_the_position_stays() {
    let (player, silence) = player();
    player.load_samples(level(0.5, 60.0), RATE);
    player.seek(20.0);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 20.05);
    silence.unplugged.store(true, Ordering::Release);
    let state = until(&player, "lost", |s| {
        matches!(s.output, OutputStatus::Unavailable { .. })
    });
    assert!(!state.playing && state.position_secs > 20.05);
    // Playing without a device says so and changes nothing.
    player.play();
    thread::sleep(Duration::from_millis(50));
    let still = player.state();
    assert!(!still.playing);
    assert_eq!(still.position_secs, state.position_secs);
    silence.unplugged.store(false, Ordering::Release);
    player.play();
    let state = until(&player, "going on", |s| {
        s.playing && s.position_secs > state.position_secs
    });
    assert!(matches!(state.output, OutputStatus::Ready { .. }));
    assert!(state.position_secs < 50.0);
}

#[test]
fn a_switch_exchanges_the_sound_under_the_playhead() {
    let (player, silence) = player();
    player.load_samples(level(0.5, 60.0), RATE);
    player.seek(10.0);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 10.1);
    player.switch_samples(level(-0.25, 60.0), RATE);
    let start = Instant::now();
    while silence.heard.lock().unwrap().last() != Some(&-0.25) {
        assert!(start.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(2));
    }
    let state = player.state();
    assert!(state.playing && state.position_secs > 10.1 && state.position_secs < 40.0);
}

#[test]
fn nothing_clicks() {
    let (player, silence) = player();
    player.load_samples(level(0.5, 60.0), RATE);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 0.1);
    player.seek(30.0);
    until(&player, "there", |s| s.position_secs > 30.1);
    player.pause();
    until(&player, "paused", |s| !s.playing);
    thread::sleep(Duration::from_millis(100));
    let heard = silence.heard.lock().unwrap();
    assert!(heard.contains(&0.5) && heard.last() == Some(&0.0));
    // The slope of a fade of 15 ms.
    let step = 0.5 / (FADE_SECS * RATE as f32) * 1.01;
    // A stalled machine may let the ring run dry, which no fade can hide; a click at every jump would be three.
    let jumps = heard
        .windows(2)
        .filter(|pair| (pair[1] - pair[0]).abs() > step)
        .count();
    assert!(jumps <= 1, "{jumps} jumps");
}

#[test]
fn the_volume_scales_what_is_heard_without_a_click() {
    let (player, silence) = player();
    player.load_samples(level(0.5, 60.0), RATE);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 0.1);
    player.set_volume(0.5);
    let here = player.state().position_secs;
    until(&player, "quieter", |s| s.position_secs > here + 0.2);
    player.set_volume(f32::NAN);
    player.set_volume(-3.0);
    let here = player.state().position_secs;
    let state = until(&player, "silent", |s| s.position_secs > here + 0.2);
    assert!(state.playing, "silence is no pause");
    let heard = silence.heard.lock().unwrap();
    assert!(heard.contains(&0.5) && heard.contains(&0.25));
    assert_eq!(heard.last(), Some(&0.0));
    let step = 0.5 / (FADE_SECS * RATE as f32) * 1.01;
    let jumps = heard
        .windows(2)
        .filter(|pair| (pair[1] - pair[0]).abs() > step)
        .count();
    assert!(jumps <= 1, "{jumps} jumps");
}

#[test]
fn a_file_plays_from_the_place_that_was_sought() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("steps.wav");
    // Each second has its own level.
    let samples: Vec<f32> = (0..160_000).map(|n| (n / 16_000) as f32 * 0.1).collect();
    crate::audio::write_wav(&path, &samples, 16_000).unwrap();
    let (player, silence) = player();
    player.load(&path);
    player.seek(7.5);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 7.6);
    player.pause();
    until(&player, "paused", |s| !s.playing);
    let heard = silence.heard.lock().unwrap();
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

#[test]
fn a_real_device_is_found_or_missed_with_a_reason() {
    let player = Player::start();
    let state = until(&player, "decided", |s| s.output != OutputStatus::Starting);
    if let OutputStatus::Unavailable { why } = state.output {
        assert!(!why.is_empty());
        player.load_samples(level(0.0, 1.0), RATE);
        player.play();
        until(&player, "loaded", |s| s.duration_secs == 1.0);
        assert!(!player.state().playing);
    }
}
