//! Scores mean what they mean elsewhere: the metrics agree with scikit-learn and mir_eval.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use mynascope_probe::metrics::{average_precision, key_score, mean, r2, roc_auc};
use serde_json::Value;

/// Made by `fixtures/make_metrics.py`.
fn reference(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn scikit_learn() -> Value {
    reference(include_str!("fixtures/scikit_learn.json"))
}

fn numbers(values: &Value) -> Vec<f64> {
    let values = values.as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap()).collect()
}

/// A table of rows as its columns.
fn columns(rows: &Value) -> Vec<Vec<f64>> {
    let rows: Vec<Vec<f64>> = rows.as_array().unwrap().iter().map(numbers).collect();
    (0..rows[0].len())
        .map(|at| rows.iter().map(|row| row[at]).collect())
        .collect()
}

fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-9, "{found} for {expected}");
    }
}

#[test]
fn areas_and_precisions_agree_with_scikit_learn_ties_included() {
    let reference = scikit_learn();
    let truth: Vec<Vec<bool>> = columns(&reference["truth"])
        .iter()
        .map(|tag| tag.iter().map(|&yes| yes == 1.0).collect())
        .collect();
    let scores = columns(&reference["scores"]);
    for (metric, name) in [
        (roc_auc as fn(&[bool], &[f64]) -> Option<f64>, "roc_auc"),
        (average_precision, "average_precision"),
    ] {
        let found: Vec<f64> = truth
            .iter()
            .zip(&scores)
            .map(|(truth, scores)| metric(truth, scores).unwrap())
            .collect();
        assert_close(&found, &numbers(&reference[name]));
        let expected = reference[format!("{name}_macro")].as_f64().unwrap();
        assert_close(&[mean(found).unwrap()], &[expected]);
    }
}

#[test]
fn determination_agrees_with_scikit_learn() {
    let reference = scikit_learn();
    let found: Vec<f64> = columns(&reference["dimensions"])
        .iter()
        .zip(&columns(&reference["said"]))
        .map(|(truth, said)| r2(truth, said).unwrap())
        .collect();
    assert_close(&found, &numbers(&reference["r2"]));
}

#[test]
fn all_pairs_of_keys_score_as_in_mir_eval() {
    let reference = reference(include_str!("fixtures/mir_eval_keys.json"));
    let rows = reference["scores"].as_array().unwrap();
    assert_eq!(rows.len(), 24);
    for (truth, row) in (0..).zip(rows) {
        let found: Vec<f64> = (0..24).map(|said| key_score(truth, said)).collect();
        assert_eq!(found, numbers(row), "key {truth}");
    }
}

#[test]
fn what_has_no_answer_is_none() {
    assert_eq!(roc_auc(&[true, true], &[1.0, 2.0]), None);
    assert_eq!(roc_auc(&[], &[]), None);
    assert_eq!(average_precision(&[false], &[1.0]), None);
    assert_eq!(r2(&[2.0, 2.0], &[1.0, 3.0]), None);
    assert_eq!(roc_auc(&[true, false], &[1.0, 1.0]), Some(0.5));
    assert_eq!(roc_auc(&[true, false], &[2.0, 1.0]), Some(1.0));
}
