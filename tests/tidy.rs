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
    let host = ["shared/src", "shared/tests", "edge-runtime/src", "host-trainer/src", "tests"];
    let beside = ["firmware/thumbv7em/src", "fuzz/src", "fuzz/fuzz_targets"];
    host.into_iter().chain(beside).flat_map(sources).collect()
}

fn is_test_file(name: &str) -> bool {
    name.contains("/tests/")
        || name.ends_with("/tests.rs")
        || name.ends_with("/testing.rs")
        || name.ends_with("/test_support.rs")
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

/// One file names tract, one reads clocks, and two name Linux pins: outputs and inputs.
#[test]
fn each_border_has_one_gate() {
    for source in all().iter().filter(|source| source.name.contains("/src/") && !is_test_file(&source.name)) {
        let code: String =
            source.code().lines().map(|line| format!("{}\n", line.split("//").next().unwrap())).collect();
        if source.name != "edge-runtime/src/reconstruct/onnx.rs" {
            assert!(!code.contains("tract_onnx"), "{} names tract", source.name);
        }
        if !["actuator", "trigger"].map(|folder| format!("edge-runtime/src/{folder}/gpio.rs")).contains(&source.name) {
            assert!(!code.contains("gpiocdev::"), "{} names Linux pins", source.name);
        }
        if source.name != "edge-runtime/src/clock.rs" {
            for clock in ["Instant::now", "SystemTime::now", "clock_gettime"] {
                assert!(!code.contains(clock), "{} reads a clock", source.name);
            }
        }
    }
}

/// Where unsafe code may be outside of tests: the calls into the kernel's video interface, and defmt's interface of a
/// logger.
const UNSAFE: [&str; 2] = ["edge-runtime/src/camera/v4l/sys.rs", "edge-runtime/src/log/logger.rs"];

/// Where it is allowed; `log/lines.rs` for what defmt's macros expand to.
const UNSAFE_ALLOWED: [&str; 3] =
    ["edge-runtime/src/camera/v4l/mod.rs", "edge-runtime/src/log/lines.rs", "edge-runtime/src/log/logger.rs"];

#[test]
fn unsafe_code_is_where_it_has_to_be() {
    let is_word = |line: &str, word: &str| {
        line.split("//").next().unwrap_or("").split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
    };
    let mut allowed = Vec::new();
    for source in all().iter().filter(|source| source.name != "tests/tidy.rs") {
        for (number, line) in source.text.lines().enumerate() {
            // In quotes it is a word of the text.
            let unsafe_code = is_word(line, "unsafe") && !line.contains("'unsafe-inline'");
            assert!(!unsafe_code || UNSAFE.contains(&source.name.as_str()), "{}:{}: {line}", source.name, number + 1);
            if line.contains("allow(unsafe_code") {
                allowed.push(source.name.clone());
            }
        }
    }
    allowed.sort();
    assert_eq!(allowed, UNSAFE_ALLOWED);
}

/// The workspaces beside the main one build `shared` with the same crates, to the version.
#[test]
fn shared_is_built_from_the_same_crates_everywhere() {
    let crates_of_shared = |folder: &str| {
        let lock = fs::read_to_string(repository().join(folder).join("Cargo.lock")).unwrap();
        let lock: toml::Table = lock.parse().unwrap();
        let packages = lock["package"].as_array().unwrap();
        let text = |package: &toml::Value, field| package[field].as_str().unwrap().to_owned();
        let shared = packages.iter().find(|package| text(package, "name") == "shared").unwrap();
        let names = shared["dependencies"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        // `name`, or `name version` where the lock file has several versions.
        let versions = names.map(|dependency| {
            let (name, version) = dependency.split_once(' ').unwrap_or((dependency, ""));
            let of_name = packages.iter().find(|package| text(package, "name") == name).unwrap();
            let version = if version.is_empty() { text(of_name, "version") } else { version.to_owned() };
            format!("{name} {version}")
        });
        versions.collect::<Vec<_>>()
    };
    // With what only the tests need.
    let main = crates_of_shared("");
    for folder in ["firmware/thumbv7em", "fuzz", "shared/benchmark"] {
        let found = crates_of_shared(folder);
        assert!(!found.is_empty());
        for package in found {
            assert!(
                main.contains(&package),
                "{folder}: found {package}, expected one of {main:?}; cargo update --precise"
            );
        }
    }
}
