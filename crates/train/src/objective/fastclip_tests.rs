//! The promise: value, gradient of the encoder and gradient of the temperature are those of the paper's formulas, also
//! in the middle of a run and at temperatures where f32 overflows.

use super::super::{Contrastive, testing};
use super::*;

const BATCH: usize = 5;
const ALL: [usize; BATCH] = [0, 1, 2, 3, 4];

fn fastclip(kind: FastClipKind, tau: f64) -> FastClip {
    FastClip {
        kind,
        tau,
        rho: 1.3,
        tau_rate: kind.default_tau_rate(),
        epsilon: 1e-14,
    }
}

/// Mean over the negatives of exp(d / tau) for anchor i.
fn g(a: &[Vec<f64>], b: &[Vec<f64>], i: usize, tau: f64) -> f64 {
    let positive = testing::cosine(&a[i], &b[i]);
    let sum: f64 = (0..a.len())
        .filter(|&j| j != i)
        .map(|j| ((testing::cosine(&a[i], &b[j]) - positive) / tau).exp())
        .sum();
    sum / (a.len() - 1) as f64
}

/// The objective at gamma = 1, where the averages are those of the batch.
fn formula(kind: FastClipKind, a: &[Vec<f64>], b: &[Vec<f64>], tau1: &[f64], tau2: &[f64]) -> f64 {
    let (rho, epsilon, n) = (1.3, 1e-14, a.len() as f64);
    let terms = (0..a.len()).map(|i| {
        let log1 = (epsilon + g(a, b, i, tau1[i])).ln();
        let log2 = (epsilon + g(b, a, i, tau2[i])).ln();
        match kind {
            FastClipKind::V0 => log1 + log2,
            FastClipKind::V1 => tau1[i] * (log1 + log2),
            FastClipKind::V2 => tau1[i] * (log1 + rho) + tau2[i] * (log2 + rho),
            FastClipKind::V3 => tau1[i] * (log1 + log2 + 2.0 * rho),
        }
    });
    terms.sum::<f64>() / n
}

#[test]
fn values_and_gradients_are_those_of_the_formulas() {
    for kind in FastClipKind::ALL {
        // At 0.012 exp(d / tau) is far outside f32.
        for tau in [0.3, 0.012] {
            let taus = [tau; BATCH];
            testing::gradient_is_that_of(&Contrastive::FastClip(fastclip(kind, tau)), |a, b| {
                formula(kind, a, b, &taus, &taus)
            });
        }
    }
}

#[test]
fn temperature_gradients_are_those_of_the_formulas() {
    let (a, b) = (testing::rows(BATCH, 4, 5), testing::rows(BATCH, 4, 6));
    let schedule = StepSchedule {
        epoch: 0,
        gamma: 1.0,
    };
    for kind in [FastClipKind::V0, FastClipKind::V2, FastClipKind::V3] {
        let objective = Contrastive::FastClip(fastclip(kind, 0.2));
        let mut rows = objective.track_state(BATCH).rows(&ALL);
        let (_, _, found) = testing::pass(&objective, &a, &b, &mut rows, schedule);
        let slope = |of: &dyn Fn(f64) -> ([f64; BATCH], [f64; BATCH])| {
            testing::slope(
                |tau| {
                    let (tau1, tau2) = of(tau);
                    formula(kind, &a, &b, &tau1, &tau2)
                },
                0.2,
            )
        };
        if kind == FastClipKind::V2 {
            for (place, found) in found.iter().enumerate() {
                let expected = slope(&|tau| {
                    let mut taus = [[0.2; BATCH]; 2];
                    taus[place / BATCH][place % BATCH] = tau;
                    (taus[0], taus[1])
                });
                // A track's gradient is not divided by the number of tracks.
                testing::close(*found, expected * BATCH as f64, 10.0, "tau of a track");
            }
        } else {
            let expected = slope(&|tau| ([tau; BATCH], [tau; BATCH]));
            testing::close(found[0], expected, 10.0, "tau");
        }
    }
}

#[test]
fn averages_move_as_published_and_first_visits_start_at_their_value() {
    let (a, b) = (testing::rows(BATCH, 4, 9), testing::rows(BATCH, 4, 10));
    let objective = Contrastive::FastClip(fastclip(FastClipKind::V3, 0.1));
    let mut track_state = objective.track_state(BATCH);
    let seen = [0.7_f64, 2.0, 0.01, 5.0].map(|u| u.ln() as f32);
    track_state.columns[0].values[..4].copy_from_slice(&seen);
    let mut rows = track_state.rows(&ALL);
    let schedule = StepSchedule {
        epoch: 3,
        gamma: 0.6,
    };
    testing::pass(&objective, &a, &b, &mut rows, schedule);
    for (i, log_u) in rows.get("log_u1").iter().enumerate() {
        let now = g(&a, &b, i, 0.1);
        let expected = match seen.get(i) {
            Some(old) => 0.4 * f64::from(*old).exp() + 0.6 * now,
            None => now,
        };
        testing::close(log_u.exp(), expected, expected, "u");
    }
}

#[test]
fn temperatures_follow_their_rules_and_keep_their_bounds() {
    // One AdamW step from fresh moments moves log(1/tau) by the rate, against the sign of its gradient.
    let v3 = fastclip(FastClipKind::V3, 0.07);
    let mut rows = v3.track_state(BATCH).rows(&ALL);
    let start = rows.get("logit_scale")[0];
    let schedule = StepSchedule {
        epoch: 0,
        gamma: 1.0,
    };
    v3.learn_temperature(&mut rows, &[2.0], schedule);
    testing::close(
        rows.get("logit_scale")[0] - start,
        2e-4,
        1e-3,
        "larger tau costs",
    );
    rows.set("logit_scale", vec![(1.0_f64 / 0.029).ln()]);
    let low = fastclip(FastClipKind::V3, 0.029);
    let mut rows = low.track_state(BATCH).rows(&ALL);
    let start = rows.get("logit_scale")[0];
    low.learn_temperature(&mut rows, &[2.0], schedule);
    testing::close(
        rows.get("logit_scale")[0] - start,
        2e-4 / 3.0,
        1e-3,
        "a third of the rate at 0.03 and below",
    );

    // Epoch 0 has no momentum: every temperature moves by the rate, and stays within 0.01 and 1.
    let v2 = fastclip(FastClipKind::V2, 0.03);
    let mut rows = v2.track_state(BATCH).rows(&ALL);
    let gradient = [9.0, -9.0, 1.0, -1.0, 0.5, 0.1, 0.2, 0.3, 0.4, 0.5];
    v2.learn_temperature(&mut rows, &gradient, schedule);
    let tau1 = rows.get("tau1");
    testing::close(tau1[0], 0.03 - 0.0133, 1.0, "tau");
    testing::close(tau1[1], 0.03 + 0.0133, 1.0, "tau");
    testing::close(rows.get("tau1_m")[0], 5.0, 1.0, "the gradient is clipped");
    for _ in 0..3 {
        v2.learn_temperature(&mut rows, &gradient, schedule);
    }
    assert_eq!(rows.get("tau1")[0], 0.01);
}
