//! A MAEST that begins with the transformer of a Myna, as its authors begin with that of PaSST or DeiT (section 3.2 of the
//! paper): norms, attention and feed-forward parts are the same function in both. A Myna's patches, positions and head are not
//! those of a MAEST, so what reads patches, the positions, the class tokens and the classifier stay as they are.

use std::collections::BTreeMap;

use super::Config;
use crate::{EncoderConfig, MynaConfig, Weights, families::myna::HEAD_DIM};

/// Puts the blocks of a Myna in the place of the first weights of a MAEST; biases that a Myna lacks become 0. A Myna of more
/// blocks gives its first ones.
///
/// # Errors
/// Why its blocks are no blocks of this MAEST, in words.
pub fn begin_with_myna(weights: &mut Weights, myna: &Weights) -> Result<(), String> {
    let (EncoderConfig::Maest(sizes), EncoderConfig::Myna(from)) = (weights.config, myna.config)
    else {
        return Err("only a MAEST begins with the blocks of a Myna".to_owned());
    };
    fits(&sizes, &from)?;
    let there: BTreeMap<&str, &Vec<f32>> = myna
        .tensors
        .iter()
        .map(|tensor| (tensor.spec.name.as_str(), &tensor.values))
        .collect();
    for tensor in &mut weights.tensors {
        match source(&tensor.spec.name) {
            Some(Source::Zero) => tensor.values.fill(0.0),
            Some(Source::Named(name)) => match there.get(name.as_str()) {
                Some(values) if values.len() == tensor.values.len() => {
                    tensor.values.clone_from(values);
                }
                _ => return Err(format!("the Myna lacks {name} of the size that is needed")),
            },
            None => {}
        }
    }
    Ok(())
}

/// Whether the blocks have one shape.
fn fits(sizes: &Config, from: &MynaConfig) -> Result<(), String> {
    let wanted = [sizes.dim, sizes.heads, sizes.mlp_dim];
    let found = [from.dim, from.heads, from.mlp_dim];
    let fits = wanted == found && from.heads * HEAD_DIM == from.dim && sizes.depth <= from.depth;
    let blocks = |[dim, heads, mlp]: [usize; 3], depth: usize| {
        format!("{depth} blocks of width {dim}, {heads} heads and {mlp} in the feed-forward part")
    };
    match fits {
        true => Ok(()),
        false => Err(format!(
            "the Myna has {}, and the MAEST needs {}; maest-tiny begins with a Myna of the size tiny, maest with one of the size base",
            blocks(found, from.depth),
            blocks(wanted, sizes.depth)
        )),
    }
}

/// Where a weight comes from.
enum Source {
    Zero,
    /// The tensor of a Myna.
    Named(String),
}

/// Where a weight of a MAEST comes from; `None` where it stays.
fn source(name: &str) -> Option<Source> {
    if let Some(end) = name.strip_prefix("norm.") {
        return Some(Source::Named(format!("transformer.norm.{end}")));
    }
    let (block, part) = name.strip_prefix("blocks.")?.split_once('.')?;
    let (part, end) = part.rsplit_once('.')?;
    let part = match (part, end) {
        ("attn.qkv" | "attn.proj", "bias") => return Some(Source::Zero),
        ("norm1", _) => "0.norm",
        ("attn.qkv", _) => "0.to_qkv",
        ("attn.proj", _) => "0.to_out",
        ("norm2", _) => "1.net.0",
        ("mlp.fc1", _) => "1.net.1",
        ("mlp.fc2", _) => "1.net.3",
        _ => return None,
    };
    Some(Source::Named(format!(
        "transformer.layers.{block}.{part}.{end}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Patching, Preset, TrainingHead};

    #[test]
    fn the_blocks_become_those_of_the_myna_and_nothing_else_changes() {
        let fresh = |config: EncoderConfig, seed| {
            Weights::random(config, &TrainingHead::None, seed).unwrap()
        };
        let myna = fresh(Preset::Tiny.config(Patching::Hybrid).into(), 1);
        let before = fresh(Config::TINY.into(), 2);
        let mut after = before.clone();
        begin_with_myna(&mut after, &myna).unwrap();
        let of = |weights: &Weights, name: &str| {
            let found = weights.tensors.iter().find(|one| one.spec.name == name);
            found.unwrap().values.clone()
        };
        for (maest, there) in [
            (
                "blocks.3.attn.qkv.weight",
                "transformer.layers.3.0.to_qkv.weight",
            ),
            ("blocks.0.mlp.fc2.bias", "transformer.layers.0.1.net.3.bias"),
            ("norm.weight", "transformer.norm.weight"),
        ] {
            assert_eq!(of(&after, maest), of(&myna, there), "{maest}");
        }
        for name in ["patch_embed.proj.weight", "cls_token", "time_new_pos_embed"] {
            assert_eq!(of(&after, name), of(&before, name), "{name}");
        }
        let other = fresh(Preset::Small.config(Patching::Square).into(), 1);
        let error = begin_with_myna(&mut after, &other).unwrap_err();
        assert!(
            error.contains("width 384") && error.contains("width 192"),
            "{error}"
        );
        let shallow = MynaConfig {
            depth: 2,
            ..Preset::Tiny.config(Patching::Square)
        };
        assert!(begin_with_myna(&mut after, &fresh(shallow.into(), 1)).is_err());
    }
}
