//! From a new key to a station that asks for it: what the host trainer signs, the station takes, and it refuses
//! everything else with its own exit code before it looks into it.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use edge_runtime::trust::{Trust, read_keys};
use serde_json::Value;
use shared::bundle::Bundle;

use crate::programs::{path, repository, run};

/// A folder with two keys, the default bundle signed by the first, and a frame.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(place.path("passphrase"), "correct horse battery\n").unwrap();
        for key in ["first.key", "second.key"] {
            place.done(&["bundle", "keygen", "--out", path(&place.path(key))]);
        }
        fs::copy(repository().join("models/default/station.bundle"), place.path("unsigned.bundle")).unwrap();
        place.sign("unsigned.bundle", "first.key", "signed.bundle", &[]);
        fs::create_dir(place.path("frames")).unwrap();
        let good = fs::read_dir(repository().join("tests/frames/good")).unwrap().next().unwrap().unwrap().path();
        fs::copy(good, place.path("frames/1.png")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `host-trainer` with the passphrase where the command takes one.
    fn trainer(&self, arguments: &[&str]) -> Output {
        let file = self.path("passphrase");
        let passphrase: &[&str] =
            if ["keygen", "sign"].contains(&arguments[1]) { &["--passphrase-file", path(&file)] } else { &[] };
        run("host-trainer", &[arguments, passphrase].concat())
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.trainer(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn sign(&self, bundle: &str, key: &str, out: &str, more: &[&str]) {
        let (bundle, key, out) = (self.path(bundle), self.path(key), self.path(out));
        self.done(&[&["bundle", "sign", path(&bundle), "--key", path(&key), "--out", path(&out)], more].concat());
    }

    /// Runs the station on the frame and gives its exit code and what it said.
    fn station(&self, bundle: &str, trust: &str) -> (Option<i32>, String) {
        let text = format!(
            "bundle = {:?}\nstate_dir = {:?}\nruntime_dir = {:?}\n[trust]\n{trust}\n\
             [camera]\nsource = \"folder\"\npath = {:?}\n[camera.quality]\nfrozen_frames = 0\n",
            self.path(bundle),
            self.path("state"),
            self.path("run"),
            self.path("frames"),
        );
        let _ = fs::remove_dir_all(self.path("state"));
        fs::write(self.path("station.toml"), text).unwrap();
        let output = run("edge-runtime", &["run", "--config", path(&self.path("station.toml"))]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// Who answered for the bundle, by the station's records.
    fn recorded(&self) -> Vec<Value> {
        let output = run("edge-runtime", &["records", "--json", "--state-dir", path(&self.path("state"))]);
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["signed_by"].take()).collect()
    }
}

#[test]
fn a_station_takes_what_a_trusted_key_signed_and_nothing_else() {
    let place = Place::new();
    let first = place.path("first.key.pub");
    let key = edge_runtime::trust::read_key(path(&first)).unwrap();
    let by = |key: &str| format!("keys = [{:?}]", place.path(key));

    let (code, said) = place.station("signed.bundle", &by("first.key.pub"));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("the bundle is signed by the key {}", key.id())), "{said}");
    assert_eq!(place.recorded(), [Value::from(key.id().to_string())]);
    // The same by its digits, beside another key that takes over.
    let both = format!("keys = [{:?}, \"{key}\"]", place.path("second.key.pub"));
    assert_eq!(place.station("signed.bundle", &both).0, Some(0));

    let bytes = fs::read(place.path("signed.bundle")).unwrap();
    let mut forged = bytes.clone();
    let last = forged.len() - 5;
    forged[last] ^= 1;
    let sum = crc32(&forged[bytes.len() - 84..bytes.len() - 4]).to_le_bytes();
    forged[bytes.len() - 4..].copy_from_slice(&sum);
    fs::write(place.path("forged.bundle"), forged).unwrap();
    fs::write(place.path("cut.bundle"), &bytes[..bytes.len() - 1]).unwrap();
    let mut refusals = 0;
    for (bundle, trust, code, words) in [
        ("unsigned.bundle", by("first.key.pub"), 11, "the bundle is not signed"),
        ("signed.bundle", by("second.key.pub"), 11, "none of the 1 signatures is by a trusted key"),
        ("signed.bundle", String::new(), 11, "none of the 1 signatures"),
        ("forged.bundle", by("first.key.pub"), 12, "is not valid"),
        ("forged.bundle", by("first.key.pub") + "\nunsigned = \"accept\"", 12, "is not valid"),
        ("cut.bundle", by("first.key.pub"), 10, "the bundle is damaged"),
        ("signed.bundle", by("first.key.pub") + "\nproduct = \"other\"", 13, "expected \"other\" (trust.product)"),
        ("signed.bundle", by("no.pub"), 1, "no.pub"),
    ] {
        let (found, said) = place.station(bundle, &trust);
        assert_eq!(found, Some(code), "{bundle} {trust}: {said}");
        assert!(said.contains(words), "{bundle} {trust}: {said}");
        assert!(!place.path("state/records").exists(), "{bundle} {trust}");
        refusals += 1;
    }
    println!(
        "ROW U7 | unsigned, wrong key, no key, forged, cut off, another product, through the program | {refusals} | 0 | \
         refused, each cause with its exit code | {refusals}/{refusals}"
    );

    let (code, said) = place.station("unsigned.bundle", "unsigned = \"accept\"");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("NOBODY ANSWERS FOR THE BUNDLE"), "{said}");
    assert_eq!(place.recorded(), [Value::Null]);
}

#[test]
fn keys_and_signatures_are_handled_by_the_host_trainer() {
    let place = Place::new();
    let verify = |bundle: &str, keys: &[&str]| {
        let bundle = place.path(bundle);
        let keys: Vec<_> = keys.iter().map(|key| place.path(key)).collect();
        let keys = keys.iter().flat_map(|key| ["--key", path(key)]);
        let output = place.trainer(&["bundle", "verify", path(&bundle)].into_iter().chain(keys).collect::<Vec<_>>());
        output.status.code()
    };
    assert_eq!(verify("signed.bundle", &["first.key.pub"]), Some(0));
    assert_eq!(verify("signed.bundle", &["second.key.pub", "first.key.pub"]), Some(0));
    assert_eq!(verify("signed.bundle", &["second.key.pub"]), Some(11));
    assert_eq!(verify("unsigned.bundle", &["first.key.pub"]), Some(11));
    assert_eq!(verify("signed.bundle", &["first.key"]), Some(1), "a private key is no public one");
    assert_eq!(verify("first.key.pub", &["first.key.pub"]), Some(10));

    // Rotation: both keys on one bundle, in place; then another release with the new key alone.
    place.sign("signed.bundle", "second.key", "signed.bundle", &[]);
    assert_eq!(verify("signed.bundle", &["first.key.pub"]), Some(0));
    assert_eq!(verify("signed.bundle", &["second.key.pub"]), Some(0));
    place.sign("signed.bundle", "second.key", "next.bundle", &["--release", "2"]);
    assert_eq!(verify("next.bundle", &["first.key.pub"]), Some(11));
    assert_eq!(verify("next.bundle", &["second.key.pub"]), Some(0));
    let told = place.done(&["bundle", "inspect", path(&place.path("next.bundle"))]);
    assert!(told.contains("release     2\n") && told.contains("signatures  by the key "), "{told}");

    // A key is never written over, and opens with its passphrase only.
    let before = fs::read(place.path("first.key")).unwrap();
    assert_eq!(place.trainer(&["bundle", "keygen", "--out", path(&place.path("first.key"))]).status.code(), Some(1));
    assert_eq!(fs::read(place.path("first.key")).unwrap(), before);
    fs::write(place.path("passphrase"), "another one\n").unwrap();
    let (bundle, key) = (place.path("signed.bundle"), place.path("first.key"));
    let refused = place.trainer(&["bundle", "sign", path(&bundle), "--key", path(&key)]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("the passphrase is wrong"));
}

/// A sample of the bits of the real bundle: a flip anywhere in it is refused.
#[test]
fn flips_of_the_default_bundle_are_refused() {
    const FLIPS: u64 = 300;
    let place = Place::new();
    let trust = Trust { keys: read_keys([path(&place.path("first.key.pub"))]).unwrap(), ..Trust::default() };
    let mut bytes = fs::read(place.path("signed.bundle")).unwrap();
    assert!(Bundle::verify(&bytes).is_ok() && trust.verify(&bytes).is_ok());
    let mut refused = 0;
    for number in 0..FLIPS {
        // Evenly over the file, each at another bit; the last few in the signature block.
        let index = (number * (bytes.len() as u64 - 1) / (FLIPS - 1)) as usize;
        bytes[index] ^= 1 << (number % 8);
        refused += u64::from(trust.verify(&bytes).is_err());
        bytes[index] ^= 1 << (number % 8);
    }
    println!("flips of the default bundle refused: {refused}/{FLIPS}");
    assert_eq!(refused, FLIPS);
    assert!(trust.verify(&bytes).is_ok());
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1)))
    })
}
