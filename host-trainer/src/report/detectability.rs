//! The part of the training report that tells which synthetic defects a bundle finds.

use maud::{Markup, html};

use super::chart::{detection_chart, detection_legend, place_chart};
use super::page::{Key, keys, table};
use super::text::{counted, decimal, percent};
use crate::detectability::{DetectabilityRecord, Kind, Rate, Smallest};

/// Charts, tables, and what they are worth.
pub fn detectability(record: Option<&DetectabilityRecord>) -> Markup {
    let Some(record) = record else {
        return html! {
            p.note {
                "Not tried out: training was too short for it, the input is too small or too large, or no development \
                 image passes."
            }
        };
    };
    let [across, down] = record.frame_pixels;
    let content = record.message.content;
    let blind = record.map.cells.iter().filter(|cell| cell.is_blind()).count();
    let figures = [
        Key {
            name: "Synthetic defects found",
            value: percent(record.mean_detection),
            remark: "of all sizes and contrasts tried".into(),
            wrong: false,
        },
        Key {
            name: "AUROC, synthetic",
            value: decimal(record.auroc),
            remark: "defective against clean development images".into(),
            wrong: false,
        },
        Key {
            name: "Blind spots",
            value: blind.to_string(),
            remark: format!(
                "of {} in which fewer than half are found",
                counted(record.map.cells.len(), "place", "places")
            ),
            wrong: blind > 0,
        },
    ];
    html! {
        p.note {
            strong { "Synthetic." } " Scratches, pits, missing material, dents and spots were drawn into "
            (counted(record.images, "development image", "development images"))
            " that pass without one, and judged as a station judges, at the threshold of this bundle. They show how \
             small and how faint a defect may be; they do not look like your defects. An input pixel is "
            (format!("{across:.2} x {down:.2}")) " frame pixels."
        }
        (keys(&figures))
        div.charts {
            figure {
                figcaption { "Synthetic defects found, by size and contrast" }
                (detection_chart(&record.tried)
                    .inline("share of synthetic defects found over their size, for each contrast"))
                (detection_legend(&record.tried))
                p.note {
                    "Size is the largest extent, contrast the largest change of a pixel. Bars are intervals of \
                     95\u{a0}% confidence (Clopper and Pearson); they take trials for independent, though images \
                     repeat. The dashed line is 90\u{a0}%."
                }
            }
            figure {
                figcaption {
                    "Where a spot of " (record.map.size) " input pixels at " (record.map.contrast)
                    " gray levels is found"
                }
                (place_chart(&record.map, [f64::from(content.width) * across, f64::from(content.height) * down])
                    .inline("grid over the frame with the share of spots found in each place"))
                p.note { "The frame, coarsely. " (trials(&record.map.cells)) }
            }
        }
        (table(
            "Smallest size that is found reliably: it and every larger one tried at least 90\u{a0}% of the time, with \
             95\u{a0}% confidence (a90/95)",
            &["Contrast", "Input pixels", "Frame pixels"],
            &[false, true, true],
            &record.a90_95.iter().map(smallest).collect::<Vec<_>>(),
        ))
        (found_by_size(record))
        (table(
            "Found by kind, over all sizes and contrasts",
            &["Kind", "Found"],
            &[false, true],
            &record.kinds.iter().map(|of| vec![name(of.kind).to_owned(), rate(&of.rate)]).collect::<Vec<_>>(),
        ))
    }
}

fn smallest(smallest: &Smallest) -> Vec<String> {
    let none = || "none of the sizes tried".to_owned();
    vec![
        format!("{} gray levels", smallest.contrast),
        smallest.size.map_or_else(none, |size| size.to_string()),
        smallest.frame_size.map_or_else(|| "\u{2013}".into(), |size| format!("{size:.1}")),
    ]
}

/// A row for each size, a column for each contrast.
fn found_by_size(record: &DetectabilityRecord) -> Markup {
    let contrasts: Vec<String> =
        record.a90_95.iter().map(|smallest| format!("{} gray levels", smallest.contrast)).collect();
    let mut head = vec!["Size in input pixels"];
    head.extend(contrasts.iter().map(String::as_str));
    let row = |&size: &u16| {
        let of_size = record.tried.iter().filter(|tried| tried.size == size);
        std::iter::once(size.to_string()).chain(of_size.map(|tried| rate(&tried.rate))).collect()
    };
    let rows: Vec<Vec<String>> = record.message.sizes.iter().map(row).collect();
    let numeric: Vec<bool> = (0..head.len()).map(|column| column > 0).collect();
    table("Found by size and contrast, with intervals of 95\u{a0}% confidence", &head, &numeric, &rows)
}

/// Such as `45 of 46 (88.5 to 99.9 %)`.
fn rate(rate: &Rate) -> String {
    let Rate { found, trials, interval95, .. } = rate;
    if *trials == 0 {
        return "\u{2013}".into();
    }
    format!("{found} of {trials} ({:.1} to {:.1}\u{a0}%)", 100.0 * interval95.low, 100.0 * interval95.high)
}

fn trials(cells: &[Rate]) -> String {
    let most = cells.iter().map(|cell| cell.trials).max().unwrap_or(0);
    format!("{most} trials in each place: look at neighbours that agree, not at single ones.")
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Scratch => "scratch",
        Kind::Pit => "pit with a bright rim",
        Kind::MissingMaterial => "missing material",
        Kind::Dent => "dent",
        Kind::Spot => "spot",
    }
}
