//! Looks for published encoders on this disk, and asks the model hub for them.

use std::path::PathBuf;

use mynascope_hub::{Hub, HubName, Offer, PUBLISHED};

use crate::gui::{
    jobs::{JobSlot, NoThread, spawn_once},
    message::{EncoderMessage, HubMessage, Message, Outbox},
    model::ChosenCheckpoint,
};

use super::checkpoint::open_dropped;

/// Looks which published encoders are on this disk.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn find(outbox: &Outbox) -> Result<(), NoThread> {
    let find = |outbox: &Outbox| {
        let hub = Hub::of_user().ok();
        let folder = |model: &str| hub.as_ref()?.cached(&model.parse().ok()?);
        let on_disk = PUBLISHED
            .iter()
            .map(|known| known.hub.and_then(folder).is_some());
        outbox.send(Message::Hub(HubMessage::OnDisk(on_disk.collect())));
    };
    spawn_once("hub-cache", outbox, find, broke_off)
}

/// Asks the hub what it has of a model.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn look(slot: &mut JobSlot<Offer>, outbox: &Outbox, name: HubName) -> Result<(), NoThread> {
    let wrap = |update| Message::Hub(HubMessage::Looked(update));
    slot.start("hub-look", outbox, wrap, broke_off, move |job| {
        let offer = Hub::of_user().and_then(|hub| hub.look(&name));
        job.found(offer.map_err(|error| error.to_string())?);
        Ok(())
    })
}

/// Fetches what the hub offered and looks what it is.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn fetch(
    slot: &mut JobSlot<ChosenCheckpoint>,
    outbox: &Outbox,
    offer: Offer,
) -> Result<(), NoThread> {
    let wrap = |update| Message::Hub(HubMessage::Fetched(update));
    slot.start("hub-fetch", outbox, wrap, broke_off, move |job| {
        let fetched = Hub::of_user().and_then(|hub| hub.fetch(&offer, &job.watch));
        fetched.map_err(|error| error.to_string())?;
        let chosen = open_dropped(&path_of(&offer.name)).map_err(|error| error.to_string())?;
        job.found(chosen);
        Ok(())
    })
}

/// Looks what an encoder on this disk is, to use it.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn open(outbox: &Outbox, name: &HubName) -> Result<(), NoThread> {
    let path = path_of(name);
    let open = move |outbox: &Outbox| {
        outbox.send(match open_dropped(&path) {
            Ok(chosen) => Message::Encoder(EncoderMessage::Chosen(chosen)),
            Err(error) => Message::Fault(error.to_string()),
        });
    };
    spawn_once("hub-open", outbox, open, broke_off)
}

/// As a checkpoint is named in commands and cards, so that they hold on other machines too.
fn path_of(name: &HubName) -> PathBuf {
    PathBuf::from(name.with_scheme())
}

fn broke_off(fault: String) -> String {
    format!("The work with the model hub broke off ({fault}); try again")
}
