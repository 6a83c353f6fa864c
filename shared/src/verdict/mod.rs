//! The verdict on a part: pass, reject or fault.
//!
//! A [`Pass`] is built in one place, [`judge`], from proofs that only the checks themselves can make: the frame
//! was [`Admitted`] (new, fresh, of an accepted size), the bundle is [`Verified`], the model's output [`Finite`],
//! and the score in range by its type. A verdict has no default, can't be copied and can't be read from bytes; what
//! was recorded is another type, [`RecordedVerdict`](crate::wire::RecordedVerdict).
//!
//! It does not know how a verdict moves a gate.
//!
//! A pass can't be built elsewhere:
//!
//! ```compile_fail,E0451
//! # fn f(score: shared::score::Score, stamp: shared::admission::FrameStamp, bundle: shared::bundle::BundleId) {
//! let pass = shared::verdict::Pass { score, stamp, bundle };
//! # }
//! ```
//!
//! nor by default, nor be spent twice, nor be read from bytes:
//!
//! ```compile_fail,E0277
//! fn needs<T: Default>() {}
//! needs::<shared::verdict::Pass>();
//! ```
//!
//! ```compile_fail,E0277
//! fn needs<T: Clone>() {}
//! needs::<shared::verdict::Pass>();
//! ```
//!
//! ```compile_fail,E0277
//! fn needs<T: for<'a> serde::Deserialize<'a>>() {}
//! needs::<shared::verdict::Verdict>();
//! ```

mod fault;
#[cfg(test)]
mod tests;

pub use fault::{FaultReason, UnknownFault};

use crate::admission::{Admitted, FrameStamp};
use crate::bundle::{BundleId, Verified};
use crate::reconstruction::Finite;
use crate::score::Score;

/// What was decided about a part. Everything but a pass diverts the part.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The part is good.
    Pass(Pass),
    /// The part is not good enough.
    Reject(Rejection),
    /// The part could not be judged.
    Fault(FaultReason),
}

/// The permission to let one part through. It can be made by [`judge`] only, and is used up by the one who acts on it.
#[derive(Debug, PartialEq, Eq)]
pub struct Pass {
    score: Score,
    stamp: FrameStamp,
    bundle: BundleId,
}

impl Pass {
    /// The score, below the threshold.
    pub const fn score(&self) -> Score {
        self.score
    }

    /// The frame that was judged.
    pub const fn stamp(&self) -> FrameStamp {
        self.stamp
    }

    /// The bundle that it was judged with.
    pub const fn bundle(&self) -> BundleId {
        self.bundle
    }
}

/// A part that was judged and is not good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The score, at or above the threshold.
    pub score: Score,
}

/// Judges a part: reject if and only if the score is at or above the threshold of the bundle.
///
/// A fault where the proofs do not belong together: [`FrameSize`](FaultReason::FrameSize) if the bundle does not
/// accept frames of the admitted size, [`OutputSize`](FaultReason::OutputSize) if the reconstruction has not as many
/// pixels as the bundle's model.
#[must_use]
pub fn judge(admitted: Admitted, bundle: Verified, finite: Finite, score: Score) -> Verdict {
    if !bundle.accepted().accepts(admitted.size()) {
        return Verdict::Fault(FaultReason::FrameSize);
    }
    if !finite.fills(bundle.reconstruction()) {
        return Verdict::Fault(FaultReason::OutputSize);
    }
    if bundle.threshold().rejects(score) {
        return Verdict::Reject(Rejection { score });
    }
    Verdict::Pass(Pass { score, stamp: admitted.stamp(), bundle: bundle.id() })
}
