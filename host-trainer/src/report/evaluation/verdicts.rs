//! The verdicts in one sentence, as key figures, and as tables by class and by figure.

use maud::{Markup, html};

use super::EvaluationReport;
use crate::dataset::Label;
use crate::evaluation::{Evaluation, Judged};
use crate::report::page::{Key, keys, table};
use crate::report::text::{counted, decimal, of, percent};

impl EvaluationReport<'_> {
    pub(super) fn verdicts(&self) -> Markup {
        let e = self.evaluation;
        let [good, defective] =
            [true, false].map(|good| Tally::of(self.judged, |label| (*label == Label::Good) == good));
        let part = |count: usize, whole: usize, what: &str| match whole {
            0 => format!("no {what} to judge"),
            _ => format!("of {whole} {what}, {}", percent(count as f64 / whole as f64)),
        };
        let (passed, rejected) = (defective.passed, good.parts - good.passed);
        let mut rows = vec![good.row("good", good.parts - good.passed)];
        for kind in e.kinds.keys() {
            let tally = Tally::of(self.judged, |label| matches!(label, Label::Defective(name) if name == kind));
            rows.push(tally.row(kind, tally.passed));
        }
        if e.kinds.len() > 1 {
            rows.push(defective.row("all defective parts", defective.passed));
        }
        let head = ["Class", "Judged wrongly", "Passed", "Rejected", "Faults"];
        let key = |name, value, remark, wrong| Key { name, value, remark, wrong };
        let first = [
            key("Escapes", passed.to_string(), part(passed, e.n_defective, "defective parts"), passed > 0),
            key("False rejects", rejected.to_string(), part(rejected, e.n_good, "good parts"), rejected > 0),
            key("Faults", e.n_fault.to_string(), "not judged, so rejected".into(), e.n_fault > 0),
            key("Image AUROC", decimal(e.image_auroc), "1 is a perfect order of scores".into(), false),
        ];
        html! {
            (keys(&first))
            (table("Verdicts by class of part", &head, &[false, true, true, true, true], &rows))
            (table("Figures", &["Figure", "Value", "What it is"], &[false, true, false], &figures(e)))
        }
    }
}

/// The answer for somebody who runs a line.
pub fn sentence(evaluation: &Evaluation, judged: &[Judged]) -> String {
    let passed = judged.iter().filter(|one| one.label != Label::Good && !one.rejected).count();
    let rejected = judged.iter().filter(|one| one.label == Label::Good && one.rejected).count();
    let share = |count: usize, whole: usize, one: &str, many: &str| match (count, whole) {
        (0, 1) => format!("the one {one}"),
        (0, _) => format!("none of the {whole} {many}"),
        _ => format!("{count} of {}", counted(whole, one, many)),
    };
    let escapes = (evaluation.n_defective > 0).then(|| match (passed, evaluation.n_defective) {
        (0, 1) => "the one defective part would have been rejected".to_owned(),
        (_, n) => format!("{} would have passed", share(passed, n, "defective part", "defective parts")),
    });
    let rejects = (evaluation.n_good > 0).then(|| match (rejected, evaluation.n_good) {
        (0, 1) => "the one good part would have passed".to_owned(),
        (_, n) => format!("{} would have been rejected", share(rejected, n, "good part", "good parts")),
    });
    let missing = match (&escapes, &rejects) {
        (None, _) => Some("there was no defective part to judge".to_owned()),
        (_, None) => Some("there was no good part to judge".to_owned()),
        _ => None,
    };
    let mut sentence = [escapes, rejects, missing].into_iter().flatten().collect::<Vec<_>>().join("; ");
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence.push('.');
    match evaluation.n_fault {
        0 => {}
        1 => sentence.push_str(" 1 image could not be judged and counts as rejected."),
        n => sentence.push_str(&format!(" {n} images could not be judged and count as rejected.")),
    }
    sentence
}

/// The rows of the table of figures.
fn figures(e: &Evaluation) -> Vec<Vec<String>> {
    let row = |name: &str, value: Option<f64>, what: &str| vec![name.to_owned(), decimal(value), what.to_owned()];
    let mut rows = vec![
        row("image AUROC", e.image_auroc, "1: every defective part scores above every good one; 0.5: by chance"),
        row("F1 at the stored threshold", e.f1, "defective is positive"),
        row("F1 of rejecting everything", e.f1_reject_all, "what F1 has to beat"),
        row("best F1", e.f1_max, "at a threshold chosen with knowledge of the labels"),
        row("false-reject rate", e.false_reject_rate, &format!("of {}", counted(e.n_good, "good part", "good parts"))),
        row(
            "escape rate",
            e.escape_rate,
            &format!("of {}", counted(e.n_defective, "defective part", "defective parts")),
        ),
    ];
    for other in &e.alternatives {
        let what = format!("another score of the same reconstructions; best F1 {}", decimal(other.f1_max));
        rows.push(row(&format!("image AUROC of {}", other.score), other.image_auroc, &what));
    }
    rows
}

/// How the parts of one class fared.
struct Tally {
    parts: usize,
    passed: usize,
    faults: usize,
}

impl Tally {
    fn of(judged: &[Judged], belongs: impl Fn(&Label) -> bool) -> Self {
        let class: Vec<&Judged> = judged.iter().filter(|one| belongs(&one.label)).collect();
        Self {
            parts: class.len(),
            passed: class.iter().filter(|one| !one.rejected).count(),
            faults: class.iter().filter(|one| one.fault.is_some()).count(),
        }
    }

    fn row(&self, name: &str, wrong: usize) -> Vec<String> {
        let rejected = self.parts - self.passed - self.faults;
        let counts = [self.passed, rejected, self.faults].map(|count| count.to_string());
        [name.to_owned(), of(wrong, self.parts)].into_iter().chain(counts).collect()
    }
}
