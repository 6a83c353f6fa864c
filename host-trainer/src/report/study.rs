//! The page of a study: the paper's tables beside ours, its loss curves, score plots and panels.
//!
//! Images are chosen by rule, not by hand: of the good test images and of each kind of defect the one with the median
//! SSIM score of the first model. Every map of a metric has one scale.

use maud::{Markup, html};
use shared::difference::Pooling;
use shared::image::{GrayView, Size};
use shared::score::Threshold;

use super::chart::{Mark, Outcome, Strip, loss_chart, score_chart, score_legend};
use super::colour_scale::ColourScale;
use super::page::{Page, Section, table};
use super::panel::{Caption, Tile, panel};
use super::picture;
use super::text::counted;
use crate::model::ALEXNET_SIDE;
use crate::study::{FigureRecord, Findings, Measured, ModelRecord, ScoreKind, StudyRecord, Table, TestImage, tables};

const SIZE: Size = Size::new(ALEXNET_SIDE, ALEXNET_SIDE);
/// The end of the colours, in Q24: of SSIM maps 1, of L2 maps 0.1.
const SSIM_END: u32 = 1 << 24;
const L2_END: u32 = (1 << 24) / 10;

/// The page.
pub fn study_page(findings: &Findings) -> String {
    let record = &findings.record;
    let mut sections = vec![Section { id: "tables", name: "Tables".into(), body: all_tables(record) }];
    let chosen = chosen(findings);
    sections.push(Section { id: "images", name: "Images (Figures 4 to 9)".into(), body: panels(findings, &chosen) });
    sections.push(Section {
        id: "losses",
        name: "Loss curves (Figures 10, 12, 14)".into(),
        body: each_model(record, |model| {
            let label = format!("Loss of {}", model.variation.name());
            html! { (loss_chart(&model.history, model.best_step).inline(&label)) }
        }),
    });
    sections.push(Section {
        id: "scores",
        name: "Score plots (Figures 11, 13, 15)".into(),
        body: html! {
            p.note { "All test images, and the threshold that the first split chooses on 30 % of them." }
            (score_legend(&[
                (Outcome::Right, true, "good part, passed"),
                (Outcome::FalseReject, true, "good part, rejected"),
                (Outcome::Right, false, "defective part, rejected"),
                (Outcome::Escape, false, "defective part, passed"),
            ]))
            (each_model(record, score_plots))
        },
    });
    let [good, defective] = record.test_images;
    Page {
        kind: "Study",
        product: "SSIM and MSE loss, input handicap",
        verdict: verdict(record),
        facts: vec![
            ("Photographs", counted(record.photographs, "good part", "good parts")),
            ("Tested on", format!("{good} good and {defective} defective parts")),
            ("Network", format!("width {}, {} parameters", record.alexnet.width, record.parameters)),
            ("Length", format!("at most {} epochs", record.epochs)),
            ("Device", record.device.clone()),
        ],
        sections,
    }
    .html()
}

/// How many models are above rejecting everything.
fn verdict(record: &StudyRecord) -> String {
    let failed = record.figures.iter().filter(|figure| figure.failed).count();
    let best = record.figures.iter().max_by(|a, b| a.f1.mean.total_cmp(&b.f1.mean));
    let name = |figure: &FigureRecord| format!("{} with {}", figure.variation.name(), figure.score.name());
    let best = best.map_or_else(String::new, |best| format!(" The highest is {:.3}, {}.", best.f1.mean, name(best)));
    format!(
        "{failed} of {} mean F1 are not above {:.3}, that of rejecting every part.{best}",
        record.figures.len(),
        record.reject_all_f1
    )
}

fn all_tables(record: &StudyRecord) -> Markup {
    let one = |of: &Table| {
        let head: Vec<&str> = of.head.iter().map(String::as_str).collect();
        let numeric: Vec<bool> = (0..head.len()).map(|column| column > 1).collect();
        html! { (table(&of.caption, &head, &numeric, &of.rows)) p.note { (of.note) } }
    };
    html! { @for of in tables(record) { (one(&of)) } }
}

/// Something of the first seed of each model, under its name.
fn each_model(record: &StudyRecord, body: impl Fn(&ModelRecord) -> Markup) -> Markup {
    html! {
        @for model in record.models.iter().filter(|model| model.seed == 1) {
            h3 { (model.variation.name()) }
            (body(model))
        }
    }
}

fn score_plots(model: &ModelRecord) -> Markup {
    let plot = |score: ScoreKind| {
        let threshold = model.first_split[score as usize].map_or(0, |judged| judged.threshold);
        let strip = |good: bool| Strip {
            name: if good { "good" } else { "defective" }.into(),
            good,
            marks: model
                .images
                .iter()
                .filter(|image| image.kind.is_none() == good)
                .map(|image| {
                    let score = image.scores[score as usize];
                    let outcome = match (good, score >= threshold) {
                        (true, true) => Outcome::FalseReject,
                        (false, false) => Outcome::Escape,
                        _ => Outcome::Right,
                    };
                    Mark { score, outcome, title: image.file.display().to_string(), target: None }
                })
                .collect(),
        };
        let label = format!("Scores of {} with {}", model.variation.name(), score.name());
        html! { h4 { (score.name()) } (score_chart(&[strip(true), strip(false)], threshold).inline(&label)) }
    };
    html! { @for score in ScoreKind::ALL { (plot(score)) } }
}

/// Indices of the images that are shown: the medians of each kind, good ones first.
fn chosen(findings: &Findings) -> Vec<usize> {
    let Some((_, measured)) = findings.drawn.first() else { return Vec::new() };
    let mut kinds: Vec<&Option<String>> = findings.tested.iter().map(|image| &image.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let median = |kind: &Option<String>| {
        let mut of: Vec<usize> = (0..findings.tested.len()).filter(|&i| findings.tested[i].kind == *kind).collect();
        of.sort_by_key(|&i| measured[i].scores[0]);
        of.get(of.len() / 2).copied()
    };
    kinds.into_iter().filter_map(median).collect()
}

fn panels(findings: &Findings, chosen: &[usize]) -> Markup {
    let one = |index: usize| {
        let test = &findings.tested[index];
        html! {
            h3 { (test.kind.as_deref().unwrap_or("good")) }
            @for (variation, measured) in &findings.drawn {
                @let measured = &measured[index];
                (panel(
                    &Caption {
                        id: format!("image-{index}-{}", variation.number()),
                        title: test.file.display().to_string(),
                        verdict: variation.name(),
                        remarks: ScoreKind::ALL
                            .into_iter()
                            .zip(measured.scores)
                            .map(|(kind, score)| format!("{} {:.4}", kind.name(), f64::from(score) / f64::from(1 << 24)))
                            .collect(),
                    },
                    &tiles(test, measured),
                ))
            }
        }
    };
    html! {
        p.note {
            "Of the good test images and of each kind of defect the image with the median SSIM score of the first model. \
             Input, mask, reconstruction, SSIM map and L2 map; black is no difference, the palest colour 1 of SSIM maps and \
             0.1 of L2 maps, or more."
        }
        @for &index in chosen { (one(index)) }
    }
}

fn tiles(test: &TestImage, measured: &Measured) -> Vec<Tile> {
    let tile = |name, alt: &str, uri| Tile { name, alt: alt.to_owned(), uri, size: SIZE, peak: None };
    let gray = |pixels: &[u8]| GrayView::packed(pixels, SIZE).map(picture::gray).unwrap_or_default();
    let map = |map: &[u32], end: u32| {
        let pooling = Pooling::SmoothedMaximum { radius: 0 };
        picture::map(map, SIZE, ColourScale::new(Threshold::new(end / 2).unwrap_or(Threshold::MAX), pooling))
    };
    let mask = test.mask.as_ref().map(|mask| {
        let pixels: Vec<u8> = mask.small.iter().map(|&defective| if defective { 255 } else { 0 }).collect();
        tile("Mask", "where the defect is", gray(&pixels))
    });
    let input = tile("Input", "the preprocessed photograph", gray(&test.image));
    let drawn = [
        tile("Reconstruction", "what the network made of it", gray(&measured.reconstruction)),
        tile("SSIM map", "structural differences", map(&measured.ssim, SSIM_END)),
        tile("L2 map", "squared differences", map(&measured.l2, L2_END)),
    ];
    std::iter::once(input).chain(mask).chain(drawn).collect()
}
