//! What the Debian package promises, and the drop-in that gives the service its frames through a pipe.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_edge-runtime");

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

/// The drop-in as `docs/operation.md` shows it.
fn drop_in() -> String {
    let document = read("docs/operation.md");
    let (_, section) = document.split_once("### Frames through a pipe").unwrap();
    let (_, text) = section.split_once("```ini\n").unwrap();
    text.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_package_has_what_the_program_needs_and_the_documents_that_its_texts_name() {
    let manifest = read("edge-runtime/Cargo.toml");
    let depends = manifest.lines().find(|line| line.starts_with("depends = ")).unwrap();
    for package in ["libc6", "libgcc-s1", "systemd"] {
        assert!(depends.contains(package), "{depends} lacks {package}");
    }
    // Every shared library that the program names is in a package that it depends on.
    let output = Command::new("readelf").args(["--dynamic", PROGRAM]).output().expect("binutils");
    let dynamic = String::from_utf8(output.stdout).unwrap();
    let needed: Vec<_> = dynamic.lines().filter(|line| line.contains("(NEEDED)")).collect();
    assert!(!needed.is_empty(), "{dynamic}");
    for line in needed {
        let known = ["libc.so", "libm.so", "ld-linux", "libgcc_s.so"].iter().any(|library| line.contains(library));
        assert!(known, "{line}: which package has it?");
    }
    for document in ["operation.md", "station.md", "camera.md"] {
        assert!(manifest.contains(&format!("[\"../docs/{document}\", \"usr/share/doc/edge-runtime/\"")), "{document}");
    }
}

#[test]
fn systemd_takes_the_unit_with_the_drop_in() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("edge-runtime.service");
    // The program is not installed here.
    fs::write(&unit, read("packaging/edge-runtime.service").replace("/usr/bin/edge-runtime", "/bin/true")).unwrap();
    let drop_ins = folder.path().join("edge-runtime.service.d");
    fs::create_dir(&drop_ins).unwrap();
    fs::write(drop_ins.join("override.conf"), drop_in()).unwrap();
    let output = match Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output() {
        Ok(output) => output,
        Err(error) => return println!("not verified, there is no systemd-analyze: {error}"),
    };
    let said = String::from_utf8(output.stderr).unwrap();
    let about_ours: Vec<_> = said.lines().filter(|line| line.contains("edge-runtime")).collect();
    assert!(about_ours.is_empty(), "{about_ours:#?}");
}

/// A configuration of a station that gets frames from a pipe.
fn configure(folder: &Path) -> PathBuf {
    let config = folder.join("station.toml");
    let text = format!(
        "bundle = \"{}\"\nstate_dir = \"{state}/state\"\nruntime_dir = \"{state}/run\"\n\
         [trust]\nunsigned = \"accept\"\n[camera]\n\
         source = \"pipe\"\nformat = \"yuv420\"\nwidth = 256\nheight = 256\n",
        repository().join("models/default/station.bundle").display(),
        state = folder.display(),
    );
    fs::write(&config, text).unwrap();
    config
}

/// However long a start takes, each of its steps is announced before it begins, and READY=1 comes after the last.
#[test]
fn a_start_tells_the_service_manager_what_each_step_may_take() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path());
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}[preflight]\nseconds = 600\n")).unwrap();
    let socket = folder.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["run", "--config"]).arg(&config).env("NOTIFY_SOCKET", &socket).env_remove("WATCHDOG_USEC");
    let mut station = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut steps, mut bytes) = (0, [0; 4096]);
    loop {
        let length = manager.recv(&mut bytes).expect("ready within 20 seconds");
        let message = String::from_utf8_lossy(&bytes[..length]).into_owned();
        if message.contains("READY=1") {
            break;
        }
        if let Some(limit) = message.trim().strip_prefix("EXTEND_TIMEOUT_USEC=") {
            assert!(limit.parse::<u64>().unwrap() >= 600_000_000, "{limit}: the child may take longer");
            steps += 1;
        }
    }
    // The child, loading, five golden frames.
    assert_eq!(steps, 7);
    station.kill().unwrap();
    station.wait().unwrap();
    let unit = read("packaging/edge-runtime.service");
    assert!(unit.contains("\nNotifyAccess=main\n") && unit.contains("\nTimeoutStartSec=60s\n"));
}

/// The command of the drop-in, with another camera: the station is the main process, and gets the frames.
#[test]
fn the_drop_in_feeds_the_station() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path());
    let frames = folder.path().join("frames.yuv");
    let frame = |level: u8| (0..256 * 256 * 3 / 2).map(move |index: u32| level ^ (index % 251) as u8);
    fs::write(&frames, (1..=3).flat_map(frame).collect::<Vec<u8>>()).unwrap();
    let drop_in = drop_in();
    let command = drop_in.lines().find_map(|line| line.strip_prefix("ExecStart=/bin/bash -c '")).unwrap();
    let command = command.strip_suffix('\'').unwrap();
    let (before, camera) = command.split_once("<(exec ").unwrap();
    assert!(camera.starts_with("rpicam-vid ") && camera.ends_with(" -o -)"), "{camera}");
    let before = before.replace("/usr/bin/edge-runtime", PROGRAM);
    let before = before.replace("/etc/edge-runtime/station.toml", config.to_str().unwrap());
    // Waits until its parent, the main process, is the station.
    let command = format!(
        "{before}<(until grep -qx edge-runtime /proc/$$/comm; do sleep 0.01; done; echo main >&2; exec cat {})",
        frames.display()
    );
    let child = Command::new("bash").args(["-c", &command]).stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
    let output = child.unwrap().wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("main\n") && said.contains("the frames ended; look after what feeds them"), "{said}");
    let state = folder.path().join("state");
    let records = Command::new(PROGRAM).args(["records", "--json", "--state-dir"]).arg(state).output().unwrap();
    assert_eq!(String::from_utf8(records.stdout).unwrap().lines().count(), 3, "{said}");
}
