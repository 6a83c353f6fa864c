//! Seals a model as a bundle of the format that the station reads, golden frames included if there are any.

use edge_runtime::pipeline::Pipeline;
use edge_runtime::reconstruct::{ReconstructError, Reconstructor};
use shared::bundle::{GoldenFrame, GoldenFrames, GoldenVerdict, SectionKind};
use shared::difference::{Pooling, ScoreRecipe};
use shared::image::{GrayView, Size};
use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing};
use shared::score::{Score, Threshold};
use shared::similarity::Metric;
use shared::wire::{CameraName, FIRST_RELEASE, Manifest, ModelInterface, ThresholdEvidence};

use crate::builder::SIDE;

pub const SIZE: Size = Size::new(SIDE as u16, SIDE as u16);

/// An image and what a model made of it, in gray levels.
pub type Redrawing = (Vec<u8>, Vec<u8>);

fn limit() -> Threshold {
    Threshold::new(Score::ONE / 1024).unwrap()
}

fn preprocessing() -> Preprocessing {
    let accepted = AcceptedSizes { min: SIZE, max: SIZE };
    Preprocessing { region: None, geometry: Geometry::Resize, accepted, input: SIZE }
}

fn recipe() -> ScoreRecipe {
    ScoreRecipe::new(Metric::L2, Pooling::Mean)
}

/// Stands in where only scores are computed.
struct Nothing;

impl Reconstructor for Nothing {
    fn size(&self) -> Size {
        SIZE
    }

    fn reconstruct(&mut self, _: &[u8]) -> Result<&[f32], ReconstructError> {
        Ok(&[])
    }
}

/// The golden section of these redrawings.
fn golden(frames: &[Redrawing]) -> Vec<u8> {
    let mut pipeline = Pipeline::new(preprocessing(), recipe(), Nothing).unwrap();
    let frames = frames.iter().map(|(input, redrawn)| {
        let view = |pixels| GrayView::packed(pixels, SIZE).unwrap();
        let score = pipeline.score_of(view(input), view(redrawn)).unwrap();
        let verdict = GoldenVerdict::of(limit(), score);
        GoldenFrame { input: view(input), reconstruction: view(redrawn), score, verdict }
    });
    GoldenFrames::encode(SIZE, frames.collect::<Vec<_>>().into_iter()).collect()
}

/// A bundle around `onnx`.
pub fn seal(onnx: &[u8], frames: &[Redrawing]) -> Vec<u8> {
    let name = |text: &str| text.try_into().unwrap();
    let score = |raw| Score::new(raw).unwrap();
    let manifest = Manifest {
        product: name("admission"),
        preprocessing: preprocessing(),
        model: ModelInterface { input_name: name("image"), output_name: name("redrawn"), size: SIZE },
        recipe: recipe(),
        threshold: limit(),
        evidence: ThresholdEvidence::Calibrated {
            images: 20,
            rank: 1,
            average_false_rejects_ppm: 47_619,
            upper95_false_rejects_ppm: 139_108,
            lowest: score(0),
            median: score(1),
            highest: score(Score::ONE / 1024 - 1),
        },
        created_by: name("tests"),
        training_images_sha256: [0; 32],
        release: FIRST_RELEASE,
        minimum_runtime: [0; 3],
        camera: CameraName::new(),
    };
    let mut encoded = vec![0; Manifest::MAX_LEN];
    let length = manifest.encode(&mut encoded).unwrap();
    encoded.truncate(length);
    let golden = golden(frames);
    let mut sections = vec![(SectionKind::Manifest, &encoded[..]), (SectionKind::Onnx, onnx)];
    if !frames.is_empty() {
        sections.push((SectionKind::GoldenFrames, &golden));
    }
    super::seal::seal(&sections)
}
