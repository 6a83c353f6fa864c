//! Judged images for the tests of the report.

use std::path::PathBuf;

use shared::score::Score;
use shared::verdict::FaultReason;

use crate::dataset::Label;
use crate::evaluation::Judged;

/// An image of `class` (`good` or a kind of defect).
pub fn judged(class: &str, score: u32, rejected: bool) -> Judged {
    let path = PathBuf::from(format!("data/test/{class}/{score}.png"));
    let mut judged = Judged::example(path, label(class), Score::new(score), None);
    judged.rejected = rejected;
    judged
}

/// An image of `class` that could not be judged.
pub fn fault(class: &str, reason: FaultReason) -> Judged {
    Judged::example(PathBuf::from(format!("data/test/{class}/broken.png")), label(class), None, Some(reason))
}

fn label(class: &str) -> Label {
    if class == "good" { Label::Good } else { Label::Defective(class.into()) }
}

/// The targets of all `src`, `href` and `url(...)` that are not data of the page's own.
pub fn references(html: &str) -> Vec<String> {
    let after = |marker: &'static str, end: char| {
        html.match_indices(marker).filter_map(move |(at, _)| html[at + marker.len()..].split(end).next())
    };
    let all = after("src=\"", '"').chain(after("href=\"", '"')).chain(after("url(", ')'));
    let mut references: Vec<String> =
        all.filter(|target| !target.starts_with("data:image/png;base64,")).map(str::to_owned).collect();
    references.extend(
        ["http:", "https:", "file:", "@import"]
            .iter()
            .filter(|part| html.contains(*part))
            .map(|part| (*part).to_owned()),
    );
    references
}
