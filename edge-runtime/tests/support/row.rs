//! One row of the fault matrix, in the form that `.ci/fault-matrix` collects.

/// Prints it: what was injected how many times, how many parts passed that must not, what else has to hold for this
/// row, and whether all of it did.
pub fn row(id: &str, injection: &str, count: u64, false_passes: u64, criterion: &str, held: bool) {
    let held = if held { "yes" } else { "NO" };
    println!("ROW {id} | {injection} | {count} | {false_passes} | {criterion} | {held}");
}
