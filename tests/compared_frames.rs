//! `host-trainer compare` agrees with scikit-image on the project's own frames: mean scores and maps, as
//! `golden/compared_frames.py` computed them in float64.

use std::fs;

use host_trainer::comparison::compare;
use serde_json::Value;
use shared::similarity::Metric;

use crate::programs::{path, repository, run};

/// How far a mean score may lie from the reference.
const MEAN: f64 = 1e-5;
/// How far a pixel of a map may lie from the reference.
const PIXEL: f64 = 1.0 / 4096.0;
/// The pixels that the reference keeps: every 16th of every 16th row, from the sixth on.
const STEP: usize = 16;
const FIRST: usize = 5;

const METRICS: [(&str, Metric); 3] =
    [("ssim", Metric::Ssim), ("ssim-gaussian", Metric::SsimGaussian), ("l2", Metric::L2)];

#[test]
fn scores_and_maps_are_those_of_the_reference() {
    let golden = fs::read_to_string(repository().join("tests/golden/compared_frames.json")).unwrap();
    let golden: Vec<Value> = serde_json::from_str(&golden).unwrap();
    assert_eq!(golden.len(), 4);
    for pair in &golden {
        let [a, b] = ["a", "b"].map(|name| repository().join("tests/frames").join(pair[name].as_str().unwrap()));
        for (name, metric) in METRICS {
            let expected = &pair["metrics"][name];
            let output = run("host-trainer", &["compare", path(&a), path(&b), "--metric", name, "--json"]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let found: Value = serde_json::from_slice(&output.stdout).unwrap();
            let (score, mean) = (found["score"].as_f64().unwrap(), expected["score"].as_f64().unwrap());
            assert!((score - mean).abs() <= MEAN, "{name}: {score}, expected {mean}");
            assert_eq!(found["raw"].as_f64().unwrap(), (score * f64::from(1 << 24)).round());

            let compared = compare(&a, &b, metric).unwrap();
            assert_eq!(found["raw"], compared.score.raw());
            let rows = compared.map.chunks(compared.size.width.into()).skip(FIRST).step_by(STEP);
            let pixels: Vec<u32> = rows.flat_map(|row| row.iter().skip(FIRST).step_by(STEP)).copied().collect();
            let expected = expected["map"].as_array().unwrap();
            assert_eq!(pixels.len(), expected.len());
            for (&found, expected) in pixels.iter().zip(expected) {
                let (found, expected) = (f64::from(found) / f64::from(1 << 24), expected.as_f64().unwrap());
                assert!((found - expected).abs() <= PIXEL, "{name}: {found}, expected {expected}");
            }
        }
    }
}
