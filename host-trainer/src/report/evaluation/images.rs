//! The images of an evaluation: wrong verdicts, faults and typical cases, each as a panel.

use edge_runtime::camera::decode::decode_file;
use edge_runtime::pipeline::MeasureError;
use maud::{Markup, html};

use super::{EvaluationReport, id};
use crate::report::ReportError;
use crate::report::cases::{Cases, Listed, MOST_SHOWN, TYPICAL_RULE};
use crate::report::page::map_legend;
use crate::report::panel::{Caption, panel};
use crate::report::redraw::{Redrawer, photograph};
use crate::report::text::score_remark;

impl EvaluationReport<'_> {
    pub(super) fn images(&self, cases: &Cases, redrawer: &mut Redrawer) -> Result<Markup, ReportError> {
        let pooling = self.bundle.manifest().recipe.pooling;
        let wrong = [
            ("Escapes: defective parts that pass", &cases.escapes, "The lowest score first."),
            ("False rejects: good parts rejected by their score", &cases.false_rejects, "The highest score first."),
            ("Faults: images that could not be judged", &cases.faults, "They count as rejected."),
        ];
        let mut body = map_legend(redrawer.scale(), pooling, true);
        for (name, listed, order) in wrong {
            let panels = self.panels(listed.shown.iter().map(|&case| (case, None)), redrawer)?;
            body = html! { (body) h3 { (name) " (" (listed.len()) ")" } (self.listed(listed, order, &panels)) };
        }
        let typical = cases.typical.iter().map(|(case, why)| (*case, Some(why.text())));
        let panels = self.panels(typical, redrawer)?;
        Ok(html! {
            (body)
            h3 { "Typical cases (" (panels.len()) ")" }
            p.note { (TYPICAL_RULE) }
            @for panel in &panels { (panel) }
        })
    }

    fn listed(&self, listed: &Listed, order: &str, panels: &[Markup]) -> Markup {
        html! {
            @if listed.is_empty() { p.note { "None." } } @else { p.note {
                (order)
                @if !listed.named.is_empty() {
                    " The first " (MOST_SHOWN) " of " (listed.len()) " are shown, the others are named below them."
                }
            } }
            @for panel in panels { (panel) }
            @if !listed.named.is_empty() {
                ul.named {
                    @for &case in &listed.named {
                        @let one = &self.judged[case];
                        li { bdi { (self.name(&one.path)) } @if let Some(score) = one.score { ", " (score) } }
                    }
                }
            }
        }
    }

    fn panels(
        &self,
        cases: impl Iterator<Item = (usize, Option<String>)>,
        redrawer: &mut Redrawer,
    ) -> Result<Vec<Markup>, ReportError> {
        cases.map(|(case, why)| self.panel(case, why, redrawer)).collect()
    }

    fn panel(&self, case: usize, why: Option<String>, redrawer: &mut Redrawer) -> Result<Markup, ReportError> {
        let one = &self.judged[case];
        let mut remarks = Vec::new();
        let (tiles, verdict) = match (one.score, one.fault) {
            (Some(score), None) => {
                remarks.push(score_remark(score, self.evaluation.threshold_raw));
                let frame = decode_file(&one.path)?;
                let again = |source| ReportError::Again { path: one.path.clone(), source };
                let view = frame.view().map_err(MeasureError::from).map_err(again)?;
                let mut tiles = redrawer.tiles(&view, &one.path, score)?;
                if let Some(mask) = self.set.images.get(case).and_then(|image| image.mask.as_ref()) {
                    match redrawer.mask(mask, frame.size()) {
                        Some(tile) => tiles.push(tile),
                        None => remarks.push("its mask cannot be shown".into()),
                    }
                }
                (tiles, if one.rejected { "rejected" } else { "passed" })
            }
            (_, fault) => {
                remarks.extend(fault.map(|reason| reason.text().to_owned()));
                (decode_file(&one.path).ok().and_then(|frame| photograph(&frame)).into_iter().collect(), "fault")
            }
        };
        remarks.extend(why);
        Ok(panel(&Caption { id: id(case), title: self.name(&one.path), verdict, remarks }, &tiles))
    }
}
