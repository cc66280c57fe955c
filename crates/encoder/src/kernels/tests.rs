//! The promise: a fused layer gives what the same layer gives when it is decomposed, values and gradients.

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
/// What the kernels differentiate.
const HEAD_DIM: usize = 64;

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
    assert!(Ad::layer(layer, &primitive(&x), Precision::F32, false).is_some());
    let fused = pass(layer, &x, layer.clone().run(x.clone(), Precision::F32));
    let decomposed = pass(
        layer,
        &x,
        layer.clone().decomposed(x.clone(), Precision::F32),
    );
    assert_eq!(fused.len(), decomposed.len());
    for (index, (fused, decomposed)) in fused.iter().zip(&decomposed).enumerate() {
        assert_close(fused, decomposed, &format!("tensor {index}"));
    }
}

fn assert_close(fused: &[f32], decomposed: &[f32], what: &str) {
    assert_eq!(fused.len(), decomposed.len(), "{what}");
    let most = decomposed
        .iter()
        .fold(1e-3_f32, |most, v| most.max(v.abs()));
    for (fused, decomposed) in fused.iter().zip(decomposed) {
        let error = (fused - decomposed).abs() / most;
        assert!(error < 4e-6, "{what}: {fused} for {decomposed}");
    }
}

/// Values only, where nothing is differentiated.
fn assert_same_values(layer: &Layer<FloatTensor<Flex>>, rows: usize, inputs: usize) {
    let x = leaf(5, [rows, inputs]).inner();
    assert!(Flex::layer(layer, &primitive(&x), Precision::F32, false).is_some());
    let numbers = |out: Tensor<Flex, 2>| out.into_data().into_vec::<f32>().unwrap();
    let fused = numbers(layer.clone().run(x.clone(), Precision::F32));
    let decomposed = numbers(layer.clone().decomposed(x, Precision::F32));
    assert_close(&fused, &decomposed, &format!("{rows} rows"));
}

fn norm_with(name: u64, dim: usize, epsilon: f64) -> Norm<Primitive> {
    Norm {
        weight: primitive(&leaf(name, [dim])),
        bias: primitive(&leaf(name + 1, [dim])),
        epsilon,
    }
}

fn norm(name: u64, dim: usize) -> Norm<Primitive> {
    norm_with(name, dim, NORM_EPSILON)
}

fn inner(layer: &Layer<Primitive>) -> Layer<FloatTensor<Flex>> {
    layer.map(|weight| weight.primitive.clone())
}

fn matrix(name: u64, inputs: usize, outputs: usize) -> Primitive {
    primitive(&leaf(name, [inputs, outputs]))
}

/// Rows of less than a tile, of whole tiles, and of tiles and a rest.
#[test]
fn norms_and_linear_layers_are_those_decomposed() {
    for rows in [1, 96, 250] {
        assert_same(&Layer::Norm(norm(10, DIM)), rows, DIM);
        for activation in [Activation::None, Activation::Gelu] {
            let linear = Layer::Linear {
                weight: matrix(12, DIM, HIDDEN),
                bias: primitive(&leaf(13, [HIDDEN])),
                activation,
            };
            assert_same(&linear, rows, DIM);
            assert_same_values(&inner(&linear), rows, DIM);
        }
    }
}

#[test]
fn the_feed_forward_part_is_that_decomposed() {
    let layer = Layer::FeedForward {
        norm: norm_with(20, DIM, 0.1),
        order: NormOrder::Pre,
        widen: [matrix(22, DIM, HIDDEN), primitive(&leaf(23, [HIDDEN]))],
        narrow: [matrix(24, HIDDEN, DIM), primitive(&leaf(25, [DIM]))],
    };
    for rows in [1, 192, 250] {
        assert_same(&layer, rows, DIM);
    }
}

/// From one token, over windows of which several make a tile, to windows of several blocks of queries.
#[test]
fn attention_is_that_decomposed() {
    for (windows, tokens) in [(3, 1), (41, 5), (2, 16), (5, 17), (3, 48), (1, 150)] {
        let layer = Layer::Attention {
            norm: norm(30, DIM),
            order: NormOrder::Pre,
            qkv: matrix(32, DIM, 3 * HEADS * HEAD_DIM),
            qkv_bias: None,
            out: matrix(33, HEADS * HEAD_DIM, DIM),
            out_bias: None,
            tokens,
            queries: tokens,
            heads: HEADS,
        };
        assert_same(&layer, windows * tokens, DIM);
    }
}

/// Attention as MT2 learns it: with biases, and in the last block with the class tokens alone.
#[test]
fn attention_with_biases_and_few_queries_is_that_decomposed() {
    for (windows, tokens, queries) in [(3, 1, 1), (41, 5, 2), (5, 17, 2), (3, 128, 2), (1, 150, 70)]
    {
        for biases in [true, false] {
            let bias = |name: u64, width: usize| biases.then(|| primitive(&leaf(name, [width])));
            let layer = Layer::Attention {
                norm: norm(30, DIM),
                order: NormOrder::Pre,
                qkv: matrix(32, DIM, 3 * HEADS * HEAD_DIM),
                qkv_bias: bias(34, 3 * HEADS * HEAD_DIM),
                out: matrix(33, HEADS * HEAD_DIM, DIM),
                out_bias: bias(35, DIM),
                tokens,
                queries,
                heads: HEADS,
            };
            assert_same(&layer, windows * tokens, DIM);
            assert_same_values(&inner(&layer), windows * tokens, DIM);
        }
    }
}

/// Attention as other families have it: biases, heads of any width, another epsilon, the norm in front or behind. Windows
/// are shorter and longer than a block of queries, of keys and a tile of rows.
#[test]
fn fused_attention_of_other_families_is_that_decomposed() {
    for (windows, tokens, head_dim) in [(3, 1, 16), (2, 50, 16), (2, 97, 32), (1, 500, 64)] {
        for order in [NormOrder::Pre, NormOrder::Post] {
            let layer = Layer::Attention {
                norm: norm_with(30, DIM, 0.01),
                order,
                qkv: matrix(32, DIM, 3 * HEADS * head_dim),
                qkv_bias: Some(primitive(&leaf(34, [3 * HEADS * head_dim]))),
                out: matrix(33, HEADS * head_dim, DIM),
                out_bias: Some(primitive(&leaf(35, [DIM]))),
                tokens,
                queries: tokens,
                heads: HEADS,
            };
            assert_same_values(&inner(&layer), windows * tokens, DIM);
        }
    }
}

/// Windows too long for one core, as Myna may be asked for.
#[test]
fn fused_attention_over_long_windows_is_that_decomposed() {
    let layer = Layer::Attention {
        norm: norm(30, DIM),
        order: NormOrder::Pre,
        qkv: matrix(32, DIM, 3 * HEADS * HEAD_DIM),
        qkv_bias: None,
        out: matrix(33, HEADS * HEAD_DIM, DIM),
        out_bias: None,
        tokens: 300,
        queries: 300,
        heads: HEADS,
    };
    assert_same(&layer, 600, DIM);
    assert_same_values(&inner(&layer), 600, DIM);
}

/// The scores of one token are far above those of the others, and come last: what was gathered before fades.
#[test]
fn a_score_that_is_far_above_all_before_it_takes_everything() {
    let mut qkv = vec![0.0_f32; 8 * 24];
    for column in 0..8 {
        // Queries, keys and values are the input itself.
        qkv[column * 24 + column] = 1.0;
        qkv[column * 24 + 8 + column] = 1.0;
        qkv[column * 24 + 16 + column] = 1.0;
    }
    let mut identity = vec![0.0_f32; 64];
    identity
        .iter_mut()
        .step_by(9)
        .for_each(|value| *value = 1.0);
    let tensor = |values: Vec<f32>, shape: [usize; 2]| -> Tensor<Flex, 2> {
        Tensor::from_data(TensorData::new(values, shape), &FlexDevice)
    };
    let vector = |value: f32| -> Tensor<Flex, 1> {
        Tensor::from_data(TensorData::new(vec![value; 8], [8]), &FlexDevice)
    };
    let layer = Layer::Attention {
        // Behind the layer, so that the input reaches it as it is.
        norm: Norm {
            weight: primitive(&vector(1.0)),
            bias: primitive(&vector(0.0)),
            epsilon: 1e-6,
        },
        order: NormOrder::Post,
        qkv: primitive(&tensor(qkv, [8, 24])),
        qkv_bias: None,
        out: primitive(&tensor(identity, [8, 8])),
        out_bias: None,
        tokens: 400,
        queries: 400,
        heads: 1,
    };
    let mut x = values(3, [400, 8]);
    x[399 * 8..].copy_from_slice(&[5.0, -5.0].repeat(4));
    let x = tensor(x, [400, 8]);
    let out = |out: Tensor<Flex, 2>| out.into_data().into_vec::<f32>().unwrap();
    let fused = out(layer.clone().run(x.clone(), Precision::F32));
    assert!(fused.iter().all(|value| value.is_finite()));
    assert_close(&fused, &out(layer.decomposed(x, Precision::F32)), "output");
}

/// The feed-forward part of wide models, whose hidden values are computed in parts.
#[test]
fn wide_feed_forward_parts_and_those_with_a_norm_behind_are_those_decomposed() {
    for (order, dim, hidden, rows) in [
        (NormOrder::Post, DIM, HIDDEN, 100),
        (NormOrder::Post, DIM, 700, 3),
        (NormOrder::Pre, 520, 2100, 300),
    ] {
        let layer = Layer::FeedForward {
            norm: norm_with(20, dim, 1e-6),
            order,
            widen: [matrix(22, dim, hidden), primitive(&leaf(23, [hidden]))],
            narrow: [matrix(24, hidden, dim), primitive(&leaf(25, [dim]))],
        };
        assert_same_values(&inner(&layer), rows, dim);
    }
}

/// What the fused kernels have no way back for is followed by Burn.
#[test]
fn layers_without_a_fused_way_back_are_differentiated_all_the_same() {
    let layer = Layer::Attention {
        norm: norm_with(30, DIM, 1e-6),
        order: NormOrder::Pre,
        qkv: matrix(32, DIM, 3 * HEADS * 16),
        qkv_bias: Some(primitive(&leaf(34, [3 * HEADS * 16]))),
        out: matrix(33, HEADS * 16, DIM),
        out_bias: Some(primitive(&leaf(35, [DIM]))),
        tokens: 5,
        queries: 5,
        heads: HEADS,
    };
    let x = leaf(5, [10, DIM]);
    let found = pass(&layer, &x, layer.clone().run(x.clone(), Precision::F32));
    assert_eq!(found.len(), 8);
    assert!(
        found
            .iter()
            .all(|gradient| gradient.iter().any(|v| *v != 0.0))
    );
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
    let fused = gradient(norm.clone().run(x.clone(), Precision::F32));
    let decomposed = gradient(norm.decomposed(x.clone(), Precision::F32));
    let most = decomposed.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    assert!(most > 0.0);
    for (fused, decomposed) in fused.iter().zip(&decomposed) {
        let error = (fused - decomposed).abs();
        assert!(error < 4e-6 * most, "{fused} for {decomposed}");
    }
}

/// Share of the length of `exact` by which `found` is off.
fn distance(found: &[f32], exact: &[f32]) -> f64 {
    let square = |values: &mut dyn Iterator<Item = f32>| -> f64 {
        values.map(|value| f64::from(value).powi(2)).sum()
    };
    let off = square(&mut found.iter().zip(exact).map(|(a, b)| a - b));
    (off / square(&mut exact.iter().copied()).max(1e-12)).sqrt()
}

/// Eight bits of precision: rounding alone moves a number by 2^-9 of it at most, and sums of many by less.
#[test]
fn in_bf16_layers_and_their_gradients_are_nearly_those_in_32_bits() {
    let tokens = [5, 40];
    let mut layers = vec![
        (
            Layer::Linear {
                weight: matrix(12, DIM, HIDDEN),
                bias: primitive(&leaf(13, [HIDDEN])),
                activation: Activation::Gelu,
            },
            250,
        ),
        (
            Layer::FeedForward {
                norm: norm(20, DIM),
                order: NormOrder::Pre,
                widen: [matrix(22, DIM, HIDDEN), primitive(&leaf(23, [HIDDEN]))],
                narrow: [matrix(24, HIDDEN, DIM), primitive(&leaf(25, [DIM]))],
            },
            250,
        ),
    ];
    layers.extend(tokens.map(|tokens| {
        let inner = HEADS * HEAD_DIM;
        let layer = Layer::Attention {
            norm: norm(30, DIM),
            order: NormOrder::Pre,
            qkv: matrix(32, DIM, 3 * inner),
            qkv_bias: None,
            out: matrix(33, inner, DIM),
            out_bias: Some(primitive(&leaf(34, [DIM]))),
            tokens,
            queries: tokens,
            heads: HEADS,
        };
        (layer, 6 * tokens)
    }));
    for (layer, rows) in layers {
        let x = leaf(5, [rows, DIM]);
        let exact = pass(&layer, &x, layer.clone().run(x.clone(), Precision::F32));
        let found = pass(&layer, &x, layer.clone().run(x.clone(), Precision::Bf16));
        for (index, (found, exact)) in found.iter().zip(&exact).enumerate() {
            let distance = distance(found, exact);
            assert!(distance < 0.02, "{rows} rows, tensor {index}: {distance}");
        }
        let plain = inner(&layer);
        let values = |precision| {
            let out: Tensor<Flex, 2> = plain.clone().run(x.clone().inner(), precision);
            out.into_data().into_vec::<f32>().unwrap()
        };
        let exact = values(Precision::F32);
        for (precision, bound) in [(Precision::Bf16, 0.01), (Precision::Int8, 0.03)] {
            let found = values(precision);
            let distance = distance(&found, &exact);
            assert!(distance < bound, "{precision}, {rows} rows: {distance}");
            // Where the processor has nothing for int8, 32 bits are used; bf16 is then what Burn makes of it.
            let narrow = precision.of_kernels().is_some();
            assert!(!narrow || found != exact, "{precision} was used");
        }
    }
}
