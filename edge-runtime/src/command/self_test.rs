//! `self-test`: whether this machine makes of the bundle's golden frames what the sealing machine made of them.

use std::io::{self, Write};

use anyhow::Context;
use edge_runtime::bundle::BundleFile;
use edge_runtime::clock::MonotonicClock;
use edge_runtime::inspector::Inspector;
use edge_runtime::self_test::{PIXEL_TOLERANCE, SelfTestError, SelfTestReport};
use edge_runtime::trust::signature_words;
use serde::Serialize;

use crate::cli::SelfTestArguments;

/// Runs the command.
pub fn run(arguments: &SelfTestArguments) -> anyhow::Result<()> {
    let path = arguments.bundle.display();
    let file = BundleFile::read(&arguments.bundle)?;
    let bundle = file.verify()?;
    let mut inspector = Inspector::open(&bundle, MonotonicClock::new(), u64::MAX)
        .with_context(|| format!("{path}: the bundle cannot be used"))?;
    let golden_frames = bundle.golden_frames().map_or(0, |golden| golden.len());
    let result = inspector.self_test(&bundle);

    let told = (|| {
        let mut out = io::stdout().lock();
        if arguments.json {
            let object = Object::new(bundle.id().to_string(), golden_frames, &result);
            serde_json::to_writer(&mut out, &object)?;
            writeln!(out)?;
        } else if let Ok(report) = &result {
            print(&mut out, report)?;
            writeln!(out, "bundle      {}", signature_words(&bundle))?;
        }
        out.flush()
    })();
    // A failure comes before a reader of stdout that is gone.
    result.map(drop).with_context(|| format!("{path}: the self-test failed"))?;
    Ok(told?)
}

fn print(out: &mut impl Write, report: &SelfTestReport) -> io::Result<()> {
    if !report.is_proven() {
        writeln!(out, "result      unproven: the bundle has no golden frames; the model runs and gives numbers")?;
        return writeln!(out, "next        seal the bundle again with this version's host trainer");
    }
    let SelfTestReport { frames, greatest_pixel_difference, differing_pixels, greatest_score_difference } = report;
    writeln!(out, "result      proven on {frames} golden frames")?;
    writeln!(out, "integers    the same to the last bit")?;
    writeln!(out, "redrawing   {differing_pixels} pixels differ, by at most {greatest_pixel_difference} gray levels")?;
    writeln!(out, "scores      differ by at most {greatest_score_difference} / 2^24; the same verdicts")
}

/// The result as one line of JSON.
#[derive(Serialize)]
struct Object {
    result: &'static str,
    proven: bool,
    error: Option<String>,
    bundle: String,
    golden_frames: usize,
    greatest_pixel_difference: Option<u8>,
    pixel_tolerance: u8,
    differing_pixels: Option<usize>,
    greatest_score_difference: Option<u32>,
}

impl Object {
    fn new(bundle: String, golden_frames: usize, result: &Result<SelfTestReport, SelfTestError>) -> Self {
        let proven = result.as_ref().is_ok_and(SelfTestReport::is_proven);
        let compared = result.as_ref().ok().filter(|report| report.is_proven());
        Self {
            result: match result {
                Ok(_) if proven => "proven",
                Ok(_) => "unproven",
                Err(_) => "failed",
            },
            proven,
            error: result.as_ref().err().map(|error| super::chain(error)),
            bundle,
            golden_frames,
            greatest_pixel_difference: compared.map(|report| report.greatest_pixel_difference),
            pixel_tolerance: PIXEL_TOLERANCE,
            differing_pixels: compared.map(|report| report.differing_pixels),
            greatest_score_difference: compared.map(|report| report.greatest_score_difference),
        }
    }
}
