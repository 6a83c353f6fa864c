//! The program swaps bundles while it runs: an install, a rollback and a confirmation by another process are noticed,
//! every record names one bundle with that bundle's own threshold, and a bundle that cannot be used leaves the running
//! one in place. Nothing here restarts the station.
#![cfg(target_os = "linux")]

#[allow(dead_code)] // each trial takes what it needs
#[path = "support/program.rs"]
mod program;
#[allow(dead_code)]
#[path = "support/variant.rs"]
mod variant;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use program::{Frames, Running, command, configure, eventually, feed, records, status};
use serde_json::Value;
use shared::bundle::Bundle;
use shared::wire::InspectionRecord;
use variant::{default_bundle, with_another_threshold};

/// Runs a command of the store; its exit code has to be 0.
fn store(config: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edge-runtime"));
    let output = command.args(arguments).arg("--config").arg(config).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

fn id(bundle: &[u8]) -> String {
    Bundle::verify(bundle).unwrap().id().to_string()
}

#[test]
fn a_station_that_runs_takes_over_what_is_installed() {
    let folder = tempfile::tempdir().unwrap();
    let gate = "delay_ms = 300\nbudget_ms = 250\npulse_ms = 10\ntolerance_ms = 5";
    let config = configure(folder.path(), 500, gate, "[images]\nkeep = \"none\"\n[store]\ntrial_parts = 1000000");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.split_once('\n').unwrap().1).unwrap(); // the store's bundle
    let bundles = [default_bundle(), with_another_threshold(1), with_another_threshold(2)];
    let paths = [0, 1, 2].map(|index| folder.path().join(format!("{index}.bundle")));
    bundles.iter().zip(&paths).for_each(|(bundle, path)| fs::write(path, bundle).unwrap());
    let install = |index: usize| store(&config, &["install", paths[index].to_str().unwrap()]);
    install(0);
    store(&config, &["confirm"]);

    let mut program = Running::start(command(&config));
    let mut input = program.input();
    let is_over = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&is_over);
    let feeder = thread::spawn(move || {
        let frames = Frames::read();
        while !stop.load(Ordering::SeqCst) {
            feed(&mut input, &frames, &[true, false], Duration::from_millis(20)).unwrap();
        }
    });
    let wait = |what: &str, wanted: &dyn Fn(&Value) -> bool| {
        eventually(what, || status(folder.path()).is_some_and(|status| wanted(&status)));
        status(folder.path()).unwrap()
    };
    let runs = |index: usize| {
        let id = id(&bundles[index]);
        move |status: &Value| status["bundle"] == id && status["store"]["active"] == id && status["ready"] == true
    };
    let first = wait("the first runs", &runs(0));

    install(1);
    let swapped = wait("the second takes over", &|status| runs(1)(status) && status["swaps"]["taken_over"] == 1);
    assert_eq!((&swapped["pid"], &swapped["store"]["tries_left"]), (&first["pid"], &2.into()), "{swapped}");
    assert!(swapped["swaps"]["refused"].is_null(), "{swapped}");
    store(&config, &["rollback"]);
    wait("the first again", &|status| runs(0)(status) && status["swaps"]["taken_over"] == 2);
    install(1);
    wait("the second again", &|status| runs(1)(status) && status["swaps"]["taken_over"] == 3);
    store(&config, &["confirm"]);
    wait("it is confirmed", &|status| status["store"]["confirmed"] == true);

    // Nobody may judge with a threshold that cannot be read: the third is good, but cannot be used on this station.
    let commissioned = folder.path().join("state/store/commissioned");
    fs::create_dir_all(&commissioned).unwrap();
    fs::write(commissioned.join(id(&bundles[2])), b"damaged").unwrap();
    install(2);
    let refused = wait("the third is refused", &|status| {
        !status["swaps"]["refused"].is_null() && status["store"]["active"] == id(&bundles[2])
    });
    let goes_on = |status: &Value| {
        assert_eq!((&status["bundle"], &status["pid"]), (&id(&bundles[1]).into(), &first["pid"]), "{status}");
        assert_eq!(status["swaps"]["refused"]["bundle"], id(&bundles[2]));
        assert!(status["swaps"]["refused"]["error"].as_str().unwrap().contains("own threshold is damaged"), "{status}");
        assert_eq!((&status["ready"], &status["store"]["tries_left"]), (&true.into(), &3.into()), "{status}");
    };
    goes_on(&refused);
    thread::sleep(Duration::from_secs(3)); // it looks three times more
    goes_on(&status(folder.path()).unwrap());
    let loud = format!("{} does not take over, {} goes on: ", id(&bundles[2]), id(&bundles[1]));
    let said = program.all_said();
    assert_eq!(said.matches(&loud).count(), 1, "{said}");
    assert!(commissioned.join(id(&bundles[2])).exists(), "an own threshold is never deleted");
    // Once a person has decided, it takes over by itself.
    fs::remove_file(commissioned.join(id(&bundles[2]))).unwrap();
    let last = wait("the third takes over", &|status| runs(2)(status) && status["swaps"]["taken_over"] == 4);
    assert!(last["swaps"]["refused"].is_null(), "{last}");
    let judged = |status: &Value| status["store"]["trial_parts_judged"].as_u64().unwrap();
    let last = wait("parts are judged", &|status| judged(status) > 20);
    assert_eq!(last["store"]["trial_parts"], 1_000_000, "{last}");
    assert_eq!(judged(&last) + last["store"]["trial_parts_left"].as_u64().unwrap(), 1_000_000, "{last}");

    is_over.store(true, Ordering::SeqCst);
    feeder.join().unwrap();
    drop(program);
    let records = records(&folder.path().join("state"));
    let mut judged = [0; 3];
    for (position, InspectionRecord { bundle, threshold, stamp, .. }) in records.iter().enumerate() {
        let index = bundles.iter().position(|of| id(of) == bundle.to_string()).expect("a bundle that was installed");
        assert_eq!(*threshold, Bundle::verify(&bundles[index]).unwrap().manifest().threshold);
        assert_eq!(stamp.sequence, position as u64 + 1, "a frame without a record");
        judged[index] += 1;
    }
    assert!(judged.iter().all(|&judged| judged > 20), "{judged:?}");
    let changes = records.windows(2).filter(|pair| pair[0].bundle != pair[1].bundle).count();
    assert_eq!(changes, 4);
    println!("{judged:?} frames by bundle, 4 swaps, longest pause {} us", last["swaps"]["longest_pause_us"]);
}
