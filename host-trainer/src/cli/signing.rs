//! The commands that make keys, sign bundles and check signatures.

use std::path::PathBuf;

use clap::Args;

pub(super) const KEYGEN_EXAMPLES: &str = "\
Example:
  host-trainer bundle keygen --out signing.key

Writes signing.key, the private key, encrypted with a passphrase (Argon2id, XChaCha20-Poly1305), and signing.key.pub,
the public key, which goes into the configuration of each station ([trust] keys). Neither is ever written over.
The passphrase comes from --passphrase-file, else from HOST_TRAINER_PASSPHRASE, else it is asked for.";

pub(super) const SIGN_EXAMPLES: &str = "\
Examples:
  host-trainer bundle sign out/part/station.bundle --key signing.key
      adds the key's signature, or renews it; those of other keys stay
  host-trainer bundle sign out/part/station.bundle --key signing.key --release 4
      another release is another bundle: earlier signatures are not for it and go away";

pub(super) const VERIFY_EXAMPLES: &str = "\
Example:
  host-trainer bundle verify out/part/station.bundle --key signing.key.pub

Exit codes, as a station gives them:
  0   one of the keys answers for the bundle    10  the bundle is damaged
  1   a file cannot be read                     11  it is not signed, or by none of the keys
  2   usage                                     12  a signature said to be by one of the keys is not valid";

/// `bundle keygen`
#[derive(Args, Debug)]
pub struct KeygenArgs {
    /// File to write the private key to; the public key goes beside it, with .pub after the name
    #[arg(long, value_name = "KEY")]
    pub out: PathBuf,
    /// File whose first line is the passphrase
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// Three numbers with points between them.
fn version(text: &str) -> Result<[u16; 3], String> {
    let numbers: Result<Vec<u16>, _> = text.split('.').map(str::parse).collect();
    let version = numbers.ok().and_then(|numbers| numbers.try_into().ok());
    version.ok_or_else(|| "expected a version as 1.4.0, each number 0 to 65535".to_owned())
}

/// `bundle sign`
#[derive(Args, Debug)]
pub struct SignArgs {
    /// The bundle
    pub bundle: PathBuf,
    /// The private key
    #[arg(long, value_name = "KEY")]
    pub key: PathBuf,
    /// Give the bundle this release first, 1 or more
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub release: Option<u32>,
    /// Have only stations with this version of edge-runtime or a newer one take it, as 1.4.0
    #[arg(long, value_name = "X.Y.Z", value_parser = version)]
    pub minimum_runtime: Option<[u16; 3]>,
    /// File to write [default: the bundle itself]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// File whose first line is the passphrase
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// `bundle verify`
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The bundle
    pub bundle: PathBuf,
    /// Public key that may have signed it: a .pub file, or its 64 digits; may be given again
    #[arg(long, value_name = "KEY", required = true)]
    pub key: Vec<String>,
}
