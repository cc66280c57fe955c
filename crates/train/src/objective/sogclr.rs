//! SogCLR (Yuan et al. 2022, "Provable stochastic optimization for global contrastive learning") as LibAUC's `GCLoss_v1`
//! computes it, and iSogCLR (Qiu et al. 2023), which learns a temperature a track.
//!
//! For anchor i of view A: g_i = mean over the 2(B-1) negatives of exp(s/tau); u_i <- (1-gamma) u_i + gamma g_i; the loss
//! is -s_i,positive + mean over the negatives of p s with p = exp(s/tau) / u_i held constant. View B likewise; the mean
//! of both averages is remembered.

use burn::tensor::{Tensor, backend::Backend};

use super::{
    LossOutput, Rows, Similarities, SimilarityGrad, StepSchedule, TrackState,
    similarity::{column, download},
};

/// Smallest moving average that is divided by.
const EPSILON: f64 = 1e-8;

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
    /// The lowest temperature.
    pub smallest: f64,
    /// The highest temperature.
    pub largest: f64,
    /// Radius of the robust loss.
    pub rho: f64,
    /// Learning rate of the temperatures.
    pub eta: f64,
    /// Weight of the new value in the moving average of their gradient.
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

/// One view as the anchor.
struct Side<B: Backend> {
    across: Tensor<B, 2>,
    within: Tensor<B, 2>,
    /// Sum of the negatives' weights.
    sum: Tensor<B, 2>,
    /// Sum of weights times cosines.
    pushed: Tensor<B, 2>,
}

impl Sogclr {
    /// u of every track is 0 until it is seen.
    pub(super) fn track_state(&self, tracks: usize) -> TrackState {
        TrackState::default()
            .per_track("u", tracks, 0.0)
            .per_track("tau", tracks, self.tau)
            .per_track("momentum", tracks, 0.0)
    }

    pub(super) fn mean_tau(&self, rows: &Rows) -> f64 {
        let tau = rows.get("tau");
        tau.iter().sum::<f64>() / tau.len().max(1) as f64
    }

    pub(super) fn loss<B: Backend>(
        &self,
        s: &Similarities<B>,
        rows: &mut Rows,
        schedule: StepSchedule,
    ) -> Result<LossOutput<B>, String> {
        let device = s.across.device();
        let batch = s.batch.max(1) as f64;
        let negatives = 2.0 * s.batch.saturating_sub(1).max(1) as f64;
        let old = rows.get("u");
        // In the first epoch a batch that was never seen starts with its first value.
        let fresh = schedule.epoch == 0 && old.iter().all(|&u| u == 0.0);
        let gamma = if fresh { 1.0 } else { schedule.gamma };
        let taus = rows.get("tau");
        let tau = column::<B>(taus, &device);
        let side = |across: Tensor<B, 2>, within: Tensor<B, 2>| {
            let weight = |s_: &Tensor<B, 2>| (s_.clone() / tau.clone()).exp() * s.others.clone();
            let (weight_across, weight_within) = (weight(&across), weight(&within));
            Side {
                sum: (weight_across.clone() + weight_within.clone()).sum_dim(1),
                pushed: (weight_across.clone() * across + weight_within.clone() * within)
                    .sum_dim(1),
                across: weight_across,
                within: weight_within,
            }
        };
        let from_a = side(s.across.clone(), s.within_a.clone());
        let from_b = side(s.across.clone().transpose(), s.within_b.clone());
        let [sum_a, pushed_a, sum_b, pushed_b, positive] = download([
            from_a.sum.clone(),
            from_a.pushed.clone(),
            from_b.sum.clone(),
            from_b.pushed.clone(),
            s.positives.clone(),
        ])?;
        let moved = |sums: &[f64]| -> Vec<f64> {
            let pairs = old.iter().zip(sums);
            pairs
                .map(|(u, sum)| (1.0 - gamma) * u + gamma * sum / negatives)
                .collect()
        };
        let (u_a, u_b) = (moved(&sum_a), moved(&sum_b));
        // Mean over the negatives of p s, for every anchor.
        let push = |u: &[f64], pushed: &[f64]| -> Vec<f64> {
            let pairs = u.iter().zip(pushed);
            pairs
                .map(|(u, pushed)| pushed / (u.max(EPSILON) * negatives))
                .collect()
        };
        let (push_a, push_b) = (push(&u_a, &pushed_a), push(&u_b, &pushed_b));
        let pushes: f64 = push_a.iter().chain(&push_b).sum();
        let loss = (pushes - 2.0 * positive.iter().sum::<f64>()) / batch;
        let strength = |u: &[f64]| {
            let strengths: Vec<f64> = u
                .iter()
                .map(|u| 1.0 / (u.max(EPSILON) * negatives * batch))
                .collect();
            column::<B>(&strengths, &device)
        };
        let (strength_a, strength_b) = (strength(&u_a), strength(&u_b));
        let attract = s.same.clone().mul_scalar(2.0 / batch);
        let grad = SimilarityGrad {
            across: from_a.across * strength_a.clone()
                + (from_b.across * strength_b.clone()).transpose()
                - attract,
            within: Some([from_a.within * strength_a, from_b.within * strength_b]),
        };
        if let Some(rule) = self.temperatures {
            let mut learned = (Vec::new(), Vec::new());
            let sides = u_a.iter().zip(&push_a).zip(u_b.iter().zip(&push_b));
            for ((tau, momentum), (a, b)) in taus.iter().zip(rows.get("momentum")).zip(sides) {
                let gradient =
                    |(u, push): (&f64, &f64)| u.max(EPSILON).ln() + rule.rho - push / tau;
                let gradient = 0.5 * (gradient(a) + gradient(b));
                let momentum = (1.0 - rule.beta) * momentum + rule.beta * gradient;
                learned
                    .0
                    .push((tau - rule.eta * momentum).clamp(rule.smallest, rule.largest));
                learned.1.push(momentum);
            }
            rows.set("tau", learned.0);
            rows.set("momentum", learned.1);
        }
        let u = u_a.iter().zip(&u_b).map(|(a, b)| 0.5 * (a + b)).collect();
        rows.set("u", u);
        Ok(LossOutput {
            loss,
            grad,
            temperature: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::{backend::Flex, tensor::TensorData};

    use super::super::{Contrastive, InfoNce, Views, testing};
    use super::*;

    fn read(name: &str) -> (Vec<usize>, Vec<f32>) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/fixtures/gcloss_v1.safetensors");
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
    fn loss_gradients_and_averages_are_those_of_libauc() {
        for case in 0..3 {
            let name = |rest: &str| format!("case{case}.{rest}");
            let tensor = |rest: &str| {
                let (shape, values) = read(&name(rest));
                let data = TensorData::new(values, [shape[0], shape[1]]);
                Tensor::<Flex, 2>::from_data(data, &Default::default())
            };
            let index: Vec<usize> = read(&name("index"))
                .1
                .into_iter()
                .map(|v| v as usize)
                .collect();
            let objective = Contrastive::Sogclr(Sogclr {
                tau: 0.1,
                temperatures: (case == 2).then(TemperatureRule::default),
            });
            let mut track_state = objective.track_state(read(&name("call0.u")).1.len());
            for call in 0..3 {
                let views = Views::new(tensor("za"), tensor("zb"));
                let mut rows = track_state.rows(&index);
                let schedule = StepSchedule {
                    epoch: call.min(1),
                    gamma: 0.9,
                };
                let output = objective
                    .loss(&views.similarities(), &mut rows, schedule)
                    .unwrap();
                track_state.store(&index, &rows);
                let [dza, dzb] = views
                    .gradients(output.grad)
                    .map(|t| t.into_data().into_vec::<f32>().unwrap());
                let expected = |rest: &str| read(&name(&format!("call{call}.{rest}"))).1;
                close(&[output.loss as f32], &expected("loss"), "loss");
                close(&dza, &expected("dza"), "dza");
                close(&dzb, &expected("dzb"), "dzb");
                close(track_state.column("u"), &expected("u"), "u");
                if case == 2 {
                    close(track_state.column("tau"), &expected("tau"), "tau");
                }
            }
        }
    }

    /// With gamma = 1 the gradient is 2 tau times that of the decoupled loss: the objectives differ by the positive
    /// term and the average only.
    #[test]
    fn at_gamma_one_it_is_the_decoupled_loss() {
        let (a, b) = (testing::rows(6, 5, 3), testing::rows(6, 5, 4));
        let schedule = StepSchedule {
            epoch: 0,
            gamma: 1.0,
        };
        let tau = 0.2;
        let gradients = |objective: Contrastive| {
            let mut rows = objective.track_state(6).rows(&[0, 1, 2, 3, 4, 5]);
            testing::pass(&objective, &a, &b, &mut rows, schedule).1
        };
        let sogclr = gradients(Contrastive::Sogclr(Sogclr {
            tau,
            temperatures: None,
        }));
        let decoupled = gradients(Contrastive::decoupled(tau));
        let coupled = gradients(Contrastive::InfoNce(InfoNce { tau }));
        let scaled = |all: &[Vec<f32>; 2]| -> Vec<f32> {
            all.iter().flatten().map(|g| 2.0 * 0.2 * g).collect()
        };
        let sogclr = sogclr.concat();
        close(&sogclr, &scaled(&decoupled), "decoupled");
        let apart = sogclr.iter().zip(scaled(&coupled));
        assert!(apart.fold(0.0_f32, |most, (s, c)| most.max((s - c).abs())) > 1e-3);
    }
}
