//! Code outside `shared` cannot make a Pass: each program in `forgeries` tries one way, and the compiler must refuse it
//! with the errors that its first lines name. `judged.rs` names none: it takes the one way that exists.
//!
//! That a verdict cannot be read from bytes either is a `compile_fail` example in `shared::verdict`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::programs::repository;

/// The newest build of `shared` among this test's own dependencies.
fn shared_library(folder: &Path) -> PathBuf {
    let is_shared = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libshared-") && name.ends_with(".rlib")
    };
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(is_shared)
        .max_by_key(|path| path.metadata().and_then(|metadata| metadata.modified()).unwrap())
        .expect("the tests are built beside `shared`")
}

/// The error codes of a line such as `error[E0451]: field ...`.
fn codes(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| {
            Some(line.strip_prefix("error[").or_else(|| line.strip_prefix("//! error["))?.split_once(']')?.0)
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_compiler_refuses_every_forgery_and_accepts_the_judge() {
    let dependencies = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let shared = format!("shared={}", shared_library(&dependencies).display());
    let out = tempfile::tempdir().unwrap();
    let mut forgeries = 0;
    for entry in fs::read_dir(repository().join("tests/forgeries")).unwrap() {
        let file = entry.unwrap().path();
        let expected = codes(&fs::read_to_string(&file).unwrap());
        let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .args(["--edition", "2024", "--emit", "metadata", "--extern", &shared, "-L"])
            .arg(format!("dependency={}", dependencies.display()))
            .arg("--out-dir")
            .arg(out.path())
            .arg(&file)
            .output()
            .expect("rustc runs: it built this test");
        let messages = String::from_utf8_lossy(&output.stderr);
        assert_eq!(codes(&messages), expected, "{}:\n{messages}", file.display());
        assert_eq!(output.status.success(), expected.is_empty(), "{}:\n{messages}", file.display());
        forgeries += usize::from(!expected.is_empty());
    }
    assert_eq!(forgeries, 5);
}
