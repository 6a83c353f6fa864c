//! The page of `evaluate --report`, made by the program from the committed default bundle and rendered parts: what must
//! be on it, and what must not.

use std::fs;
use std::path::Path;

use edge_runtime::bundle::BundleFile;
use edge_runtime::clock::MonotonicClock;
use edge_runtime::inspector::Inspector;
use host_trainer::dataset::EvaluationSet;
use host_trainer::evaluation;
use host_trainer::export::seal;
use host_trainer::render::{RenderConfig, write_dataset};
use host_trainer::report::{EvaluationReport, ReportError};
use shared::bundle::SectionKind;
use shared::difference::{Pooling, ScoreRecipe};
use shared::score::Threshold;
use shared::wire::{Manifest, ThresholdEvidence};

use crate::programs::{path, repository, run};

/// A name that would be a script if it were not escaped.
pub const HOSTILE: &str = "<script>document.title='taken'<script>&\"'.png";

/// Two good parts and one of each kind, with masks; a frame with a hostile name, one of a wrong size, and a file that
/// is no image.
pub fn render(data: &Path) {
    let config =
        RenderConfig { size: 256, seed: 3, train_good: 0, test_good: 2, test_per_kind: 1, ..RenderConfig::default() };
    write_dataset(data, &config, &mut |_, _| {}).unwrap();
    let test = data.join("test");
    fs::copy(test.join("good/000.png"), test.join("good").join(HOSTILE)).unwrap();
    fs::write(test.join("good/torn.png"), b"no image").unwrap();
    image::GrayImage::from_pixel(96, 64, image::Luma([90])).save(test.join("good/small.png")).unwrap();
}

/// Runs `evaluate --report`.
pub fn evaluate(data: &Path, page: &Path) -> String {
    let bundle = repository().join("models/default/station.bundle");
    let output =
        run("host-trainer", &["evaluate", "--bundle", path(&bundle), "--data", path(data), "--report", path(page)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains(path(page)), "the page is not named in:\n{printed}");
    fs::read_to_string(page).unwrap()
}

#[test]
fn the_page_shows_every_fault_and_refers_to_nothing_outside() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    render(&data);
    let page = evaluate(&data, &folder.path().join("deep/report.html"));

    assert!(page.contains("2 images could not be judged and count as rejected."));
    assert!(page.contains("Faults: images that could not be judged (2)"));
    assert!(page.contains("good/torn.png") && page.contains("The file cannot be shown."));
    assert!(page.contains("good/small.png: the photograph of 96x64 pixels"));
    for kind in ["chip", "contamination", "crack"] {
        assert!(page.contains(&format!("alt=\"{kind}/000.png: where the defect is\"")), "no mask of {kind}");
    }

    assert!(!page.contains("<script"), "a file name became markup");
    for outside in ["http:", "https:", "file:", "//www", "url(", "@import", "<link", "<iframe"] {
        assert!(!page.contains(outside), "{outside} is in the page");
    }
    let sources: Vec<&str> = page.split("src=\"").skip(1).collect();
    assert!(sources.len() > 15 && sources.iter().all(|source| source.starts_with("data:image/png;base64,")));

    let again = evaluate(&data, &folder.path().join("again.html"));
    assert!(page == again, "the same evaluation gives another page");
}

/// The default bundle with another recipe and threshold.
fn bundle_by_the_mean(threshold: u32) -> BundleFile {
    let file = BundleFile::read(&repository().join("models/default/station.bundle")).unwrap();
    let bundle = file.verify().unwrap();
    let recipe = ScoreRecipe { pooling: Pooling::Mean, ..bundle.manifest().recipe };
    let threshold = Threshold::new(threshold).unwrap();
    let manifest = Manifest {
        recipe,
        threshold,
        evidence: ThresholdEvidence::ByHand { trial: None },
        ..bundle.manifest().clone()
    };
    let bytes = seal(&manifest, bundle.section(SectionKind::Onnx).unwrap()).unwrap();
    BundleFile::from_bytes(bytes, Path::new("mean.bundle"))
}

#[test]
fn a_score_by_the_mean_has_its_own_scale_and_an_image_that_changed_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    render(&data);
    let file = bundle_by_the_mean(1 << 19);
    let bundle = file.verify().unwrap();
    let set = EvaluationSet::open(&data).unwrap();
    let mut inspector = Inspector::open(&bundle, MonotonicClock::new(), u64::MAX).unwrap();
    let (evaluation, judged) = evaluation::evaluate(&mut inspector, &set, || {}).unwrap();
    let report = EvaluationReport { bundle: &bundle, data: &data, set: &set, evaluation: &evaluation, judged: &judged };

    let page = report.html().unwrap();
    assert!(page.contains("mean of the SSIM difference map") && page.contains("The score is the mean of the map"));
    assert!(page.contains("left:12.5%") && page.contains("threshold 0.0312") && page.contains("\u{2265} 0.2500"));
    assert!(!page.contains("class=\"ring\""), "a mean has no place");

    let chip = data.join("test/chip/000.png");
    fs::copy(data.join("test/crack/000.png"), &chip).unwrap();
    assert!(matches!(report.html(), Err(ReportError::Changed { path, .. }) if path == chip));
    fs::remove_file(&chip).unwrap();
    assert!(matches!(report.html(), Err(ReportError::Read(_))));
}
