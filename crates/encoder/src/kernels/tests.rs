//! The promise: a layer in one piece gives what the same layer gives when it is taken apart, values and gradients.

use burn::{
    backend::{Autodiff, Flex, flex::FlexDevice},
    tensor::{Tensor, TensorData, backend::AutodiffBackend},
};

use super::*;
use mynascope_spectrum::tokens::{Purpose, stream};

type Ad = Autodiff<Flex>;
type Primitive = FloatTensor<Ad>;

const DIM: usize = 40;
const HIDDEN: usize = 72;
const HEADS: usize = 3;

/// Numbers around zero, the same for the same name.
fn values(name: u64, shape: [usize; 2]) -> Vec<f32> {
    let mut random = stream(1, 2, name, Purpose::Weights);
    (0..shape[0] * shape[1])
        .map(|_| random.between(-1.0, 1.0) as f32)
        .collect()
}

fn leaf<const D: usize>(name: u64, shape: [usize; D]) -> Tensor<Ad, D> {
    let [rows, columns] = match shape.as_slice() {
        [rows, columns] => [*rows, *columns],
        _ => [1, shape[0]],
    };
    let data = TensorData::new(values(name, [rows, columns]), shape);
    Tensor::from_data(data, &FlexDevice).require_grad()
}

/// Output, then gradients of the input and of all weights.
fn pass(layer: &Layer<Primitive>, x: &Tensor<Ad, 2>, out: Tensor<Ad, 2>) -> Vec<Vec<f32>> {
    let [rows, columns] = out.dims();
    let pull = TensorData::new(values(77, [rows, columns]), [rows, columns]);
    let loss = (out.clone() * Tensor::from_data(pull, &FlexDevice)).sum();
    let found = loss.backward();
    let mut all = vec![out.into_data().into_vec().unwrap()];
    all.push(x.grad(&found).unwrap().into_data().into_vec().unwrap());
    for weight in layer.weights() {
        let gradient = Ad::grad(weight, &found).expect("every weight gets a gradient");
        all.push(gradient.as_slice::<f32>().unwrap().to_vec());
    }
    all
}

fn assert_same(layer: &Layer<Primitive>, rows: usize, inputs: usize) {
    let x = leaf(5, [rows, inputs]);
    assert!(Ad::layer(layer, &primitive(&x), false).is_some());
    let one = pass(layer, &x, layer.clone().run(x.clone(), Arithmetic::F32));
    let apart = pass(
        layer,
        &x,
        layer.clone().taken_apart(x.clone(), Arithmetic::F32),
    );
    assert_eq!(one.len(), apart.len());
    for (index, (one, apart)) in one.iter().zip(&apart).enumerate() {
        assert_eq!(one.len(), apart.len(), "tensor {index}");
        let most = apart.iter().fold(1e-3_f32, |most, v| most.max(v.abs()));
        for (one, apart) in one.iter().zip(apart) {
            let error = (one - apart).abs() / most;
            assert!(error < 4e-6, "tensor {index}: {one} for {apart}");
        }
    }
}

fn norm(name: u64, dim: usize) -> [Primitive; 2] {
    [
        primitive(&leaf(name, [dim])),
        primitive(&leaf(name + 1, [dim])),
    ]
}

fn matrix(name: u64, inputs: usize, outputs: usize) -> Primitive {
    primitive(&leaf(name, [inputs, outputs]))
}

/// Rows of less than a tile, of whole tiles, and of tiles and a rest.
#[test]
fn norms_and_linear_layers_are_those_taken_apart() {
    for rows in [1, 96, 250] {
        assert_same(&Layer::Norm(norm(10, DIM)), rows, DIM);
        let linear = Layer::Linear {
            weight: matrix(12, DIM, HIDDEN),
            bias: primitive(&leaf(13, [HIDDEN])),
        };
        assert_same(&linear, rows, DIM);
    }
}

#[test]
fn the_feed_forward_part_is_that_taken_apart() {
    let layer = Layer::FeedForward {
        norm: norm(20, DIM),
        widen: [matrix(22, DIM, HIDDEN), primitive(&leaf(23, [HIDDEN]))],
        narrow: [matrix(24, HIDDEN, DIM), primitive(&leaf(25, [DIM]))],
    };
    for rows in [1, 192, 250] {
        assert_same(&layer, rows, DIM);
    }
}

/// From one token, over windows of which several make a tile, to windows of several blocks of queries.
#[test]
fn attention_is_that_taken_apart() {
    for (windows, tokens) in [(3, 1), (41, 5), (2, 16), (5, 17), (3, 48), (1, 150)] {
        let layer = Layer::Attention {
            norm: norm(30, DIM),
            qkv: matrix(32, DIM, 3 * HEADS * HEAD_DIM),
            out: matrix(33, HEADS * HEAD_DIM, DIM),
            tokens,
            heads: HEADS,
        };
        assert_same(&layer, windows * tokens, DIM);
    }
}

/// Gradients may come as a broadcast view.
#[test]
fn a_gradient_that_is_the_same_for_all_rows_is_followed() {
    let x = leaf(5, [10, DIM]);
    let norm = Layer::<Primitive>::Norm(norm(10, DIM));
    let gradient = |out: Tensor<Ad, 2>| {
        let found = out.mean().backward();
        let gradient = x.grad(&found).unwrap().into_data();
        gradient.into_vec::<f32>().unwrap()
    };
    let one = gradient(norm.clone().run(x.clone(), Arithmetic::F32));
    let apart = gradient(norm.taken_apart(x.clone(), Arithmetic::F32));
    let most = apart.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    assert!(most > 0.0);
    for (one, apart) in one.iter().zip(&apart) {
        assert!((one - apart).abs() < 4e-6 * most, "{one} for {apart}");
    }
}
