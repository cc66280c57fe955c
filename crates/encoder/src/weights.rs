//! The weights of an encoder as plain numbers, and on a device.

use burn::{
    backend::Autodiff,
    tensor::{
        Tensor, TensorData,
        backend::{AutodiffBackend, Backend},
    },
};

use super::{
    EncoderConfig, EncoderError,
    kernels::{Kernels, primitive},
    parameters::{HEAD, ParameterRole, ParameterSpec, TrainingHead, all_parameters},
};
use mynascope_spectrum::tokens::{Purpose, stream};

/// The weights of an encoder, and of what training hangs behind it, as plain numbers in the order of the layout.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// The sizes of the encoder.
    pub config: EncoderConfig,
    /// What training hangs behind it.
    pub tail: TrainingHead,
    /// The encoder's tensors, then the tail's.
    pub tensors: Vec<WeightTensor>,
}

/// One named tensor, row-major, matrices [out, in] as in files.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightTensor {
    /// Its name, shape and role.
    pub spec: ParameterSpec,
    /// Its numbers, row-major.
    pub values: Vec<f32>,
}

impl Weights {
    /// Fresh weights, drawn as PyTorch draws them by default: U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for linear layers
    /// (kaiming-uniform with a = sqrt 5), 1 and 0 for LayerNorms; or as a ViT's, N(0, 0.02) for linear layers and 0 for their
    /// biases, where the family's authors do so. The same seed gives the same numbers on every device.
    ///
    /// # Errors
    /// [`EncoderError::Sizes`] if the sizes are impossible, [`EncoderError::NotTrained`] of a family that is not trained here.
    pub fn random(
        config: impl Into<EncoderConfig>,
        tail: &TrainingHead,
        seed: u64,
    ) -> Result<Self, EncoderError> {
        let config = config.into();
        config.validate()?;
        config.trained_parameters()?;
        let as_vit = config.design().is_drawn_as_vit();
        let tensors = all_parameters(&config, tail)
            .into_iter()
            .enumerate()
            .map(|(number, spec)| {
                let mut random = stream(seed, 0, number as u64, Purpose::Weights);
                let fan_in = match spec.role {
                    ParameterRole::Matrix => spec.matrix().map_or(1, |[_, inputs]| inputs),
                    ParameterRole::Bias { fan_in } => fan_in,
                    ParameterRole::Convolution => spec.shape.iter().skip(1).product(),
                    ParameterRole::NormWeight
                    | ParameterRole::NormBias
                    | ParameterRole::Token
                    | ParameterRole::ClassToken
                    | ParameterRole::HiddenToken
                    | ParameterRole::Table => 0,
                };
                let bound = 1.0 / (fan_in.max(1) as f64).sqrt();
                // What training hangs behind it is PyTorch's in every family.
                let as_vit = as_vit && !spec.name.starts_with(HEAD);
                let values = match spec.role {
                    ParameterRole::Bias { .. } if as_vit => vec![0.0; spec.len()],
                    ParameterRole::Matrix if as_vit => (0..spec.len())
                        .map(|_| 0.02 * random.normal() as f32)
                        .collect(),
                    ParameterRole::NormWeight => vec![1.0; spec.len()],
                    ParameterRole::NormBias => vec![0.0; spec.len()],
                    ParameterRole::Token => {
                        (0..spec.len()).map(|_| random.normal() as f32).collect()
                    }
                    ParameterRole::ClassToken | ParameterRole::Table => (0..spec.len())
                        .map(|_| 0.02 * random.normal() as f32)
                        .collect(),
                    ParameterRole::HiddenToken => {
                        (0..spec.len()).map(|_| random.uniform() as f32).collect()
                    }
                    ParameterRole::Matrix
                    | ParameterRole::Convolution
                    | ParameterRole::Bias { .. } => (0..spec.len())
                        .map(|_| random.between(-bound, bound) as f32)
                        .collect(),
                };
                WeightTensor { spec, values }
            })
            .collect();
        Ok(Self {
            config,
            tail: tail.clone(),
            tensors,
        })
    }

    /// Puts the weights on a device.
    pub fn upload<B: Backend>(&self, device: &B::Device) -> Vec<Parameter<B>> {
        self.tensors
            .iter()
            .map(|tensor| Parameter::upload(&tensor.spec, &tensor.values, device))
            .collect()
    }
}

/// A weight on a device. Matrices lie there as [in, out], so that no transpose is needed to multiply.
#[derive(Debug, Clone)]
pub enum Parameter<B: Backend> {
    /// The weight of a linear layer, [in, out], of a convolution, [kernel * in, out], or a table, [rows, columns].
    Matrix(Tensor<B, 2>),
    /// A bias, or factor or shift of a norm.
    Vector(Tensor<B, 1>),
}

impl<B: Backend> Parameter<B> {
    /// Puts numbers in file order on a device; as many numbers as the shape says.
    pub fn upload(spec: &ParameterSpec, values: &[f32], device: &B::Device) -> Self {
        let rows = spec.shape.first().copied().unwrap_or(1);
        let values = spec.order.computed(values.to_vec(), rows);
        match (spec.role, spec.matrix()) {
            (ParameterRole::Table, Some(shape)) => {
                Self::Matrix(Tensor::from_data(TensorData::new(values, shape), device))
            }
            (ParameterRole::Convolution, _)
                if let &[outputs, inputs, kernel] = spec.shape.as_slice() =>
            {
                let laid = tap_by_tap(&values, [outputs, inputs, kernel]);
                let shape = [kernel * inputs, outputs];
                Self::Matrix(Tensor::from_data(TensorData::new(laid, shape), device))
            }
            (_, Some([outputs, inputs])) => {
                let turned = transpose(&values, outputs, inputs);
                Self::Matrix(Tensor::from_data(
                    TensorData::new(turned, [inputs, outputs]),
                    device,
                ))
            }
            _ => {
                let length = values.len();
                Self::Vector(Tensor::from_data(TensorData::new(values, [length]), device))
            }
        }
    }

    /// The same numbers where gradients are followed, if they are wanted.
    pub fn leaf(&self, wanted: bool) -> Parameter<Autodiff<B>> {
        match self {
            Self::Matrix(tensor) => {
                let leaf = Tensor::from_inner(tensor.clone());
                Parameter::Matrix(if wanted { leaf.require_grad() } else { leaf })
            }
            Self::Vector(tensor) => {
                let leaf = Tensor::from_inner(tensor.clone());
                Parameter::Vector(if wanted { leaf.require_grad() } else { leaf })
            }
        }
    }

    /// The sum of two gradients of one weight.
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Matrix(a), Self::Matrix(b)) => Self::Matrix(a + b),
            (Self::Vector(a), Self::Vector(b)) => Self::Vector(a + b),
            // Gradients of one weight have its shape.
            (a, _) => a,
        }
    }

    /// Moves towards `target`, keeping a share of itself.
    pub fn approach(&mut self, target: &Self, keep: f64) {
        match (&mut *self, target) {
            (Self::Matrix(a), Self::Matrix(b)) => {
                *a = a.clone().mul_scalar(keep) + b.clone().mul_scalar(1.0 - keep);
            }
            (Self::Vector(a), Self::Vector(b)) => {
                *a = a.clone().mul_scalar(keep) + b.clone().mul_scalar(1.0 - keep);
            }
            _ => {}
        }
    }

    /// The numbers in file order.
    ///
    /// # Errors
    /// What the backend said, if it gives no numbers back.
    pub fn download(&self, spec: &ParameterSpec) -> Result<Vec<f32>, String> {
        let values = match self {
            Self::Matrix(tensor) => {
                let ([inputs, outputs], values) = (tensor.dims(), numbers(tensor.clone())?);
                match (spec.role, spec.shape.as_slice()) {
                    (ParameterRole::Table, _) => values,
                    (ParameterRole::Convolution, &[outputs, inputs, kernel]) => {
                        channel_by_channel(&values, [outputs, inputs, kernel])
                    }
                    _ => transpose(&values, inputs, outputs),
                }
            }
            Self::Vector(tensor) => numbers(tensor.clone())?,
        };
        let rows = spec.shape.first().copied().unwrap_or(1);
        Ok(spec.order.stored(values, rows))
    }
}

impl<B: Kernels> Parameter<B> {
    /// `[1]`.
    pub fn sum_of_squares(&self) -> Tensor<B, 1> {
        fn of<B: Kernels, const D: usize>(x: &Tensor<B, D>) -> Tensor<B, 1> {
            match B::sum_of_squares(&primitive(x)) {
                Some(sum) => Tensor::from_data([sum], &x.device()),
                None => (x.clone() * x.clone()).sum(),
            }
        }
        match self {
            Self::Matrix(tensor) => of(tensor),
            Self::Vector(tensor) => of(tensor),
        }
    }
}

impl<B: Backend> Parameter<Autodiff<B>> {
    /// Its gradient, if there is one.
    pub fn gradient(
        &self,
        found: &<Autodiff<B> as AutodiffBackend>::Gradients,
    ) -> Option<Parameter<B>> {
        match self {
            Self::Matrix(tensor) => tensor.grad(found).map(Parameter::Matrix),
            Self::Vector(tensor) => tensor.grad(found).map(Parameter::Vector),
        }
    }
}

/// The numbers of a tensor, row-major.
///
/// # Errors
/// What the backend said, if it gives no numbers back.
pub fn numbers<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Result<Vec<f32>, String> {
    tensor
        .into_data()
        .into_vec::<f32>()
        .map_err(|error| format!("the device returned no 32-bit numbers: {error:?}"))
}

/// Turns [rows, columns] into [columns, rows].
pub fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut turned = vec![0.0; values.len()];
    if rows == 0 || columns == 0 {
        return turned;
    }
    for (row, line) in values.chunks_exact(columns).enumerate() {
        for (slot, &value) in turned.iter_mut().skip(row).step_by(rows).zip(line) {
            *slot = value;
        }
    }
    turned
}

/// The weight of a convolution as it is computed with, [kernel * inputs, outputs], from that of files, [outputs, inputs,
/// kernel].
pub(crate) fn tap_by_tap(values: &[f32], [outputs, inputs, kernel]: [usize; 3]) -> Vec<f32> {
    // [outputs, kernel, inputs] on the way.
    let of_output = values.chunks_exact((inputs * kernel).max(1));
    let turned = of_output.flat_map(|values| transpose(values, inputs, kernel));
    transpose(&turned.collect::<Vec<_>>(), outputs, kernel * inputs)
}

/// The way back of [`tap_by_tap`].
fn channel_by_channel(values: &[f32], [outputs, inputs, kernel]: [usize; 3]) -> Vec<f32> {
    let turned = transpose(values, kernel * inputs, outputs);
    let of_output = turned.chunks_exact((inputs * kernel).max(1));
    of_output
        .flat_map(|values| transpose(values, kernel, inputs))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Patching, Preset};

    #[test]
    fn fresh_weights_are_a_function_of_the_seed_and_lie_within_their_bounds() {
        let config = Preset::Tiny.config(Patching::Hybrid);
        let head = TrainingHead::Projection(vec![32, 16]);
        let weights = Weights::random(config, &head, 3).unwrap();
        assert_eq!(weights, Weights::random(config, &head, 3).unwrap());
        assert_ne!(weights, Weights::random(config, &head, 4).unwrap());
        let find = |name: &str| {
            let found = weights.tensors.iter().find(|t| t.spec.name == name);
            &found.unwrap().values
        };
        let bound = 1.0 / (768.0_f32).sqrt();
        for name in [
            "transformer.layers.7.1.net.3.weight",
            "transformer.layers.7.1.net.3.bias",
        ] {
            let values = find(name);
            let most = values
                .iter()
                .fold(0.0_f32, |most, value| most.max(value.abs()));
            assert!(most <= bound && most > 0.9 * bound, "{name}: {most}");
        }
        assert!(
            find("transformer.norm.weight")
                .iter()
                .all(|&value| value == 1.0)
        );
        assert_eq!(find("linear_head.2.bias").len(), 16);
    }

    #[test]
    fn matrices_are_turned_and_turned_back() {
        let turned = transpose(&[1., 2., 3., 4., 5., 6.], 2, 3);
        assert_eq!(turned, [1., 4., 2., 5., 3., 6.]);
        assert_eq!(transpose(&turned, 3, 2), [1., 2., 3., 4., 5., 6.]);
        // Two outputs of three channels and two taps.
        let file: Vec<f32> = (0..12).map(|n| n as f32).collect();
        let laid = tap_by_tap(&file, [2, 3, 2]);
        assert_eq!(laid, [0., 6., 2., 8., 4., 10., 1., 7., 3., 9., 5., 11.]);
        assert_eq!(channel_by_channel(&laid, [2, 3, 2]), file);
    }
}
