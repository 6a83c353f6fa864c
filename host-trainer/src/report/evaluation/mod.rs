//! The page of `evaluate`: how a bundle judged a labelled data set, with every part that it judged wrongly.

mod images;
mod scores;
mod verdicts;

use std::path::Path;

use maud::html;
use shared::bundle::Bundle;

use super::cases::Cases;
use super::page::{Page, Section, settings};
use super::redraw::Redrawer;
use super::{PROGRAM, ReportError};
use crate::dataset::EvaluationSet;
use crate::digest::hex;
use crate::evaluation::{Evaluation, Judged};
use crate::export::describe::describe;

/// What the page is made from. All parts belong to one evaluation; `judged` has the order of `set`.
#[derive(Debug)]
pub struct EvaluationReport<'a> {
    /// What judged.
    pub bundle: &'a Bundle<'a>,
    /// The folder of the data set, as the user named it.
    pub data: &'a Path,
    /// Its images.
    pub set: &'a EvaluationSet,
    /// The figures.
    pub evaluation: &'a Evaluation,
    /// What became of each image.
    pub judged: &'a [Judged],
}

impl EvaluationReport<'_> {
    /// The page.
    ///
    /// # Errors
    /// [`ReportError`] if an image cannot be read again or now has another score.
    pub fn html(&self) -> Result<String, ReportError> {
        let manifest = self.bundle.manifest();
        let cases = Cases::of(self.judged);
        let mut redrawer = Redrawer::new(self.bundle)?;
        let section = |id, name: &str, body| Section { id, name: name.to_owned(), body };
        let sections = vec![
            section("verdicts", "Verdicts", self.verdicts()),
            section("scores", "Scores", self.scores(&cases)),
            section("images", "Images", self.images(&cases, &mut redrawer)?),
            section("configuration", "Configuration", html! { (settings(&describe(self.bundle))) }),
        ];
        let page = Page {
            kind: "Evaluation report",
            product: &manifest.product,
            verdict: verdicts::sentence(&self.counts(), self.evaluation.n_fault),
            facts: vec![
                ("Bundle", hex(&self.bundle.id().0)),
                ("Data set", self.data.display().to_string()),
                ("Evaluated by", PROGRAM.to_owned()),
            ],
            sections,
        };
        Ok(page.html())
    }

    /// A file as the reader of the data set knows it: relative to `test`, or to the data set.
    fn name(&self, path: &Path) -> String {
        let relative = path.strip_prefix(self.data.join("test")).or_else(|_| path.strip_prefix(self.data));
        relative.unwrap_or(path).display().to_string()
    }
}

fn id(case: usize) -> String {
    format!("case-{case}")
}
