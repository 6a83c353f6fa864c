//! Models that are let in and models that are not: the list of operators against the engine, a corpus of hostile models
//! through the child process, and models whose output is of no use. Rows M1 and M2 of the fault matrix.
#![cfg(target_os = "linux")]

mod allowed;
mod builder;
mod bundle;
mod hostile;
mod outputs;
mod refused;
#[path = "../support/seal.rs"]
mod seal;
