//! Progress on standard error: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that counts `length` things called `what`.
pub fn counting(what: &'static str, length: u64) -> ProgressBar {
    bar(length, &format!("{what:<10} {{bar:32}} {{pos}}/{{len}}  {{elapsed}}, {{eta}} left"))
}

/// A bar for training steps, with losses as its message.
pub fn training(steps: u64) -> ProgressBar {
    bar(steps, "training   {bar:32} {pos}/{len} steps  {elapsed}, {eta} left at most  {msg}")
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Says one line: above the bars on a terminal, as plain text elsewhere.
pub fn say(line: impl AsRef<str>) {
    eprintln!("{}", line.as_ref());
}

/// Whether a person is watching standard error.
pub fn is_interactive() -> bool {
    std::io::stderr().is_terminal()
}
