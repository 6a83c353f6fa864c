//! What a station's answer means: the one place that reads the output of `edge-runtime` and of `ssh`.
//!
//! Text of a station is not trusted: it is bounded, and signs that a terminal would obey are taken out. Only an exit
//! code of 0 with one object that names the very bundle is a success.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::outcome::{Outcome, Outcome::*, Problem, Took};
use super::process::Ran;

/// Longest text of a station that is shown, in characters.
const MAX_TEXT: usize = 400;

/// The exit code of `ssh` itself; the station's command may have used it too.
const OF_SSH: i32 = 255;

/// What `edge-runtime install --json` prints.
#[derive(Deserialize)]
struct Installed {
    result: String,
    bundle: Option<String>,
    release: Option<u32>,
    previous: Option<String>,
    generation: u64,
    trial_parts: u32,
    error: Option<String>,
    code: i32,
}

/// What `edge-runtime store --json` and `confirm --json` print.
#[derive(Deserialize)]
struct Store {
    generation: u64,
    active: String,
    previous: Option<String>,
    trial_parts_left: u32,
    confirmed: bool,
}

/// What came of `edge-runtime install -` with the bundle called `id`, of `sent` bytes.
pub fn of_install(ran: &Ran, id: &str, length: usize) -> Outcome {
    let (code, answer) = match answer::<Installed>(ran, length) {
        Ok(found) => found,
        Err(problem) => return problem,
    };
    match (code, answer.result.as_str()) {
        (0, "installed" | "already_active") if answer.bundle.as_deref() == Some(id) => {
            let took = Took {
                release: answer.release,
                previous: answer.previous.as_deref().map(clean),
                generation: answer.generation,
                trial_parts: answer.trial_parts,
                confirmed: answer.trial_parts == 0,
            };
            if answer.result == "installed" { Installed(took) } else { AlreadyActive(took) }
        }
        (1..=99, "refused") if answer.code == code => {
            let error = clean(answer.error.as_deref().unwrap_or("it does not say why"));
            match code {
                10..=19 => Refused { code, error },
                _ => Failed { problem: of_error(&error), said: error },
            }
        }
        _ => Failed { problem: Problem::Unintelligible, said: shown(ran) },
    }
}

/// What `edge-runtime store` says of the bundle called `id`: active already, or it could be installed.
pub fn of_store(ran: &Ran, id: &str) -> Outcome {
    if code(ran) == Some(1) && text(&ran.stderr).contains("no bundle is installed") {
        return Ready { active: None };
    }
    match answer::<Store>(ran, 0) {
        Ok((0, store)) if store.active == id => AlreadyActive(took(store)),
        Ok((0, store)) => Ready { active: Some(clean(&store.active)) },
        Ok(_) => Failed { problem: Problem::Unintelligible, said: shown(ran) },
        Err(problem) => problem,
    }
}

/// What came of `edge-runtime confirm` after the bundle called `id` was `taken`.
pub fn of_confirm(ran: &Ran, id: &str, taken: Outcome) -> Outcome {
    match answer::<Store>(ran, 0) {
        Ok((0, store)) if store.active == id && store.confirmed => match taken {
            Installed(before) => Installed(Took { release: before.release, ..took(store) }),
            AlreadyActive(before) => AlreadyActive(Took { release: before.release, ..took(store) }),
            other => other,
        },
        Ok(_) => Failed { problem: Problem::NotConfirmed, said: shown(ran) },
        Err(Failed { said, .. }) => Failed { problem: Problem::NotConfirmed, said },
        Err(other) => other,
    }
}

fn took(store: Store) -> Took {
    Took {
        release: None,
        previous: store.previous.as_deref().map(clean),
        generation: store.generation,
        trial_parts: store.trial_parts_left,
        confirmed: store.confirmed,
    }
}

fn code(ran: &Ran) -> Option<i32> {
    ran.status.and_then(|status| status.code())
}

/// The exit code and the object on the last line, or what kept the station from answering.
fn answer<T: DeserializeOwned>(ran: &Ran, length: usize) -> Result<(i32, T), Outcome> {
    let failed = |problem| Failed { problem, said: shown(ran) };
    // What the program had not taken in full was cut off for the station, too, which refuses it.
    let cut = ran.taken < length;
    let Some(status) = ran.status else {
        return Err(failed(if cut || length == 0 { Problem::TimedOut } else { Problem::TimedOutAfterAll }));
    };
    let Some(code) = status.code() else { return Err(failed(Problem::SshEnded)) };
    // The last line: a shell's start-up file may have printed something before.
    let out = text(&ran.stdout);
    let line = out.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("");
    if let Ok(object) = serde_json::from_str(line)
        && code != OF_SSH
    {
        return Ok((code, object));
    }
    let said = text(&ran.stderr);
    Err(failed(match code {
        OF_SSH => of_ssh(&said, cut || length == 0),
        126 => Problem::NotAllowed,
        127 => Problem::NoProgram,
        2 if said.contains("subcommand") => Problem::TooOld,
        2 => Problem::Usage,
        1 if out.contains("account is currently not available") => Problem::NoShell,
        1 => of_error(&said),
        // It may have ended after the change.
        _ => Problem::Unintelligible,
    }))
}

/// What `ssh` says of a connection that ended.
const LOST: &[&str] = &[
    "client_loop:",
    "Connection closed",
    "Connection reset",
    "closed by remote host",
    "not responding",
    "Broken pipe",
    "Read from remote host",
    "Connection corrupted",
    "Corrupted MAC",
];

/// What `ssh` (OpenSSH 9 and its forebears) says before it ends with [`OF_SSH`]; `cut` if the bundle was not sent whole.
fn of_ssh(said: &str, cut: bool) -> Problem {
    let has = |texts: &[&str]| texts.iter().any(|text| said.contains(text));
    if has(&["REMOTE HOST IDENTIFICATION HAS CHANGED", "Host key for"]) {
        Problem::OtherHostKey
    } else if has(&["Host key verification failed", "host key is known for"]) {
        Problem::UnknownHostKey
    } else if has(&["Permission denied (", "Too many authentication failures"]) {
        Problem::PermissionDenied
    } else if has(&["Could not resolve hostname"]) {
        Problem::UnknownHost
    } else if has(&["Bad configuration option", "Bad owner or permissions on", "unsupported option", "unknown option"])
    {
        Problem::SshRefuses
    } else if has(&["ssh: connect to host"]) {
        Problem::Unreachable
    } else if has(&["kex_exchange_identification", "banner exchange"]) {
        // Before any command was run.
        Problem::Lost
    } else if !cut {
        Problem::LostAfterAll
    } else if has(LOST) {
        Problem::Lost
    } else {
        Problem::Ssh
    }
}

/// What `edge-runtime` or a shell says of a failure of the machine.
fn of_error(said: &str) -> Problem {
    let has = |texts: &[&str]| texts.iter().any(|text| said.contains(text));
    if has(&["No space left on device", "Disk quota exceeded", "os error 28", "os error 122"]) {
        Problem::DiskFull
    } else if has(&["Read-only file system", "os error 30"]) {
        Problem::ReadOnly
    } else if has(&["Permission denied", "os error 13", "Operation not permitted"]) {
        Problem::NotAllowed
    } else {
        Problem::Station
    }
}

/// What is left to show: the last lines of standard error, else of standard output.
fn shown(ran: &Ran) -> String {
    let said = text(&ran.stderr);
    let said = if said.trim().is_empty() { text(&ran.stdout) } else { said };
    let lines: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('@')).collect();
    clean(&lines[lines.len().saturating_sub(3)..].join("; "))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Text of a station as it may be shown: no signs that steer a terminal, and an end.
fn clean(text: &str) -> String {
    let mut shown: String =
        text.chars().take(MAX_TEXT).map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c }).collect();
    if text.chars().count() > MAX_TEXT {
        shown.push_str(" ...");
    }
    shown
}

/// Signs that change the direction of the text (UAX #9) or have no width.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(all(test, unix))]
mod tests;
