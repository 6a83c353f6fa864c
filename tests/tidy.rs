//! The rules of `docs/ARCHITECTURE.md` that can be read off the source text.

use std::fs;
use std::path::{Path, PathBuf};

use crate::programs::repository;

/// Above this a file is likely to hold a second concept.
const MAX_LINES: usize = 400;

struct Source {
    name: String,
    text: String,
}

impl Source {
    /// The text before the tests.
    fn code(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default()
    }
}

fn sources(folder: &str) -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&repository().join(folder), &mut files);
    files.sort();
    assert!(!files.is_empty(), "{folder} holds no source");
    let name = |path: &Path| path.strip_prefix(repository()).unwrap().to_string_lossy().replace('\\', "/");
    files.iter().map(|path| Source { name: name(path), text: fs::read_to_string(path).unwrap() }).collect()
}

fn all() -> Vec<Source> {
    ["shared/src", "edge-runtime/src", "host-trainer/src", "tests"].into_iter().flat_map(sources).collect()
}

fn is_test_file(name: &str) -> bool {
    name.ends_with("/tests.rs") || name.ends_with("/testing.rs") || name.ends_with("/test_support.rs")
}

#[test]
fn every_file_says_what_it_is_and_holds_one_concept() {
    for source in all() {
        assert!(source.text.starts_with("//! "), "{} does not open with a `//!` line", source.name);
        let lines = source.text.lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", source.name);
    }
}

#[test]
fn shared_computes_in_integers() {
    for source in sources("shared/src").iter().filter(|source| !is_test_file(&source.name)) {
        let words = |line: &str| line.split("//").next().unwrap_or("").to_owned();
        for (number, line) in source.code().lines().enumerate() {
            let code = words(line);
            let float =
                code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "f32" || word == "f64");
            assert!(!float, "{}:{}: {line}", source.name, number + 1);
        }
    }
}

/// One file names tract and one reads clocks.
#[test]
fn each_border_has_one_gate() {
    for source in all().iter().filter(|source| source.name.contains("/src/") && !is_test_file(&source.name)) {
        let code: String =
            source.code().lines().map(|line| format!("{}\n", line.split("//").next().unwrap())).collect();
        if source.name != "edge-runtime/src/reconstruct/onnx.rs" {
            assert!(!code.contains("tract_onnx"), "{} names tract", source.name);
        }
        if source.name != "edge-runtime/src/clock.rs" {
            for clock in ["Instant::now", "SystemTime::now"] {
                assert!(!code.contains(clock), "{} reads a clock", source.name);
            }
        }
    }
}
