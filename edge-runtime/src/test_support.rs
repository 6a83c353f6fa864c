//! What the unit tests of several modules need: a clock that steps, models that do as they are told, a sealed bundle,
//! frames.

use std::cell::Cell;
use std::path::Path;

use shared::admission::FrameStamp;
use shared::bundle::signature::{MAX_BLOCK_LEN, encode_block};
use shared::bundle::{MAX_TABLE_LEN, SectionKind, encode_table};
use shared::difference::{Pooling, ScoreRecipe};
use shared::image::{PixelFormat, Size};
use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing};
use shared::score::{Score, Threshold};
use shared::similarity::Metric;
use shared::verdict::{Pass, Verdict};
use shared::wire::{CameraName, FIRST_RELEASE, Manifest, ModelInterface, ThresholdEvidence};

use crate::bundle::BundleFile;
use crate::clock::Clock;
use crate::frame::Frame;
use crate::inspector::Inspector;
use crate::reconstruct::{ReconstructError, Reconstructor};

/// A clock that gains a microsecond with every reading, from 1.
#[derive(Debug, Default)]
pub(crate) struct StepClock {
    readings: Cell<u64>,
}

impl Clock for StepClock {
    fn now_us(&self) -> u64 {
        self.readings.set(self.readings.get() + 1);
        self.readings.get()
    }
}

/// What a [`FakeModel`] makes of its input.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Redraw {
    Identical,
    Inverted,
    NotANumberAt(usize),
    TooShort,
    Failing,
}

/// A model without a network.
#[derive(Debug)]
pub(crate) struct FakeModel {
    size: Size,
    pub(crate) redraw: Redraw,
    output: Vec<f32>,
}

impl FakeModel {
    pub(crate) fn new(size: Size, redraw: Redraw) -> Self {
        Self { size, redraw, output: Vec::new() }
    }
}

impl Reconstructor for FakeModel {
    fn size(&self) -> Size {
        self.size
    }

    fn reconstruct(&mut self, input: &[u8]) -> Result<&[f32], ReconstructError> {
        self.output.clear();
        self.output.extend(input.iter().map(|&pixel| f32::from(pixel) / 255.0));
        match self.redraw {
            Redraw::Identical => {}
            Redraw::Inverted => self.output.iter_mut().for_each(|value| *value = 1.0 - *value),
            Redraw::NotANumberAt(index) => self.output[index] = f32::NAN,
            Redraw::TooShort => self.output.truncate(input.len() - 1),
            Redraw::Failing => return Err(ReconstructError::Inference { message: "told to fail".to_owned() }),
        }
        Ok(&self.output)
    }
}

/// The size of the fake model's input.
pub(crate) const INPUT: Size = Size::new(16, 12);

/// The only size of frames that the bundle accepts.
pub(crate) const FRAME: Size = Size::new(32, 24);

pub(crate) fn preprocessing() -> Preprocessing {
    let accepted = AcceptedSizes { min: FRAME, max: FRAME };
    Preprocessing { region: None, geometry: Geometry::Resize, accepted, input: INPUT }
}

pub(crate) fn recipe() -> ScoreRecipe {
    ScoreRecipe::new(Metric::Ssim, Pooling::Mean)
}

/// A bundle that rejects from a score of 0.5 on. Its ONNX section holds `onnx`, whatever that is.
pub(crate) fn bundle_around(onnx: &[u8]) -> BundleFile {
    bundle_of(recipe(), &[(SectionKind::Onnx, onnx)])
}

/// A bundle that rejects from a score of 0.5 on, with these sections after the manifest.
pub(crate) fn bundle_of(recipe: ScoreRecipe, sections: &[(SectionKind, &[u8])]) -> BundleFile {
    sealed(&Manifest { recipe, ..manifest() }, sections)
}

/// A bundle with this manifest around no model.
pub(crate) fn bundle_with(manifest: &Manifest) -> BundleFile {
    sealed(manifest, &[(SectionKind::Onnx, b"no model")])
}

/// A manifest that rejects from a score of 0.5 on.
pub(crate) fn manifest() -> Manifest {
    let score = |raw| Score::new(raw).unwrap();
    Manifest {
        product: "test".try_into().unwrap(),
        preprocessing: preprocessing(),
        model: ModelInterface {
            input_name: "image".try_into().unwrap(),
            output_name: "redrawn".try_into().unwrap(),
            size: INPUT,
        },
        recipe: recipe(),
        threshold: Threshold::new(Score::ONE / 2).unwrap(),
        evidence: ThresholdEvidence::Calibrated {
            images: 20,
            rank: 1,
            average_false_rejects_ppm: 47_619,
            upper95_false_rejects_ppm: 139_108,
            lowest: score(1),
            median: score(2),
            highest: score(Score::ONE / 2 - 1),
        },
        created_by: "tests".try_into().unwrap(),
        training_images_sha256: [7; 32],
        release: FIRST_RELEASE,
        minimum_runtime: [0; 3],
        camera: CameraName::new(),
    }
}

fn sealed(manifest: &Manifest, sections: &[(SectionKind, &[u8])]) -> BundleFile {
    let mut encoded = [0; Manifest::MAX_LEN];
    let length = manifest.encode(&mut encoded).unwrap();
    let sections = [&[(SectionKind::Manifest, &encoded[..length])], sections].concat();
    let mut table = [0; MAX_TABLE_LEN];
    let table_length = encode_table(&sections, &mut table).unwrap();
    let contents = sections.iter().flat_map(|(_, bytes)| *bytes);
    let mut block = [0; MAX_BLOCK_LEN];
    let block_length = encode_block(&[], &mut block).unwrap();
    let bytes = table[..table_length].iter().chain(contents).chain(&block[..block_length]).copied().collect();
    BundleFile::from_bytes(bytes, Path::new("test.bundle"))
}

/// A textured frame of `size`.
pub(crate) fn frame_of(size: Size) -> Frame {
    let pixels = (0..size.area()).map(|index| (index * 91 % 256) as u8).collect();
    Frame::new(pixels, size, PixelFormat::Gray8).unwrap()
}

/// An inspector with a fake model; frames may be 1000 microseconds old.
pub(crate) fn inspector(redraw: Redraw) -> Inspector<FakeModel, StepClock> {
    let file = bundle_around(b"no model");
    let bundle = file.verify().unwrap();
    Inspector::new(&bundle, FakeModel::new(INPUT, redraw), StepClock::default(), 1000).unwrap()
}

/// A clock that stands at the end of time, so that every frame is of the past.
#[derive(Debug)]
pub(crate) struct EndOfTime;

impl Clock for EndOfTime {
    fn now_us(&self) -> u64 {
        u64::MAX
    }
}

/// Gives passes, come by honestly.
#[derive(Debug)]
pub(crate) struct Passes {
    inspector: Inspector<FakeModel, EndOfTime>,
    frame: Frame,
    sequence: u64,
}

impl Passes {
    pub(crate) fn new() -> Self {
        let model = FakeModel::new(INPUT, Redraw::Identical);
        let inspector = Inspector::new(&bundle_around(b"no model").verify().unwrap(), model, EndOfTime, u64::MAX);
        Self { inspector: inspector.unwrap(), frame: frame_of(FRAME), sequence: 0 }
    }

    /// A pass of a frame captured at this time; the frames are numbered from 1.
    pub(crate) fn of_frame(&mut self, captured_at_us: u64) -> Pass {
        self.sequence += 1;
        let stamp = FrameStamp { sequence: self.sequence, captured_at_us };
        match self.inspector.inspect(&self.frame.view().unwrap(), stamp).verdict {
            Verdict::Pass(pass) => pass,
            other => panic!("{other:?}"),
        }
    }
}

/// A pass, come by honestly.
pub(crate) fn pass() -> Pass {
    Passes::new().of_frame(0)
}
