//! Fuzzes the admission of models: whatever the bytes are, it ends with an error or with a model within its limits.

#![no_main]

use edge_runtime::admission::{Limits, NotAdmitted, Work, admit, decode};

/// Small enough that a hit is found by a fuzzer, large enough for the models of the corpus.
const LIMITS: Limits = Limits {
    structure_bytes: 4096,
    fields: 512,
    nodes: 16,
    tensors: 16,
    weights: 4096,
    rank: 5,
    dimension: 1 << 24,
    macs: 1 << 20,
    activation_bytes: 1 << 16,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| match admitted(bytes) {
    Ok(work) => {
        assert!(work.nodes <= LIMITS.nodes && work.weights <= LIMITS.weights);
        assert!(work.macs <= LIMITS.macs && work.activation_bytes <= LIMITS.activation_bytes);
        // What few are allowed to have, more are.
        let model = decode(bytes, &Limits::default()).unwrap();
        assert_eq!(admit(&model, &Limits::default()), Ok(work));
    }
    Err(error) => assert!((1..4096).contains(&error.to_string().len())),
});

fn admitted(bytes: &[u8]) -> Result<Work, NotAdmitted> {
    admit(&decode(bytes, &LIMITS)?, &LIMITS)
}
