//! Adam and what it needs, in one pass over memory.

use macerator::Simd;
use rayon::prelude::*;

use crate::simd::dot;

/// Numbers that a thread does at a time.
const PIECE: usize = 1 << 14;

/// One update of Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019), with everything that is the same for
/// all weights worked out.
#[derive(Debug, Clone, Copy)]
pub struct Adam {
    /// Factor of the gradient (clipping).
    pub scale: f32,
    /// Share of the weight that is added to the gradient (L2).
    pub coupled_decay: f32,
    /// Share of the weight that is added to the step.
    pub decay: f32,
    /// Decay of the first and of the second moment.
    pub betas: [f32; 2],
    /// 1 / (1 - beta1^t).
    pub first_correction: f32,
    /// 1 / sqrt(1 - beta2^t).
    pub second_correction: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// The learning rate of this update.
    pub learning_rate: f32,
}

impl Adam {
    /// Moves weights and both moments by a gradient, all of the same length.
    pub fn update(
        &self,
        weights: &mut [f32],
        gradient: &[f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        let moments = first
            .par_chunks_mut(PIECE)
            .zip(second.par_chunks_mut(PIECE));
        let pieces = weights
            .par_chunks_mut(PIECE)
            .zip(gradient.par_chunks(PIECE));
        pieces
            .zip(moments)
            .for_each(|((weights, gradient), (first, second))| {
                update(self, weights, gradient, first, second);
            });
    }
}

#[macerator::with_simd]
fn update<S: Simd>(
    adam: &Adam,
    weights: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
) {
    let [beta1, beta2] = adam.betas;
    let moments = first.iter_mut().zip(second);
    for ((weight, gradient), (first, second)) in weights.iter_mut().zip(gradient).zip(moments) {
        let grad = adam.coupled_decay.mul_add(*weight, gradient * adam.scale);
        *first = beta1.mul_add(*first, (1.0 - beta1) * grad);
        *second = beta2.mul_add(*second, (1.0 - beta2) * grad * grad);
        let size = second.sqrt().mul_add(adam.second_correction, adam.epsilon);
        let step = *first * adam.first_correction / size;
        *weight -= adam.learning_rate * adam.decay.mul_add(*weight, step);
    }
}

/// Sum of squares.
pub fn sum_of_squares(values: &[f32]) -> f32 {
    let sums: Vec<f32> = values.par_chunks(PIECE).map(squares).collect();
    sums.iter().sum()
}

#[macerator::with_simd]
fn squares<S: Simd>(values: &[f32]) -> f32 {
    dot(values, values)
}
