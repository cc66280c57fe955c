//! SogCLR (Yuan et al. 2022, "Provable stochastic optimization for global contrastive learning") as LibAUC's `GCLoss_v1`
//! computes it, and iSogCLR (Qiu et al. 2023), which learns a temperature a track.
//!
//! For anchor i of view A: g_i = mean over the 2(B-1) negatives of exp(s/tau); u_i <- (1-gamma) u_i + gamma g_i; the loss
//! is -s_i,positive + mean over the negatives of p s with p = exp(s/tau) / u_i held constant. View B likewise.

use burn::tensor::{Tensor, TensorData, backend::Backend};

/// Smallest moving average that is divided by.
const EPSILON: f64 = 1e-8;
/// Smallest norm that is divided by.
const NORM_EPSILON: f64 = 1e-12;

/// Settings of the loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sogclr {
    /// Temperature; where it is learned, its first value.
    pub tau: f64,
    /// How temperatures are learned; `None` keeps one fixed temperature.
    pub temperatures: Option<TemperatureRule>,
}

/// iSogCLR's rule, with the published defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TemperatureRule {
    pub smallest: f64,
    pub largest: f64,
    pub rho: f64,
    pub eta: f64,
    pub beta: f64,
}

impl Default for TemperatureRule {
    fn default() -> Self {
        Self {
            smallest: 0.05,
            largest: 0.7,
            rho: 0.3,
            eta: 0.01,
            beta: 0.9,
        }
    }
}

/// What the loss remembers of every track.
#[derive(Debug, Clone, PartialEq)]
pub struct SogclrMemory {
    /// Moving average of the negatives' sum; 0 for a track that was never seen.
    pub u: Vec<f32>,
    /// Temperature of each track.
    pub tau: Vec<f32>,
    /// Moving average of the temperature's gradient.
    pub momentum: Vec<f32>,
}

impl SogclrMemory {
    /// The memory before the first step.
    pub fn new(tracks: usize, settings: &Sogclr) -> Self {
        Self {
            u: vec![0.0; tracks],
            tau: vec![settings.tau as f32; tracks],
            momentum: vec![0.0; tracks],
        }
    }

    /// Whether none of these tracks was seen yet.
    pub fn untouched(&self, tracks: &[usize]) -> bool {
        tracks.iter().all(|&track| self.u.get(track) == Some(&0.0))
    }
}

/// Gamma of an epoch: constant, or from 1 down to `smallest` along half a cosine over `epochs`.
pub fn effective_gamma(smallest: f64, cosine: bool, epoch: u64, epochs: u64) -> f64 {
    if !cosine || epoch >= epochs {
        return smallest;
    }
    let part = epoch as f64 / epochs as f64;
    smallest + (1.0 - smallest) * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
}

/// The memory of one batch on a device, [batch, 1] each.
#[derive(Debug, Clone)]
pub(crate) struct MemoryTensors<B: Backend> {
    pub u: Tensor<B, 2>,
    pub tau: Tensor<B, 2>,
    pub momentum: Tensor<B, 2>,
}

impl<B: Backend> MemoryTensors<B> {
    /// The rows of some tracks.
    pub fn upload(memory: &SogclrMemory, tracks: &[usize], device: &B::Device) -> Self {
        let rows = |values: &[f32]| {
            let picked: Vec<f32> = tracks
                .iter()
                .filter_map(|&track| values.get(track).copied())
                .collect();
            let count = picked.len();
            Tensor::from_data(TensorData::new(picked, [count, 1]), device)
        };
        Self {
            u: rows(&memory.u),
            tau: rows(&memory.tau),
            momentum: rows(&memory.momentum),
        }
    }
}

/// One pass over a batch.
pub(crate) struct Pass<B: Backend> {
    pub loss: Tensor<B, 1>,
    /// The memory after it, detached.
    pub memory: MemoryTensors<B>,
    /// Mean cosine of the positives, [1], detached.
    pub positive: Tensor<B, 1>,
    /// Mean cosine between the views of different tracks, [1], detached.
    pub negative: Tensor<B, 1>,
}

impl Sogclr {
    /// The loss of two views [batch, dim] of the same tracks, at least two.
    pub(crate) fn pass<B: Backend>(
        &self,
        view_a: Tensor<B, 2>,
        view_b: Tensor<B, 2>,
        memory: MemoryTensors<B>,
        gamma: f64,
    ) -> Pass<B> {
        let [batch, _] = view_a.dims();
        let device = view_a.device();
        let (a, b) = (unit_rows(view_a), unit_rows(view_b));
        let same = Tensor::<B, 2>::eye(batch, &device);
        let others = same.clone().neg().add_scalar(1.0);
        let across = a.clone().matmul(b.clone().transpose());
        let positive = (across.clone() * same).sum_dim(1);
        let side = |across: Tensor<B, 2>, within: Tensor<B, 2>| {
            self.side(across, within, &others, &positive, &memory, gamma)
        };
        let within_a = a.clone().matmul(a.transpose());
        let within_b = b.clone().matmul(b.transpose());
        let from_a = side(across.clone(), within_a);
        let from_b = side(across.clone().transpose(), within_b);
        let tau = match self.temperatures {
            None => (memory.tau, memory.momentum),
            Some(rule) => {
                let gradient = (self.temperature_gradient(&from_a, &memory.tau, rule)
                    + self.temperature_gradient(&from_b, &memory.tau, rule))
                .mul_scalar(0.5);
                let momentum =
                    memory.momentum.mul_scalar(1.0 - rule.beta) + gradient.mul_scalar(rule.beta);
                let tau = (memory.tau - momentum.clone().mul_scalar(rule.eta))
                    .clamp(rule.smallest, rule.largest);
                (tau, momentum)
            }
        };
        let pairs = (batch * batch.saturating_sub(1)).max(1) as f64;
        Pass {
            loss: from_a.loss + from_b.loss,
            memory: MemoryTensors {
                u: (from_a.u + from_b.u).mul_scalar(0.5),
                tau: tau.0,
                momentum: tau.1,
            },
            positive: positive.detach().mean(),
            negative: (across.detach() * others).sum().div_scalar(pairs),
        }
    }

    /// One view as the anchor.
    fn side<B: Backend>(
        &self,
        across: Tensor<B, 2>,
        within: Tensor<B, 2>,
        others: &Tensor<B, 2>,
        positive: &Tensor<B, 2>,
        memory: &MemoryTensors<B>,
        gamma: f64,
    ) -> Side<B> {
        let [batch, _] = across.dims();
        let negatives = 2.0 * batch.saturating_sub(1).max(1) as f64;
        let weight = |similarity: &Tensor<B, 2>| {
            let scaled = similarity.clone().detach() / memory.tau.clone();
            scaled.exp() * others.clone()
        };
        let (weight_across, weight_within) = (weight(&across), weight(&within));
        let sum = (weight_across.clone() + weight_within.clone()).sum_dim(1);
        let u = memory.u.clone().mul_scalar(1.0 - gamma) + sum.mul_scalar(gamma / negatives);
        let pushed = (weight_across * across + weight_within * within).sum_dim(1);
        let pushed = pushed / u.clone().clamp_min(EPSILON).mul_scalar(negatives);
        Side {
            loss: (pushed.clone() - positive.clone()).mean(),
            pushed: pushed.detach(),
            u,
        }
    }

    fn temperature_gradient<B: Backend>(
        &self,
        side: &Side<B>,
        tau: &Tensor<B, 2>,
        rule: TemperatureRule,
    ) -> Tensor<B, 2> {
        side.u.clone().clamp_min(EPSILON).log().add_scalar(rule.rho)
            - side.pushed.clone() / tau.clone()
    }
}

struct Side<B: Backend> {
    loss: Tensor<B, 1>,
    /// Weighted mean similarity of the negatives, [batch, 1], detached.
    pushed: Tensor<B, 2>,
    /// [batch, 1], detached.
    u: Tensor<B, 2>,
}

fn unit_rows<B: Backend>(x: Tensor<B, 2>) -> Tensor<B, 2> {
    let squares = (x.clone() * x.clone()).sum_dim(1);
    x / squares.sqrt().clamp_min(NORM_EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::{Autodiff, Flex};

    type Ad = Autodiff<Flex>;

    fn read(name: &str) -> (Vec<usize>, Vec<f32>) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/gcloss_v1.safetensors");
        let bytes = std::fs::read(path).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let view = file.tensor(name).unwrap();
        let values = match view.dtype() {
            safetensors::Dtype::I64 => view
                .data()
                .chunks_exact(8)
                .map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f32)
                .collect(),
            _ => view
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
                .collect(),
        };
        (view.shape().to_vec(), values)
    }

    fn close(found: &[f32], expected: &[f32], what: &str) {
        assert_eq!(found.len(), expected.len(), "{what}");
        let scale = expected.iter().fold(1e-6_f32, |most, v| most.max(v.abs()));
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() <= 1e-5 * scale,
                "{what}: {found} for {expected}"
            );
        }
    }

    /// `gcloss_v1.safetensors` holds three calls (epochs 0, 1, 1) of LibAUC 2.0.1 in three cases; the last learns
    /// temperatures.
    #[test]
    fn loss_gradients_and_memory_are_those_of_libauc() {
        for case in 0..3 {
            let name = |rest: &str| format!("case{case}.{rest}");
            let tensor = |rest: &str| {
                let (shape, values) = read(&name(rest));
                let data = TensorData::new(values, [shape[0], shape[1]]);
                Tensor::<Ad, 2>::from_data(data, &Default::default()).require_grad()
            };
            let index: Vec<usize> = read(&name("index"))
                .1
                .into_iter()
                .map(|v| v as usize)
                .collect();
            let settings = Sogclr {
                tau: 0.1,
                temperatures: (case == 2).then(TemperatureRule::default),
            };
            let tracks = read(&name("call0.u")).1.len();
            let mut memory = SogclrMemory::new(tracks, &settings);
            for call in 0..3 {
                let first = call == 0 && memory.untouched(&index);
                let (za, zb) = (tensor("za"), tensor("zb"));
                let rows = MemoryTensors::upload(&memory, &index, &Default::default());
                let gamma = if first { 1.0 } else { 0.9 };
                let pass = settings.pass(za.clone(), zb.clone(), rows, gamma);
                let numbers = |t: Tensor<Flex, 2>| t.into_data().into_vec::<f32>().unwrap();
                let store = |all: &mut [f32], rows: Tensor<Ad, 2>| {
                    for (&track, value) in index.iter().zip(numbers(rows.inner())) {
                        all[track] = value;
                    }
                };
                store(&mut memory.u, pass.memory.u);
                store(&mut memory.tau, pass.memory.tau);
                store(&mut memory.momentum, pass.memory.momentum);
                let gradients = pass.loss.backward();
                let loss = pass.loss.into_data().into_vec::<f32>().unwrap();
                let expected = |rest: &str| read(&name(&format!("call{call}.{rest}"))).1;
                close(&loss, &expected("loss"), "loss");
                close(
                    &numbers(za.grad(&gradients).unwrap()),
                    &expected("dza"),
                    "dza",
                );
                close(
                    &numbers(zb.grad(&gradients).unwrap()),
                    &expected("dzb"),
                    "dzb",
                );
                close(&memory.u, &expected("u"), "u");
                if case == 2 {
                    close(&memory.tau, &expected("tau"), "tau");
                }
            }
        }
    }

    #[test]
    fn gamma_falls_along_half_a_cosine() {
        assert_eq!(effective_gamma(0.9, false, 0, 10), 0.9);
        assert_eq!(effective_gamma(0.8, true, 0, 10), 1.0);
        assert!((effective_gamma(0.8, true, 5, 10) - 0.9).abs() < 1e-12);
        assert_eq!(effective_gamma(0.8, true, 10, 10), 0.8);
    }
}
