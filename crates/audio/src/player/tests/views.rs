//! The views run under the playhead of the original: a switch is heard at once, at the same place, without a click.

use super::*;
use crate::SAMPLE_RATE;

/// The level that view A has now; the track's is 0.75, view B's 0.25.
struct Levels(Arc<Mutex<f32>>, f32);

impl ViewSource for Levels {
    fn read(&mut self, _first: u64, out: &mut [[f32; 3]]) {
        out.fill([self.1, 0.25, 0.75]);
    }

    fn refresh(&mut self) {
        self.1 = *self.0.lock().unwrap();
    }
}

/// The track itself, at half its level as A and negated as B.
struct Same(f64);

impl ViewSource for Same {
    fn read(&mut self, first: u64, out: &mut [[f32; 3]]) {
        for (number, value) in (first..).zip(out) {
            let angle = std::f64::consts::TAU * self.0 * number as f64 / f64::from(SAMPLE_RATE);
            let tone = angle.sin() as f32;
            *value = [0.5 * tone, -tone, tone];
        }
    }

    fn refresh(&mut self) {}
}

fn near(heard: &[f32], level: f32) -> bool {
    heard.last().is_some_and(|last| (last - level).abs() < 1e-3)
}

#[test]
fn all_four_are_heard_and_kept_and_dropped_are_the_track() {
    let (player, silence) = hurried();
    player.load_samples(level(0.75, 30.0), RATE);
    player.set_loop(Some([1.0, 20.0]));
    player.set_views(Box::new(Levels(Arc::default(), 0.6)));
    player.seek(2.0);
    player.play();
    for (heard, expected) in [
        (Heard::Original, 0.75),
        (Heard::Kept(Side::A), 0.6),
        (Heard::Dropped(Side::A), 0.15),
        (Heard::Kept(Side::B), 0.25),
        (Heard::Dropped(Side::B), 0.5),
        (Heard::Original, 0.75),
    ] {
        player.hear(heard);
        until_heard(&silence, &format!("{heard:?}"), |all| near(all, expected));
        assert_eq!(player.state().heard, heard);
    }
    player.pause();
    until(&player, "paused", |s| !s.playing);
    let steepest = steepest(&silence.fake.heard.lock().unwrap());
    assert!(steepest <= 0.75 * slope(SWITCH_SECS) * 1.01, "{steepest}");
}

#[test]
fn switching_on_a_tone_keeps_its_place() {
    let hz = 440.0;
    let (player, silence) = hurried();
    player.load_samples(tone(hz, 600.0), RATE);
    player.set_views(Box::new(Same(hz)));
    player.play();
    until(&player, "moving", |s| s.position_secs > 1.0);
    // A is in phase with the original: half the level, at no moment out of step.
    player.hear(Heard::Kept(Side::A));
    let length = silence.fake.heard.lock().unwrap().len();
    until_heard(&silence, "A", |heard| {
        heard.len() > length + 2 * RATE as usize
    });
    player.hear(Heard::Original);
    let length = silence.fake.heard.lock().unwrap().len();
    until_heard(&silence, "the original", |heard| {
        heard.len() > length + 2 * RATE as usize
    });
    player.pause();
    until(&player, "paused", |s| !s.playing);
    let heard = silence.fake.heard.lock().unwrap();
    let own = (std::f64::consts::TAU * hz / f64::from(RATE)) as f32;
    let bound = own + 2.0 * slope(SWITCH_SECS);
    let steepest = steepest(&heard);
    assert!(steepest < bound, "{steepest} is more than {bound}");
    let first = heard.iter().position(|value| *value != 0.0).unwrap() - 1;
    let sounding = &heard[first + 2000..heard.len() - 20_000];
    let mut halves = 0;
    for (index, value) in sounding.iter().enumerate() {
        let angle = std::f64::consts::TAU * hz * (index + 2000) as f64 / f64::from(RATE);
        let full = angle.sin() as f32;
        let (most, least) = (full.abs() + 2e-3, 0.5 * full.abs() - 2e-3);
        assert!(
            (least..=most).contains(&value.abs()),
            "{index}: {value} {full}"
        );
        halves += usize::from((value - 0.5 * full).abs() < 2e-3);
    }
    assert!(halves > RATE as usize, "A was heard");
}

#[test]
fn a_mask_that_is_dragged_is_heard_while_it_moves_and_nothing_stops() {
    let (player, silence) = player();
    player.load_samples(level(0.75, 600.0), RATE);
    let shared = Arc::new(Mutex::new(0.0));
    player.set_views(Box::new(Levels(Arc::clone(&shared), 0.0)));
    player.hear(Heard::Kept(Side::A));
    player.play();
    until(&player, "moving", |s| s.position_secs > 0.2);
    for step in 1..=10 {
        let level = 0.03 * step as f32;
        *shared.lock().unwrap() = level;
        player.refresh_views();
        until_heard(&silence, "the new mask", |heard| near(heard, level));
    }
    let state = player.state();
    assert!(state.playing);
    assert_eq!(state.underruns, 0);
    player.pause();
    until(&player, "paused", |s| !s.playing);
    let heard = silence.fake.heard.lock().unwrap();
    // A step of the mask goes over in 10 ms; the pause fades the whole level.
    let bound = (0.03 * slope(0.010)).max(0.75 * slope(SWITCH_SECS)) * 1.05;
    let steepest = steepest(&heard);
    assert!(steepest <= bound, "{steepest} is more than {bound}");
}

#[test]
fn a_new_mask_is_heard_long_before_what_was_written_is_through() {
    let (player, silence) = player();
    player.load_samples(level(0.75, 60.0), RATE);
    let shared = Arc::new(Mutex::new(0.1));
    player.set_views(Box::new(Levels(Arc::clone(&shared), 0.1)));
    player.hear(Heard::Kept(Side::A));
    player.play();
    until_heard(&silence, "the old mask", |heard| near(heard, 0.1));
    // Long enough that the ring is full of the old mask.
    let here = player.state().position_secs;
    until(&player, "further", |s| s.position_secs > here + 0.5);
    *shared.lock().unwrap() = 0.6;
    let before = silence.fake.heard.lock().unwrap().len();
    player.refresh_views();
    until_heard(&silence, "the new mask", |heard| near(heard, 0.6));
    let heard = silence.fake.heard.lock().unwrap();
    let first = heard.iter().position(|value| *value > 0.59).unwrap();
    let secs = (first - before) as f32 / RATE as f32;
    // The ring holds 1.5 s of the old mask; a busy machine may take longer than an idle one.
    assert!(secs < 0.4, "{secs} s");
}

#[test]
fn without_views_the_original_plays_and_views_that_come_are_taken_up() {
    let (player, silence) = player();
    player.hear(Heard::Kept(Side::A));
    player.load_samples(level(0.75, 600.0), RATE);
    player.play();
    until_heard(&silence, "the original", |heard| near(heard, 0.75));
    player.set_views(Box::new(Levels(Arc::default(), 0.25)));
    until_heard(&silence, "the view", |heard| near(heard, 0.25));
    // Another track has none.
    player.load_samples(level(0.5, 600.0), RATE);
    player.play();
    until_heard(&silence, "the other track", |heard| near(heard, 0.5));
    let steepest = steepest(&silence.fake.heard.lock().unwrap());
    assert!(steepest <= 0.75 * slope(SWITCH_SECS) * 1.01, "{steepest}");
}
