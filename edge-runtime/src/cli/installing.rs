//! The command line of the store: install, confirm, rollback, store.

use std::path::PathBuf;

use clap::Args;

pub const INSTALL_ABOUT: &str = "\
Install a bundle in the station's store: from a file, a stick, or standard input.

The bundle is copied into the store first, and the copy is checked: signature and hashes, product, camera, release, \
version of this program. Then another process loads its model and runs its golden frames. Only then does it become the \
active bundle, on trial: the station runs it from its next start on, and confirms it when it has judged [store] \
trial_parts parts. If its self-test fails, or it was started [store] tries times without being confirmed, the station \
goes back to the bundle before by itself.

Whatever happens meanwhile, loss of power included, the bundle before or the new one is active, whole. Installing the \
active bundle again changes nothing. A release below the highest that was confirmed for its product is refused; an \
equal one is taken. Run this as the station's user, to whom the store belongs.";

pub const INSTALL_EXAMPLES: &str = "\
Examples:
  edge-runtime install station.bundle --config /etc/edge-runtime/station.toml
  runuser -u edge-runtime -- edge-runtime install /mnt/station.bundle --config station.toml --json
  ssh station edge-runtime install - --config station.toml < station.bundle

Exit codes:
  0   installed, or active already      1   failure of the disk or the source
  2   wrong usage                      10   damaged: truncated, changed, no bundle
  11  no signature by a trusted key    12   a signature that is wrong
  13  another product                  14   another camera
  15  older than a confirmed release   16   needs a newer program
  17  model refused                    18   self-test failed
  19  another install is running

With --json, one object:
  result           installed, already_active or refused
  bundle, release, product
                   of the bundle; null if it was refused
  previous         the bundle that the station goes back to, or null
  generation       number of the store's pointer; 0 if nothing was ever installed
  trial_parts      parts until it is confirmed
  error            why it was refused; else null
  code             the exit code";

/// Arguments of `install`.
#[derive(Debug, Args)]
pub struct InstallArguments {
    /// The bundle's file; - for standard input
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,

    /// The station's configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

pub const CONFIRM_ABOUT: &str = "\
Confirm the active bundle before its trial is over.

The station then keeps it whatever happens, and takes no older release of its product any more. The station does this \
by itself when the bundle has judged the parts of its trial.";

pub const ROLLBACK_ABOUT: &str = "\
Go back to the previous bundle: the last one that was confirmed before the active one.

The active bundle is given up: to have it back, install it again. The station runs the other from its next start on.";

pub const STORE_ABOUT: &str = "\
Print what is in the station's store: the active bundle, the previous one, and the trial.

Works while the station runs and while it does not. The exit code is 1 if nothing was installed.";

/// Arguments of `confirm`, `rollback` and `store`.
#[derive(Debug, Args)]
pub struct StoreArguments {
    /// The station's configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}
