//! A clip sounds alone, and the track goes on from its place.

use super::*;

fn clip(level: f32, secs: f64) -> Arc<Clip> {
    let frames = vec![[level; 2]; (secs * f64::from(RATE)) as usize];
    Arc::new(Clip { frames, rate: RATE })
}

#[test]
fn a_clip_sounds_alone_and_the_track_goes_on_from_its_place() {
    let (player, silence) = hurried();
    player.load_samples(level(0.5, 600.0), RATE);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 0.1);
    let auditions = player.auditions();
    auditions.play(clip(0.125, 100.0));
    until_heard(&silence, "the clip alone", |heard| {
        heard.last() == Some(&0.125)
    });
    let place = player.state().position_secs;
    auditions.play(clip(0.25, 100.0));
    until_heard(&silence, "the next clip alone", |heard| {
        heard.last() == Some(&0.25)
    });
    assert_eq!(player.state().position_secs, place, "the track waits");
    assert!(player.state().playing, "and will go on");
    auditions.stop();
    until_heard(&silence, "the track again", |heard| {
        heard.last() == Some(&0.5)
    });
    player.pause();
    until_heard(&silence, "silence", |heard| heard.last() == Some(&0.0));
    let heard = silence.fake.heard.lock().unwrap();
    let steepest = steepest(&heard);
    // A track that fades out under a clip that fades in.
    let most = (0.5 + 0.25) * slope(FADE_SECS) * 1.01;
    assert!(steepest <= most, "{steepest} {most}");
    assert_eq!(player.state().underruns, 0);
}

#[test]
fn a_clip_needs_no_track_and_ends_by_itself() {
    let (player, silence) = hurried();
    let auditions = player.auditions();
    auditions.stand_by(true);
    auditions.play(clip(0.25, 0.5));
    until_heard(&silence, "the clip", |heard| heard.contains(&0.25));
    until_heard(&silence, "its end", |heard| heard.last() == Some(&0.0));
    let heard = silence.fake.heard.lock().unwrap();
    let loud = heard.iter().filter(|&&value| value > 0.0).count();
    assert!((loud as f64 / f64::from(RATE) - 0.5).abs() < 0.01, "{loud}");
    assert!(steepest(&heard) <= 0.25 * slope(FADE_SECS) * 1.01);
}

#[test]
fn without_a_device_a_clip_is_silent_and_nothing_breaks() {
    let (player, silence) = player();
    *silence.fake.missing.lock().unwrap() = Some(ErrorKind::DeviceNotAvailable);
    player.rescan();
    let auditions = player.auditions();
    auditions.stand_by(true);
    auditions.play(clip(0.25, 0.5));
    until(&player, "told", |s| {
        matches!(s.output, OutputStatus::Unavailable { .. })
    });
    player.load_samples(level(0.5, 10.0), RATE);
    until(&player, "loaded", |s| s.duration_secs == 10.0);
    assert!(silence.fake.heard.lock().unwrap().is_empty());
}
