//! The charts of an evaluation: the score of every part, and the ROC curve.

use maud::{Markup, html};

use super::{EvaluationReport, id};
use crate::dataset::Label;
use crate::evaluation::roc;
use crate::report::cases::Cases;
use crate::report::chart::{Mark, Outcome, Strip, roc_chart, score_chart, score_legend};
use crate::report::text::{counted, decimal};

impl EvaluationReport<'_> {
    pub(super) fn scores(&self, cases: &Cases) -> Markup {
        let e = self.evaluation;
        let curve: Vec<_> = roc(self.judged).iter().map(|point| (point.fpr, point.tpr)).collect();
        let unscored = self.judged.iter().filter(|one| one.score.is_none()).count();
        let legend = [
            (Outcome::Right, true, "good, passed"),
            (Outcome::FalseReject, true, "good, rejected"),
            (Outcome::Right, false, "defective, rejected"),
            (Outcome::Escape, false, "defective, passed"),
        ];
        html! {
            div.charts {
                figure {
                    figcaption { "Score of every part" }
                    (score_chart(&self.strips(cases), e.threshold_raw)
                        .inline("strips of difference scores, one for each class, with the threshold across them"))
                    (score_legend(&legend))
                    p.note {
                        "A part is rejected from the threshold on. Height within a strip has no meaning. The mark of a part \
                         that is shown below leads to it."
                        @if unscored > 0 { " " (counted(unscored, "image", "images")) " without a score not shown." }
                    }
                }
                @match (e.false_reject_rate, e.escape_rate) {
                    (Some(rejected), Some(escaped)) => {
                        @let name = format!("ROC curve, area {}", decimal(e.image_auroc));
                        figure {
                            figcaption { (name) }
                            (roc_chart(curve, (rejected, 1.0 - escaped)).inline(&name))
                            p.note {
                                "The curve goes through every possible threshold. The ring is the one in the bundle, \
                                 which was chosen from good parts alone."
                            }
                        }
                    }
                    _ => p.note { "A ROC curve needs good and defective parts." },
                }
            }
        }
    }

    fn strips(&self, cases: &Cases) -> Vec<Strip> {
        let strip = |name: &str, good: bool, belongs: &dyn Fn(&Label) -> bool| {
            let class = self.judged.iter().enumerate().filter(|(_, one)| belongs(&one.label));
            let marks = class.filter_map(|(index, one)| {
                let score = one.score.filter(|_| one.fault.is_none())?;
                Some(Mark {
                    score: score.raw(),
                    outcome: match (good, one.rejected) {
                        (true, true) => Outcome::FalseReject,
                        (false, false) => Outcome::Escape,
                        _ => Outcome::Right,
                    },
                    title: format!("{}: {score}", self.name(&one.path)),
                    target: cases.shows(index).then(|| id(index)),
                })
            });
            Strip { name: name.to_owned(), good, marks: marks.collect() }
        };
        let good = strip("good", true, &|label| *label == Label::Good);
        let kinds = self
            .evaluation
            .kinds
            .keys()
            .map(|kind| strip(kind, false, &|label| matches!(label, Label::Defective(name) if name == kind)));
        std::iter::once(good).filter(|good| !good.marks.is_empty()).chain(kinds).collect()
    }
}
