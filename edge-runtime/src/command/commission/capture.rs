//! One part after the other in front of the camera: asked for on the terminal, announced by the wired trigger, or each
//! frame as it comes. What it measures moves nothing; the verdicts that come with it are dropped.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use anyhow::{Context, bail};
use edge_runtime::camera::FrameSource;
use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::commissioning::{Announced, BadPart};
use edge_runtime::inspector::Inspector;
use edge_runtime::reconstruct::TractReconstructor;
use edge_runtime::trigger::gpio::GpioInputs;
use edge_runtime::trigger::{Input, Inputs};
use shared::admission::FrameStamp;
use shared::score::Score;
use shared::verdict::Verdict;

use crate::command::chain;

/// After as many frames in a row that could not be had or judged, the commissioning ends.
const MAX_FAILURES: u32 = 10;

/// What says that a part is there.
pub enum Announcing {
    /// A person, by Enter.
    Operator,
    /// Nothing: every frame is a part.
    Frames,
    /// An edge of the trigger.
    Trigger(Box<GpioInputs>, Announced),
}

/// The place where parts are measured.
pub struct Place {
    pub source: Box<dyn FrameSource>,
    pub inspector: Inspector<TractReconstructor, MonotonicClock>,
    pub clock: MonotonicClock,
    pub announcing: Announcing,
}

/// What is said to the person, on stderr.
pub fn say(text: &str) {
    // Nobody is left to tell if stderr is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

impl Place {
    /// Scores of `count` good parts; `name` is what they are called. Frames that are faults are taken again and
    /// counted.
    pub fn good(&mut self, count: u32, name: &str, faults: &mut u32) -> anyhow::Result<Vec<Score>> {
        let mut scores = Vec::new();
        let mut in_a_row = 0;
        while scores.len() < count as usize {
            let what = format!("{name} {} of {count}", scores.len() + 1);
            match self.part(&what)? {
                BadPart::Measured(score) => {
                    say(&format!("{what}: {score}"));
                    scores.push(score);
                    in_a_row = 0;
                }
                BadPart::Fault(reason) => {
                    say(&format!("{what}: fault: {}; it is taken again", reason.name()));
                    *faults += 1;
                    in_a_row += 1;
                    if in_a_row == MAX_FAILURES {
                        bail!("{what}: {in_a_row} faults in a row, the last {}; look after the camera", reason.name());
                    }
                }
            }
        }
        Ok(scores)
    }

    /// Known bad parts.
    pub fn bad(&mut self, count: u32) -> anyhow::Result<Vec<BadPart>> {
        let mut parts = Vec::new();
        for number in 1..=count {
            let what = format!("known bad part {number} of {count}");
            let part = self.part(&what)?;
            match part {
                BadPart::Measured(score) => say(&format!("{what}: {score}")),
                BadPart::Fault(reason) => say(&format!("{what}: fault: {}", reason.name())),
            }
            parts.push(part);
        }
        Ok(parts)
    }

    /// The next part: what its frame gave.
    fn part(&mut self, what: &str) -> anyhow::Result<BadPart> {
        let asked_us = match self.announcing {
            Announcing::Operator => {
                ask(what)?;
                self.clock.now_us()
            }
            Announcing::Frames | Announcing::Trigger(..) => 0,
        };
        let Self { source, inspector, announcing, .. } = self;
        let (mut failures, mut told) = (0, String::new());
        loop {
            let Some(captured) = source.next_frame() else {
                bail!("{what}: the source has no more frames");
            };
            let stamp = FrameStamp { sequence: captured.sequence, captured_at_us: captured.captured_at_us };
            let frame = match captured.frame {
                Ok(frame) => frame,
                Err(error) => {
                    let why = chain(&error);
                    if why != told {
                        say(&format!("frame {}: {why}", captured.sequence));
                    }
                    // A camera that waits for its trigger gives no frame for as long as there is no part.
                    let waits = matches!(announcing, Announcing::Trigger(..));
                    failures += u32::from(!waits);
                    if failures == MAX_FAILURES {
                        bail!("{what}: {failures} frames in a row failed, the last: {why}");
                    }
                    told = why;
                    continue;
                }
            };
            let is_part = match announcing {
                // What was captured before was there before the part, or with a hand in it.
                Announcing::Operator => stamp.captured_at_us >= asked_us,
                Announcing::Frames => true,
                Announcing::Trigger(inputs, announced) => {
                    let missed = announced.missed();
                    let mut lost = 0;
                    inputs.wait(Duration::ZERO, &mut |input| match input {
                        Input::Trigger { at_us } => announced.trigger(at_us),
                        Input::Missed { lost: more, .. } => lost += more,
                        Input::Tick { .. } | Input::Reset { .. } => {}
                    })?;
                    let takes = announced.takes(stamp.captured_at_us);
                    if announced.missed() > missed || lost > 0 {
                        say(&format!("{what}: a trigger had no frame; feed the part again"));
                    }
                    takes
                }
            };
            if !is_part {
                inspector.pass_over(&frame, stamp);
                continue;
            }
            let inspection = inspector.inspect(&frame, stamp);
            if let Some(failure) = &inspection.failure {
                say(&format!("{what}: {}", chain(failure)));
            }
            return Ok(match (inspection.verdict, inspection.score) {
                (Verdict::Fault(reason), _) => BadPart::Fault(reason),
                (Verdict::Pass(_) | Verdict::Reject(_), Some(score)) => BadPart::Measured(score),
                (Verdict::Pass(_) | Verdict::Reject(_), None) => bail!("{what}: a verdict without a score"),
            });
        }
    }
}

/// Asks for a part and waits for Enter.
fn ask(what: &str) -> anyhow::Result<()> {
    let _ = write!(io::stderr(), "put {what}, then press Enter ");
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line).context("standard input cannot be read")?;
    if read == 0 {
        bail!("standard input ended; nothing was changed");
    }
    Ok(())
}
