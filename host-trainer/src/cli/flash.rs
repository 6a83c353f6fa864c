//! The command that installs a bundle on stations.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::flash::address::Address;

pub(super) const FLASH_ABOUT: &str = "\
Install a bundle on stations, over ssh or by a stick.

The bundle is verified here first. Then, on several stations at once, `edge-runtime install -` is run by the system's \
ssh with the bundle on its standard input. Each station checks it by itself: who signed it, product, camera, release, \
model and self-test. It takes the bundle whole, on trial, or stays as it is, also if connection or power fail. \
Flashing a station that has the bundle changes nothing there.

ssh asks no questions: a key has to open the stations, and their host keys have to be known. Everything else is as in \
the ssh configuration (aliases, ProxyJump, StrictHostKeyChecking).";

pub(super) const FLASH_EXAMPLES: &str = "\
Examples:
  host-trainer flash out/part/station.bundle --to edge-runtime@line1 --to edge-runtime@line2:2222
  host-trainer flash out/part/station.bundle --stations hall.txt --identity flash.key --dry-run
      hall.txt has one station a line:  edge-runtime@line1
                                        edge-runtime@[fd00::7]:2222   # by the door
  host-trainer flash out/part/station.bundle --to line1 --ssh-option ProxyJump=gate --json
  host-trainer flash out/part/station.bundle --stick /media/stick
      writes /media/stick/edge-runtime/PRODUCT-RELEASE-ID.bundle; on the station:
      edge-runtime install /media/stick/edge-runtime/PRODUCT-RELEASE-ID.bundle --config FILE

Exit codes: 0 every station has the bundle, 1 some have not, 2 wrong usage; 10 to 12 as `bundle verify`, with --key.

With --json, one object a line and station:
  station          as it was given
  result           installed, already_active, refused; ready (--dry-run); or what failed, as unreachable,
                   other_host_key, permission_denied, connection_lost, timed_out, program_too_old, disk_full
  changed          whether the station's store was changed; null if that is not known: flash again
  bundle, release  what was flashed
  active           the active bundle there; null if it is not known or there is none
  previous         the bundle that the station goes back to, or null
  generation       number of the station's pointer, or null
  trial_parts      parts until it is confirmed, or null
  confirmed        whether it is confirmed, or null
  code             exit code of a refusal (edge-runtime install --help), or null
  error            what the station or ssh says, or null
  advice           what to do, or null";

/// `flash`
#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("where").required(true).multiple(true).args(["to", "stations", "stick"])))]
pub struct FlashArgs {
    /// The bundle
    pub bundle: PathBuf,
    /// A station: `[user@]host[:port]`; may be given again
    #[arg(long, value_name = "STATION")]
    pub to: Vec<Address>,
    /// File of stations, one a line; text after # is left out
    #[arg(long, value_name = "FILE")]
    pub stations: Option<PathBuf>,
    /// Write the bundle to a mounted stick instead
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["to", "stations", "dry_run", "confirm", "json"])]
    pub stick: Option<PathBuf>,
    /// Public key that must have signed the bundle: a .pub file, or its 64 digits; may be given again
    #[arg(long, value_name = "KEY")]
    pub key: Vec<String>,
    /// Flash it though nobody signed it: for stations with trust.unsigned = "accept"
    #[arg(long, conflicts_with = "key")]
    pub unsigned: bool,
    /// Only ask each station what is active
    #[arg(long)]
    pub dry_run: bool,
    /// Confirm the bundle at once, without a trial; there is no way back by itself then
    #[arg(long, conflicts_with = "dry_run")]
    pub confirm: bool,
    /// One JSON object a station on standard output instead of a table
    #[arg(long)]
    pub json: bool,
    /// The station's configuration file, there
    #[arg(long, value_name = "FILE", default_value = "/etc/edge-runtime/station.toml", value_parser = no_option)]
    pub config: String,
    /// The station's program, there: one word, its name or its path
    #[arg(long, value_name = "PROGRAM", default_value = "edge-runtime", value_parser = no_option)]
    pub program: String,
    /// Private key to log in with [default: those that ssh finds]
    #[arg(long, value_name = "KEY")]
    pub identity: Option<PathBuf>,
    /// An option for ssh, as in ssh_config(5): Keyword=value; may be given again
    #[arg(long, value_name = "OPTION", value_parser = keyword)]
    pub ssh_option: Vec<String>,
    /// The ssh program
    #[arg(long, value_name = "PROGRAM", default_value = "ssh")]
    pub ssh: OsString,
    /// So many stations at once
    #[arg(long, value_name = "N", default_value = "8")]
    pub parallel: NonZeroUsize,
    /// Seconds that one station may take, 1 to 86400
    #[arg(long, value_name = "S", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub timeout: u32,
}

/// A word for the station's command line: it must not begin as an option does.
fn no_option(text: &str) -> Result<String, String> {
    if text.is_empty() || text.starts_with('-') || text.contains(char::is_control) {
        return Err("expected a name or a path that does not begin with a hyphen".to_owned());
    }
    Ok(text.to_owned())
}

/// `Keyword=value`, one line.
fn keyword(text: &str) -> Result<String, String> {
    match text.split_once(['=', ' ']) {
        Some((key, _))
            if !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric()) && !text.contains(['\n', '\r']) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("expected Keyword=value as in ssh_config(5)".to_owned()),
    }
}
