//! The page of `train`: how a bundle came about, what its threshold promises, and how it redraws good parts that
//! training did not see.
//!
//! It shows development images only: the calibration images serve the threshold alone, and are scores here.

use maud::{Markup, html};
use serde_json::Value;
use shared::bundle::Bundle;
use shared::image::{GrayView, ImageError};
use shared::score::Score;
use shared::wire::Manifest;

use super::chart::{Mark, Outcome, Strip, loss_chart, score_chart, score_legend};
use super::detectability::detectability;
use super::page::{Key, Page, Section, keys, map_legend, settings, table};
use super::panel::{Caption, panel};
use super::redraw::Redrawer;
use super::text::{counted, of, percent, percent_at_most, score_remark};
use super::{PROGRAM, ReportError};
use crate::calibration::promise as promised;
use crate::detectability::OtherThreshold;
use crate::digest::{hex, sha256_hex};
use crate::evaluation::score_as_float;
use crate::export::describe::describe;
use crate::job::{Artifacts, Promise, TrainingRecord};
use crate::training::Ended;

/// Development images that are shown because their scores are the highest.
const HIGHEST_SHOWN: usize = 4;

/// The chart of the losses as a file of its own, SVG.
pub fn loss_svg(record: &TrainingRecord) -> String {
    loss_chart(&record.history, record.best_step).standalone("Training and validation loss")
}

/// The page.
///
/// # Errors
/// [`ReportError`] if the sealed bundle does not give the development images the scores that they had.
pub fn training_page(artifacts: &Artifacts) -> Result<String, ReportError> {
    let bundle = Bundle::verify(&artifacts.bundle)?;
    let record = &artifacts.record;
    let section = |id, name: &str, body| Section { id, name: name.to_owned(), body };
    let page = Page {
        kind: "Training report",
        product: &record.product,
        verdict: promise(artifacts),
        facts: vec![
            ("Bundle", hex(&bundle.id().0)),
            (
                "Trained on",
                counted(artifacts.images.files.len(), "photograph of a good part", "photographs of good parts"),
            ),
            ("Written by", PROGRAM.to_owned()),
        ],
        sections: vec![
            section("threshold", "Threshold", threshold(artifacts, bundle.manifest())),
            section("detectability", "What it catches", detectability(record.detectability.as_ref())),
            section("training", "Training", training(artifacts)),
            section("images", "Images", images(artifacts, &bundle)?),
            section("configuration", "Configuration", configuration(artifacts, &bundle)),
        ],
    };
    Ok(page.html())
}

/// The answer for somebody who runs a line.
fn promise(artifacts: &Artifacts) -> String {
    let record = &artifacts.record;
    format!(
        "{}. Of {} that played no part in this threshold, {} would have been rejected.",
        sentence(&promised(&record.evidence)),
        counted(artifacts.scores.development.len(), "good part", "good parts"),
        record.development_rejected,
    )
}

fn threshold(artifacts: &Artifacts, manifest: &Manifest) -> Markup {
    let threshold = manifest.threshold;
    let development = if manifest.recipe.normalised {
        "The residual maps were fitted on the development images: they score lower than new parts do."
    } else {
        "The development images check it: they had no part in it."
    };
    let record = &artifacts.record;
    let scores = &artifacts.scores;
    let developed = scores.development.len();
    let strip = |name: &str, indices: &[usize], scores: &[Score]| {
        let marks = indices.iter().zip(scores).map(|(&index, &score)| Mark {
            score: score.raw(),
            outcome: if threshold.rejects(score) { Outcome::FalseReject } else { Outcome::Right },
            title: format!("{}: {score}", artifacts.images.files[index].display()),
            target: None,
        });
        Strip { name: name.to_owned(), good: true, marks: marks.collect() }
    };
    let strips = [
        strip("calibration", &artifacts.split.calibration, &scores.calibration),
        strip("development", &artifacts.split.development, &scores.development),
    ];
    let rejected = record.development_rejected;
    let best = record.history.iter().find(|entry| entry.step == record.best_step);
    let key = |name, value, remark, wrong| Key { name, value, remark, wrong };
    let figures = [
        key(
            "Threshold",
            format!("{:.4}", score_as_float(threshold.raw())),
            "parts are rejected from here on".into(),
            false,
        ),
        match record.false_reject_rate {
            Some(Promise { average: Some(average), upper95 }) => key(
                "False rejects, expected",
                percent(average),
                format!("at most {} with 95\u{a0}% confidence", percent_at_most(upper95)),
                false,
            ),
            Some(Promise { average: None, upper95 }) => key(
                "False rejects, at most",
                percent_at_most(upper95),
                "with 95\u{a0}% confidence; threshold by hand".into(),
                false,
            ),
            None => key("False rejects", "\u{2013}".into(), "threshold by hand, not tried out".into(), true),
        },
        key(
            "False rejects, checked",
            rejected.to_string(),
            format!("of {}", counted(developed, "development image", "development images")),
            rejected > 0,
        ),
        key(
            "Validation loss",
            best.map_or_else(|| "\u{2013}".into(), |best| format!("{:.4}", best.validation_loss)),
            format!("at step {}, which was kept", record.best_step),
            false,
        ),
    ];
    html! {
        (keys(&figures))
        div.charts {
            figure {
                figcaption { "Scores of good parts that training did not see" }
                (score_chart(&strips, threshold.raw())
                    .inline("strips of the calibration and the development scores, with the threshold across them"))
                (score_legend(&[(Outcome::Right, true, "passed"), (Outcome::FalseReject, true, "rejected")]))
            }
            div {
                h3 { "What the threshold promises" }
                p.note {
                    "The calibration images placed the threshold. Nothing else has looked at them, but for their sizes and a \
                     coarse view of some in the choice of the geometry. " (development)
                    " Height within a strip has no meaning."
                }
                p.note {
                    "The promise is about good parts, as long as part, camera and light stay as they were \
                     photographed. It says nothing about defects: " code { "host-trainer evaluate" } " does, on photographs of \
                     defective parts."
                }
            }
        }
        (others(&record.other_thresholds, threshold.raw()))
    }
}

/// What other thresholds would cost and bring.
fn others(thresholds: &[OtherThreshold], chosen: u32) -> Markup {
    if thresholds.is_empty() {
        return html! {};
    }
    let row = |one: &OtherThreshold| {
        let mark = if one.threshold == chosen { ", this one" } else { "" };
        vec![
            format!("{}{mark}", one.rank),
            format!("{:.4}", score_as_float(one.threshold)),
            format!("{}, at most {}", percent(one.average), percent_at_most(one.upper95)),
            percent(one.rate.rate),
        ]
    };
    let rows: Vec<_> = thresholds.iter().map(row).collect();
    let head = ["Rank", "Threshold", "Good parts rejected", "Synthetic defects found"];
    html! {
        (table("What another threshold would do", &head, &[false, true, true, true], &rows))
        p.note {
            "A threshold of rank n lies just above the n-th largest calibration score. The defects are of every size and contrast \
             that was tried, most of them hard to see: the shares compare thresholds and are no forecast. "
            code { "host-trainer train --resume --rank 2" } " with the same folders seals these weights with another one."
        }
    }
}

fn training(artifacts: &Artifacts) -> Markup {
    let record = &artifacts.record;
    let split = &artifacts.split;
    let whole = artifacts.images.files.len();
    let row = |name: &str, part: &[usize], what: &str| vec![name.to_owned(), of(part.len(), whole), what.to_owned()];
    let rows = [
        row("training", &split.training, "the weights"),
        row("validation", &split.validation, "when to stop"),
        row("development", &split.development, "to look at and to check by; golden frames come from them"),
        row("calibration", &split.calibration, "the threshold alone"),
    ];
    let last = record.history.last().map_or(0, |entry| entry.step);
    html! {
        div.charts {
            figure {
                figcaption { "Course of training" }
                (loss_chart(&record.history, record.best_step)
                    .inline("training and validation loss over training steps, with the step that was kept"))
                p.note {
                    (ended(record.ended)) " after step " (last) ". The weights of step " (record.best_step)
                    " are in the bundle: they redraw the validation images best."
                }
            }
            (table("What the good images served for", &["Part", "Images", "Decides"], &[false, true, false], &rows))
        }
    }
}

fn ended(ended: Ended) -> &'static str {
    match ended {
        Ended::Complete => "Complete",
        Ended::StoppedEarly => "Stopped early, since it got no better,",
        Ended::Interrupted => "Interrupted by hand",
    }
}

/// The first letter in upper case.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The development images with the highest scores, the median and the lowest one.
fn chosen(scores: &[Score]) -> Vec<(usize, &'static str)> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(scores[index]));
    let mut chosen: Vec<_> =
        order.iter().take(HIGHEST_SHOWN).map(|&index| (index, "among the highest scores")).collect();
    let rest = order.get(HIGHEST_SHOWN..).unwrap_or_default();
    let median = order.get(scores.len() / 2).filter(|index| rest.contains(index));
    chosen.extend(median.map(|&index| (index, "the median score")));
    chosen.extend(rest.last().filter(|&index| Some(index) != median).map(|&index| (index, "the lowest score")));
    chosen
}

fn images(artifacts: &Artifacts, bundle: &Bundle<'_>) -> Result<Markup, ReportError> {
    let manifest = bundle.manifest();
    let size = manifest.model.size;
    let mut redrawer = Redrawer::new(bundle)?;
    let scores = &artifacts.scores.development;
    let mut panels = Vec::new();
    for (place, why) in chosen(scores) {
        let index = artifacts.split.development[place];
        let (file, score) = (&artifacts.images.files[index], scores[place]);
        let again = |source: ImageError| ReportError::Again { path: file.to_owned(), source: source.into() };
        let input = GrayView::packed(&artifacts.images.images[index], size).map_err(again)?;
        let tiles = redrawer.tiles_of_input(input, artifacts.images.content(index), file, score)?;
        let caption = Caption {
            id: format!("development-{place}"),
            title: file.display().to_string(),
            verdict: if manifest.threshold.rejects(score) { "rejected" } else { "passed" },
            remarks: vec![score_remark(score, manifest.threshold.raw()), why.to_owned()],
        };
        panels.push(panel(&caption, &tiles));
    }
    Ok(html! {
        p.note {
            (sentence(&artifacts.record.geometry.reason)) ". "
            (sentence(&artifacts.record.geometry.limit())) "."
            @if let Some(counts) = artifacts.record.mask_counts {
                " A mask drawn by hand says what counts: " (percent(counts)) " of the picture. What it leaves out is dark in \
                the maps."
            }
        }
        (map_legend(redrawer.scale(), manifest.recipe.pooling, false))
        p.note {
            "Development images: the " (HIGHEST_SHOWN) " with the highest scores, the median and the lowest. All of \
             them show good parts; look at the first ones for a defect that was photographed by mistake."
        }
        @for panel in panels { (panel) }
    })
}

fn configuration(artifacts: &Artifacts, bundle: &Bundle<'_>) -> Markup {
    let record = &artifacts.record;
    let mut rows = vec![
        ("architecture".to_owned(), format!("{}, {} parameters", record.architecture, record.parameters)),
        ("geometry".to_owned(), record.geometry.reason.clone()),
        ("device".to_owned(), record.device.clone()),
        ("parity".to_owned(), format!("tract differs from burn by at most {:.1e} (gray 0 to 1)", record.parity)),
    ];
    if let Ok(Value::Object(training)) = serde_json::to_value(&record.training) {
        rows.extend(training.into_iter().map(|(name, value)| (name.replace('_', " "), plain(&value))));
    }
    let file = |name: &str, bytes: &[u8]| vec![name.to_owned(), bytes.len().to_string(), sha256_hex(bytes)];
    let files = [file("station.bundle", &artifacts.bundle), file("model.onnx", &artifacts.onnx)];
    html! {
        h3 { "Training" }
        (settings(&rows))
        h3 { "Bundle" }
        (settings(&describe(bundle)))
        (table("Files", &["File", "Bytes", "SHA-256"], &[false, true, false], &files))
        p.note { "Which photograph served for what is in " code { "training.json" } "." }
    }
}

/// A value of JSON without the quotes of a string.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(raw: &[u32]) -> Vec<Score> {
        raw.iter().map(|&raw| Score::new(raw).unwrap()).collect()
    }

    #[test]
    fn the_highest_the_median_and_the_lowest_are_chosen_once_each() {
        let chosen_of = |raw: &[u32]| chosen(&scores(raw)).iter().map(|&(index, _)| index).collect::<Vec<_>>();
        assert_eq!(chosen_of(&[10, 90, 20, 80, 30, 70, 40, 60, 50]), [1, 3, 5, 7, 8, 0]);
        assert_eq!(chosen_of(&[1, 5, 4, 3, 2]), [1, 2, 3, 4, 0]);
        assert_eq!(chosen_of(&[7, 8]), [1, 0]);
        assert!(chosen_of(&[]).is_empty());
    }
}
