//! By which hash an encoder is known: saved probes, scores, tables and caches name it so.

use super::{
    MynaConfig, Patching,
    families::{Design, NetworkWeights, myna::parameters::encoder_parameters},
    shipped_weights,
    weights::Weights,
};

/// Whether a [`super::LoadedEncoder::fingerprint`] is that of the encoder that comes with the program, or of one of its branches,
/// whatever file it was read from and whichever of its layers.
pub fn is_shipped(hash: &str) -> bool {
    let branches = Patching::ALL.map(Some);
    branches.into_iter().any(|patch| {
        shipped_weights(patch).is_ok_and(|weights| hash.starts_with(&fingerprint(&weights.into())))
    })
}

/// Whether two fingerprints are of one encoder, read in one way, whatever the numbers that it multiplied in: such embeddings can
/// be compared.
pub fn is_same_reading(a: &str, b: &str) -> bool {
    // Precision stands last in a reading.
    let of = |hash: &'_ str| hash.split("-precision").next().map(str::to_owned);
    of(a) == of(b)
}

/// The hash of sizes and weights.
pub(super) fn fingerprint(weights: &NetworkWeights) -> String {
    match weights {
        NetworkWeights::Myna(config, weights) => of_myna(config, weights),
        NetworkWeights::Tensors(config, tensors) => {
            let text = config.design().identity_text();
            hash(&text, tensors.iter().map(Vec::as_slice))
        }
    }
}

/// What embeds is hashed; what training hung behind it is not.
fn of_myna(config: &MynaConfig, weights: &Weights) -> String {
    let embedding = encoder_parameters(config).len();
    let tensors = weights.tensors.iter().take(embedding);
    hash(
        &config.identity_text(),
        tensors.map(|tensor| tensor.values.as_slice()),
    )
}

/// The hash of sizes, as text, and weights.
fn hash<'a>(identity: &str, tensors: impl Iterator<Item = &'a [f32]>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(identity.as_bytes());
    for values in tensors {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        hasher.update(&bytes);
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preset;

    #[test]
    fn fingerprints_of_two_precisions_are_of_one_reading() {
        assert!(is_same_reading("ab12", "ab12-precisionbf16"));
        assert!(is_same_reading("ab12-layer3-precisionint8", "ab12-layer3"));
        assert!(!is_same_reading("ab12-layer3", "ab12-precisionbf16"));
        assert!(!is_same_reading("ab12", "ab13"));
    }

    /// Probes, scores and cached tables of earlier versions name the encoder by this hash.
    #[test]
    fn saved_probes_and_caches_still_find_the_shipped_encoder() {
        let shipped = shipped_weights(None).unwrap();
        assert_eq!(
            fingerprint(&shipped.into()),
            "c5696d7c60e014653d8f11656860d0f25dafe86c410cf6492355e5a841a12d15"
        );
        let square = Weights::random(
            Preset::Tiny.config(Patching::Square),
            &crate::TrainingHead::None,
            0,
        );
        assert_eq!(
            fingerprint(&square.unwrap().into()),
            "cef0df94245ec87cb1967e826eb3e6948fd61db64d3ad25c509ea5eaa88a3bae"
        );
        assert_eq!(
            Preset::Base.config(Patching::Vertical).identity_text(),
            "EncoderConfig { kind: Vertical, dim: 768, depth: 12, heads: 12, mlp_dim: 3072 }"
        );
    }
}
