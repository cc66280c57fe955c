//! Adam with L2 added to the gradient, as `torch.optim.Adam` (Kingma and Ba 2015).

use burn::tensor::{Tensor, backend::Backend};

use crate::encoder::Parameter;

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// First and second moment of one parameter.
#[derive(Debug, Clone)]
pub(super) struct Moments<B: Backend> {
    pub first: Parameter<B>,
    pub second: Parameter<B>,
}

/// What is the same for all parameters in one update.
#[derive(Debug, Clone, Copy)]
pub(super) struct Update {
    pub learning_rate: f64,
    pub weight_decay: f64,
    /// Factor of the gradient, below 1 where its norm is clipped.
    pub scale: f64,
    /// Updates done, this one included.
    pub count: u64,
}

impl Update {
    /// Applies a gradient to one parameter.
    pub fn apply<B: Backend>(
        &self,
        parameter: &mut Parameter<B>,
        gradient: Parameter<B>,
        moments: &mut Moments<B>,
    ) {
        let (first, second) = (&mut moments.first, &mut moments.second);
        match (parameter, gradient, first, second) {
            (
                Parameter::Matrix(p),
                Parameter::Matrix(g),
                Parameter::Matrix(m),
                Parameter::Matrix(v),
            ) => self.tensors(p, g, m, v),
            (
                Parameter::Vector(p),
                Parameter::Vector(g),
                Parameter::Vector(m),
                Parameter::Vector(v),
            ) => self.tensors(p, g, m, v),
            // A gradient has the shape of its parameter.
            _ => {}
        }
    }

    fn tensors<B: Backend, const D: usize>(
        &self,
        parameter: &mut Tensor<B, D>,
        gradient: Tensor<B, D>,
        first: &mut Tensor<B, D>,
        second: &mut Tensor<B, D>,
    ) {
        let mut gradient = gradient;
        if self.scale < 1.0 {
            gradient = gradient.mul_scalar(self.scale);
        }
        if self.weight_decay > 0.0 {
            gradient = gradient + parameter.clone().mul_scalar(self.weight_decay);
        }
        let count = self.count.min(i32::MAX as u64) as i32;
        let step = self.learning_rate / (1.0 - BETA_1.powi(count));
        let correction = 1.0 / (1.0 - BETA_2.powi(count)).sqrt();
        *first = first.clone().mul_scalar(BETA_1) + gradient.clone().mul_scalar(1.0 - BETA_1);
        *second = second.clone().mul_scalar(BETA_2)
            + (gradient.clone() * gradient).mul_scalar(1.0 - BETA_2);
        let scale = second
            .clone()
            .sqrt()
            .mul_scalar(correction)
            .add_scalar(EPSILON);
        *parameter = parameter.clone() - first.clone().mul_scalar(step) / scale;
    }
}
