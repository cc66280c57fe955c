//! Cosines between all views of a batch, and the way back from their gradient to the gradient of the outputs.

use burn::tensor::{Tensor, TensorData, backend::Backend};

/// Smallest norm that is divided by.
const NORM_EPSILON: f64 = 1e-12;

/// The outputs of two views of the same tracks as unit rows.
pub(crate) struct Views<B: Backend> {
    a: Unit<B>,
    b: Unit<B>,
}

struct Unit<B: Backend> {
    /// [batch, dim], rows of norm 1.
    rows: Tensor<B, 2>,
    /// [batch, 1].
    norms: Tensor<B, 2>,
}

impl<B: Backend> Unit<B> {
    fn of(x: Tensor<B, 2>) -> Self {
        let squares = (x.clone() * x.clone()).sum_dim(1);
        let norms = squares.sqrt().clamp_min(NORM_EPSILON);
        Self {
            rows: x / norms.clone(),
            norms,
        }
    }

    /// Gradient of the outputs from that of the unit rows: the part along the row changes nothing.
    fn back(&self, gradient: Tensor<B, 2>) -> Tensor<B, 2> {
        let along = (gradient.clone() * self.rows.clone()).sum_dim(1);
        (gradient - self.rows.clone() * along) / self.norms.clone()
    }
}

/// Cosines of one batch, [batch, batch] each.
pub(crate) struct Similarities<B: Backend> {
    /// Row i, column j: view A of track i with view B of track j.
    pub across: Tensor<B, 2>,
    /// View A with view A.
    pub within_a: Tensor<B, 2>,
    /// View B with view B.
    pub within_b: Tensor<B, 2>,
    /// 1 on the diagonal.
    pub same: Tensor<B, 2>,
    /// 1 off the diagonal.
    pub others: Tensor<B, 2>,
    /// The diagonal of `across`, [batch, 1].
    pub positives: Tensor<B, 2>,
    pub batch: usize,
}

/// Gradient of a loss with respect to the cosines. Where an objective does not look at pairs within a view, they are
/// left out.
pub(crate) struct SimilarityGrad<B: Backend> {
    pub across: Tensor<B, 2>,
    pub within: Option<[Tensor<B, 2>; 2]>,
}

impl<B: Backend> Views<B> {
    /// From outputs [batch, dim] of both views.
    pub fn new(a: Tensor<B, 2>, b: Tensor<B, 2>) -> Self {
        Self {
            a: Unit::of(a),
            b: Unit::of(b),
        }
    }

    pub fn similarities(&self) -> Similarities<B> {
        let (a, b) = (&self.a.rows, &self.b.rows);
        let [batch, _] = a.dims();
        let same = Tensor::<B, 2>::eye(batch, &a.device());
        Similarities {
            across: a.clone().matmul(b.clone().transpose()),
            within_a: a.clone().matmul(a.clone().transpose()),
            within_b: b.clone().matmul(b.clone().transpose()),
            others: same.clone().neg().add_scalar(1.0),
            // Summed rather than cut out of `across`: the same numbers on every backend.
            positives: (a.clone() * b.clone()).sum_dim(1),
            same,
            batch,
        }
    }

    /// Gradients of the outputs of views A and B.
    pub fn gradients(&self, grad: SimilarityGrad<B>) -> [Tensor<B, 2>; 2] {
        let (a, b) = (&self.a.rows, &self.b.rows);
        let mut to_a = grad.across.clone().matmul(b.clone());
        let mut to_b = grad.across.transpose().matmul(a.clone());
        if let Some([within_a, within_b]) = grad.within {
            let both = |grad: Tensor<B, 2>| grad.clone() + grad.transpose();
            to_a = to_a + both(within_a).matmul(a.clone());
            to_b = to_b + both(within_b).matmul(b.clone());
        }
        [self.a.back(to_a), self.b.back(to_b)]
    }
}

/// Numbers as a column [rows, 1].
pub(super) fn column<B: Backend>(values: &[f64], device: &B::Device) -> Tensor<B, 2> {
    let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
    let rows = values.len();
    Tensor::from_data(TensorData::new(values, [rows, 1]), device)
}

/// Several columns [rows, 1] as numbers, in one transfer.
pub(super) fn download<B: Backend, const N: usize>(
    columns: [Tensor<B, 2>; N],
) -> Result<[Vec<f64>; N], String> {
    let [rows, _] = columns.first().map_or([0, 0], Tensor::dims);
    let all = mynascope_encoder::numbers(Tensor::cat(columns.to_vec(), 0))?;
    let mut parts = all.chunks(rows.max(1));
    Ok(std::array::from_fn(|_| {
        let part = parts.next().unwrap_or_default();
        part.iter().map(|&value| f64::from(value)).collect()
    }))
}
