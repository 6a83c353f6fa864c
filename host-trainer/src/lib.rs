//! Host side of the inspection system: learns from photographs of good parts and seals what a station needs to judge
//! further ones into a bundle.
//!
//! ```text
//! dataset -> training (model, loss, augmentation) -> export -> calibration -> bundle -> evaluation
//! ```
//!
//! Preprocessing and scoring are the station's own (`shared`, `edge_runtime`). This crate knows neither cameras nor pins.

pub mod augmentation;
pub mod calibration;
pub mod cli;
pub mod command;
pub mod comparison;
pub mod convolution;
pub mod dataset;
pub mod detectability;
pub mod device;
pub mod digest;
pub mod drawn_mask;
pub mod evaluation;
pub mod export;
pub mod files;
pub mod flash;
pub mod interrupt;
pub mod job;
pub mod listing;
pub mod loss;
pub mod margin;
pub mod model;
pub mod normalisation;
pub mod progress;
pub mod random;
pub mod recalibration;
pub mod recipe;
pub mod render;
pub mod report;
pub mod scoring;
pub mod search;
pub mod settings;
pub mod signing;
pub mod study;
pub mod training;
mod vectors;
pub mod versions;
pub mod watch;
