//! The page of `evaluate --report`, made by the program from the committed default bundle and rendered parts: what must
//! be on it, and what must not.

use std::fs;
use std::path::Path;

use host_trainer::render::{RenderConfig, write_dataset};

use crate::programs::{path, repository, run};

/// A name that would be a script if it were not escaped.
pub const HOSTILE: &str = "<script>document.title='taken'<script>&\"'.png";

/// Two good parts and one of each kind, with masks; a frame with a hostile name, one of a wrong size, and a file that
/// is no image.
pub fn render(data: &Path) {
    let config = RenderConfig { size: 256, seed: 3, train_good: 0, test_good: 2, test_per_kind: 1 };
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
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{messages}");
    assert!(messages.contains(path(page)), "the page is not named in:\n{messages}");
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
