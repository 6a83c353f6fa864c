//! Flashing over a real OpenSSH server: what stations take, what they refuse, and what is told of every way that it can
//! fail. Whatever happens, a station has the bundle before or the new one, whole.
//!
//! Needs `sshd`, `ssh` and `ssh-keygen` (Debian: openssh-server, openssh-client), `unshare` and `flock` (util-linux).

#[path = "../../edge-runtime/tests/support/seal.rs"]
mod seal;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use seal::seal;
use serde_json::Value;
use shared::bundle::signature::{MAX_BLOCK_LEN, Signature, encode_block};
use shared::bundle::{Bundle, Section, SectionKind};
use shared::wire::Manifest;

use crate::programs::{path, repository};
use server::{Hall, Station, closed_port, contents, cut_after, user};

fn results(objects: &[Value]) -> Vec<&str> {
    objects.iter().map(|object| object["result"].as_str().unwrap()).collect()
}

#[test]
fn four_stations_take_a_bundle_at_once_and_taking_it_again_changes_nothing() {
    let hall = Hall::new();
    let stations: Vec<_> = (0..4).map(|number| hall.station(&format!("line{number}"))).collect();
    let ports: Vec<_> = stations.iter().map(|station| station.port).collect();

    let (code, asked) = hall.flash("1.bundle", &ports, &["--dry-run"]);
    assert_eq!((code, results(&asked)), (Some(0), vec!["ready"; 4]), "{asked:?}");
    assert!(stations.iter().all(|station| station.active().is_none()), "only asked");

    let key = hall.path("signing.pub");
    let (code, objects) = hall.flash("1.bundle", &ports, &["--key", path(&key)]);
    assert_eq!((code, results(&objects)), (Some(0), vec!["installed"; 4]), "{objects:?}");
    for (station, object) in stations.iter().zip(&objects) {
        assert_eq!(object["station"], format!("{}@127.0.0.1:{}", user(), station.port));
        assert_eq!(object["active"].as_str(), station.active().as_deref());
        assert_eq!(
            (&object["changed"], &object["release"], &object["trial_parts"]),
            (&true.into(), &1.into(), &50.into())
        );
    }

    let before: Vec<_> = stations.iter().map(|station| contents(&station.folder.join("state/store"))).collect();
    let (code, objects) = hall.flash("1.bundle", &ports, &["--parallel", "2"]);
    assert_eq!((code, results(&objects)), (Some(0), vec!["already_active"; 4]), "{objects:?}");
    let (code, asked) = hall.flash("1.bundle", &ports, &["--dry-run"]);
    assert_eq!((code, results(&asked)), (Some(0), vec!["already_active"; 4]), "{asked:?}");
    let after: Vec<_> = stations.iter().map(|station| contents(&station.folder.join("state/store"))).collect();
    assert!(before == after, "a store was changed");

    // Confirmed at once, and so the next one; then there is no way back to an older release.
    let (code, objects) = hall.flash("1.bundle", &ports[..1], &["--confirm"]);
    assert_eq!((code, results(&objects)), (Some(0), vec!["already_active"]), "{objects:?}");
    assert_eq!(objects[0]["confirmed"], true);
    let first = stations[0].active();
    let (code, objects) = hall.flash("2.bundle", &ports[..1], &["--confirm"]);
    assert_eq!((code, results(&objects)), (Some(0), vec!["installed"]), "{objects:?}");
    assert_eq!((&objects[0]["confirmed"], objects[0]["previous"].as_str()), (&true.into(), first.as_deref()));
    assert_eq!(stations[0].here("store").unwrap()["confirmed"], true);
    let output = hall.flash_output("1.bundle", &ports[..2], &[]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{table}");
    assert!(table.contains("refused (15)") && table.contains("already active"), "{table}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 of 2 stations failed"));
}

/// One station that takes the bundle, and each way not to.
#[test]
fn every_failure_is_told_apart_and_changes_nothing() {
    let hall = Hall::new();
    let good = hall.station("good");
    let other_key = hall.station("other_key");
    hall.configure("other_key/station.toml", "other", "");
    let other_product = hall.station("other_product");
    hall.configure("other_product/station.toml", "signing", "product = \"bolt\"");
    let run = "exec sh -c \"$SSH_ORIGINAL_COMMAND\"";
    let damaged = hall.station_that("damaged", &format!("(head -c 2000000; printf X; cat) | {{ {run}; }}"), "");
    let no_program = hall.station_that("no_program", &format!("PATH=/usr/bin:/bin\n{run}"), "");
    let old = hall.station_that("old", &format!("PATH={}/old:$PATH\n{run}", hall.path("").display()), "");
    hall.script("old/edge-runtime", "echo \"error: unrecognized subcommand '$1'\" >&2\nexit 2");
    let slow = hall.station_that("slow", "cat >/dev/null; exec sleep 60", "");
    let deaf = hall.station_that("deaf", "exec sleep 60", "");
    let chatty = hall.station_that("chatty", "cat >/dev/null; printf '\\033[2Jdone\\n'", "");
    let failing = hall.station_that("failing", &format!("rm -rf state; ln -s /proc/nowhere state; {run}"), "");
    // A disk of the station's own, in a mount namespace (`unshare` of util-linux).
    let disk = |options| {
        let mount = format!("mount -t tmpfs -o {options} tmpfs state");
        format!("mkdir -p state; exec unshare -rm sh -c '{mount} && exec sh -c \"$SSH_ORIGINAL_COMMAND\"'")
    };
    let full = hall.station_that("full", &disk("size=1m"), "");
    let read_only = hall.station_that("read_only", &disk("ro"), "");
    let other_login = hall.station("other_login_only");
    let login = fs::read_to_string(hall.path("other_login.pub")).unwrap();
    hall.write("other_login_only/authorized_keys", &login);

    let (wrong_host, unknown_host) = (hall.station("wrong_host"), hall.station("unknown_host"));
    let known = fs::read_to_string(hall.path("known_hosts")).unwrap();
    let kept = known.lines().filter(|line| {
        ![&wrong_host, &unknown_host].iter().any(|station| line.contains(&format!("]:{} ", station.port)))
    });
    hall.write("known_hosts", &(kept.collect::<Vec<_>>().join("\n") + "\n"));
    hall.know(wrong_host.port, "other_host");

    let ports = BTreeMap::from([
        (good.port, "installed"),
        (other_key.port, "refused 11"),
        (other_product.port, "refused 13"),
        (damaged.port, "refused 10"),
        (no_program.port, "no_program"),
        (old.port, "program_too_old"),
        (chatty.port, "unintelligible"),
        (failing.port, "station_failed"),
        (full.port, "disk_full"),
        (read_only.port, "disk_read_only"),
        (other_login.port, "permission_denied"),
        (wrong_host.port, "other_host_key"),
        (unknown_host.port, "unknown_host_key"),
        (closed_port(), "unreachable"),
    ]);
    let stations: Vec<_> = ports.keys().copied().collect();
    let (code, objects) = hall.flash("1.bundle", &stations, &["--parallel", "20"]);
    assert_eq!(code, Some(1));
    for ((port, expected), object) in ports.iter().zip(&objects) {
        let name = object["result"].as_str().unwrap();
        let found = object["code"].as_i64().map_or(name.to_owned(), |code| format!("{name} {code}"));
        assert_eq!(found, *expected, "{object}");
        assert!(object["station"].as_str().unwrap().ends_with(&format!(":{port}")));
        assert!(object["advice"].as_str().unwrap().len() > 5, "{object}");
        assert!(!object.to_string().contains("\\u001b"), "{object}");
        let changed = match *expected {
            "installed" => Value::from(true),
            "unintelligible" => Value::Null,
            _ => false.into(),
        };
        assert_eq!(object["changed"], changed, "{object}");
    }
    let (code, objects) = hall.flash("1.bundle", &[slow.port, deaf.port], &["--timeout", "3"]);
    assert_eq!((code, results(&objects)), (Some(1), vec!["answer_timed_out", "timed_out"]), "{objects:?}");
    assert_eq!((&objects[0]["changed"], &objects[1]["changed"]), (&Value::Null, &false.into()));
    assert!(good.active().is_some());
    for station in [&other_key, &other_product, &damaged, &no_program, &old, &slow, &deaf, &wrong_host, &unknown_host] {
        assert!(station.active().is_none() && station.is_clean(), "{}", station.folder.display());
    }
    assert!(!wrong_host.folder.join("state").exists(), "nothing was sent to another machine");
}

/// What a station can have against a bundle: a code, an error and an advice of its own for each, and nothing changes.
#[test]
fn every_refusal_has_its_own_code() {
    let hall = Hall::new();
    let unsigned = repository().join("models/default/station.bundle");
    let bytes = fs::read(&unsigned).unwrap();
    let bundle = Bundle::verify(&bytes).unwrap();
    let with = |kind: SectionKind, other: &[u8]| {
        let section = |found: Section<'_>| (found.kind, if found.kind == kind { other } else { found.bytes }.to_vec());
        let sections: Vec<_> = bundle.sections().map(section).collect();
        seal(&sections.iter().map(|(kind, bytes)| (*kind, &bytes[..])).collect::<Vec<_>>())
    };
    let mut golden = bundle.section(SectionKind::GoldenFrames).unwrap().to_vec();
    let size = bundle.manifest().model.size;
    let pixels = (size.width * size.height) as usize;
    golden[8 + 8 + pixels + pixels / 2] ^= 0x80; // a pixel of the first reconstruction, behind two heads and the input
    let camera = Manifest { camera: "line 9".try_into().unwrap(), ..bundle.manifest().clone() };
    let mut manifest = [0; Manifest::MAX_LEN];
    let length = camera.encode(&mut manifest).unwrap();
    for (name, bytes, more) in [
        ("camera", with(SectionKind::Manifest, &manifest[..length]), &[][..]),
        ("newer", bytes.clone(), &["--minimum-runtime", "65535.0.0"]),
        ("no_model", with(SectionKind::Onnx, b"no model"), &["--release", "3"]),
        ("failing", with(SectionKind::GoldenFrames, &golden), &["--release", "3"]),
    ] {
        fs::write(hall.path(name), bytes).unwrap();
        hall.sign(name, &format!("{name}.bundle"), more);
    }
    // A signature that is said to be by the trusted key, and is not.
    let signed = fs::read(hall.path("1.bundle")).unwrap();
    let mut forged = *Bundle::verify(&signed).unwrap().signatures().iter().next().unwrap();
    let length = |signatures: &[Signature], block: &mut [u8]| encode_block(signatures, block).unwrap();
    let mut block = [0; MAX_BLOCK_LEN];
    let content = signed.len() - length(&[forged], &mut block);
    forged.bytes[5] ^= 1;
    let length = length(&[forged], &mut block);
    fs::write(hall.path("forged.bundle"), [&signed[..content], &block[..length]].concat()).unwrap();

    let station = hall.station("line");
    hall.configure("line/station.toml", "signing", "product = \"rendered bottle mouth\"\ncamera = \"line 1\"");
    assert_eq!(hall.flash("2.bundle", &[station.port], &["--confirm"]).0, Some(0));
    let other_key = hall.station("other_key");
    hall.configure("other_key/station.toml", "other", "");
    let other_product = hall.station("other_product");
    hall.configure("other_product/station.toml", "signing", "product = \"bolt\"");
    // Another install has the store's inbox.
    let taken = "mkdir -p state/store/inbox; exec flock state/store/inbox sh -c \"$SSH_ORIGINAL_COMMAND\"";
    let busy = hall.station_that("busy", taken, "");
    let damaged = "(head -c 2000000; printf X; cat) | { exec sh -c \"$SSH_ORIGINAL_COMMAND\"; }";
    let damaged = hall.station_that("damaged", damaged, "");
    let stations = [&station, &other_key, &other_product, &busy, &damaged];
    // The lock is a file without bytes.
    let store = |station: &Station| {
        let files = contents(&station.folder.join("state/store"));
        files.into_iter().filter(|(_, bytes)| !bytes.is_empty()).collect::<Vec<_>>()
    };
    let stores = || stations.map(store);
    let before = stores();
    let (mut codes, mut words) = (Vec::new(), BTreeMap::new());
    for (bundle, station) in [
        ("2.bundle", &damaged),
        ("2.bundle", &other_key),
        ("forged.bundle", &station),
        ("2.bundle", &other_product),
        ("camera.bundle", &station),
        ("1.bundle", &station), // a replay
        ("newer.bundle", &station),
        ("no_model.bundle", &station),
        ("failing.bundle", &station),
        ("2.bundle", &busy),
    ] {
        let (code, objects) = hall.flash(bundle, &[station.port], &[]);
        assert_eq!((code, results(&objects)), (Some(1), vec!["refused"]), "{bundle}: {objects:?}");
        assert_eq!(objects[0]["changed"], false, "{objects:?}");
        codes.push(objects[0]["code"].as_i64().unwrap());
        words.insert(objects[0]["error"].to_string(), objects[0]["advice"].to_string());
        assert!(station.is_clean() && stores() == before, "{bundle}");
    }
    assert_eq!(codes, (10..=19).collect::<Vec<_>>());
    assert_eq!(words.len(), codes.len(), "{words:#?}");
    assert_eq!(words.values().collect::<BTreeSet<_>>().len(), codes.len(), "{words:#?}");
}

/// The connection is cut at 12 places, in the first bytes as in the last of the bundle.
#[test]
fn a_connection_that_is_cut_leaves_the_bundle_before() {
    let hall = Hall::new();
    let station = hall.station("line");
    assert_eq!(hall.flash("1.bundle", &[station.port], &[]).0, Some(0));
    let before = contents(&station.folder.join("state/store"));
    let length = fs::metadata(hall.path("2.bundle")).unwrap().len() as usize;
    let places = (0..11).map(|place| 100 + place * length / 11).chain([length]);
    let mut told = BTreeMap::<String, usize>::new();
    for bytes in places {
        let port = cut_after(station.port, bytes);
        hall.know(port, "host");
        let (code, objects) = hall.flash("2.bundle", &[port], &["--timeout", "60"]);
        assert_eq!(code, Some(1), "cut after {bytes} bytes: {objects:?}");
        let result = objects[0]["result"].as_str().unwrap();
        assert!(["connection_lost", "answer_lost"].contains(&result), "cut after {bytes} bytes: {objects:?}");
        *told.entry(result.to_owned()).or_default() += 1;
        assert!(station.is_clean(), "cut after {bytes} bytes");
        assert!(contents(&station.folder.join("state/store")) == before, "cut after {bytes} bytes");
    }
    println!("connections cut with the bundle before active and nothing left: 12/12 {told:?}");
    assert!(told["connection_lost"] >= 10, "{told:?}");
    let (code, objects) = hall.flash("2.bundle", &[station.port], &[]);
    assert_eq!((code, results(&objects)), (Some(0), vec!["installed"]), "it takes the bundle afterwards");
}

#[test]
fn names_are_neither_options_nor_commands() {
    let hall = Hall::new();
    let station = hall.station("line");
    let mark = station.folder.join("mark");
    let touch = format!("touch {}", mark.display());
    for name in [
        format!("--to=-oProxyCommand={touch}"),
        format!("--to=x@-oProxyCommand={touch}"),
        format!("--to=127.0.0.1;{touch}"),
        format!("--to=$({touch})"),
        "--config=-x".to_owned(),
        "--program=--help".to_owned(),
        "--ssh-option=-x".to_owned(),
    ] {
        let output = hall.flash_output("1.bundle", &[station.port], &[&name]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stderr).contains("expected "), "{name} is refused for what it is");
    }
    hall.write("stations", &format!("127.0.0.1:{}\n-oProxyCommand={touch}\n", station.port));
    let output = hall.flash_output("1.bundle", &[], &["--stations", path(&hall.path("stations"))]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("stations:2: found"));
    let twice = hall.flash_output("1.bundle", &[station.port, station.port], &[]);
    assert_eq!(twice.status.code(), Some(2));
    assert!(station.active().is_none() && !mark.exists());

    // What a shell would read is a file's name, on the station as here.
    let name = "it's $(touch mark) `touch mark`; touch mark & *.toml";
    hall.configure(&format!("line/{name}"), "signing", "");
    let (code, objects) = hall.flash("1.bundle", &[station.port], &["--config", name]);
    assert_eq!((code, results(&objects)), (Some(0), vec!["installed"]), "{objects:?}");
    assert!(!mark.exists());
}

/// The key of `docs/operation.md` that may flash and do nothing else.
#[test]
fn a_key_may_be_for_flashing_only() {
    let hall = Hall::new();
    let script = fs::read_to_string(repository().join("packaging/flash-only")).unwrap();
    let folder = hall.path("line");
    let script = script.replace("/etc/edge-runtime/station.toml", path(&folder.join("station.toml")));
    let script = script.replace("/usr/bin/edge-runtime", path(&crate::programs::program("edge-runtime")));
    let station = hall.station_that("line", "", &format!("restrict,command=\"{}/flash-only\"", folder.display()));
    hall.script("line/flash-only", script.strip_prefix("#!/bin/sh\n").unwrap());
    let config = folder.join("station.toml");
    let flash = |more: &[&str]| {
        let (code, objects) = hall.flash("1.bundle", &[station.port], &[&["--config", path(&config)], more].concat());
        (code, objects[0]["result"].as_str().unwrap().to_owned())
    };
    assert_eq!(flash(&["--dry-run"]), (Some(0), "ready".to_owned()));
    assert_eq!(flash(&[]), (Some(0), "installed".to_owned()));
    assert_eq!(flash(&["--confirm"]), (Some(0), "already_active".to_owned()));
    assert_eq!(station.here("store").unwrap()["confirmed"], true);
    for command in ["id", "edge-runtime store; id", "", "edge-runtime install - --config /dev/stdin --json"] {
        let output = std::process::Command::new(hall.path("ssh"))
            .args(["-i", path(&hall.path("login")), "-p", &station.port.to_string(), "127.0.0.1", command])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(126), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty(), "{command}");
    }
}

#[test]
fn what_is_not_a_signed_whole_bundle_goes_nowhere() {
    let hall = Hall::new();
    let station = hall.station("line");
    fs::copy(repository().join("models/default/station.bundle"), hall.path("unsigned.bundle")).unwrap();
    assert_eq!(hall.flash("unsigned.bundle", &[station.port], &[]).0, Some(2));
    assert_eq!(hall.flash("1.bundle", &[station.port], &["--key", path(&hall.path("other.pub"))]).0, Some(11));
    let mut bytes = fs::read(hall.path("1.bundle")).unwrap();
    bytes[2_000_000] ^= 1;
    fs::write(hall.path("damaged.bundle"), bytes).unwrap();
    assert_eq!(hall.flash("damaged.bundle", &[station.port], &[]).0, Some(1));
    assert!(!station.folder.join("state").exists(), "nothing was sent");

    hall.configure("line/station.toml", "signing", "unsigned = \"accept\"");
    let (code, objects) = hall.flash("unsigned.bundle", &[station.port], &["--unsigned"]);
    assert_eq!((code, results(&objects)), (Some(0), vec!["installed"]), "{objects:?}");
}

/// By a stick: the same install, from a file.
#[test]
fn a_stick_is_an_inbox() {
    let hall = Hall::new();
    let station = hall.station("line");
    let stick = hall.path("stick");
    let flash = |folder: &std::path::Path| {
        let arguments = ["flash", path(&hall.path("1.bundle")), "--stick", path(folder)].map(str::to_owned);
        crate::programs::run("host-trainer", &arguments.each_ref().map(String::as_str))
    };
    assert_eq!(flash(&stick).status.code(), Some(1), "nothing is mounted there");
    fs::create_dir(&stick).unwrap();
    assert_eq!(flash(&stick).status.code(), Some(0));
    let [(file, bytes)] = &contents(&stick)[..] else { panic!("one file is on the stick") };
    let install = || {
        let config = station.folder.join("station.toml");
        crate::programs::run("edge-runtime", &["install", path(file), "--config", path(&config)]).status.code()
    };
    fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!((install(), station.active()), (Some(10), None));
    fs::write(file, bytes).unwrap();
    assert_eq!(install(), Some(0));
    assert!(station.active().is_some());
}
