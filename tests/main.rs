//! Tests that cross the crates' borders, in one binary. Each module holds one claim of the project's.

mod calibrate;
mod compared_frames;
mod coverage;
mod default_model;
mod drawn_mask;
mod fixed_scale;
mod interruption;
mod onnx_parity;
mod pass_cannot_be_forged;
mod programs;
mod report;
#[cfg(feature = "chromium")]
mod report_in_chromium;
mod self_test;
mod signing;
#[cfg(feature = "ssh")]
mod ssh;
mod study;
mod tidy;
mod train_to_replay;
#[cfg(feature = "vulkan")]
mod wgpu_agrees_with_the_cpu;
