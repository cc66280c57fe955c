//! Loops wrap to the frame and without a click.

use super::*;

/// Where the tone stands at a frame of the track.
fn sine(hz: f64, frame: usize) -> f32 {
    (std::f64::consts::TAU * hz * frame as f64 / f64::from(RATE)).sin() as f32
}

#[test]
fn a_loop_wraps_to_the_frame_and_does_not_click() {
    let hz = 440.0;
    let (player, silence) = hurried();
    player.load_samples(tone(hz, 10.0), RATE);
    // Neither length nor place suits the tone: a bare jump would click.
    let (start, end) = (48_100, 60_333);
    let secs = |frame: usize| frame as f64 / f64::from(RATE);
    player.set_loop(Some([secs(start), secs(end)]));
    player.seek(secs(start));
    player.play();
    until_heard(&silence, "looping", |heard| heard.len() > 4 * RATE as usize);
    player.pause();
    until(&player, "paused", |s| !s.playing);
    let state = player.state();
    assert!((secs(start)..=secs(end)).contains(&state.position_secs));
    assert_eq!(state.underruns, 0);
    let heard = silence.fake.heard.lock().unwrap();
    let own = std::f64::consts::TAU * hz / f64::from(RATE);
    let bound = own as f32 + 2.0 * slope(0.010);
    let steepest = steepest(&heard);
    assert!(steepest < bound, "{steepest} is more than {bound}");
    // Behind the fade-in, and outside the seam of 10 ms, every frame is that of the track.
    let first = heard.iter().position(|value| *value != 0.0).unwrap();
    let (fade, seam) = ((FADE_SECS * RATE as f32) as usize + 2, 480);
    let whole = 3 * (end - start);
    for index in fade..whole {
        let frame = start + index % (end - start);
        if frame < end - seam {
            let difference = (heard[first + index] - sine(hz, frame)).abs();
            assert!(difference < 1e-3, "frame {frame}, {index} after the start");
        }
    }
}

#[test]
fn a_loop_that_is_set_moved_and_taken_away_is_heard_without_a_gap() {
    let hz = 330.0;
    let (player, silence) = hurried();
    player.load_samples(tone(hz, 600.0), RATE);
    player.play();
    until(&player, "moving", |s| s.position_secs > 0.2);
    let here = player.state().position_secs;
    let (start, end) = (here + 20.0, here + 21.0);
    player.set_loop(Some([start, end]));
    until(&player, "in the loop", |s| s.position_secs > start);
    until_heard(&silence, "some rounds", |heard| {
        heard.len() as f64 > (end + 5.0) * f64::from(RATE)
    });
    assert!(player.state().position_secs <= end);
    player.set_loop(Some([start, start + 0.25]));
    player.set_loop(None);
    until(&player, "past it", |s| s.position_secs > end + 1.0);
    player.pause();
    until(&player, "paused", |s| !s.playing);
    let heard = silence.fake.heard.lock().unwrap();
    let own = std::f64::consts::TAU * hz / f64::from(RATE);
    let bound = own as f32 + 4.0 * slope(0.010);
    let steepest = steepest(&heard);
    assert!(steepest < bound, "{steepest} is more than {bound}");
}

#[test]
fn the_whole_track_loops_although_its_end_was_named_too_late() {
    let (player, silence) = hurried();
    player.load_samples(level(0.5, 1.0), RATE);
    player.set_loop(Some([0.0, 1.02]));
    player.play();
    until_heard(&silence, "three rounds", |heard| {
        heard.len() > 3 * RATE as usize
    });
    let state = player.state();
    assert!(state.playing && state.position_secs <= 1.0);
    assert_eq!(state.underruns, 0);
}
