//! The dialog of published encoders.

use crate::gui::{
    command::HubCommand,
    jobs::JobEvent,
    message::HubMessage,
    model::{AppState, Overlay},
    work::{Workers, hub},
};

use super::encoder;

pub(super) fn apply(model: &mut AppState, workers: &Workers, command: HubCommand) {
    let outbox = &workers.outbox;
    let started = match command {
        HubCommand::Type(text) => {
            model.hub.typed = text;
            Ok(())
        }
        HubCommand::Look(name) => {
            model.hub.offer = None;
            model.hub.problem = None;
            hub::look(&mut model.hub.looking, outbox, name)
        }
        HubCommand::Fetch => match model.hub.offer.clone() {
            Some(offer) => {
                model.hub.problem = None;
                hub::fetch(&mut model.hub.fetching, outbox, offer)
            }
            None => Ok(()),
        },
        HubCommand::Stop => {
            model.hub.looking.stop();
            model.hub.fetching.stop();
            Ok(())
        }
        HubCommand::Use(name) => {
            model.overlay = None;
            hub::open(outbox, &name)
        }
    };
    model.notices.error_of(started);
}

pub(super) fn receive(model: &mut AppState, message: HubMessage) {
    match message {
        HubMessage::OnDisk(on_disk) => model.hub.on_disk = Some(on_disk),
        HubMessage::Looked(update) => match model.hub.looking.take(update) {
            Some(JobEvent::Found(offer)) => model.hub.offer = Some(offer),
            Some(JobEvent::Ended(Err(why))) => failed(model, why),
            Some(JobEvent::Ended(Ok(()))) | None => {}
        },
        HubMessage::Fetched(update) => match model.hub.fetching.take(update) {
            Some(JobEvent::Found(chosen)) => {
                model.hub.offer = None;
                model.hub.looked_on_disk = false;
                if is_shown(model) {
                    model.overlay = None;
                }
                encoder::use_checkpoint(model, chosen);
            }
            Some(JobEvent::Ended(Err(why))) => failed(model, why),
            Some(JobEvent::Ended(Ok(()))) | None => {}
        },
    }
}

fn is_shown(model: &AppState) -> bool {
    model.overlay == Some(Overlay::Published)
}

/// Says it in the dialog, or in a notice where that was closed.
fn failed(model: &mut AppState, why: String) {
    if !is_shown(model) {
        model.notices.error(why.clone());
    }
    model.hub.problem = Some(why);
}
