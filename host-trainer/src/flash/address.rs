//! Where a station is: `[user@]host[:port]`, as a person writes it.
//!
//! Only letters, digits and a few signs are let in, and no part begins with a hyphen, so that neither `ssh` nor a shell
//! takes a name for an option or a command. It does not know whether there is such a host: it may be an alias of the
//! user's `ssh` configuration.

use std::fmt;
use std::str::FromStr;

/// Longest name of a host in the domain name system (RFC 1035, 2.3.4).
const MAX_HOST: usize = 253;
/// Longest name of a user on Linux (`useradd`(8)).
const MAX_USER: usize = 32;

/// A station's address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    user: Option<String>,
    host: String,
    port: Option<u16>,
}

/// Text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found {found:?}, {problem}; expected [user@]host[:port], with an IPv6 address in brackets")]
pub struct InvalidAddress {
    found: String,
    problem: &'static str,
}

impl Address {
    /// The user to log in as; none for that of the `ssh` configuration.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The host's name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; none for that of the `ssh` configuration.
    pub fn port(&self) -> Option<u16> {
        self.port
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let invalid = |problem| InvalidAddress { found: text.chars().take(300).collect(), problem };
        let (user, rest) = text.split_once('@').map_or((None, text), |(user, rest)| (Some(user), rest));
        if user.is_some_and(|user| !is_word(user, MAX_USER, "._-")) {
            return Err(invalid("whose user is not a name of letters, digits, `.`, `_` and `-`"));
        }
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or_else(|| invalid("whose bracket is not closed"))?;
                // The interface of a link-local address follows a percent sign.
                let (address, zone) = host.split_once('%').map_or((host, None), |(a, zone)| (a, Some(zone)));
                if address.parse::<std::net::Ipv6Addr>().is_err() || zone.is_some_and(|zone| !is_word(zone, 15, "._-"))
                {
                    return Err(invalid("whose brackets hold no IPv6 address"));
                }
                match port {
                    "" => (host, None),
                    _ => (host, Some(port.strip_prefix(':').ok_or_else(|| invalid("with text after the bracket"))?)),
                }
            }
            None => {
                let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
                if !is_word(host, MAX_HOST, "._-") {
                    return Err(invalid("whose host is not a name of letters, digits, `.`, `_` and `-`"));
                }
                (host, port)
            }
        };
        let number = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse().ok()).flatten();
        let port = match port.map(|port| number(port).filter(|&port| port != 0)) {
            Some(None) => return Err(invalid("whose port is no number from 1 to 65535")),
            port => port.flatten(),
        };
        Ok(Self { user: user.map(str::to_owned), host: host.to_owned(), port })
    }
}

/// A name that begins with a letter or a digit (or `_`) and has no other signs than these.
fn is_word(text: &str, longest: usize, signs: &str) -> bool {
    (1..=longest).contains(&text.len())
        && !text.starts_with(['-', '.'])
        && text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?
        } else {
            f.write_str(&self.host)?
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// The addresses in a list: one a line; empty lines and what follows a `#` are left out.
///
/// # Errors
/// The number of the first line that is none, from 1, and why.
pub fn parse_list(text: &str) -> Result<Vec<Address>, (usize, InvalidAddress)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.split('#').next().unwrap_or("").trim()));
    lines.filter(|(_, line)| !line.is_empty()).map(|(number, line)| line.parse().map_err(|e| (number, e))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(text: &str) -> (Option<String>, String, Option<u16>) {
        let Address { user, host, port } = text.parse().unwrap();
        (user, host, port)
    }

    #[test]
    fn addresses_are_read_as_they_are_written() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts("line3"), (None, "line3".into(), None));
        assert_eq!(
            parts("flash@line-3.plant.example:2222"),
            (some("flash"), "line-3.plant.example".into(), Some(2222))
        );
        assert_eq!(parts("10.0.0.7:22"), (None, "10.0.0.7".into(), Some(22)));
        assert_eq!(parts("a@[fe80::1%eth0]:65535"), (some("a"), "fe80::1%eth0".into(), Some(65535)));
        assert_eq!(parts("[::1]"), (None, "::1".into(), None));
    }

    #[test]
    fn what_an_option_or_a_command_could_be_is_refused() {
        for text in [
            "",
            "-",
            "-oProxyCommand=true",
            "a@-oProxyCommand=true",
            "-l@host",
            "host;true",
            "host$(true)",
            "host`true`",
            "ho st",
            "host\n",
            "a b@host",
            "host|x",
            "host&",
            "'host'",
            "host>x",
            "a@b@c",
            "host:",
            "host:0",
            "host:65536",
            "host:+22",
            "host:22:22",
            "::1",
            "[::1",
            "[::1]22",
            "[::1%-x]",
            "[host]",
            "hóst",
            ".host",
            "host/..",
            "@host",
            "user@",
            "user@:22",
            "[]",
            "%h",
            "host%h",
            "~host",
        ] {
            let refused = text.parse::<Address>().map_err(|error| error.to_string());
            assert!(
                refused.as_ref().is_err_and(|said| said.contains("expected [user@]host[:port]")),
                "{text}: {refused:?}"
            );
        }
        assert!("a".repeat(254).parse::<Address>().is_err());
    }

    #[test]
    fn a_list_names_the_line_that_is_wrong() {
        let list = parse_list("# the hall\nline1\n\n  flash@line2:2222  # by the door\r\n").unwrap();
        assert_eq!(list, ["line1".parse().unwrap(), "flash@line2:2222".parse().unwrap()]);
        assert_eq!(parse_list("line1\n-oX=y\n").unwrap_err().0, 2);
    }

    proptest! {
        #[test]
        fn no_address_holds_a_sign_that_a_shell_or_ssh_reads(text in "[-a-z@:.%\\[\\];$' \n0-9]{0,24}") {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert_eq!(address.to_string().parse::<Address>().unwrap(), address.clone());
                for part in [Some(address.host()), address.user()].into_iter().flatten() {
                    prop_assert!(!part.starts_with('-') && !part.is_empty());
                    prop_assert!(!part.contains([';', '$', '\'', ' ', '\n', '@']));
                }
            }
        }
    }
}
