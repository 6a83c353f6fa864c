//! What became of one station, in words: what happened, whether anything changed there, and what to do.

/// A station that took the bundle, or had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Took {
    /// The bundle's release, as the station read it; none if it was not asked to install.
    pub release: Option<u32>,
    /// The bundle that the station goes back to.
    pub previous: Option<String>,
    /// Number of the store's pointer.
    pub generation: u64,
    /// Parts until it is confirmed.
    pub trial_parts: u32,
    /// Whether the station said that it is confirmed.
    pub confirmed: bool,
}

/// What became of one station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is active now.
    Installed(Took),
    /// It was active before; nothing was changed.
    AlreadyActive(Took),
    /// Only asked: the station answers, and another bundle or none is active.
    Ready {
        /// The active bundle.
        active: Option<String>,
    },
    /// The station does not want this bundle.
    Refused {
        /// The exit code of `install`, 10 to 19.
        code: i32,
        /// What the station says.
        error: String,
    },
    /// Something kept the bundle from the station, or its answer from here.
    Failed {
        /// What.
        problem: Problem,
        /// What `ssh` or the station says.
        said: String,
    },
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident $text:literal $changed:expr, $advice:literal;)*) => {
        /// What kept a bundle from a station.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Problem { $($(#[$doc])* $name,)* }

        impl Problem {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// A short name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether the station's store was changed; none if that is not known.
            pub const fn changed(self) -> Option<bool> {
                match self { $(Self::$name => $changed,)* }
            }

            /// What to do.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)* }
            }
        }
    };
}

const NO: Option<bool> = Some(false);
const MAYBE: Option<bool> = None;

problems! {
    /// No such name.
    UnknownHost "unknown_host" NO, "check the name, or add it to the ssh configuration or the name server";
    /// Nothing answers at the address and port.
    Unreachable "unreachable" NO, "check power, network and port of the station, and that its sshd runs";
    /// The host key is another one than before.
    OtherHostKey "other_host_key" NO, "another machine answers: find out why; only if the station was set up anew, \
        ssh-keygen -R its name and log in once by hand";
    /// The host key is not known.
    UnknownHostKey "unknown_host_key" NO,
        "log in once by hand and compare the fingerprint, or add its key to known_hosts";
    /// No key opens the station.
    PermissionDenied "permission_denied" NO, "check the user, give the private key with --identity or load it into the \
        agent, and check authorized_keys on the station";
    /// `ssh` does not take what it was given.
    SshRefuses "ssh_refuses" NO, "correct --ssh-option or the ssh configuration";
    /// `ssh` failed in another way.
    Ssh "ssh_failed" NO, "try by hand: ssh -v and the station's name";
    /// `ssh` was ended by a signal.
    SshEnded "ssh_ended" MAYBE, "flash again: that is harmless";
    /// `ssh` could not be started.
    NoSsh "no_ssh" NO, "install OpenSSH's client on this machine";
    /// The connection ended before the bundle was sent.
    Lost "connection_lost" NO, "check the network, and flash again";
    /// The connection ended before the answer came.
    LostAfterAll "answer_lost" MAYBE, "the bundle was sent, so it may be active: flash again, that is harmless";
    /// Time was up before the bundle was sent.
    TimedOut "timed_out" NO,
        "check network and load of the station, and flash again, with a greater --timeout if need be";
    /// Time was up before the answer came.
    TimedOutAfterAll "answer_timed_out" MAYBE,
        "the bundle was sent, so it may be active: flash again, that is harmless";
    /// There is no `edge-runtime` on the station.
    NoProgram "no_program" NO, "install edge-runtime on the station, or give its path with --program";
    /// The program has no such command.
    TooOld "program_too_old" NO, "the station's edge-runtime has no store: update the program first";
    /// The program does not take the arguments.
    Usage "usage" NO, "check --config and --program, and the versions of both programs";
    /// The user may not do it.
    NotAllowed "not_allowed" NO, "log in as the station's user, to whom the store belongs (edge-runtime)";
    /// The user has no shell to run a command with.
    NoShell "no_shell" NO, "the user has no login shell: on the station, usermod --shell /bin/sh and the user's name";
    /// The station's disk is full.
    DiskFull "disk_full" NO, "make room on the station's disk";
    /// The station's disk takes no writes.
    ReadOnly "disk_read_only" NO, "find out why the station's disk is read-only: it may be failing";
    /// The station failed in another way.
    Station "station_failed" NO, "look at what it says, and at the station's journal";
    /// The answer is none that this program knows.
    Unintelligible "unintelligible" MAYBE, "flash again, that is harmless; if it stays so, check what the login shell \
        of the station's user prints, and its edge-runtime";
    /// Installed, but `confirm` failed.
    NotConfirmed "not_confirmed" MAYBE,
        "the bundle is active, on trial: look at what it says, and flash again with --confirm";
}

impl Outcome {
    /// Whether the station has the bundle, or only was asked and can be had.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Installed(_) | Self::AlreadyActive(_) | Self::Ready { .. })
    }

    /// A short name, as in the JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Installed(_) => "installed",
            Self::AlreadyActive(_) => "already_active",
            Self::Ready { .. } => "ready",
            Self::Refused { .. } => "refused",
            Self::Failed { problem, .. } => problem.name(),
        }
    }

    /// Whether the station's store was changed; none if that is not known.
    pub fn changed(&self) -> Option<bool> {
        match self {
            Self::Installed(_) => Some(true),
            Self::AlreadyActive(_) | Self::Ready { .. } | Self::Refused { .. } => NO,
            Self::Failed { problem, .. } => problem.changed(),
        }
    }

    /// What the station or `ssh` says of a failure.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Refused { error, .. } => Some(error),
            Self::Failed { said, .. } => Some(said),
            _ => None,
        }
    }

    /// What to do.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Installed(_) => "a station that runs takes it over by itself, else its next start does",
            Self::AlreadyActive(_) => "",
            Self::Ready { .. } => "flash it",
            Self::Failed { problem, .. } => problem.advice(),
            Self::Refused { code, .. } => match code {
                10 => "it was whole here, so it was damaged on the way: flash again",
                11 => "sign it with a key in the station's [trust] keys, or add the key there",
                12 => "do not use it: sign it anew, and ask where it comes from",
                13 => "check that this is the right bundle and the right station (trust.product)",
                14 => "check that this is the right bundle and the right station (trust.camera)",
                15 => {
                    "a newer release was confirmed there: sign this one with a higher --release if it is really meant"
                }
                16 => "update edge-runtime on the station first",
                17 => "this model cannot run there: look at what it says, and at the station's [preflight]",
                18 => "this station does not compute what the bundle promises: do not use it there",
                19 => "wait until the other install has ended, and flash again",
                _ => "look at what it says",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_its_own_name_and_something_to_do() {
        let names: std::collections::BTreeSet<_> = Problem::ALL.iter().map(|problem| problem.name()).collect();
        assert_eq!(names.len(), Problem::ALL.len());
        assert!(Problem::ALL.iter().all(|problem| problem.advice().len() > 10));
    }

    #[test]
    fn every_code_of_a_refusal_has_something_to_do() {
        let advice = |code| Outcome::Refused { code, error: String::new() }.advice();
        let advised: std::collections::BTreeSet<_> = (10..=20).map(advice).collect();
        assert_eq!(advised.len(), 11);
    }
}
