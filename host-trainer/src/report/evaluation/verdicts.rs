//! The verdicts in one sentence, as key figures, and as tables by class and by figure.

use maud::{Markup, html};

use super::EvaluationReport;
use crate::dataset::Label;
use crate::evaluation::{Counts, Evaluation, Interval, Kind};
use crate::report::page::{Key, keys, table};
use crate::report::text::{counted, decimal, of, percent, percent_at_most};

const KIND_HEAD: [&str; 8] =
    ["Kind", "Escaped", "At most (95\u{a0}%)", "Image AUROC", "Average precision", "Pixel AUROC", "AUPRO", "IoU"];

impl EvaluationReport<'_> {
    /// Parts of each class, and how many of them were rejected; a fault rejects.
    pub(super) fn counts(&self) -> Counts {
        let count = |good: bool, rejected: bool| {
            let class = self.judged.iter().filter(|one| (one.label == Label::Good) == good);
            class.filter(|one| one.rejected || !rejected).count()
        };
        Counts {
            good: count(true, false),
            good_rejected: count(true, true),
            defective: count(false, false),
            defective_rejected: count(false, true),
        }
    }

    pub(super) fn verdicts(&self) -> Markup {
        let e = self.evaluation;
        let counts = self.counts();
        let part = |count: usize, whole: usize, what: &str| match whole {
            0 => format!("no {what} to judge"),
            _ => format!("of {whole} {what}, {}", percent(count as f64 / whole as f64)),
        };
        let (passed, rejected) = (counts.defective - counts.defective_rejected, counts.good_rejected);
        let mut rows = vec![self.row("good", |label| *label == Label::Good, rejected)];
        for (name, kind) in &e.kinds {
            let belongs = |label: &Label| matches!(label, Label::Defective(other) if other == name);
            rows.push(self.row(name, belongs, kind.n - kind.rejected));
        }
        if e.kinds.len() > 1 {
            rows.push(self.row("all defective parts", |label| *label != Label::Good, passed));
        }
        let head = ["Class", "Judged wrongly", "Passed", "Rejected", "Faults"];
        let key = |name, value, remark, wrong| Key { name, value, remark, wrong };
        let first = [
            key("Escapes", passed.to_string(), part(passed, counts.defective, "defective parts"), passed > 0),
            key("False rejects", rejected.to_string(), part(rejected, counts.good, "good parts"), rejected > 0),
            key("Faults", e.n_fault.to_string(), "not judged, counted as rejected".into(), e.n_fault > 0),
            key("Image AUROC", decimal(e.image_auroc), "1 is a perfect order of scores".into(), false),
        ];
        html! {
            (keys(&first))
            (table("Verdicts by class of part", &head, &[false, true, true, true, true], &rows))
            @if let Some(upper) = e.escape_rate_upper95 {
                p.note {
                    "With 95\u{a0}% confidence at most " (percent_at_most(upper)) " of such defective parts would pass"
                    @if let Some(upper) = e.false_reject_rate_upper95 {
                        ", and at most " (percent_at_most(upper)) " of such good parts be rejected"
                    }
                    " (Clopper and Pearson, one-sided): so many images cannot say more."
                }
            }
            (table("Figures", &["Figure", "Value", "95\u{a0}% interval", "What it is"], &[false, true, true, false], &figures(e)))
            p.note {
                "Intervals of rates are exact (Clopper and Pearson, two-sided); the others are from "
                (e.bootstrap_resamples) " bootstrap draws over images."
                @if e.pixel.n_without_mask > 0 {
                    " " (counted(e.pixel.n_without_mask, "defective image", "defective images"))
                    " without a usable mask left out of the pixel-level figures."
                }
            }
            @if !e.kinds.is_empty() {
                (table("Kinds of defect", &KIND_HEAD, &[false, true, true, true, true, true, true, true], &kinds(e)))
            }
        }
    }

    /// How the parts of one class fared.
    fn row(&self, name: &str, belongs: impl Fn(&Label) -> bool, wrong: usize) -> Vec<String> {
        let class = || self.judged.iter().filter(|one| belongs(&one.label));
        let passed = class().filter(|one| !one.rejected).count();
        let faults = class().filter(|one| one.fault.is_some()).count();
        let rejected = class().count() - passed - faults;
        let counts = [passed, rejected, faults].map(|count| count.to_string());
        [name.to_owned(), of(wrong, class().count())].into_iter().chain(counts).collect()
    }
}

/// The answer for somebody who runs a line.
pub fn sentence(counts: &Counts, faults: usize) -> String {
    let escaped = counts.defective - counts.defective_rejected;
    let clauses = [
        clause(escaped, counts.defective, "defective", "have passed"),
        clause(counts.good_rejected, counts.good, "good", "have been rejected"),
    ];
    let mut sentence = clauses.join("; ");
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    match faults {
        0 => sentence + ".",
        1 => sentence + ". 1 image could not be judged and counts as rejected.",
        _ => format!("{sentence}. {faults} images could not be judged and count as rejected."),
    }
}

fn clause(wrong: usize, whole: usize, class: &str, happened: &str) -> String {
    match (wrong, whole) {
        (_, 0) => format!("there was no {class} part to judge"),
        (0, 1) => format!("the one {class} part would not {happened}"),
        (0, _) => format!("none of the {whole} {class} parts would {happened}"),
        _ => format!(
            "{wrong} of {} would {happened}",
            counted(whole, &format!("{class} part"), &format!("{class} parts"))
        ),
    }
}

/// The rows of the table of figures: name, value, interval, meaning.
fn figures(e: &Evaluation) -> Vec<Vec<String>> {
    let row = |name: &str, value: Option<f64>, interval: Option<Interval>, what: &str| {
        vec![name.to_owned(), decimal(value), interval_text(interval), what.to_owned()]
    };
    let parts = |count: usize, class: &str| {
        format!("of {}", counted(count, &format!("{class} part"), &format!("{class} parts")))
    };
    let pixels = &e.pixel;
    let iou = if pixels.threshold_is_per_pixel {
        "overlap of the pixels from the threshold on with the masks"
    } else {
        "of little meaning here: the threshold is one of means, not of pixels"
    };
    let mut rows = vec![
        row(
            "image AUROC",
            e.image_auroc,
            e.image_auroc_interval95,
            "1: every defective part scores above every good one; 0.5: by chance",
        ),
        row(
            "average precision",
            e.average_precision,
            e.average_precision_interval95,
            "area below precision over recall",
        ),
        row("F1 at the stored threshold", e.f1, e.f1_interval95, "defective is positive"),
        row("F1 of rejecting everything", e.f1_reject_all, None, "what F1 has to beat"),
        row("best F1", e.f1_max, e.f1_max_interval95, "at a threshold chosen with knowledge of the labels"),
        row("F1, good positive", e.f1_good_positive, None, "the same verdicts, good being positive"),
        row("F1 of passing everything", e.f1_pass_all_good_positive, None, "what that F1 has to beat"),
        row("escape rate", e.escape_rate, e.escape_rate_interval95, &parts(e.n_defective, "defective")),
        row("false-reject rate", e.false_reject_rate, e.false_reject_rate_interval95, &parts(e.n_good, "good")),
        row(
            "pixel AUROC",
            pixels.pixel_auroc,
            pixels.pixel_auroc_interval95,
            "the same as image AUROC, pixel by pixel",
        ),
        row("pixel average precision", pixels.pixel_ap, pixels.pixel_ap_interval95, "the same, pixel by pixel"),
        row(
            "AUPRO",
            pixels.aupro,
            pixels.aupro_interval95,
            "overlap per region, up to 30\u{a0}% false-positive pixels",
        ),
        row("IoU at the threshold", pixels.iou, pixels.iou_interval95, iou),
    ];
    for other in &e.alternatives {
        let what = format!("another score of the same reconstructions; best F1 {}", decimal(other.f1_max));
        rows.push(row(&format!("image AUROC of {}", other.score), other.image_auroc, None, &what));
    }
    rows
}

/// The rows of the table of kinds of defect.
fn kinds(e: &Evaluation) -> Vec<Vec<String>> {
    let row = |(name, kind): (&String, &Kind)| {
        let figures =
            [kind.image_auroc, kind.average_precision, kind.pixel.pixel_auroc, kind.pixel.aupro, kind.pixel.iou];
        let bound = kind.escape_rate_upper95.map_or_else(|| "\u{2013}".into(), percent_at_most);
        [name.clone(), of(kind.n - kind.rejected, kind.n), bound].into_iter().chain(figures.map(decimal)).collect()
    };
    e.kinds.iter().map(row).collect()
}

fn interval_text(interval: Option<Interval>) -> String {
    interval.map_or_else(String::new, |i| format!("{} to {}", decimal(Some(i.low)), decimal(Some(i.high))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence_of(good: (usize, usize), defective: (usize, usize), faults: usize) -> String {
        let ((good_rejected, good), (escaped, defective)) = (good, defective);
        sentence(&Counts { good, good_rejected, defective, defective_rejected: defective - escaped }, faults)
    }

    #[test]
    fn the_answer_in_one_sentence() {
        assert_eq!(
            sentence_of((1, 10), (2, 32), 0),
            "2 of 32 defective parts would have passed; 1 of 10 good parts would have been rejected."
        );
        assert_eq!(
            sentence_of((0, 10), (0, 1), 1),
            "The one defective part would not have passed; none of the 10 good parts would have been rejected. 1 image \
             could not be judged and counts as rejected."
        );
        assert_eq!(
            sentence_of((1, 1), (0, 0), 2),
            "There was no defective part to judge; 1 of 1 good part would have been rejected. 2 images could not be \
             judged and count as rejected."
        );
    }
}
