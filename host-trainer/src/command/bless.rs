//! `bless`: replaces the committed default model, and the recorded frames and verdicts that the tests hold it to.

use crate::cli::BlessArgs;

/// Runs `bless`.
pub fn run(_args: &BlessArgs) -> anyhow::Result<()> {
    anyhow::bail!("not yet")
}
