//! Answers as OpenSSH 9.2 and the station's programs give them, and answers that nobody should believe.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use proptest::prelude::*;

use super::*;

const ID: &str = "4dfd000000000000000000000000000000000000000000000000000000000000";
const LENGTH: usize = 1000;

fn ran(code: i32, stdout: &str, stderr: &str) -> Ran {
    let status = Some(ExitStatus::from_raw(code << 8));
    Ran { status, stdout: stdout.into(), stderr: stderr.into(), taken: LENGTH }
}

fn cut(code: i32, stderr: &str) -> Ran {
    Ran { taken: LENGTH / 2, ..ran(code, "", stderr) }
}

fn object(result: &str, bundle: Option<&str>, error: Option<&str>, code: i32) -> String {
    serde_json::json!({
        "result": result, "bundle": bundle, "release": 3, "product": "p", "previous": null, "generation": 9,
        "trial_parts": 50, "error": error, "code": code,
    })
    .to_string()
}

fn install(ran: &Ran) -> Outcome {
    of_install(ran, ID, LENGTH)
}

fn problem(outcome: &Outcome) -> Problem {
    let Failed { problem, .. } = outcome else { panic!("{outcome:?}") };
    *problem
}

#[test]
fn a_success_names_the_bundle_and_ends_with_0() {
    let took = Took { release: Some(3), previous: None, generation: 9, trial_parts: 50, confirmed: false };
    let answer = object("installed", Some(ID), None, 0);
    assert_eq!(install(&ran(0, &answer, "")), Installed(took.clone()));
    assert_eq!(install(&ran(0, &format!("Welcome!\n{answer}\n\n"), "")), Installed(took.clone()));
    assert_eq!(install(&ran(0, &object("already_active", Some(ID), None, 0), "")), AlreadyActive(took));
    let other = ID.replace('4', "5");
    for answer in [
        ran(1, &answer, ""),
        ran(0, &object("installed", Some(&other), None, 0), ""),
        ran(0, &object("installed", None, None, 0), ""),
        ran(0, &object("refused", None, None, 0), ""),
        ran(0, &object("perhaps", Some(ID), None, 0), ""),
    ] {
        assert_eq!(problem(&install(&answer)), Problem::Unintelligible);
    }
    for answer in ["", "{}", "[]", "yes", &answer[..40], &answer.repeat(2)] {
        assert!(!install(&ran(0, answer, "")).is_success(), "{answer}");
    }
}

#[test]
fn refusals_keep_their_code_and_words() {
    for code in 10..=19 {
        let refused = install(&ran(code, &object("refused", None, Some("no"), code), "error: no"));
        assert_eq!(refused, Refused { code, error: "no".to_owned() });
    }
    // The object and the exit code have to agree.
    assert_eq!(problem(&install(&ran(11, &object("refused", None, None, 15), ""))), Problem::Unintelligible);
    for (said, expected) in [
        ("cannot be written: No space left on device (os error 28)", Problem::DiskFull),
        ("cannot be made: Read-only file system (os error 30)", Problem::ReadOnly),
        ("cannot be read: Permission denied (os error 13)", Problem::NotAllowed),
        ("cannot be read: Input/output error (os error 5)", Problem::Station),
    ] {
        assert_eq!(problem(&install(&ran(1, &object("refused", None, Some(said), 1), ""))), expected);
        assert_eq!(problem(&install(&ran(1, "", &format!("error: {said}")))), expected);
    }
}

#[test]
fn what_ssh_says_is_told_apart() {
    for (said, expected) in [
        ("ssh: Could not resolve hostname line9: Name or service not known", Problem::UnknownHost),
        ("ssh: connect to host 127.0.0.1 port 9: Connection refused", Problem::Unreachable),
        ("ssh: connect to host 10.1.2.3 port 22: Connection timed out", Problem::Unreachable),
        ("ssh: connect to host 10.1.2.3 port 22: No route to host", Problem::Unreachable),
        (
            "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.",
            Problem::OtherHostKey,
        ),
        ("Host key verification failed.", Problem::UnknownHostKey),
        (
            "No ED25519 host key is known for [127.0.0.1]:2222 and you have requested strict checking.\n\
             Host key verification failed.",
            Problem::UnknownHostKey,
        ),
        ("edge-runtime@line1: Permission denied (publickey).", Problem::PermissionDenied),
        ("command-line: line 0: Bad configuration option: colour", Problem::SshRefuses),
        ("kex_exchange_identification: Connection closed by remote host", Problem::Lost),
        ("Connection timed out during banner exchange", Problem::Lost),
        ("client_loop: send disconnect: Broken pipe", Problem::Lost),
        ("Connection to 127.0.0.1 closed by remote host.", Problem::Lost),
        ("Timeout, server 10.1.2.3 not responding.", Problem::Lost),
        ("ssh_dispatch_run_fatal: something else", Problem::Ssh),
    ] {
        let outcome = install(&cut(255, said));
        assert_eq!(problem(&outcome), expected, "{said}");
        assert_eq!(outcome.changed(), Some(false), "{said}");
    }
}

/// Once the whole bundle is off, a station may have taken it though nobody heard the answer.
#[test]
fn what_is_not_known_is_said_to_be_not_known() {
    for said in ["client_loop: send disconnect: Broken pipe", "Connection to line1 closed by remote host.", ""] {
        let outcome = install(&ran(255, "", said));
        assert_eq!((problem(&outcome), outcome.changed()), (Problem::LostAfterAll, None));
        // An object does not count without its exit code.
        assert!(!install(&ran(255, &object("installed", Some(ID), None, 0), said)).is_success());
    }
    let ended = |taken| Ran { status: None, taken, ..ran(0, "", "") };
    assert_eq!(problem(&install(&ended(LENGTH))), Problem::TimedOutAfterAll);
    assert_eq!(problem(&install(&ended(LENGTH - 1))), Problem::TimedOut);
    let killed = Ran { status: Some(ExitStatus::from_raw(9)), ..ran(0, "", "") };
    assert_eq!(install(&killed).changed(), None);
}

#[test]
fn a_station_without_the_program_or_with_an_old_one_is_told_apart() {
    assert_eq!(problem(&install(&cut(127, "sh: 1: edge-runtime: not found"))), Problem::NoProgram);
    assert_eq!(problem(&install(&cut(126, "sh: 1: /x: Permission denied"))), Problem::NotAllowed);
    assert_eq!(problem(&install(&cut(2, "error: unrecognized subcommand 'install'"))), Problem::TooOld);
    assert_eq!(problem(&install(&cut(2, "error: unexpected argument '--json' found"))), Problem::Usage);
    let nologin = Ran { taken: LENGTH / 2, ..ran(1, "This account is currently not available.\n", "") };
    assert_eq!(problem(&install(&nologin)), Problem::NoShell);
}

#[test]
fn a_store_is_asked_without_a_bundle() {
    let store = |active: &str, confirmed: bool| {
        let parts = if confirmed { 0 } else { 7 };
        format!(
            "{{\"generation\":2,\"active\":\"{active}\",\"previous\":null,\"tries_left\":3,\
             \"trial_parts_left\":{parts},\"confirmed\":{confirmed}}}\n"
        )
    };
    let took = Took { release: None, previous: None, generation: 2, trial_parts: 7, confirmed: false };
    assert_eq!(of_store(&ran(0, &store(ID, false), ""), ID), AlreadyActive(took.clone()));
    assert_eq!(of_store(&ran(0, &store("abc", true), ""), ID), Ready { active: Some("abc".to_owned()) });
    let empty = "error: /var/lib/edge-runtime/store: no bundle is installed; install one";
    assert_eq!(of_store(&ran(1, "", empty), ID), Ready { active: None });
    let asked = of_store(&ran(255, "", "Connection closed by 10.1.2.3 port 22"), ID);
    assert_eq!((problem(&asked), asked.changed()), (Problem::Lost, Some(false)), "nothing was to change");
    let asked = of_store(&Ran { status: None, ..ran(0, "", "") }, ID);
    assert_eq!(asked.changed(), Some(false));

    let installed = Installed(Took { release: Some(3), ..took.clone() });
    let confirmed = of_confirm(&ran(0, &store(ID, true), ""), ID, installed.clone());
    assert_eq!(confirmed, Installed(Took { release: Some(3), confirmed: true, trial_parts: 0, ..took }));
    for answer in [ran(0, &store(ID, false), ""), ran(0, &store("abc", true), ""), ran(255, "", "client_loop:")] {
        assert_eq!(problem(&of_confirm(&answer, ID, installed.clone())), Problem::NotConfirmed);
    }
}

#[test]
fn text_of_a_station_steers_no_terminal_and_has_an_end() {
    let hostile = format!("\u{1b}[2Jgone\u{7}\u{202e}{}", "x".repeat(100_000));
    let refused = install(&ran(11, &object("refused", None, Some(&hostile), 11), ""));
    let error = refused.error().unwrap();
    assert!(error.chars().count() < 500 && !error.contains(|c: char| c.is_control() || c == '\u{202e}'), "{error}");
    let failed = install(&ran(9, "", &hostile));
    assert!(!failed.error().unwrap().contains('\u{1b}'));
}

proptest! {
    #[test]
    fn nothing_that_a_station_says_is_a_success_by_chance(
        code in 0..=255_i32,
        stdout in prop::collection::vec(any::<u8>(), 0..200),
        stderr in "\\PC{0,80}",
    ) {
        let answer = Ran { stdout, ..ran(code, "", &stderr) };
        prop_assert!(!install(&answer).is_success());
        prop_assert!(!of_store(&answer, ID).is_success() || code == 1);
    }
}
