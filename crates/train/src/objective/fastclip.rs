//! FastCLIP v0 to v3 (Wei et al. 2024, arXiv 2407.01445) on two views of a track: view A is one modality, view B the
//! other, and the negatives of an anchor are the other view of the other tracks.
//!
//! With d_ij = s_ij - s_ii and g_i = mean over the negatives of exp(d_ij / tau), u_i <- (1-gamma) u_i + gamma g_i, for
//! each side and track:
//! - v0: mean of log(eps + u1) + log(eps + u2); one tau, learned
//! - v1: tau times that; tau constant
//! - v2: mean of tau1 (log(eps + u1) + rho) + tau2 (log(eps + u2) + rho); a tau for every track and side, learned
//! - v3: tau mean(log(eps + u1) + log(eps + u2)) + 2 rho tau; one tau, learned
//!
//! These are the formulas of the paper. Its public code departs from them in ways that this file does not follow: it
//! leaves tau out of the encoder's gradient in v1 and v2, and it weighs the explicit part of v3's temperature gradient
//! by one half. Gradients are those of the averages u; the value that is reported is that of the batch alone, which does
//! not lag behind. Averages are kept as logarithms, so that no temperature overflows and v2 needs no running bounds.

use std::{fmt, str::FromStr};

use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

use super::{
    LossOutput, Rows, Similarities, SimilarityGrad, StepSchedule, TrackState,
    similarity::{column, download},
};

/// Far below any logit: its exponential is 0.
const NEVER: f64 = 1e6;
/// Bounds of every learned temperature.
const TAU_BOUNDS: [f64; 2] = [0.01, 1.0];
/// v2 clips the gradient of a temperature to this.
const MOST_TAU_GRADIENT: f64 = 5.0;
/// The optimiser of the temperatures is AdamW without decay.
const BETAS: [f64; 2] = [0.9, 0.999];
const ADAM_EPSILON: f64 = 1e-8;

/// Which of the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FastClipKind {
    /// One temperature, learned; it does not stand before the loss.
    V0,
    /// One constant temperature.
    V1,
    /// A learned temperature for every track and side.
    V2,
    /// One learned temperature, with the robust loss.
    V3,
}

impl FastClipKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::V0, Self::V1, Self::V2, Self::V3];

    /// First temperature of the published settings.
    pub fn default_tau(self) -> f64 {
        match self {
            Self::V0 | Self::V1 | Self::V3 => 0.07,
            Self::V2 => 0.03,
        }
    }

    /// Learning rate of the temperatures in the published settings for the smallest data set.
    pub fn default_tau_rate(self) -> f64 {
        match self {
            Self::V2 => 0.0133,
            Self::V0 | Self::V1 | Self::V3 => 2e-4,
        }
    }
}

impl fmt::Display for FastClipKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V0 => "fastclip-v0",
            Self::V1 => "fastclip-v1",
            Self::V2 => "fastclip-v2",
            Self::V3 => "fastclip-v3",
        })
    }
}

impl FromStr for FastClipKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.to_string() == text)
            .ok_or(())
    }
}

/// Settings of the loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FastClip {
    /// Which of the four.
    pub kind: FastClipKind,
    /// Temperature; where it is learned, its first value.
    pub tau: f64,
    /// Radius of the robust view, v2 and v3: larger keeps temperatures lower.
    pub rho: f64,
    /// Learning rate of the temperatures.
    pub tau_rate: f64,
    /// Added to the averages before their logarithm.
    pub epsilon: f64,
}

/// rho where none is named: the published values are 0.43, 0.52 and 0.81 times ln(n-1), the largest divergence that n
/// tracks allow; the smallest data set had 0.43.
pub(crate) fn default_rho(tracks: usize) -> f64 {
    0.43 * (tracks.max(3) as f64 - 1.0).ln()
}

/// One view as the anchor, numbers of every row.
struct Side<B: Backend> {
    /// exp(x - most), 0 on the diagonal, [batch, batch].
    weights: Tensor<B, 2>,
    most: Vec<f64>,
    sum: Vec<f64>,
    /// Sum of weights times d / tau.
    weighed: Vec<f64>,
}

/// One side after its average was moved on.
struct SideLoss<B: Backend> {
    log_u: Vec<f64>,
    /// log(eps + u).
    log_eps_u: Vec<f64>,
    /// log(eps + g): the same of this batch alone.
    log_eps_g: Vec<f64>,
    /// Sum over the negatives of w d / tau.
    implicit: Vec<f64>,
    /// Gradient of the cosines, [anchor, candidate].
    grad: Tensor<B, 2>,
}

impl FastClip {
    pub(super) fn track_state(&self, tracks: usize) -> TrackState {
        let track_state = TrackState::default()
            .per_track("log_u1", tracks, f64::NEG_INFINITY)
            .per_track("log_u2", tracks, f64::NEG_INFINITY);
        match self.kind {
            FastClipKind::V1 => track_state,
            FastClipKind::V0 | FastClipKind::V3 => track_state
                .global("logit_scale", (1.0 / self.tau).ln())
                .global("tau_m", 0.0)
                .global("tau_v", 0.0)
                .global("tau_updates", 0.0),
            FastClipKind::V2 => track_state
                .per_track("tau1", tracks, self.tau)
                .per_track("tau2", tracks, self.tau)
                .per_track("tau1_m", tracks, 0.0)
                .per_track("tau2_m", tracks, 0.0)
                .per_track("tau1_v", tracks, 0.0)
                .per_track("tau2_v", tracks, 0.0),
        }
    }

    /// Temperatures of both sides.
    fn taus(&self, rows: &Rows, batch: usize) -> [Vec<f64>; 2] {
        match self.kind {
            FastClipKind::V1 => [vec![self.tau; batch], vec![self.tau; batch]],
            FastClipKind::V0 | FastClipKind::V3 => {
                let scale = rows.get("logit_scale").first().copied();
                let tau = scale.map_or(self.tau, |scale| (-scale).exp());
                [vec![tau; batch], vec![tau; batch]]
            }
            FastClipKind::V2 => [rows.get("tau1").to_vec(), rows.get("tau2").to_vec()],
        }
    }

    pub(super) fn mean_tau(&self, rows: &Rows) -> f64 {
        let taus = self.taus(rows, 1).concat();
        taus.iter().sum::<f64>() / taus.len().max(1) as f64
    }

    pub(super) fn loss<B: Backend>(
        &self,
        s: &Similarities<B>,
        rows: &mut Rows,
        schedule: StepSchedule,
    ) -> Result<LossOutput<B>, String> {
        let taus = self.taus(rows, s.batch);
        let [tau1, tau2] = &taus;
        let one = self.side(s, s.across.clone(), tau1, rows.get("log_u1"), schedule)?;
        let two = self.side(
            s,
            s.across.clone().transpose(),
            tau2,
            rows.get("log_u2"),
            schedule,
        )?;
        let batch = s.batch.max(1) as f64;
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / batch;
        let logs = mean(&mut one.log_eps_u.iter().chain(&two.log_eps_u).copied());
        let batch_logs = mean(&mut one.log_eps_g.iter().chain(&two.log_eps_g).copied());
        let implicit = mean(&mut one.implicit.iter().chain(&two.implicit).copied());
        let tau = tau1.first().copied().unwrap_or(self.tau);
        let (loss, temperature) = match self.kind {
            FastClipKind::V0 => (batch_logs, vec![-implicit / tau]),
            FastClipKind::V1 => (tau * batch_logs, Vec::new()),
            FastClipKind::V3 => (
                tau * batch_logs + 2.0 * self.rho * tau,
                vec![logs + 2.0 * self.rho - implicit],
            ),
            FastClipKind::V2 => {
                let sides = [(&one, tau1), (&two, tau2)];
                let weighed = |(side, tau): (&SideLoss<B>, &Vec<f64>)| -> f64 {
                    let pairs = side.log_eps_g.iter().zip(tau);
                    pairs.map(|(log, tau)| tau * (log + self.rho)).sum()
                };
                // Of each track's own term, not of the mean: as published, not divided by the number of tracks.
                let slopes = sides.iter().flat_map(|(side, _)| {
                    let pairs = side.log_eps_u.iter().zip(&side.implicit);
                    pairs.map(|(log, implicit)| log + self.rho - implicit)
                });
                let slopes = slopes.collect();
                (sides.map(weighed).iter().sum::<f64>() / batch, slopes)
            }
        };
        rows.set("log_u1", one.log_u);
        rows.set("log_u2", two.log_u);
        Ok(LossOutput {
            loss,
            grad: SimilarityGrad {
                across: one.grad + two.grad.transpose(),
                within: None,
            },
            temperature,
        })
    }

    fn side<B: Backend>(
        &self,
        s: &Similarities<B>,
        across: Tensor<B, 2>,
        taus: &[f64],
        old: &[f64],
        schedule: StepSchedule,
    ) -> Result<SideLoss<B>, String> {
        let device = across.device();
        let negatives = s.batch.saturating_sub(1).max(1) as f64;
        let logits = (across - s.positives.clone()) / column::<B>(taus, &device);
        let side = {
            let off = logits.clone() - s.same.clone().mul_scalar(NEVER);
            let most = off.clone().max_dim(1);
            let weights = (off - most.clone()).exp();
            let [most, sum, weighed] = download([
                most,
                weights.clone().sum_dim(1),
                (weights.clone() * logits).sum_dim(1),
            ])?;
            Side::<B> {
                weights,
                most,
                sum,
                weighed,
            }
        };
        let mut log_u = Vec::with_capacity(s.batch);
        let mut log_eps_u = Vec::with_capacity(s.batch);
        let mut log_eps_g = Vec::with_capacity(s.batch);
        let mut implicit = Vec::with_capacity(s.batch);
        let mut strengths = Vec::with_capacity(s.batch);
        let numbers = side.most.iter().zip(&side.sum).zip(&side.weighed);
        for (((most, sum), weighed), (old, tau)) in numbers.zip(old.iter().zip(taus)) {
            let log_g = most + sum.ln() - negatives.ln();
            let log = average(*old, log_g, schedule.gamma);
            let log_eps = add(log, self.epsilon.ln());
            // w_ij = exp(d_ij / tau - log(eps + u_i)) / (B-1) = weights_ij * share
            let share = (most - log_eps).exp() / negatives;
            log_u.push(log);
            log_eps_u.push(log_eps);
            log_eps_g.push(add(log_g, self.epsilon.ln()));
            implicit.push(share * weighed);
            // tau times 1/tau, but for v0, whose objective has no tau in front.
            let front = match self.kind {
                FastClipKind::V0 => 1.0 / tau,
                FastClipKind::V1 | FastClipKind::V2 | FastClipKind::V3 => 1.0,
            };
            strengths.push(front * share / s.batch.max(1) as f64);
        }
        let pushes = side.weights * column::<B>(&strengths, &device);
        // Every d_ij holds the positive too.
        let grad = pushes.clone() - s.same.clone() * pushes.sum_dim(1);
        Ok(SideLoss {
            log_u,
            log_eps_u,
            log_eps_g,
            implicit,
            grad,
        })
    }

    /// One step of the temperatures from their mean gradient over the passes of a step.
    pub(super) fn learn_temperature(
        &self,
        rows: &mut Rows,
        gradient: &[f64],
        schedule: StepSchedule,
    ) {
        match self.kind {
            FastClipKind::V1 => {}
            FastClipKind::V0 | FastClipKind::V3 => self.learn_global(rows, gradient),
            FastClipKind::V2 => {
                let (one, two) = gradient.split_at(gradient.len() / 2);
                self.learn_side(rows, ["tau1", "tau1_m", "tau1_v"], one, schedule.epoch);
                self.learn_side(rows, ["tau2", "tau2_m", "tau2_v"], two, schedule.epoch);
            }
        }
    }

    /// The parameter is log(1/tau); the rate falls to a third while tau is at most 0.03.
    fn learn_global(&self, rows: &mut Rows, gradient: &[f64]) {
        let first = |name: &str| rows.get(name).first().copied().unwrap_or(0.0);
        let (scale, m, v) = (first("logit_scale"), first("tau_m"), first("tau_v"));
        let updates = first("tau_updates") + 1.0;
        let tau = (-scale).exp();
        let gradient = -tau * gradient.first().copied().unwrap_or(0.0);
        let [beta1, beta2] = BETAS;
        let m = beta1 * m + (1.0 - beta1) * gradient;
        let v = beta2 * v + (1.0 - beta2) * gradient * gradient;
        let rate = if tau <= 0.03 {
            self.tau_rate / 3.0
        } else {
            self.tau_rate
        };
        let corrected = (v / (1.0 - beta2.powf(updates))).sqrt() + ADAM_EPSILON;
        let scale = scale - rate * m / (1.0 - beta1.powf(updates)) / corrected;
        let [most, least] = TAU_BOUNDS.map(|tau| (1.0 / tau).ln());
        rows.set("logit_scale", vec![scale.clamp(least, most)]);
        rows.set("tau_m", vec![m]);
        rows.set("tau_v", vec![v]);
        rows.set("tau_updates", vec![updates]);
    }

    /// Adam for every track: no momentum in epoch 0, and the epoch stands in for the count of updates.
    fn learn_side(&self, rows: &mut Rows, names: [&str; 3], gradient: &[f64], epoch: u64) {
        let [beta1, beta2] = if epoch == 0 { [0.0, 0.0] } else { BETAS };
        let count = (epoch + 1) as f64;
        let [tau_name, m_name, v_name] = names;
        let mut learned: [Vec<f64>; 3] = Default::default();
        let old = rows.get(tau_name).iter().zip(rows.get(m_name));
        for (((tau, m), v), gradient) in old.zip(rows.get(v_name)).zip(gradient) {
            let gradient = gradient.clamp(-MOST_TAU_GRADIENT, MOST_TAU_GRADIENT);
            let m = beta1 * m + (1.0 - beta1) * gradient;
            let v = beta2 * v + (1.0 - beta2) * gradient * gradient;
            let corrected = (v / (1.0 - beta2.powf(count))).sqrt() + ADAM_EPSILON;
            let tau = tau - self.tau_rate * m / (1.0 - beta1.powf(count)) / corrected;
            let [least, most] = TAU_BOUNDS;
            let [taus, ms, vs] = &mut learned;
            taus.push(tau.clamp(least, most));
            ms.push(m);
            vs.push(v);
        }
        for (name, values) in names.into_iter().zip(learned) {
            rows.set(name, values);
        }
    }
}

/// log(exp(x) + exp(y)).
fn add(x: f64, y: f64) -> f64 {
    let (low, high) = if x < y { (x, y) } else { (y, x) };
    if high == f64::NEG_INFINITY {
        high
    } else {
        high + (low - high).exp().ln_1p()
    }
}

/// log((1-gamma) u + gamma g); a track that was never seen starts with its first value.
fn average(log_u: f64, log_g: f64, gamma: f64) -> f64 {
    if gamma >= 1.0 || !log_u.is_finite() {
        log_g
    } else {
        add((1.0 - gamma).ln() + log_u, gamma.ln() + log_g)
    }
}

#[cfg(test)]
#[path = "fastclip_tests.rs"]
mod tests;
