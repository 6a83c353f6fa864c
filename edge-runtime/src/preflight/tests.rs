//! Tests of the parent's side, with shell scripts as children: each misbehaves in one way.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::*;
use crate::clock::{Clock, MonotonicClock};

fn script(folder: &Path, body: &str) -> PathBuf {
    let path = folder.join("program");
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn checked(body: &str, wall_ms: u64) -> Result<Preflight, PreflightError> {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { wall: Duration::from_millis(wall_ms), memory_mib: 64 };
    check(&script(folder.path(), body), Path::new("a bundle"), &limits)
}

const ACCEPTED: &str = concat!(
    r#"{"result":"accepted","bundle":"00ff","golden_frames":8,"nodes":1,"#,
    r#""weights":2,"macs":3,"activation_bytes":4,"peak_bytes":5}"#
);

#[test]
fn a_report_is_believed_if_the_child_ended_well() {
    let passed = checked(&format!("echo '{ACCEPTED}'"), 5000).unwrap();
    assert_eq!((passed.bundle.as_str(), passed.golden_frames, passed.peak_bytes), ("00ff", 8, 5));
    assert_eq!(passed.work, Work { nodes: 1, weights: 2, macs: 3, activation_bytes: 4 });
    let error = checked(&format!("echo '{ACCEPTED}'; exit 3"), 5000).unwrap_err();
    assert!(matches!(error, PreflightError::NoReport { code: Some(3), .. }), "{error}");
    let error = checked(&format!("echo '{ACCEPTED}'; kill -SEGV $$"), 5000).unwrap_err();
    assert!(matches!(error, PreflightError::Crashed { signal: 11, .. }), "{error}");
}

#[test]
fn a_refusal_keeps_its_words_and_memory_is_its_own_error() {
    let refused = |stage: &str| {
        let line = format!(r#"{{"result":"refused","stage":"{stage}","message":"too big","peak_bytes":9}}"#);
        checked(&format!("echo '{line}'; exit 1"), 5000).unwrap_err()
    };
    let error = refused("admission");
    assert!(matches!(&error, PreflightError::Refused { stage: Stage::Admission, message, peak_bytes: 9, .. }
        if message == "too big"));
    assert_eq!(error.to_string(), "the bundle is refused by its admission: too big");
    assert!(matches!(refused("memory"), PreflightError::OutOfMemory { allowed_mib: 64, .. }));
    let error = checked("echo 'memory allocation of 7 bytes failed' >&2; kill -ABRT $$", 5000).unwrap_err();
    assert!(matches!(error, PreflightError::OutOfMemory { .. }), "{error}");
    let error = checked("kill -XCPU $$", 5000).unwrap_err();
    assert!(matches!(error, PreflightError::TooSlow { .. }), "{error}");
}

#[test]
fn a_child_that_hangs_is_ended_in_time_with_what_it_started() {
    let clock = MonotonicClock::new();
    // It keeps the pipes open through a child of its own, which ignores its end.
    for body in
        ["sleep 30 & wait", "exec >&- 2>&-; exec sleep 30", "while :; do :; done", "trap '' TERM; exec sleep 30"]
    {
        let started = clock.now_us();
        let error = checked(body, 200).unwrap_err();
        assert!(matches!(error, PreflightError::TooSlow { allowed_ms: 200, .. }), "{error}");
        let took_us = clock.now_us() - started;
        assert!((200_000..3_000_000).contains(&took_us), "{body}: {took_us}");
    }
}

#[test]
fn noise_and_silence_are_no_report() {
    for body in ["echo hello", "exit 0", "exit 9", &format!("echo '{ACCEPTED}'; echo '{ACCEPTED}'")] {
        let error = checked(body, 5000).unwrap_err();
        assert!(matches!(error, PreflightError::NoReport { .. }), "{body}: {error}");
    }
    // 16 MiB on both pipes: neither a deadlock nor memory.
    let error = checked("head -c 16777216 /dev/zero; head -c 16777216 /dev/zero >&2", 5000).unwrap_err();
    assert!(matches!(error, PreflightError::NoReport { code: Some(0), .. }), "{error}");
}

#[test]
fn nothing_of_ours_reaches_the_child_and_a_missing_program_is_told() {
    let passed = checked(
        &format!(
            r#"[ -z "$HOME$NOTIFY_SOCKET$CARGO" ] || exit 1
            [ "$*" = "preflight --memory-mib 64 --seconds 6 --bundle a bundle" ] || exit 2
            ! read line && echo '{ACCEPTED}'"#
        ),
        5000,
    );
    assert!(passed.is_ok(), "{passed:?}");
    let error = check(Path::new("/nowhere"), Path::new("b"), &Limits::default()).unwrap_err();
    assert!(matches!(error, PreflightError::NotRun(_)));
}
