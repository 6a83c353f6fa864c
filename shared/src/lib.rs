//! The inspection arithmetic that the trainer and the station share.
//!
//! A frame from the line goes through the modules in this order:
//!
//! | step | module | from | to |
//! |---|---|---|---|
//! | view | [`image`] | bytes and a stride | a checked [`FrameView`](image::FrameView) |
//! | admission | [`admission`] | a frame and its time stamp | an [`Admitted`](admission::Admitted) token, or a fault |
//! | preprocessing | [`preprocess`] | the frame | 8-bit gray pixels of the model's input size |
//! | reconstruction | [`reconstruction`] | the model's output, as bit patterns | 8-bit gray pixels and a [`Finite`](reconstruction::Finite) token |
//! | comparison | [`similarity`] | input and reconstruction | a difference map |
//! | pooling | [`difference`] | the difference map | one [`Score`](score::Score) |
//! | judgement | [`verdict`] | the tokens and the score | a [`Verdict`](verdict::Verdict) |
//!
//! [`bundle`] reads the one file a station is flashed with, and [`wire`] the messages inside and outside it.
//!
//! Every difference and score is an unsigned integer in Q24: 1.0 is `1 << 24`. The same inputs give the same
//! integers on every processor.
//!
//! The crate does not know files, clocks, tensors or operating systems. It allocates nothing (the caller owns
//! every buffer), computes in integers only, contains no unsafe code, and returns an error where an input is
//! out of range; it does not panic.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[cfg(test)]
extern crate std;

pub mod admission;
pub mod bundle;
pub mod difference;
mod fixed_point;
pub mod image;
pub mod preprocess;
pub mod reconstruction;
mod row_window;
pub mod score;
pub mod similarity;
#[cfg(test)]
mod testing;
pub mod verdict;
pub mod wire;
