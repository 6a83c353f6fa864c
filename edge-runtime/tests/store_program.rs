//! The program's store: installing from a file and from standard input, what is refused and with which exit code, the
//! trial, and the way back. Row U9 of the fault matrix with the real program.
#![cfg(target_os = "linux")]

#[path = "support/seal.rs"]
mod seal;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use edge_runtime::acceptance::{Accepted, Refusal, check, product};
use edge_runtime::store::{Fs, Judge, RealFs, Store, TrialLength};
use edge_runtime::trust::Trust;
use seal::seal;
use serde_json::Value;
use shared::bundle::{Bundle, BundleId, GoldenFrame, GoldenFrames, SectionKind};
use shared::score::Score;
use shared::wire::{Manifest, Name, VersionFloor};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn default_bundle() -> Vec<u8> {
    fs::read(repository().join("models/default/station.bundle")).unwrap()
}

/// The default bundle with one section replaced, sealed again.
fn sealed_with(kind: SectionKind, bytes: &[u8]) -> Vec<u8> {
    let original = default_bundle();
    let bundle = Bundle::verify(&original).unwrap();
    let of = |found: SectionKind, old| if found == kind { bytes } else { old };
    let sections: Vec<_> = bundle.sections().map(|section| (section.kind, of(section.kind, section.bytes))).collect();
    seal(&sections)
}

/// Another bundle with the same model.
fn other_bundle() -> Vec<u8> {
    let original = default_bundle();
    let mut manifest = Bundle::verify(&original).unwrap().manifest().clone();
    manifest.created_by = "another".try_into().unwrap();
    let mut bytes = [0; Manifest::MAX_LEN];
    let length = manifest.encode(&mut bytes).unwrap();
    sealed_with(SectionKind::Manifest, &bytes[..length])
}

/// A bundle whose golden scores are not those that come out.
fn failing_bundle() -> Vec<u8> {
    let original = default_bundle();
    let bundle = Bundle::verify(&original).unwrap();
    let other = |frame: GoldenFrame<'_>| Score::new(frame.score.raw() ^ 1).unwrap();
    let frames: Vec<_> = bundle.golden_frames().unwrap().iter().map(|frame| (other(frame), frame)).collect();
    let changed = frames.into_iter().map(|(score, frame)| GoldenFrame { score, ..frame });
    let size = bundle.manifest().model.size;
    let bytes: Vec<u8> = GoldenFrames::encode(size, changed.collect::<Vec<_>>().into_iter()).collect();
    sealed_with(SectionKind::GoldenFrames, &bytes)
}

struct Station {
    folder: tempfile::TempDir,
    config: PathBuf,
}

impl Station {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("station.toml");
        let text = format!(
            "state_dir = {:?}\nruntime_dir = {:?}\n[trust]\nunsigned = \"accept\"\n\
             [camera]\nsource = \"pipe\"\nformat = \"gray8\"\nwidth = 256\n\
             height = 256\ntimeout_ms = 500\n[images]\nkeep = \"none\"\n{more}",
            folder.path().join("state"),
            folder.path().join("run"),
        );
        fs::write(&config, text).unwrap();
        Self { folder, config }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edge-runtime"));
        command.args(arguments).arg("--config").arg(&self.config);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Exit code and what was printed.
    fn install(&self, bundle: &[u8]) -> (i32, Value) {
        let path = self.folder.path().join("stick.bundle");
        fs::write(&path, bundle).unwrap();
        let output = self.run(&["install", path.to_str().unwrap(), "--json"]);
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
    }

    fn store(&self) -> Value {
        serde_json::from_slice(&self.run(&["store", "--json"]).stdout).unwrap()
    }

    /// Starts the station and waits for a status that satisfies `wanted`; its frames are `frames` of a good part.
    fn start(&self, frames: usize, wanted: impl Fn(&Value) -> bool) -> (Child, Value) {
        use std::io::Write;
        let _ = fs::remove_file(self.folder.path().join("run/status.json"));
        let mut child = self
            .command(&["run"])
            .stdin(Stdio::piped())
            .stderr(File::create(self.folder.path().join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        thread::spawn(move || {
            for index in 0..frames {
                let frame: Vec<u8> = (0..256 * 256_usize).map(|pixel| (pixel * 7 + index) as u8).collect();
                if input.write_all(&frame).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(20));
            }
            // Open until the program ends: an end of the frames would end the station.
            thread::sleep(Duration::from_secs(60));
        });
        for _ in 0..1500 {
            let status = fs::read(self.folder.path().join("run/status.json")).unwrap_or_default();
            if let Ok(status) = serde_json::from_slice(&status)
                && wanted(&status)
            {
                return (child, status);
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
        let status = fs::read_to_string(self.folder.path().join("run/status.json"));
        panic!("{status:?} {:?}", fs::read_to_string(self.folder.path().join("stderr")));
    }
}

fn kill((mut child, status): (Child, Value)) -> Value {
    child.kill().unwrap();
    child.wait().unwrap();
    status
}

fn id(bundle: &[u8]) -> String {
    Bundle::verify(bundle).unwrap().id().to_string()
}

#[test]
fn a_bundle_is_installed_from_a_file_and_from_standard_input() {
    let station = Station::new("");
    let (first, second) = (default_bundle(), other_bundle());
    assert_eq!(station.run(&["store"]).status.code(), Some(1));
    assert_eq!(station.run(&["rollback"]).status.code(), Some(1));

    let (code, said) = station.install(&first);
    assert_eq!((code, &said["result"], &said["bundle"]), (0, &"installed".into(), &id(&first).into()), "{said}");
    assert_eq!((&said["release"], &said["generation"], &said["trial_parts"]), (&1.into(), &1.into(), &50.into()));
    assert_eq!((&said["previous"], &said["error"], &said["code"]), (&Value::Null, &Value::Null, &0.into()));
    let (code, said) = station.install(&first);
    assert_eq!((code, &said["result"], &said["generation"]), (0, &"already_active".into(), &1.into()));
    assert_eq!(station.run(&["confirm"]).status.code(), Some(0));

    let path = station.folder.path().join("second");
    fs::write(&path, &second).unwrap();
    let mut command = station.command(&["install", "-"]);
    let output = command.stdin(File::open(&path).unwrap()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let store = station.store();
    assert_eq!((&store["active"], &store["previous"]), (&id(&second).into(), &id(&first).into()));
    assert_eq!((&store["tries_left"], &store["confirmed"]), (&3.into(), &false.into()));

    assert_eq!(station.run(&["rollback"]).status.code(), Some(0));
    assert_eq!(station.store()["active"], id(&first));
    assert_eq!(fs::read_dir(station.folder.path().join("state/store/bundles")).unwrap().count(), 1);
}

#[test]
fn what_is_refused_has_its_exit_code_and_changes_nothing() {
    let station = Station::new("");
    let good = default_bundle();
    station.install(&good);
    let before = station.store();
    let mut changed = good.clone();
    // The last byte of the last section: the signature block of no signatures has 12.
    let last = good.len() - 13;
    changed[last] ^= 1;
    let no_model = sealed_with(SectionKind::Onnx, b"no model");
    let cases: [(&[u8], i32, &str); 5] = [
        (&good[..good.len() / 2], 10, "expected at least"),
        (&changed, 10, "does not agree with its hash"),
        (b"", 10, "found 0 bytes"),
        (&no_model, 17, "the model is refused"),
        (&failing_bundle(), 18, "golden frame 0"),
    ];
    for (bundle, expected, words) in cases {
        let (code, said) = station.install(bundle);
        assert_eq!((code, &said["code"], &said["result"]), (expected, &expected.into(), &"refused".into()), "{said}");
        assert!(said["error"].as_str().unwrap().contains(words), "{said}");
        assert_eq!(station.store(), before);
    }
    assert_eq!(station.run(&["install", "/nowhere"]).status.code(), Some(1));
    assert_eq!(station.run(&["install", "/dev/null"]).status.code(), Some(1));
    let store = RealFs::new(&station.folder.path().join("state/store"));
    let lock = store.lock(Path::new("inbox")).unwrap();
    assert!(lock.is_some());
    assert_eq!(station.install(&good).0, 19);
    let lock = store.lock(Path::new("lock")).unwrap();
    assert!(lock.is_some());
    assert_eq!(station.run(&["confirm"]).status.code(), Some(19));
}

/// The default bundle without its golden frames.
fn unproven_bundle() -> Vec<u8> {
    let original = default_bundle();
    let bundle = Bundle::verify(&original).unwrap();
    let sections: Vec<_> = bundle
        .sections()
        .filter(|section| section.kind != SectionKind::GoldenFrames)
        .map(|section| (section.kind, section.bytes))
        .collect();
    seal(&sections)
}

#[test]
fn a_bundle_that_cannot_be_proven_is_installed_only_where_it_is_accepted() {
    let (code, said) = Station::new("").install(&unproven_bundle());
    assert_eq!(code, 18, "{said}");
    assert!(said["error"].as_str().unwrap().contains("trust.unproven"), "{said}");
    let accepting = Station::new("");
    let text = fs::read_to_string(&accepting.config).unwrap();
    fs::write(&accepting.config, text.replace("[trust]", "[trust]\nunproven = \"accept\"")).unwrap();
    assert_eq!(accepting.install(&unproven_bundle()).0, 0);
}

#[test]
fn what_is_wrong_with_the_station_takes_no_try_from_the_bundle() {
    let station = Station::new("");
    let bundle = default_bundle();
    station.install(&bundle);
    let tries = || station.store()["tries_left"].clone();
    let text = fs::read_to_string(&station.config).unwrap();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from));
        fs::write(&station.config, text.replace(from, to)).unwrap();
        let output = station.run(&["run"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let said = with("source = \"pipe\"", "source = \"raw\"\npath = \"nowhere\"");
    assert!(said.contains("nowhere") && tries() == 3, "{said}");
    let said = with("[trust]", "[trust]\nthreshold = \"station\"");
    assert!(said.contains("trust.threshold") && tries() == 3, "{said}");
    let commissioned = station.folder.path().join("state/store/commissioned");
    fs::create_dir_all(&commissioned).unwrap();
    fs::write(commissioned.join(id(&bundle)), b"damaged").unwrap();
    let said = with("[trust]", "[trust]");
    assert!(said.contains("damaged") && tries() == 3, "{said}");
}

/// Takes everything that is whole.
struct Anybody;

impl Judge for Anybody {
    fn check(&self, bytes: &[u8], floor: Option<&VersionFloor>) -> Result<Accepted, Refusal> {
        check(bytes, &Trust { unsigned_allowed: true, ..Trust::default() }, floor)
    }

    fn prove(&self, _: &Path, _: BundleId) -> Result<(), Refusal> {
        Ok(())
    }

    fn product(&self, bytes: &[u8], id: BundleId) -> Option<Name> {
        product(bytes, id)
    }

    fn takes_one_product(&self) -> bool {
        false
    }
}

/// A model of 60 MiB that is none: with 64 MiB of memory the child does not get as far as seeing that.
#[test]
fn too_little_memory_at_a_start_costs_a_try_and_a_refused_model_gives_the_bundle_up() {
    let station = Station::new("");
    let (first, second) = (default_bundle(), sealed_with(SectionKind::Onnx, &vec![0; 60 << 20]));
    station.install(&first);
    assert!(station.run(&["confirm"]).status.success());
    let store = Store::new(RealFs::new(&station.folder.path().join("state/store")), TrialLength { tries: 3, parts: 9 });
    store.install(&mut &second[..], &Anybody).unwrap();
    let text = fs::read_to_string(&station.config).unwrap();
    fs::write(&station.config, text.replace("[images]", "[preflight]\nmemory_mib = 64\n[images]")).unwrap();
    let output = station.run(&["run"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(17), "{said}");
    assert!(said.contains("preflight.memory_mib"), "{said}");
    assert_eq!(
        (&station.store()["active"], &station.store()["tries_left"]),
        (&id(&second).into(), &2.into()),
        "{said}"
    );
    fs::write(&station.config, text).unwrap();
    let output = station.run(&["run"]);
    assert_eq!(station.store()["active"], id(&first), "{output:?}");
}

/// The default bundle as another release.
fn release(number: u32) -> Vec<u8> {
    let original = default_bundle();
    let mut manifest = Bundle::verify(&original).unwrap().manifest().clone();
    manifest.release = number;
    let mut bytes = [0; Manifest::MAX_LEN];
    let length = manifest.encode(&mut bytes).unwrap();
    sealed_with(SectionKind::Manifest, &bytes[..length])
}

#[test]
fn a_bundle_named_by_the_configuration_is_held_against_the_floor() {
    let station = Station::new("");
    station.install(&release(5));
    assert!(station.run(&["confirm"]).status.success());
    let older = station.folder.path().join("older.bundle");
    fs::write(&older, release(4)).unwrap();
    let text = fs::read_to_string(&station.config).unwrap();
    fs::write(&station.config, format!("bundle = {older:?}\n{text}")).unwrap();
    let output = station.run(&["run"]);
    assert_eq!(output.status.code(), Some(15), "{output:?}");
    File::create(&older).unwrap().set_len((256 << 20) + 1).unwrap(); // sparse: takes no space
    assert_eq!(station.run(&["run"]).status.code(), Some(10));
}

#[test]
fn a_refusal_is_one_even_if_nobody_reads_it() {
    let station = Station::new("");
    let path = station.folder.path().join("failing.bundle");
    fs::write(&path, failing_bundle()).unwrap();
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let path = path.to_str().unwrap();
    let install = station.command(&["install", path, "--json"]).stdout(closed()).status().unwrap();
    assert_eq!(install.code(), Some(18));
    let mut command = Command::new(env!("CARGO_BIN_EXE_edge-runtime"));
    let tested = command.args(["self-test", "--bundle", path, "--json"]).stdout(closed()).status().unwrap();
    assert_eq!(tested.code(), Some(1));
}

#[test]
fn u9_three_crashes_on_trial_bring_the_bundle_before_back() {
    let station = Station::new("");
    let (first, second) = (default_bundle(), other_bundle());
    station.install(&first);
    assert!(station.run(&["confirm"]).status.success());
    station.install(&second);
    for left in [2, 1, 0] {
        let status = kill(station.start(0, |status| status["state"] != "starting"));
        assert_eq!(status["threshold_source"], "bundle");
        assert_eq!(
            (&status["bundle"], &status["store"]["tries_left"]),
            (&id(&second).into(), &left.into()),
            "{status}"
        );
    }
    let status = kill(station.start(0, |status| status["state"] != "starting"));
    assert_eq!(status["bundle"], id(&first), "{status}");
    assert_eq!((&status["store"]["confirmed"], &status["store"]["previous"]), (&true.into(), &Value::Null));
    println!("ROW U9 | the program killed on trial three times | 1 | 0 | goes back by itself | 1/1");
}

#[test]
fn enough_parts_confirm_the_bundle_on_trial() {
    let station = Station::new("[store]\ntrial_parts = 20\n");
    station.install(&default_bundle());
    let status = kill(station.start(200, |status| status["store"]["confirmed"] == true));
    assert!(status["inspections"]["total"].as_u64().unwrap() >= 20, "{status}");
    let store = station.store();
    assert_eq!((&store["confirmed"], &store["trial_parts_left"]), (&true.into(), &0.into()));
    assert!(station.folder.path().join("state/store/floor").exists());
}
