//! Why the tensors of a file make no encoder, in words.

use super::{
    candidates::{Candidate, WITNESSES},
    fit::FOREIGN,
    listing::{Listing, TensorEntry},
};
use crate::{Family, families};
use mynascope_base::counted;

/// What is said of tensors under an encoder's names that show no sizes of one: their numbers may be of a kind that is
/// not read.
pub(super) fn no_sizes(candidates: &[Candidate], chosen: usize, listing: &Listing) -> String {
    let names = candidates.get(chosen).into_iter();
    let unread = names
        .flat_map(|candidate| candidate.names.iter())
        .filter_map(|(name, own)| Some((name, listing.tensors.get(own)?)))
        .filter(|(_, entry)| entry.width().is_none());
    // The encoder's own say more than what stands beside it.
    let is_beside = |name: &str| !FOREIGN.iter().any(|start| name.starts_with(start));
    match unread.min_by_key(|(name, _)| is_beside(name)) {
        Some((name, entry)) => format!("{name} is {}", entry.say_unread()),
        None => "its tensors show sizes that no encoder has".into(),
    }
}

/// What is said of a file without an encoder.
pub(super) fn no_encoder(listing: &Listing) -> String {
    if listing.tensors.is_empty() && listing.unreadable.is_empty() {
        return "it holds no tensors".into();
    }
    if let Some(name) = unnamed_average(listing) {
        return format!(
            "it holds no encoder, only {name}, a list of averages without names: save the averaged model's state_dict()"
        );
    }
    let is_witness = |name: &str| WITNESSES.iter().any(|witness| name.ends_with(witness));
    let mut unreadable = listing.unreadable.iter();
    if let Some((name, what)) = unreadable.find(|(name, _)| is_witness(name)) {
        return format!("{name} is {what}; save the state_dict() of the model in floating point");
    }
    if listing.tensors.is_empty()
        && let Some((_, what)) = listing.unreadable.first_key_value()
    {
        return format!("it holds no tensors, only {what}; save model.state_dict()");
    }
    let is_addition = |name: &String| name.contains(".lora_A.") || name.contains(".lora_B.");
    if listing.tensors.keys().any(is_addition) {
        return "it holds the additions of LoRA, which belong to the encoder that they were trained on; put them together and \
                save that: model.merge_and_unload().state_dict()"
            .into();
    }
    let is_number = |name: &String| {
        name.split('.')
            .all(|part| part.bytes().all(|it| it.is_ascii_digit()))
    };
    if !listing.tensors.is_empty() && listing.tensors.keys().all(is_number) {
        let tensors = counted(listing.tensors.len(), "tensor");
        return format!(
            "it holds {tensors} without names, which tell no encoder: save model.state_dict(), which names them"
        );
    }
    families::say_none_found()
}

/// What is said of a file without an encoder by whose `config.json` there is one: its numbers may be of a kind that is not
/// read.
pub(super) fn none_of(family: Family, listing: &Listing) -> String {
    let is_unread = |(_, entry): &(&String, &TensorEntry)| entry.width().is_none();
    match listing.tensors.iter().find(is_unread) {
        Some((name, entry)) => format!(
            "by its config.json it is a {family}, but {name} is {}",
            entry.say_unread()
        ),
        None => families::say_not_in_file(family),
    }
}

/// The list in which torch_ema and diffusers keep averages.
pub(super) fn unnamed_average(listing: &Listing) -> Option<&str> {
    const LIST: &str = "shadow_params";
    listing.tensors.keys().find_map(|name| {
        let (before, after) = name.rsplit_once('.')?;
        let is_list = after.bytes().all(|byte| byte.is_ascii_digit());
        let last = before.rsplit('.').next()?;
        (is_list && last == LIST).then_some(before)
    })
}

const ADAPTED: &str = "parted into a base and the additions of LoRA; put them together before you save: \
                       model.merge_and_unload().state_dict()";

/// Whether peft keeps a tensor apart from what was trained on top of it.
fn is_adapted(name: &str, listing: &Listing) -> bool {
    name.rsplit_once('.').is_some_and(|(layer, kind)| {
        listing
            .tensors
            .contains_key(&format!("{layer}.base_layer.{kind}"))
    })
}

/// Of tensors that are missing: what stands in their place.
pub(super) fn why_missing(
    missing: &[String],
    candidate: &Candidate,
    listing: &Listing,
) -> Vec<(String, String)> {
    let why = |name: &String| {
        let own = candidate.names.get(name);
        let entry = own.and_then(|own| listing.tensors.get(own));
        let other = || {
            let own = format!("{}{name}", candidate.prefix);
            listing.unreadable.get(&own).cloned()
        };
        let why = match entry {
            Some(entry) => Some(entry.say_unread()),
            None if is_adapted(&format!("{}{name}", candidate.prefix), listing) => {
                Some(ADAPTED.to_owned())
            }
            None => other(),
        };
        Some((name.clone(), why?))
    };
    missing.iter().filter_map(why).collect()
}

pub(super) fn not_finite_fault(names: &[String]) -> Option<String> {
    let tensors = counted(names.len(), "tensor");
    (!names.is_empty()).then(|| format!("{tensors} with NaN or infinite values: {}", list(names)))
}

pub(super) fn is_finite(values: &[f32]) -> bool {
    values.iter().all(|value| value.is_finite())
}

/// The first few names and how many more there are.
pub(super) fn list(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}
