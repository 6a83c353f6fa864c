//! The system's `ssh` as the way to a station: its arguments, and a command line that a station's shell reads as it
//! was meant.
//!
//! No shell on this side sees anything. Host keys, jump hosts and aliases are the business of the user's own `ssh`
//! configuration; only what would ask a question, forward something or share a connection is turned off.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use super::address::Address;

/// How stations are reached.
#[derive(Debug, Clone)]
pub struct Ssh {
    /// The `ssh` program.
    pub program: OsString,
    /// More options for it, each `Keyword=value` as in `ssh_config`(5).
    pub options: Vec<String>,
    /// The private key to log in with; none for those that `ssh` finds.
    pub identity: Option<PathBuf>,
    /// Seconds for the connection to come about.
    pub connect_timeout_s: u32,
}

impl Ssh {
    /// `ssh` for one command on a station.
    pub fn command(&self, station: &Address, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        // What is given first is what holds.
        command.args(["-T", "-x", "-a", "-o", "BatchMode=yes", "-o", "ClearAllForwardings=yes"]);
        command.args(["-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "PermitLocalCommand=no"]);
        for option in &self.options {
            command.arg("-o").arg(option);
        }
        command.arg("-o").arg(format!("ConnectTimeout={}", self.connect_timeout_s));
        command.args(["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"]);
        if let Some(identity) = &self.identity {
            command.args(["-o", "IdentitiesOnly=yes", "-i"]).arg(identity);
        }
        if let Some(port) = station.port() {
            command.arg("-p").arg(port.to_string());
        }
        if let Some(user) = station.user() {
            command.arg("-l").arg(user);
        }
        command.arg("--").arg(station.host()).arg(quoted(words));
        // What the system says of an error is read as English.
        command.env("LC_ALL", "C");
        command
    }
}

/// The words as a POSIX shell reads them back (POSIX.1-2024, Shell Command Language, 2.2.2).
pub fn quoted(words: &[&str]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let quote = |word: &&str| {
        if !word.is_empty() && word.chars().all(plain) {
            (*word).to_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_arguments_are_those_that_were_meant() {
        let ssh = Ssh {
            program: "ssh".into(),
            options: vec!["ProxyJump=gate".to_owned()],
            identity: Some("flash key".into()),
            connect_timeout_s: 7,
        };
        let station = "flash@[fe80::1%eth0]:2222".parse().unwrap();
        let command = ssh.command(&station, &["edge-runtime", "install", "-", "--config", "/etc/a b", "--json"]);
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_str().unwrap()).collect();
        let (options, after) = arguments.split_at(arguments.iter().position(|&word| word == "--").unwrap());
        assert_eq!(after, ["--", "fe80::1%eth0", "edge-runtime install - --config '/etc/a b' --json"]);
        let text = options.join(" ");
        for expected in
            ["BatchMode=yes", "-o ProxyJump=gate", "ConnectTimeout=7", "-i flash key", "-p 2222", "-l flash", "-T"]
        {
            assert!(text.contains(expected), "{text}");
        }
        assert!(text.find("BatchMode").unwrap() < text.find("ProxyJump").unwrap(), "ours holds");
        assert!(!text.contains("StrictHostKeyChecking"), "that is the user's");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[cfg(unix)]
        #[test]
        fn a_shell_reads_back_every_word(words in prop::collection::vec("[ -~\nä]{0,12}", 1..5)) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let script = format!("printf '%s\\0' {}", quoted(&words));
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            let expected: String = words.iter().map(|word| format!("{word}\0")).collect();
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        }
    }
}
