//! Scores mean what they mean elsewhere: the metrics agree with scikit-learn and mir_eval.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{fs, path::Path};

use mynascope_probe::metrics::{average_precision, key_score, mean, r2, roc_auc};
use serde_json::Value;

fn reference(name: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/parity");
    let text = fs::read(path.join(name)).ok();
    if text.is_none() {
        eprintln!("skipped: the reference numbers {name} are not here");
    }
    Some(serde_json::from_slice(&text?).unwrap())
}

fn numbers(value: &Value) -> Vec<Vec<f64>> {
    let rows = value.as_array().unwrap();
    rows.iter()
        .map(|row| {
            let row = row.as_array().unwrap();
            row.iter().map(|cell| cell.as_f64().unwrap()).collect()
        })
        .collect()
}

fn column(rows: &[Vec<f64>], at: usize) -> Vec<f64> {
    rows.iter().map(|row| row[at]).collect()
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} {b}");
}

#[test]
fn areas_and_precisions_agree_with_scikit_learn_ties_included() {
    let Some(reference) = reference("sklearn_metrics.json") else {
        return;
    };
    let (y, scores) = (numbers(&reference["y"]), numbers(&reference["score"]));
    let (mut areas, mut precisions) = (Vec::new(), Vec::new());
    for tag in 0..y[0].len() {
        let truth: Vec<bool> = column(&y, tag).iter().map(|&yes| yes == 1.0).collect();
        let said = column(&scores, tag);
        areas.push(roc_auc(&truth, &said).unwrap());
        precisions.push(average_precision(&truth, &said).unwrap());
        close(areas[tag], reference["auroc_each"][tag].as_f64().unwrap());
        close(precisions[tag], reference["ap_each"][tag].as_f64().unwrap());
    }
    close(
        mean(areas).unwrap(),
        reference["auroc_macro"].as_f64().unwrap(),
    );
    close(
        mean(precisions).unwrap(),
        reference["ap_macro"].as_f64().unwrap(),
    );
}

#[test]
fn determination_agrees_with_scikit_learn() {
    let Some(reference) = reference("sklearn_metrics.json") else {
        return;
    };
    let (y, said) = (numbers(&reference["reg_y"]), numbers(&reference["reg_p"]));
    for at in 0..2 {
        let found = r2(&column(&y, at), &column(&said, at)).unwrap();
        close(found, reference["r2_each"][at].as_f64().unwrap());
    }
}

#[test]
fn all_pairs_of_keys_score_as_in_mir_eval() {
    let Some(reference) = reference("mirex_key_24x24.json") else {
        return;
    };
    let scores = numbers(&reference["score[ref][est]"]);
    // Theirs goes c major, c minor, db major, ...; ours all majors, then all minors.
    let ours = |index: usize| u8::try_from(index / 2 + 12 * (index % 2)).unwrap();
    for (truth, row) in scores.iter().enumerate() {
        for (said, score) in row.iter().enumerate() {
            assert_eq!(key_score(ours(truth), ours(said)), *score, "{truth} {said}");
        }
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
