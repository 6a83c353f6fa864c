//! `bundle keygen`, `bundle sign` and `bundle verify`.

use anyhow::ensure;
use edge_runtime::bundle::BundleFile;
use edge_runtime::trust::{TrustError, read_keys};
use shared::bundle::Bundle;

use crate::cli::{KeygenArgs, SignArgs, VerifyArgs};
use crate::files::write_atomically;
use crate::progress;
use crate::signing::{Changes, Cost, PassphraseSource, SecretKey, generate, sign};

/// Runs `bundle keygen`.
pub fn keygen(args: &KeygenArgs) -> anyhow::Result<()> {
    ensure!(!args.out.exists(), "{}: there is such a file already; give another --out", args.out.display());
    let passphrase = PassphraseSource { file: args.passphrase_file.as_deref() }.new_one()?;
    let public = generate(&args.out, &passphrase, Cost::USUAL)?;
    println!(
        "private     {}: keep it and its passphrase, and a copy elsewhere; never on a station",
        args.out.display()
    );
    println!("public      {}.pub: {public}", args.out.display());
    println!("identifier  {}", public.id());
    println!("next        [trust] keys = [\"{public}\"] in the configuration of each station");
    Ok(())
}

/// Runs `bundle sign`.
pub fn sign_bundle(args: &SignArgs) -> anyhow::Result<()> {
    let out = args.out.as_ref().unwrap_or(&args.bundle);
    ensure!(!out.is_dir(), "{} is a folder; --out takes the file to write", out.display());
    let file = BundleFile::read(&args.bundle)?;
    // Before anybody is asked for a passphrase.
    file.verify()?;
    let passphrase = PassphraseSource { file: args.passphrase_file.as_deref() }.existing(&args.key)?;
    let secret = SecretKey::read(&args.key, &passphrase)?;
    let changes = Changes { release: args.release, minimum_runtime: args.minimum_runtime };
    let signed = sign(file.bytes(), &secret, changes)?;
    write_atomically(out, &signed.bytes)?;
    let bundle = Bundle::verify(&signed.bytes)?;
    let keys: Vec<_> = bundle.signatures().iter().map(|signature| signature.key.to_string()).collect();
    if !signed.dropped.is_empty() {
        let dropped: Vec<_> = signed.dropped.iter().map(ToString::to_string).collect();
        progress::say(format!(
            "this is another bundle now: the signatures by {} were for the old one and are gone",
            dropped.join(", ")
        ));
    }
    println!("bundle      {}", out.display());
    println!("identifier  {}", bundle.id());
    println!("release     {}", bundle.manifest().release);
    if bundle.manifest().minimum_runtime != [0; 3] {
        let [major, minor, patch] = bundle.manifest().minimum_runtime;
        println!("runtime     edge-runtime {major}.{minor}.{patch} or newer");
    }
    println!("signed by   {}", keys.join(", "));
    println!("next        host-trainer bundle verify {} --key {}", out.display(), secret.public());
    Ok(())
}

/// Runs `bundle verify`.
pub fn verify(args: &VerifyArgs) -> anyhow::Result<()> {
    let keys = read_keys(args.key.iter().map(String::as_str))?;
    let file = BundleFile::read(&args.bundle)?;
    let (bundle, key) = Bundle::verify_signed(file.bytes(), &keys).map_err(TrustError::from)?;
    println!("signed by   {key}");
    println!("identifier  {}", bundle.id());
    println!("product     {}, release {}", bundle.manifest().product, bundle.manifest().release);
    Ok(())
}
