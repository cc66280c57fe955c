//! Whatever the sound device does, the position stays, a sentence says why, and the next play tries again.

use super::*;

/// Every kind of error that cpal has a name for.
const KINDS: [ErrorKind; 14] = [
    ErrorKind::DeviceBusy,
    ErrorKind::DeviceChanged,
    ErrorKind::DeviceNotAvailable,
    ErrorKind::HostUnavailable,
    ErrorKind::InvalidInput,
    ErrorKind::PermissionDenied,
    ErrorKind::RealtimeDenied,
    ErrorKind::ResourceExhausted,
    ErrorKind::StreamInvalidated,
    ErrorKind::UnsupportedConfig,
    ErrorKind::UnsupportedOperation,
    ErrorKind::Xrun,
    ErrorKind::BackendError,
    ErrorKind::Other,
];

/// After these the stream goes on.
const HARMLESS: [ErrorKind; 3] = [
    ErrorKind::DeviceChanged,
    ErrorKind::RealtimeDenied,
    ErrorKind::Xrun,
];

/// After these the same device is opened anew, and sound goes on.
const PASSING: [ErrorKind; 3] = [
    ErrorKind::BackendError,
    ErrorKind::Other,
    ErrorKind::StreamInvalidated,
];

fn why(state: &PlayerState) -> String {
    match &state.output {
        OutputStatus::Unavailable { why } => why.clone(),
        other => panic!("{other:?}"),
    }
}

fn is_lost(state: &PlayerState) -> bool {
    matches!(state.output, OutputStatus::Unavailable { .. })
}

/// Plays from the position that is known.
fn goes_on_from(player: &Player, secs: f64) {
    player.play();
    let state = until(player, "going on", |s| s.playing && s.position_secs > secs);
    assert!(matches!(state.output, OutputStatus::Ready { .. }));
    assert!(state.position_secs < secs + 15.0, "{state:?}");
}

#[test]
fn a_running_stream_is_lost_or_goes_on_by_the_kind_of_its_error() {
    for kind in KINDS {
        let (player, silence) = player();
        player.load_samples(level(0.5, 60.0), RATE);
        player.seek(20.0);
        player.play();
        until(&player, "moving", |s| s.playing && s.position_secs > 20.02);
        *silence.fake.reports.lock().unwrap() = Some(kind);
        if HARMLESS.contains(&kind) || PASSING.contains(&kind) {
            let here = player.state().position_secs;
            let state = until(&player, "moving on", |s| {
                assert!(
                    s.playing && s.position_secs >= here && !is_lost(s),
                    "{kind:?}: {s:?}"
                );
                silence.fake.reports.lock().unwrap().is_none() && s.position_secs > here + 0.2
            });
            let gap = kind == ErrorKind::Xrun || PASSING.contains(&kind);
            assert_eq!(state.underruns, u64::from(gap), "{kind:?}");
            continue;
        }
        let state = until(&player, "lost", is_lost);
        assert!(!state.playing && state.position_secs > 20.02, "{kind:?}");
        assert!(why(&state).len() > 10, "{kind:?} is not explained");
        assert!(state.position_secs < 35.0);
        goes_on_from(&player, state.position_secs);
    }
}

#[test]
fn a_stream_that_breaks_off_again_and_again_is_given_up_with_its_position() {
    let (player, silence) = player();
    player.load_samples(level(0.5, 60.0), RATE);
    player.seek(20.0);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 20.02);
    let mut broken = 0;
    let state = loop {
        *silence.fake.reports.lock().unwrap() = Some(ErrorKind::BackendError);
        let state = until(&player, "told", |s| {
            is_lost(s) || silence.fake.reports.lock().unwrap().is_none()
        });
        if is_lost(&state) {
            break state;
        }
        broken += 1;
        assert!(broken < 20, "it is opened for ever");
    };
    assert!(broken > 3 && !state.playing && state.position_secs > 20.02);
    *silence.fake.reports.lock().unwrap() = None;
    goes_on_from(&player, state.position_secs);
}

#[test]
fn a_stream_that_broke_off_does_not_go_on_elsewhere_by_itself() {
    let (player, silence) = player();
    let phones = || silence.fake.others.lock().unwrap();
    phones().push("phones".to_owned());
    player.choose_device(Some("phones".to_owned()));
    player.load_samples(level(0.5, 60.0), RATE);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 0.02);
    phones().clear();
    *silence.fake.reports.lock().unwrap() = Some(ErrorKind::StreamInvalidated);
    let state = until(&player, "lost", is_lost);
    assert!(!state.playing && state.position_secs > 0.02);
}

#[test]
fn a_device_that_is_missing_or_refuses_is_tried_again_by_the_next_play() {
    for kind in KINDS {
        let (player, silence) = player();
        for stage in [&silence.fake.missing, &silence.fake.refuses] {
            *stage.lock().unwrap() = Some(kind);
            player.load_samples(level(0.5, 60.0), RATE);
            player.seek(20.0);
            player.play();
            let state = until(&player, "refused", |s| is_lost(s) && s.duration_secs > 0.0);
            assert!(!state.playing && why(&state).len() > 10, "{kind:?}");
            assert_eq!(state.position_secs, 20.0, "{kind:?}");
            *stage.lock().unwrap() = None;
            goes_on_from(&player, 20.0);
            player.pause();
            until(&player, "paused", |s| !s.playing);
            // Gives the device back.
            player.rescan();
        }
    }
}

#[test]
fn unplugged_headphones_pause_and_the_system_s_choice_plays_on_by_the_next_play() {
    let (player, silence) = player();
    silence
        .fake
        .others
        .lock()
        .unwrap()
        .push("phones".to_owned());
    player.choose_device(Some("phones".to_owned()));
    player.load_samples(level(0.5, 60.0), RATE);
    player.seek(20.0);
    player.play();
    let on = |state: &PlayerState| match &state.output {
        OutputStatus::Ready { device, instead_of } => (device.clone(), instead_of.clone()),
        other => panic!("{other:?}"),
    };
    let state = until(&player, "moving", |s| s.playing && s.position_secs > 20.02);
    assert_eq!(on(&state), ("phones".to_owned(), None));
    assert_eq!(state.devices.len(), 2);
    silence.fake.others.lock().unwrap().clear();
    *silence.fake.reports.lock().unwrap() = Some(ErrorKind::DeviceNotAvailable);
    let state = until(&player, "lost", is_lost);
    assert!(!state.playing, "nothing starts by itself");
    assert_eq!(state.devices.len(), 1, "the list knows it");
    goes_on_from(&player, state.position_secs);
    let instead = (SILENT_NAME.to_owned(), Some("phones".to_owned()));
    assert_eq!(on(&player.state()), instead, "and says that it is another");
    // Plugged in again, it is found by a rescan, and sound goes on there.
    silence
        .fake
        .others
        .lock()
        .unwrap()
        .push("phones".to_owned());
    player.rescan();
    let there = |s: &PlayerState| matches!(&s.output, OutputStatus::Ready { device, .. } if device == "phones");
    let state = until(&player, "found", there);
    until(&player, "moving there", |s| {
        s.playing && s.position_secs > state.position_secs
    });
}

#[test]
fn sound_stops_together_with_the_reason() {
    for kind in [
        ErrorKind::DeviceNotAvailable,
        ErrorKind::StreamInvalidated,
        ErrorKind::PermissionDenied,
    ] {
        let (player, silence) = player();
        player.load_samples(level(0.5, 60.0), RATE);
        player.play();
        until(&player, "moving", |s| s.playing && s.position_secs > 0.02);
        silence.fake.slow.store(true, Ordering::Release);
        *silence.fake.missing.lock().unwrap() = Some(ErrorKind::DeviceNotAvailable);
        *silence.fake.reports.lock().unwrap() = Some(kind);
        let state = until(&player, "stopped", |s| !s.playing);
        assert!(is_lost(&state), "{kind:?}: {state:?}");
    }
}

#[test]
fn devices_that_come_back_can_be_chosen_once_sound_plays_again() {
    let (player, silence) = player();
    player.load_samples(level(0.5, 60.0), RATE);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 0.02);
    *silence.fake.missing.lock().unwrap() = Some(ErrorKind::DeviceNotAvailable);
    *silence.fake.reports.lock().unwrap() = Some(ErrorKind::DeviceNotAvailable);
    let state = until(&player, "lost", is_lost);
    assert!(state.devices.is_empty());
    *silence.fake.missing.lock().unwrap() = None;
    let others = &silence.fake.others;
    others.lock().unwrap().push("phones".to_owned());
    goes_on_from(&player, state.position_secs);
    assert_eq!(player.state().devices.len(), 2);
}

#[test]
fn another_device_takes_over_while_sound_moves() {
    let (player, silence) = player();
    silence
        .fake
        .others
        .lock()
        .unwrap()
        .push("phones".to_owned());
    player.load_samples(level(0.5, 60.0), RATE);
    player.play();
    let state = until(&player, "moving", |s| s.playing && s.position_secs > 0.1);
    player.choose_device(Some("phones".to_owned()));
    let there = |s: &PlayerState| matches!(&s.output, OutputStatus::Ready { device, .. } if device == "phones");
    until(&player, "there", |s| {
        there(s) && s.playing && s.position_secs > state.position_secs
    });
}

#[test]
fn a_real_device_is_found_or_missed_with_a_reason() {
    let player = Player::start();
    let state = until(&player, "decided", |s| s.output != OutputStatus::Starting);
    if is_lost(&state) {
        assert!(!why(&state).is_empty());
        player.load_samples(level(0.0, 1.0), RATE);
        player.play();
        until(&player, "loaded", |s| s.duration_secs == 1.0);
        assert!(!player.state().playing);
    }
}

#[test]
fn a_stream_that_the_system_ended_and_that_never_ends_here_leaves_the_player_alive() {
    let (player, silence) = player();
    silence
        .fake
        .others
        .lock()
        .unwrap()
        .push("phones".to_owned());
    player.load_samples(level(0.5, 60.0), RATE);
    player.seek(20.0);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 20.02);
    silence.fake.hangs.store(true, Ordering::Release);
    *silence.fake.reports.lock().unwrap() = Some(ErrorKind::DeviceNotAvailable);
    let state = until(&player, "lost", is_lost);
    let ended = "the sound system ended the playback";
    assert!(!state.playing && why(&state) == ended, "{state:?}");
    // Everything that a user tries works, though no stream that is given up ever ends.
    goes_on_from(&player, state.position_secs);
    player.rescan();
    let here = player.state().position_secs;
    until(&player, "on after a rescan", |s| {
        s.playing && s.position_secs > here
    });
    player.choose_device(Some("phones".to_owned()));
    let there = |s: &PlayerState| matches!(&s.output, OutputStatus::Ready { device, .. } if device == "phones");
    let state = until(&player, "there", |s| there(s) && s.playing);
    until(&player, "moving there", |s| {
        s.position_secs > state.position_secs
    });
    player.pause();
    until(&player, "paused", |s| !s.playing);
    // After the fade, the streams that are left alone move the playhead no more.
    at_rest(&player);
    silence.fake.hangs.store(false, Ordering::Release);
}

#[test]
fn a_lost_device_beside_another_is_not_called_the_end_of_all_sound() {
    let (player, silence) = player();
    silence
        .fake
        .others
        .lock()
        .unwrap()
        .push("phones".to_owned());
    player.choose_device(Some("phones".to_owned()));
    player.load_samples(level(0.5, 60.0), RATE);
    player.play();
    until(&player, "moving", |s| s.playing && s.position_secs > 0.02);
    silence.fake.others.lock().unwrap().clear();
    *silence.fake.reports.lock().unwrap() = Some(ErrorKind::DeviceNotAvailable);
    let state = until(&player, "lost", is_lost);
    assert_eq!(
        why(&state),
        "that sound device is gone, another one is there"
    );
}
