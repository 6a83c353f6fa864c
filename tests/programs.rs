//! The built programs, run as a user runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Root of the checkout.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in a folder of the repository")
}

/// Where cargo puts the workspace's programs: two folders above this test's executable.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running test has an executable");
    let folder = test.parent().and_then(Path::parent).expect("test executables lie in target/PROFILE/deps");
    let program = folder.join(name);
    assert!(program.is_file(), "{} is not built: run `cargo test --workspace`", program.display());
    program
}

/// Runs a program of the workspace to its end.
pub fn run(name: &str, arguments: &[&str]) -> Output {
    Command::new(program(name)).args(arguments).output().expect("the program starts")
}

/// Runs `edge-runtime replay --json`, which must succeed, and parses its lines.
pub fn replay(bundle: &Path, frames: &Path) -> Vec<Value> {
    let output = run("edge-runtime", &["replay", "--bundle", path(bundle), path(frames), "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is one JSON object")).collect()
}

/// A path as an argument.
pub fn path(path: &Path) -> &str {
    path.to_str().expect("test paths are UTF-8")
}
