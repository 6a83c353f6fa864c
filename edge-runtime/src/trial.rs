//! A trial aid: makes one stage of the running program panic or hang, once, so that what follows can be seen from
//! outside (rows P2 and P3 of the fault matrix). Nothing is armed unless [`arm`] is called, which `run` does for the
//! environment variable [`VARIABLE`], and only where no pin can move. It can stop a stage and do nothing else: it has no way to a
//! verdict or an output. Not armed, a point costs one load of an atomic.

use std::str::FromStr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::thread;

/// The environment variable that `run` reads at its start: what, where, when; for example `panic score 40`.
pub const VARIABLE: &str = "EDGE_RUNTIME_TRIAL";

/// A place where the program can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The inspection thread, before it asks for a frame.
    Capture = 1,
    /// The same, between admission and preprocessing.
    Preprocess,
    /// The same, before the model runs. The self-test comes by here, too.
    Inference,
    /// Within the model's own guard, where a panic of the inference engine is caught.
    Model,
    /// The inspection thread, before it scores. The self-test comes by here, too.
    Score,
    /// The same, before a record is written: the verdict is with the line already.
    Recording,
    /// The thread that writes images, before it writes one.
    Images,
    /// The line thread, before it looks what is due.
    Line,
    /// The same, right after an accept edge: the output is active, and the line is locked.
    Pulse,
    /// The housekeeping thread, ten times a second.
    Housekeeping,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 10] = [
        Self::Capture,
        Self::Preprocess,
        Self::Inference,
        Self::Model,
        Self::Score,
        Self::Recording,
        Self::Images,
        Self::Line,
        Self::Pulse,
        Self::Housekeeping,
    ];

    /// The name in [`VARIABLE`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Preprocess => "preprocess",
            Self::Inference => "inference",
            Self::Model => "model",
            Self::Score => "score",
            Self::Recording => "recording",
            Self::Images => "images",
            Self::Line => "line",
            Self::Pulse => "pulse",
            Self::Housekeeping => "housekeeping",
        }
    }
}

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The thread panics.
    Panic,
    /// The thread never goes on.
    Hang,
}

/// One trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// What.
    pub act: Act,
    /// Where.
    pub stage: Stage,
    /// The how-manieth time that the stage is reached, from 1.
    pub at: u64,
}

/// The text of a trial that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found {VARIABLE}={found:?}, expected \"panic|hang STAGE COUNT\"; unset it outside of trials")]
pub struct InvalidTrial {
    found: String,
}

impl FromStr for Trial {
    type Err = InvalidTrial;

    fn from_str(text: &str) -> Result<Self, InvalidTrial> {
        let parse = || {
            let mut words = text.split(' ');
            let act = match words.next()? {
                "panic" => Act::Panic,
                "hang" => Act::Hang,
                _ => return None,
            };
            let name = words.next()?;
            let stage = Stage::ALL.into_iter().find(|stage| stage.name() == name)?;
            let at = words.next()?.parse().ok().filter(|&at| at > 0)?;
            words.next().is_none().then_some(Self { act, stage, at })
        };
        parse().ok_or_else(|| InvalidTrial { found: text.to_owned() })
    }
}

/// The stage that is armed; 0: none.
static STAGE: AtomicU8 = AtomicU8::new(0);
static LEFT: AtomicU64 = AtomicU64::new(0);
static HANGS: AtomicU8 = AtomicU8::new(0);

/// Arms it, for this process, from now on.
pub fn arm(trial: Trial) {
    LEFT.store(trial.at, Ordering::Relaxed);
    HANGS.store((trial.act == Act::Hang).into(), Ordering::Relaxed);
    STAGE.store(trial.stage as u8, Ordering::Release);
}

/// A stage is reached. Does nothing unless a trial is armed for it.
///
/// # Panics
///
/// If that is the trial. Or it never returns.
#[inline]
pub fn reached(stage: Stage) {
    if STAGE.load(Ordering::Acquire) == stage as u8 {
        count_down(stage);
    }
}

#[cold]
fn count_down(stage: Stage) {
    if LEFT.fetch_sub(1, Ordering::Relaxed) != 1 {
        return;
    }
    assert!(HANGS.load(Ordering::Relaxed) != 0, "a trial: {} was told to panic", stage.name());
    loop {
        thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_is_read_or_refused() {
        for stage in Stage::ALL {
            let read = format!("hang {} 7", stage.name()).parse();
            assert_eq!(read, Ok(Trial { act: Act::Hang, stage, at: 7 }));
        }
        assert_eq!("panic score 1".parse(), Ok(Trial { act: Act::Panic, stage: Stage::Score, at: 1 }));
        for text in ["", "panic", "panic score", "panic score 0", "panic score -1", "pass score 1", "panic gate 1"] {
            let error = text.parse::<Trial>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}, expected \"panic|hang STAGE COUNT\"")), "{error}");
        }
        assert!("panic score 1 ".parse::<Trial>().is_err());
    }
}
