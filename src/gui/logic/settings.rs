//! What is kept between starts: takes changes over, and writes them.

use std::sync::Arc;

use crate::gui::{
    message::Outbox,
    model::{AppState, bounded_settings},
    work::{Workers, cache_jobs},
};
use mynascope_base::storage::{Cache, Folders, Settings};

use super::library;

/// Takes other settings over, and lets follow what each change means. What was opened, and where panes stand, is not set
/// by the user.
pub(super) fn edit(model: &mut AppState, workers: &mut Workers, settings: Settings) {
    let old = &model.settings;
    let new = bounded_settings(Settings {
        last: old.last.clone(),
        recent: old.recent.clone(),
        layouts: old.layouts.clone(),
        mask_shown: old.mask_shown.clone(),
        key_names: old.key_names.clone(),
        session: old.session.clone(),
        ..settings
    });
    let old = std::mem::replace(&mut model.settings, new.clone());
    if new == old {
        return;
    }
    if let Some(player) = &workers.player {
        if new.volume.to_bits() != old.volume.to_bits() {
            player.set_volume(new.volume);
        }
        if new.sound_device != old.sound_device {
            player.choose_device(new.sound_device.clone());
        }
    }
    if new.sound_device != old.sound_device {
        model.transport.told_stand_in = false;
    }
    if new.device != old.device
        && let Ok(device) = new.device.parse()
    {
        model.embeddings.source.device = device;
        model.training.form.device = device;
    }
    if new.channel != old.channel
        && let Ok(channel) = new.channel.parse()
    {
        library::set_channel(model, workers, channel);
    }
    if new.cache_mebibytes != old.cache_mebibytes {
        let bytes = new.cache_bytes();
        with_cache(workers, |cache, outbox| {
            cache_jobs::limit(cache, bytes, outbox);
        });
    }
    save(model, workers);
}

/// Does something with the cache, if there is one.
pub(super) fn with_cache(workers: &Workers, how: impl FnOnce(&Arc<Cache>, &Outbox)) {
    if let Some(cache) = &workers.cache {
        how(cache, &workers.outbox);
    }
}

/// Writes the settings, in the background.
pub(super) fn save(model: &mut AppState, workers: &Workers) {
    let Some(settings) = &workers.settings else {
        return;
    };
    match Folders::of_user() {
        Ok(folders) => settings.ask((folders.config, model.settings.clone())),
        Err(error) => model.notices.error(error.to_string()),
    }
}
