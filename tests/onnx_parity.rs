//! What is exported is what was trained: tract on the ONNX file against burn on the weights.

use host_trainer::export::parity::PARITY_TOLERANCE;
use host_trainer::export::{ParityError, check_parity, check_parity_within, to_onnx};
use host_trainer::model::{
    Architecture, AverageLayers, Bottleneck, NetworkOptions, Placement, Skips, WeightTensor, Weights, alexnet, compact,
    unet,
};
use host_trainer::study::limits;
use shared::image::Size;

fn frames(architecture: &Architecture) -> Vec<Vec<u8>> {
    let pixels = architecture.size.area();
    vec![
        vec![0; pixels],
        vec![255; pixels],
        (0..pixels).map(|i| (i * 89 + i / 128 * 31) as u8).collect(),
        (0..pixels).map(|i| if (i / 9 + i / 1152) % 2 == 0 { 30 } else { 220 }).collect(),
    ]
}

#[test]
fn tract_redraws_what_burn_redraws() {
    let (square, wide) = (Size { width: 128, height: 128 }, Size { width: 208, height: 96 });
    let scaled = |width: f64| NetworkOptions { width: width.try_into().unwrap(), ..NetworkOptions::default() };
    let narrow = |average, bottleneck| alexnet(NetworkOptions { average, bottleneck, ..scaled(0.05) });
    let half = NetworkOptions { skips: Skips::None, ..scaled(0.5) };
    for architecture in [
        compact(),
        unet(square, Placement::Fixed, NetworkOptions::default()),
        unet(wide, Placement::Free, half),
        narrow(AverageLayers::None, Bottleneck::Dense),
        narrow(AverageLayers::All, Bottleneck::Wide),
    ] {
        let weights = Weights::initial(&architecture, 3);
        let onnx = to_onnx(&architecture, &weights);
        let frames = frames(&architecture);
        let (_, largest) = check_parity(&architecture, &weights, &onnx, frames.iter().map(Vec::as_slice)).unwrap();
        assert!(largest <= PARITY_TOLERANCE, "{}: {largest}", architecture.name);
    }
}

#[test]
fn the_paper_s_network_at_full_width() {
    // 46 million weights; once, since it takes seconds.
    let architecture = alexnet(NetworkOptions::default());
    let weights = Weights::initial(&architecture, 3);
    let onnx = to_onnx(&architecture, &weights);
    let frame = &frames(&architecture)[2];
    let refused = check_parity(&architecture, &weights, &onnx, [frame.as_slice()]).map(|_| ());
    assert!(matches!(refused, Err(ParityError::Model(_))), "a station admits it: {refused:?}");
    let frames = [frame.as_slice()];
    let (_, largest) = check_parity_within(&limits(), &architecture, &weights, &onnx, frames).unwrap();
    assert!(largest <= PARITY_TOLERANCE, "{largest}");
}

#[test]
fn a_file_of_other_weights_is_refused() {
    let architecture = compact();
    let weights = Weights::initial(&architecture, 3);
    let mut tensors: Vec<WeightTensor> = weights.tensors().to_vec();
    let last_bias = tensors.last_mut().unwrap();
    last_bias.values[0] += 0.01; // moves every pixel by at most 0.0025: less than one gray level
    let other = to_onnx(&architecture, &Weights::new(&architecture, tensors).unwrap());
    let frames = frames(&architecture);
    let result = check_parity(&architecture, &weights, &other, frames.iter().map(Vec::as_slice));
    assert!(matches!(result, Err(ParityError::Differs { .. })), "{:?}", result.map(|(_, difference)| difference));
}

#[test]
fn a_truncated_file_is_refused() {
    let architecture = compact();
    let weights = Weights::initial(&architecture, 3);
    let onnx = to_onnx(&architecture, &weights);
    let result = check_parity(&architecture, &weights, &onnx[..onnx.len() / 2], []);
    assert!(matches!(result, Err(ParityError::Model(_))));
}
