//! The paper's Tables 1 to 4 with our figures beside the paper's, and what the paper leaves open, as text that a page and
//! a Markdown file share.

use super::images::Validation;
use super::localisation::Localisation;
use super::measure::ScoreKind;
use super::record::{FigureRecord, ModelRecord, StudyRecord};
use super::spread::Spread;
use super::variation::{BATCH, LEARNING_RATE, PATIENCE, Variation};
use crate::augmentation::Handicap;
use crate::evaluation::score_as_float;

/// A table; the first column names the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Names of the columns.
    pub head: Vec<String>,
    /// As many cells each as there are columns.
    pub rows: Vec<Vec<String>>,
    /// What a reader should know.
    pub note: String,
}

/// All tables, in order.
pub fn tables(record: &StudyRecord) -> Vec<Table> {
    vec![
        variations(record),
        search(),
        comparison(record, "Table 3: choice of loss", Variation::MeanSquaredError),
        comparison(record, "Table 4: input handicap", Variation::InputHandicap),
        spread(record),
        localisation(record),
        reconstruction(record),
    ]
}

/// The tables as Markdown.
pub fn markdown(record: &StudyRecord) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let of = |table: Table| {
        let rule = format!("|{}\n", "---|".repeat(table.head.len()));
        let rows: String = table.rows.iter().map(|row| line(row)).collect();
        format!("## {}\n\n{}{rule}{rows}\n{}\n\n", table.caption, line(&table.head), table.note)
    };
    tables(record).into_iter().map(of).collect()
}

fn strings<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn variations(record: &StudyRecord) -> Table {
    let handicap = match record.handicap {
        Handicap::Paper => "noise and cutout",
        Handicap::PaperWeak => "less noise, smaller cutout",
        Handicap::PaperStrong => "more noise, larger cutout",
        Handicap::Stain => "stains, not the paper's",
        Handicap::None => "none",
    };
    let row = |model: &ModelRecord| {
        let epochs = |step: usize| step.div_ceil(model.steps_per_epoch.max(1));
        vec![
            model.variation.name().to_owned(),
            if model.variation == Variation::MeanSquaredError { "MSE" } else { "SSIM" }.into(),
            if model.variation == Variation::InputHandicap { handicap } else { "none" }.into(),
            model.seed.to_string(),
            format!("{} of {}", epochs(model.best_step), epochs(model.history.last().map_or(0, |entry| entry.step))),
            format!("{:.4}", model.validation_loss),
            format!("{:.3}", model.validation_similarity),
        ]
    };
    let first = record.models.first();
    let [training, validation, twins] = [
        first.map_or(0, |model| model.training_images),
        first.map_or(0, |model| model.validation_images),
        first.map_or(0, |model| model.validation_twins),
    ];
    let leak = match record.validation {
        Validation::Paper => format!(
            "Of the {validation} validation images of seed 1, {twins} show a photograph that training sees in another \
             orientation, as in the paper: the validation loss says little of new parts."
        ),
        Validation::Apart => "No validation image shows a photograph that training sees.".to_owned(),
    };
    Table {
        caption: "Table 1: the models".into(),
        head: strings(["model", "loss", "input handicap", "seed", "best epoch", "validation loss", "validation SSIM"]),
        rows: record.models.iter().map(row).collect(),
        note: format!(
            "Width {} of the paper's network, {} parameters, at most {} epochs (the paper: 150), {} photographs and their \
             mirror images: {training} to train, {validation} to validate. {leak}",
            record.alexnet.width, record.parameters, record.epochs, record.photographs
        ),
    }
}

fn search() -> Table {
    Table {
        caption: "Table 2: hyperparameters".into(),
        head: strings(["setting", "searched in the paper", "found there, used here"]),
        rows: vec![
            strings(["optimizer", "Adam, RMSProp, SGD with momentum", "Adam"]),
            vec!["learning rate".into(), "5e-5, 1e-4, 5e-4, 1e-3, 5e-3".into(), format!("{LEARNING_RATE:e}, constant")],
            vec!["batch size".into(), "4, 8, 16, 32, 64".into(), BATCH.to_string()],
        ],
        note: format!(
            "Training stops after {PATIENCE} epochs without a lower validation loss. The grid is what the command search runs."
        ),
    }
}

fn comparison(record: &StudyRecord, caption: &str, with: Variation) -> Table {
    let figures = || record.figures.iter().filter(|figure| [Variation::Baseline, with].contains(&figure.variation));
    let first = |figure: &FigureRecord| {
        let of_seed_one = |model: &&ModelRecord| model.seed == 1 && model.variation == figure.variation;
        let model = record.models.iter().find(of_seed_one);
        model
            .and_then(|model| model.first_split[figure.score as usize])
            .map_or("–".into(), |judged| decimal(judged.f1))
    };
    let paper = |figure: &FigureRecord| match figure.score {
        ScoreKind::SsimRange2 => "–".to_owned(),
        _ => format!("{:.2}", figure.paper_f1),
    };
    let row = |figure: &FigureRecord| {
        vec![
            figure.variation.name().to_owned(),
            figure.score.name().to_owned(),
            paper(figure),
            first(figure),
            with_interval(&figure.f1),
            decimal(record.reject_all_f1),
            if figure.failed { "failed" } else { "above" }.into(),
            with_interval(&figure.f1_good_positive),
            decimal(figure.auroc),
        ]
    };
    Table {
        caption: caption.into(),
        head: strings([
            "model",
            "metric",
            "F1, paper",
            "F1, one split",
            "F1, mean [95 %]",
            "reject everything",
            "verdict",
            "F1, good positive",
            "AUROC",
        ]),
        rows: figures().map(row).collect(),
        note: format!(
            "F1 on the 70 % of the test images that the threshold was not chosen on, defective parts positive; one split: \
             the first, seed 1, as the paper reports one. Mean and 95 % interval over {} splits and all seeds. A model whose \
             mean is not above that of rejecting everything has failed. Calling every part good gives {:.3} with good parts \
             positive. The paper does not say which skimage it used: before 0.20 the SSIM of floats had a range of 2.",
            record.splits, record.pass_all_f1_good_positive
        ),
    }
}

fn spread(record: &StudyRecord) -> Table {
    let row = |figure: &FigureRecord| {
        let Spread { between_seeds, between_splits, rest, .. } = figure.f1;
        let images = figure.f1_images95.map_or("–".into(), |of| format!("{:.3} to {:.3}", of.low, of.high));
        let or_none = |value: Option<f64>| value.map_or("–".into(), decimal);
        vec![
            figure.variation.name().to_owned(),
            figure.score.name().to_owned(),
            or_none(between_seeds),
            decimal(between_splits),
            or_none(rest),
            images,
        ]
    };
    Table {
        caption: "Where the spread of F1 comes from".into(),
        head: strings(["model", "metric", "seeds", "splits", "rest", "other test images (95 %)"]),
        rows: record.figures.iter().map(row).collect(),
        note: "Standard deviations of F1: with the training seed, with which 30 % of the test images choose the threshold, and \
               with both together. The last column is a bootstrap over the test images of the mean over seeds and ten splits. \
               A dash: one seed tells nothing of seeds."
            .into(),
    }
}

fn localisation(record: &StudyRecord) -> Table {
    let row = |model: &ModelRecord, metric: &str, found: &Localisation| {
        let or_none = |value: Option<f64>| value.map_or("–".into(), decimal);
        let ratio = found.inside.zip(found.outside).filter(|&(_, outside)| outside > 0.0);
        vec![
            model.variation.name().to_owned(),
            model.seed.to_string(),
            metric.to_owned(),
            or_none(found.pixel_auroc),
            or_none(found.aupro),
            or_none(found.iou),
            ratio.map_or("–".into(), |(inside, outside)| format!("{:.1}", inside / outside)),
        ]
    };
    let rows = |model: &ModelRecord| [row(model, "SSIM", &model.ssim_map), row(model, "L2", &model.l2_map)];
    Table {
        caption: "Maps against masks (the paper's open extension)".into(),
        head: strings(["model", "seed", "map", "pixel AUROC", "AUPRO", "IoU", "inside / outside"]),
        rows: record.models.iter().flat_map(rows).collect(),
        note: "IoU at the threshold that is best on 30 % of the defective images, on the others. The last column is the mean map \
               value on defects divided by that beside them, on the same images: how much of a difference score is detection \
               and how much is reconstruction error elsewhere."
            .into(),
    }
}

fn reconstruction(record: &StudyRecord) -> Table {
    let mean = |model: &ModelRecord, score: ScoreKind, good: bool| {
        let scores = &model.scores(score)[usize::from(!good)];
        scores.iter().map(|&score| score_as_float(score)).sum::<f64>() / scores.len().max(1) as f64
    };
    let row = |model: &ModelRecord| {
        let cell = |score, good| format!("{:.4}", mean(model, score, good));
        vec![
            model.variation.name().to_owned(),
            model.seed.to_string(),
            cell(ScoreKind::Ssim, true),
            cell(ScoreKind::Ssim, false),
            cell(ScoreKind::L2, true),
            cell(ScoreKind::L2, false),
        ]
    };
    Table {
        caption: "Reconstruction error of good and of defective parts".into(),
        head: strings(["model", "seed", "SSIM, good", "SSIM, defective", "L2, good", "L2, defective"]),
        rows: record.models.iter().map(row).collect(),
        note: "Mean difference scores of the test images. The paper's claim that MSE's F1 with SSIM comes from distortion, not \
               from detection, is true of a model whose error on good parts is high and whose maps do not point inside."
            .into(),
    }
}

fn with_interval(spread: &Spread) -> String {
    format!("{} [{}, {}]", decimal(spread.mean), decimal(spread.interval95.low), decimal(spread.interval95.high))
}

fn decimal(value: f64) -> String {
    format!("{value:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NetworkOptions;
    use crate::study::record::ImageRecord;
    use crate::training::Ended;

    const NOWHERE: Localisation =
        Localisation { pixel_auroc: None, aupro: None, iou: None, iou_threshold: None, inside: None, outside: None };

    /// A model that gives each of 10 good and of 20 defective parts this score.
    fn model(variation: Variation, good: impl Fn(u32) -> u32, defective: impl Fn(u32) -> u32) -> ModelRecord {
        let image = |kind: Option<&str>, score: u32| ImageRecord {
            file: "x.png".into(),
            kind: kind.map(str::to_owned),
            scores: [score; 3],
        };
        let images = (0..10).map(|i| image(None, good(i))).chain((0..20).map(|i| image(Some("chip"), defective(i))));
        ModelRecord {
            variation,
            seed: 1,
            training_images: 596,
            validation_images: 31,
            validation_twins: 30,
            steps_per_epoch: 75,
            best_step: 150,
            ended: Ended::Complete,
            validation_loss: 0.1,
            validation_similarity: 0.9,
            parity: 0.0,
            history: Vec::new(),
            auroc: [None; 3],
            first_split: [None; 3],
            ssim_map: NOWHERE,
            l2_map: NOWHERE,
            images: images.collect(),
        }
    }

    fn record() -> StudyRecord {
        let models = vec![
            model(Variation::Baseline, |i| i, |i| 1000 + i),
            // Defective parts score lower than good ones.
            model(Variation::MeanSquaredError, |i| 1000 + i, |i| i),
        ];
        let reject_all_f1 = 28.0 / 35.0;
        let figure = |model| FigureRecord::of(&[model], ScoreKind::Ssim, 20, reject_all_f1).unwrap();
        StudyRecord {
            created_by: "test",
            libraries: Default::default(),
            device: "CPU".into(),
            photographs: 209,
            images_sha256: String::new(),
            test_images: [10, 20],
            alexnet: NetworkOptions::default(),
            handicap: Handicap::Paper,
            parameters: 1,
            epochs: 15,
            validation: Validation::Paper,
            splits: 20,
            reject_all_f1,
            pass_all_f1_good_positive: 0.5,
            figures: models.iter().map(figure).collect(),
            models,
        }
    }

    #[test]
    fn a_model_that_is_no_better_than_rejecting_everything_has_failed() {
        let table = &tables(&record())[2];
        let row = |name: &str| table.rows.iter().find(|row| row[0].contains(name)).unwrap();
        assert_eq!(row("baseline")[1..7], ["SSIM", "0.72", "–", "1.000 [1.000, 1.000]", "0.800", "above"]);
        let failed = row("MSE");
        assert_eq!((failed[2].as_str(), failed[6].as_str(), failed[8].as_str()), ("0.79", "failed", "0.000"));
    }

    #[test]
    fn every_row_has_every_column() {
        for table in tables(&record()) {
            assert!(table.rows.iter().all(|row| row.len() == table.head.len()), "{}", table.caption);
        }
        let markdown = markdown(&record());
        assert!(
            markdown.contains("## Table 2") && markdown.contains("| baseline | SSIM | none | 1 | 2 of 0 |"),
            "{markdown}"
        );
    }
}
