use super::{Precision, Tiles, Unit, amx, to_bf16, vectors};
use crate::product::{Into, Matrix};

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    let value = |n: usize| ((n * 7919 + seed * 104_729 + n / 13) % 1009) as f32 / 504.5 - 1.0;
    (0..count).map(value).collect()
}

/// What this machine can multiply with.
fn units() -> Vec<Unit> {
    let mut units = Vec::new();
    if amx::is_here() {
        units.push(Unit::Amx);
    }
    if vectors::are_here() {
        units.push(Unit::Vectors);
    }
    units
}

const NARROW: [Precision; 2] = [Precision::Bf16, Precision::Int8];

/// The product in 64 bits, and by how much rounding both factors may change it.
fn exact(a: &[f32], b: &[f32], sizes: [usize; 3], precision: Precision) -> Vec<(f64, f64)> {
    let [rows, inputs, outputs] = sizes;
    let most = |values: &mut dyn Iterator<Item = f32>| {
        values.fold(0.0_f64, |most, value| most.max(f64::from(value.abs())))
    };
    let mut found = Vec::new();
    for row in 0..rows {
        for column in 0..outputs {
            let a = &a[row * inputs..][..inputs];
            let b = || b.iter().skip(column).step_by(outputs).copied();
            // Half a step of each factor's whole numbers.
            let steps = [most(&mut a.iter().copied()), most(&mut b())].map(|most| most / 254.0);
            let (mut sum, mut bound) = (0.0, 1e-6);
            for (a, b) in a.iter().zip(b()) {
                let (a, b) = (f64::from(*a), f64::from(b));
                sum += a * b;
                bound += match precision {
                    Precision::Int8 => {
                        steps[0] * b.abs() + steps[1] * a.abs() + steps[0] * steps[1]
                    }
                    // Half a unit in the last of eight bits, of each factor.
                    _ => (a * b).abs() * 2.0_f64.powi(-8) * 1.01,
                };
            }
            found.push((sum, bound));
        }
    }
    found
}

#[test]
fn products_are_those_in_64_bits_within_the_rounding_of_their_factors() {
    let sizes = [
        [1, 1, 1],
        [5, 33, 7],
        [16, 64, 16],
        [32, 192, 96],
        [33, 100, 31],
        [97, 65, 130],
    ];
    for precision in NARROW {
        for unit in units() {
            for size in sizes {
                let [rows, inputs, outputs] = size;
                let (a, b) = (numbers(rows * inputs, 1), numbers(inputs * outputs, 2));
                let expected = exact(&a, &b, size, precision);
                let whole = Matrix::new(&b, outputs);
                // The same factor laid out in memory column by column.
                let turned: Vec<f32> = (0..outputs * inputs)
                    .map(|at| b[at % inputs * outputs + at / inputs])
                    .collect();
                let turned = Matrix::new(&turned, inputs).transposed();
                for (b, wide) in [(whole, false), (whole, true), (turned, false)] {
                    let tiles = Tiles::for_unit(b, precision, wide, unit).unwrap();
                    let stride = outputs + 3;
                    let mut out = vec![7.0; rows * stride];
                    let all = (0, outputs);
                    tiles.multiply(
                        Matrix::new(&a, inputs),
                        0,
                        all,
                        &mut out,
                        stride,
                        Into::Replace,
                    );
                    for (row, expected) in out.chunks_exact(stride).zip(expected.chunks(outputs)) {
                        for (found, (expected, bound)) in row.iter().zip(expected) {
                            let error = (f64::from(*found) - expected).abs();
                            assert!(error <= *bound, "{precision:?} {unit:?} {size:?}: {error}");
                        }
                        assert_eq!(row[outputs..], [7.0; 3], "beside the target");
                    }
                    let once = out.clone();
                    tiles.multiply(Matrix::new(&a, inputs), 0, all, &mut out, stride, Into::Add);
                    for (twice, once) in out.chunks(stride).zip(once.chunks(stride)) {
                        for (twice, once) in twice[..outputs].iter().zip(once) {
                            assert!((twice - 2.0 * once).abs() < 1e-4 * once.abs().max(1.0));
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn parts_of_inputs_and_columns_make_up_the_whole() {
    let (rows, inputs, outputs) = (40, 200, 100);
    let (a, b) = (numbers(rows * inputs, 3), numbers(inputs * outputs, 4));
    // Rows of whole numbers are scaled part by part.
    for (precision, bound) in [(Precision::Bf16, 1e-5), (Precision::Int8, 0.3)] {
        for unit in units() {
            let tiles = Tiles::for_unit(Matrix::new(&b, outputs), precision, false, unit).unwrap();
            let mut whole = vec![0.0; rows * outputs];
            let all = Matrix::new(&a, inputs);
            tiles.multiply(all, 0, (0, outputs), &mut whole, outputs, Into::Replace);
            let mut parts = vec![0.0; rows * 36];
            for (start, length) in [(0, 64), (64, 128), (192, 8)] {
                let some = Matrix::strided(&a[start..], rows, length, inputs);
                let into = if start == 0 { Into::Replace } else { Into::Add };
                tiles.multiply(some, start, (64, 36), &mut parts, 36, into);
            }
            for (part, whole) in parts.chunks(36).zip(whole.chunks(outputs)) {
                for (part, whole) in part.iter().zip(&whole[64..]) {
                    assert!((part - whole).abs() < bound, "{unit:?} {part} {whole}");
                }
            }
        }
    }
}

#[test]
fn the_units_agree_and_the_whole_numbers_of_both_are_the_same() {
    let [first, second] = units()[..] else {
        return;
    };
    let (a, b) = (numbers(50 * 300, 5), numbers(300 * 70, 6));
    for precision in NARROW {
        let by = |unit| {
            let tiles = Tiles::for_unit(Matrix::new(&b, 70), precision, false, unit).unwrap();
            let mut out = vec![0.0; 50 * 70];
            tiles.multiply(
                Matrix::new(&a, 300),
                0,
                (0, 70),
                &mut out,
                70,
                Into::Replace,
            );
            out
        };
        let (first, second) = (by(first), by(second));
        if precision == Precision::Int8 {
            assert_eq!(first, second);
        }
        let far = first.iter().zip(&second).map(|(a, b)| (a - b).abs());
        assert!(far.fold(0.0, f32::max) < 1e-4);
    }
}

#[test]
fn what_is_no_number_stays_none_and_nothing_comes_of_nothing() {
    for precision in NARROW {
        for unit in units() {
            let b = numbers(70 * 40, 7);
            let tiles = Tiles::for_unit(Matrix::new(&b, 40), precision, false, unit).unwrap();
            let mut a = numbers(3 * 70, 8);
            (a[5], a[70 + 69]) = (f32::NAN, f32::INFINITY);
            let mut out = vec![0.0; 3 * 40];
            tiles.multiply(Matrix::new(&a, 70), 0, (0, 40), &mut out, 40, Into::Replace);
            assert!(out[..40].iter().all(|value| value.is_nan()));
            assert!(out[40..80].iter().all(|value| !value.is_finite()));
            assert!(out[80..].iter().all(|value| value.is_finite()));
            let none = Matrix::strided(&a, 0, 70, 70);
            tiles.multiply(none, 0, (0, 40), &mut out, 40, Into::Replace);
            let empty = Tiles::for_unit(Matrix::strided(&b, 70, 0, 0), precision, false, unit);
            empty
                .unwrap()
                .multiply(Matrix::new(&a, 70), 0, (0, 0), &mut [], 0, Into::Replace);
        }
    }
}

#[test]
fn numbers_are_rounded_to_the_nearest_of_eight_bits() {
    let back = |value: f32| f32::from_bits(to_bf16(value) << 16);
    for (value, expected) in [
        (1.0, 1.0),
        (1.003_906_3, 1.0),
        (1.011_718_8, 1.015_625),
        (-0.0, -0.0),
        (f32::MAX, f32::INFINITY),
        (f32::NEG_INFINITY, f32::NEG_INFINITY),
    ] {
        assert_eq!(back(value).to_bits(), f32::to_bits(expected), "{value}");
    }
    assert!(back(f32::from_bits(0x7f80_0001)).is_nan());
}

/// Not a test: how fast the products are beside those of 32 bits, with `--ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn speed() {
    for (rows, inputs, outputs) in [
        (96, 192, 576),
        (96, 192, 768),
        (96, 768, 192),
        (96, 768, 3072),
    ] {
        let (a, b) = (numbers(rows * inputs, 1), numbers(inputs * outputs, 2));
        let mut out = vec![0.0; rows * outputs];
        let rate = |run: &mut dyn FnMut()| {
            run();
            let begin = std::time::Instant::now();
            let mut runs = 0;
            while begin.elapsed().as_secs_f64() < 0.3 {
                run();
                runs += 1;
            }
            2.0 * (rows * inputs * outputs * runs) as f64 / begin.elapsed().as_secs_f64() / 1e9
        };
        let a = Matrix::new(&a, inputs);
        let plain = rate(&mut || {
            crate::product::multiply(a, Matrix::new(&b, outputs), &mut out, Into::Replace);
        });
        print!("{rows} x {inputs} x {outputs}: f32 {plain:.0}");
        for precision in NARROW {
            for unit in units() {
                let tiles =
                    Tiles::for_unit(Matrix::new(&b, outputs), precision, false, unit).unwrap();
                let found = rate(&mut || {
                    tiles.multiply(a, 0, (0, outputs), &mut out, outputs, Into::Replace);
                });
                let laying = rate(&mut || {
                    Tiles::for_unit(Matrix::new(&b, outputs), precision, false, unit).unwrap();
                });
                print!(
                    "  {precision:?} {unit:?} {found:.0} (laying out {:.2})",
                    found / laying
                );
            }
        }
        println!();
    }
}
