//! What all pages share: head, sections with their table of contents, key figures, tables, and the legend of the maps.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use shared::difference::Pooling;

use super::colour_scale::ColourScale;
use super::{PROGRAM, picture};
use crate::evaluation::score_as_float;

const STYLE: &str = include_str!("style.css");

/// Nothing is loaded and nothing runs, whatever the page holds.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// The parts of a page that differ.
#[derive(Debug)]
pub struct Page<'a> {
    /// What kind of page this is.
    pub kind: &'a str,
    /// What it is about.
    pub product: &'a str,
    /// The answer in one sentence.
    pub verdict: String,
    /// Names and values below it.
    pub facts: Vec<(&'a str, String)>,
    /// Everything else.
    pub sections: Vec<Section>,
}

/// A part of the page with an entry in its table of contents.
#[derive(Debug)]
pub struct Section {
    /// The id of its element.
    pub id: &'static str,
    /// Its heading.
    pub name: String,
    /// What is below the heading.
    pub body: Markup,
}

impl Page<'_> {
    /// The file.
    pub fn html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light";
                    meta http-equiv="Content-Security-Policy" content=(CONTENT_SECURITY_POLICY);
                    title { (self.kind) ": " (self.product) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        p.kind { (self.kind) }
                        h1 { bdi { (self.product) } }
                        p.lead { (self.verdict) }
                        dl.facts {
                            @for (name, value) in &self.facts {
                                div { dt { (name) } dd { (value) } }
                            }
                        }
                        nav aria-label="Contents" {
                            @for section in &self.sections { a href={ "#" (section.id) } { (section.name) } }
                        }
                    }
                    main {
                        @for section in &self.sections {
                            section id=(section.id) { h2 { (section.name) } (section.body) }
                        }
                    }
                    footer { "Written by " (PROGRAM) ". This file is complete: it needs no network and runs nothing." }
                }
            }
        };
        page.into_string()
    }
}

/// A figure to be seen first.
#[derive(Debug)]
pub struct Key {
    /// What it counts.
    pub name: &'static str,
    /// The figure.
    pub value: String,
    /// What it is part of.
    pub remark: String,
    /// Whether somebody should look into it.
    pub wrong: bool,
}

/// Key figures in a row.
pub fn keys(keys: &[Key]) -> Markup {
    html! {
        dl.keys {
            @for key in keys {
                div.wrong[key.wrong] { dt { (key.name) } dd { strong { (key.value) } " " (key.remark) } }
            }
        }
    }
}

/// A table with a head; the first column names the row, columns with a name in `numeric` are aligned right.
pub fn table(caption: &str, head: &[&str], numeric: &[bool], rows: &[Vec<String>]) -> Markup {
    let class = |column: usize| numeric.get(column).copied().unwrap_or(false).then_some("number");
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead {
                    tr {
                        @for (column, name) in head.iter().enumerate() {
                            th scope="col" class=[class(column)] { (name) }
                        }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            @for (column, cell) in row.iter().enumerate() {
                                @if column == 0 {
                                    th scope="row" { (cell) }
                                } @else {
                                    td class=[class(column)] { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Names and values, one below the other.
pub fn settings<N: AsRef<str>>(rows: &[(N, String)]) -> Markup {
    html! {
        dl.settings {
            @for (name, value) in rows { div { dt { (name.as_ref()) } dd { (value) } } }
        }
    }
}

/// What the pictures of a panel are, and what their colours mean. `masks`: whether there may be any.
pub fn map_legend(scale: ColourScale, pooling: Pooling, masks: bool) -> Markup {
    let threshold = format!("{:.1}%", 100.0 / f64::from(scale.multiple()));
    let end = score_as_float(scale.end());
    let rule = match pooling {
        Pooling::SmoothedMaximum { .. } => {
            "The score is the greatest value of the smoothed map; the ring marks where it is. A part is rejected where \
             one pixel of the map reaches the threshold."
        }
        Pooling::TopMean { .. } => {
            "The score is the mean of the greatest values of the map; the ring marks where the greatest is."
        }
        Pooling::Mean => "The score is the mean of the map, so single pixels lie far above the threshold.",
    };
    html! {
        p.note {
            "Of each part: the input as the network saw it, the reconstruction that it made, the map of their differences"
            @if masks { ", and the mask of the defect if the data set has one" }
            ". " (rule)
        }
        figure.scale {
            figcaption { "Colours of all difference maps on this page" }
            img src=(picture::colour_bar()) width="256" height="1"
                alt="colour bar from black over red to pale yellow, growing lighter from left to right";
            div.ticks {
                span style="left:0" { "0" }
                span.mark style={ "left:" (threshold) } {}
                span.threshold style={ "left:" (threshold) ";transform:translateX(-" (threshold) ")" } {
                    "threshold " (format!("{:.4}", end / f64::from(scale.multiple())))
                }
                span.end { "\u{2265} " (format!("{end:.4}")) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::score::Threshold;

    use super::*;

    fn page() -> String {
        let pooling = Pooling::SmoothedMaximum { radius: 4 };
        let scale = ColourScale::new(Threshold::new(1 << 22).unwrap(), pooling);
        let body = html! {
            (map_legend(scale, pooling, true))
            (keys(&[Key { name: "Escapes", value: "2".into(), remark: "of 3".into(), wrong: true }]))
            (table("Verdicts", &["class", "parts"], &[false, true], &[vec!["<i>".into(), "7".into()]]))
        };
        let sections = vec![Section { id: "all", name: "All".into(), body }];
        let facts = vec![("Data set", "a & b".to_owned())];
        Page { kind: "Evaluation", product: "<script>", verdict: "None.".into(), facts, sections }.html()
    }

    #[test]
    fn a_page_is_whole_and_refers_to_nothing_outside() {
        let page = page();
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"));
        assert_eq!(crate::report::testing::references(&page), ["#all"]);
        assert!(page.contains("<meta http-equiv=\"Content-Security-Policy\""));
    }

    #[test]
    fn everything_that_comes_from_outside_is_escaped() {
        let page = page();
        assert!(page.contains("<bdi>&lt;script&gt;</bdi>") && page.contains("a &amp; b") && page.contains("&lt;i&gt;"));
        assert!(!page.contains("<script"));
    }

    #[test]
    fn the_legend_has_the_threshold_in_the_middle() {
        let page = page();
        assert!(page.contains("left:50.0%") && page.contains("threshold 0.2500") && page.contains("\u{2265} 0.5000"));
    }
}
