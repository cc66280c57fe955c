//! How weights follow their gradient.
//!
//! - Adam as `torch.optim.Adam` (Kingma and Ba 2015): L2 is added to the gradient, of every weight.
//! - AdamW (Loshchilov and Hutter 2019): decay beside the step.
//! - LAMB (You et al. 2020): AdamW's step, with the norm of its weights instead of its own; where there is no decay, as it
//!   is.
//! - Lion (Chen et al. 2023): the sign of a momentum.
//! - SGD with momentum as `torch.optim.SGD`: L2 is added to the gradient.
//!
//! AdamW, LAMB and Lion let only matrices decay, not biases, norms and learned tokens; under the objective maest everything, as its
//! authors do.

use burn::tensor::{Tensor, TensorPrimitive, backend::Backend};

use super::Optimiser;
use mynascope_encoder::{Adam, Kernels, Parameter, primitive};

const LAMB_EPSILON: f64 = 1e-6;
const ADAM_EPSILON: f64 = 1e-8;
const SGD_MOMENTUM: f64 = 0.9;

impl Optimiser {
    /// Decay of first and second moment.
    fn betas(self) -> [f64; 2] {
        match self {
            Self::Adam | Self::AdamW | Self::Lamb => [0.9, 0.999],
            Self::Lion => [0.9, 0.99],
            Self::Sgd => [SGD_MOMENTUM, 0.0],
        }
    }

    /// Whether it keeps a second moment.
    pub(super) fn has_second(self) -> bool {
        matches!(self, Self::Adam | Self::AdamW | Self::Lamb)
    }
}

/// First and second moment of one parameter.
#[derive(Debug, Clone)]
pub(super) struct Moments<B: Backend> {
    pub first: Parameter<B>,
    /// Unused where the optimiser has none: then it stays as small as it was made.
    pub second: Option<Parameter<B>>,
}

/// What is the same for all parameters in one update.
#[derive(Debug, Clone, Copy)]
pub(super) struct Update {
    pub optimiser: Optimiser,
    pub learning_rate: f64,
    pub weight_decay: f64,
    /// Whether decay beside the step is of every weight, not of matrices alone.
    pub decays_all: bool,
    /// Factor of the gradient, below 1 where its norm is clipped.
    pub scale: f64,
    /// Updates done, this one included.
    pub count: u64,
}

impl Update {
    /// Applies a gradient to one parameter.
    pub fn apply<B: Kernels>(
        &self,
        parameter: &mut Parameter<B>,
        gradient: Parameter<B>,
        moments: &mut Moments<B>,
    ) {
        let second = moments.second.as_mut();
        match (parameter, gradient, &mut moments.first) {
            (Parameter::Matrix(p), Parameter::Matrix(g), Parameter::Matrix(m)) => {
                let second = match second {
                    Some(Parameter::Matrix(v)) => Some(v),
                    _ => None,
                };
                self.tensors(p, g, m, second, true);
            }
            (Parameter::Vector(p), Parameter::Vector(g), Parameter::Vector(m)) => {
                let second = match second {
                    Some(Parameter::Vector(v)) => Some(v),
                    _ => None,
                };
                self.tensors(p, g, m, second, self.decays_all);
            }
            // A gradient has the shape of its parameter.
            _ => {}
        }
    }

    /// Whether decay is a part of the gradient.
    fn is_coupled(&self) -> bool {
        matches!(self.optimiser, Optimiser::Adam | Optimiser::Sgd)
    }

    /// 1 / (1 - beta1^t) and 1 / sqrt(1 - beta2^t): both moments begin at 0.
    fn corrections(&self) -> [f64; 2] {
        let count = self.count.min(i32::MAX as u64) as i32;
        let [first, second] = self.optimiser.betas().map(|beta| 1.0 - beta.powi(count));
        [1.0 / first, 1.0 / second.sqrt()]
    }

    /// The update as Adam or AdamW, if it is one of them.
    fn adam(&self, decays: bool) -> Option<Adam> {
        if !matches!(self.optimiser, Optimiser::Adam | Optimiser::AdamW) {
            return None;
        }
        let [first, second] = self.corrections();
        let decay = |wanted: bool| {
            if wanted {
                self.weight_decay as f32
            } else {
                0.0
            }
        };
        Some(Adam {
            scale: self.scale as f32,
            coupled_decay: decay(self.is_coupled()),
            decay: decay(!self.is_coupled() && decays),
            betas: self.optimiser.betas().map(|beta| beta as f32),
            first_correction: first as f32,
            second_correction: second as f32,
            epsilon: ADAM_EPSILON as f32,
            learning_rate: self.learning_rate as f32,
        })
    }

    fn tensors<B: Kernels, const D: usize>(
        &self,
        parameter: &mut Tensor<B, D>,
        mut gradient: Tensor<B, D>,
        first: &mut Tensor<B, D>,
        mut second: Option<&mut Tensor<B, D>>,
        decays: bool,
    ) {
        if let (Some(rule), Some(second)) = (self.adam(decays), second.as_deref_mut())
            && in_one_pass(&rule, [&mut *parameter, &mut *first, second], &gradient)
        {
            return;
        }
        if self.scale < 1.0 {
            gradient = gradient.mul_scalar(self.scale);
        }
        let coupled = self.is_coupled();
        if coupled && self.weight_decay > 0.0 {
            gradient = gradient + parameter.clone().mul_scalar(self.weight_decay);
        }
        let decay = if coupled || !decays {
            0.0
        } else {
            self.weight_decay
        };
        let [beta1, beta2] = self.optimiser.betas();
        let mix = |old: Tensor<B, D>, new: Tensor<B, D>, beta: f64| {
            old.mul_scalar(beta) + new.mul_scalar(1.0 - beta)
        };
        let step = match self.optimiser {
            Optimiser::Adam | Optimiser::AdamW | Optimiser::Lamb => {
                *first = mix(first.clone(), gradient.clone(), beta1);
                let Some(second) = second else { return };
                *second = mix(second.clone(), gradient.clone() * gradient, beta2);
                let [first_correction, second_correction] = self.corrections();
                let epsilon = if self.optimiser == Optimiser::Lamb {
                    LAMB_EPSILON
                } else {
                    ADAM_EPSILON
                };
                let scale = second.clone().sqrt().mul_scalar(second_correction);
                first.clone().mul_scalar(first_correction) / scale.add_scalar(epsilon)
            }
            Optimiser::Lion => {
                let step = mix(first.clone(), gradient.clone(), beta1).sign();
                *first = mix(first.clone(), gradient, beta2);
                step
            }
            Optimiser::Sgd => {
                *first = first.clone().mul_scalar(beta1) + gradient;
                first.clone()
            }
        };
        let mut step = step;
        if decay > 0.0 {
            step = step + parameter.clone().mul_scalar(decay);
            if self.optimiser == Optimiser::Lamb {
                step = step.clone() * trust(parameter.clone(), step).unsqueeze();
            }
        }
        *parameter = parameter.clone() - step.mul_scalar(self.learning_rate);
    }
}

/// Lets the backend do it, if it can: weights, first and second moment.
fn in_one_pass<B: Kernels, const D: usize>(
    rule: &Adam,
    state: [&mut Tensor<B, D>; 3],
    gradient: &Tensor<B, D>,
) -> bool {
    let device = gradient.device();
    let [mut weights, mut first, mut second] = state.map(|tensor| {
        // Taken out, so that nobody else holds the numbers and they can change where they lie.
        let taken = std::mem::replace(tensor, Tensor::zeros([1; D], &device));
        (tensor, taken.into_primitive().tensor())
    });
    let done = B::adam(
        rule,
        [&mut weights.1, &mut first.1, &mut second.1],
        &primitive(gradient),
    );
    for (tensor, numbers) in [weights, first, second] {
        *tensor = Tensor::from_primitive(TensorPrimitive::Float(numbers));
    }
    done
}

/// Norm of the weights over norm of the step, [1]; 1 where either is 0.
fn trust<B: Backend, const D: usize>(weights: Tensor<B, D>, step: Tensor<B, D>) -> Tensor<B, 1> {
    let norm = |x: Tensor<B, D>| (x.clone() * x).sum().sqrt();
    let (weights, step) = (norm(weights), norm(step));
    let ratio = weights.clone() / step.clone().clamp_min(f64::from(f32::MIN_POSITIVE));
    ratio
        .mask_fill(weights.equal_elem(0.0), 1.0)
        .mask_fill(step.equal_elem(0.0), 1.0)
}

#[cfg(test)]
mod tests {
    use burn::{backend::Flex, tensor::TensorData};

    use super::*;

    const RATE: f64 = 0.01;
    const DECAY: f64 = 0.1;

    /// Three steps of one matrix, written out in f64 from the papers.
    fn by_hand(optimiser: Optimiser, start: &[f64], gradients: [[f64; 4]; 3]) -> Vec<f64> {
        let mut p = start.to_vec();
        let (mut m, mut v) = (vec![0.0; 4], vec![0.0; 4]);
        for (t, gradient) in gradients.iter().enumerate() {
            let t = t as i32 + 1;
            let mut steps = Vec::new();
            for i in 0..4 {
                let mut g = gradient[i];
                match optimiser {
                    Optimiser::Adam | Optimiser::AdamW | Optimiser::Lamb => {
                        if optimiser == Optimiser::Adam {
                            g += DECAY * p[i];
                        }
                        m[i] = 0.9 * m[i] + 0.1 * g;
                        v[i] = 0.999 * v[i] + 0.001 * g * g;
                        let eps = if optimiser == Optimiser::Lamb {
                            1e-6
                        } else {
                            1e-8
                        };
                        let m_hat = m[i] / (1.0 - 0.9_f64.powi(t));
                        let v_hat = v[i] / (1.0 - 0.999_f64.powi(t));
                        let decay = if optimiser == Optimiser::Adam {
                            0.0
                        } else {
                            DECAY
                        };
                        steps.push(m_hat / (v_hat.sqrt() + eps) + decay * p[i]);
                    }
                    Optimiser::Lion => {
                        let direction: f64 = 0.9 * m[i] + 0.1 * g;
                        steps.push(direction.signum() + DECAY * p[i]);
                        m[i] = 0.99 * m[i] + 0.01 * g;
                    }
                    Optimiser::Sgd => {
                        g += DECAY * p[i];
                        m[i] = 0.9 * m[i] + g;
                        steps.push(m[i]);
                    }
                }
            }
            let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
            let trust = if optimiser == Optimiser::Lamb {
                norm(&p) / norm(&steps)
            } else {
                1.0
            };
            for (p, step) in p.iter_mut().zip(steps) {
                *p -= RATE * trust * step;
            }
        }
        p
    }

    #[test]
    fn three_steps_are_those_written_out_by_hand() {
        let start = [0.5, -0.25, 2.0, 0.125];
        let gradients = [
            [0.3, -0.2, 0.05, 1.0],
            [-0.1, -0.4, 0.0, 0.5],
            [0.2, 0.6, -0.3, 0.25],
        ];
        for optimiser in Optimiser::ALL {
            let tensor = |values: &[f64]| {
                let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
                let data = TensorData::new(values, [2, 2]);
                Parameter::<Flex>::Matrix(Tensor::from_data(data, &Default::default()))
            };
            let mut parameter = tensor(&start);
            let mut moments = Moments {
                first: tensor(&[0.0; 4]),
                second: optimiser.has_second().then(|| tensor(&[0.0; 4])),
            };
            for (done, gradient) in gradients.iter().enumerate() {
                let update = Update {
                    optimiser,
                    learning_rate: RATE,
                    weight_decay: DECAY,
                    decays_all: false,
                    scale: 1.0,
                    count: done as u64 + 1,
                };
                update.apply(&mut parameter, tensor(gradient), &mut moments);
            }
            let Parameter::Matrix(found) = parameter else {
                panic!("a matrix stays one")
            };
            let found = found.into_data().into_vec::<f32>().unwrap();
            for (found, expected) in found.iter().zip(by_hand(optimiser, &start, gradients)) {
                let error = (f64::from(*found) - expected).abs();
                assert!(error < 1e-6, "{optimiser}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn biases_and_norms_do_not_decay_beside_the_step() {
        for optimiser in [Optimiser::AdamW, Optimiser::Lamb, Optimiser::Lion] {
            let vector = |value: f32| {
                let data = TensorData::new(vec![value; 2], [2]);
                Parameter::<Flex>::Vector(Tensor::from_data(data, &Default::default()))
            };
            let mut parameter = vector(3.0);
            let mut moments = Moments {
                first: vector(0.0),
                second: optimiser.has_second().then(|| vector(0.0)),
            };
            let update = Update {
                optimiser,
                learning_rate: RATE,
                weight_decay: DECAY,
                decays_all: false,
                scale: 1.0,
                count: 1,
            };
            update.apply(&mut parameter, vector(0.0), &mut moments);
            let values = mynascope_encoder::numbers(match parameter {
                Parameter::Vector(values) => values,
                Parameter::Matrix(_) => panic!("a vector stays one"),
            });
            assert_eq!(values.unwrap(), [3.0, 3.0], "{optimiser}");
        }
    }
}
