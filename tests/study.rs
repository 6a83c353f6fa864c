//! The paper's study and the search in miniature, on the programs themselves: whenever they are killed, the same command
//! goes on to the very files of one that was left alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use host_trainer::render::{RenderConfig, write_dataset};
use serde_json::Value;

use crate::programs::{path, program};

fn render(root: &Path) {
    let config =
        RenderConfig { size: 96, seed: 4, train_good: 20, test_good: 5, test_per_kind: 2, ..RenderConfig::default() };
    write_dataset(root, &config, &mut |_, _| {}).unwrap();
}

fn host_trainer(arguments: &[&str]) -> Command {
    let mut command = Command::new(program("host-trainer"));
    command.args(arguments);
    command
}

/// Every file below `root` that is no checkpoint, by its relative path.
fn results(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|extension| extension != "safetensors") {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Runs a command of the program to its end; each time after another while it is killed.
fn killed_again_and_again(arguments: &[&str]) {
    for tenths in 1.. {
        let mut running = host_trainer(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(400 * tenths));
        if let Some(status) = running.try_wait().unwrap() {
            assert!(status.success());
            break;
        }
        running.kill().unwrap();
        running.wait().unwrap();
    }
}

fn run(arguments: &[&str]) -> String {
    let output = host_trainer(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_study_that_is_killed_ends_with_the_files_of_one_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (data, whole, parts) = (folder.path().join("data"), folder.path().join("whole"), folder.path().join("parts"));
    render(&data);
    let arguments = |out: &Path| {
        let of = ["study", "--data", path(&data), "--width", "0.02", "--epochs", "2", "--seeds", "2", "--splits", "10"];
        let more = ["--device", "cpu", "--out", path(out)];
        of.into_iter().chain(more).map(str::to_owned).collect::<Vec<_>>()
    };
    let (of_whole, of_parts) = (arguments(&whole), arguments(&parts));
    let said = run(&of_whole.iter().map(String::as_str).collect::<Vec<_>>());
    for expected in ["Table 1", "Table 2", "Table 3", "Table 4", "0.72", "0.82", "0.79", "0.74", "0.69", "0.83"] {
        assert!(said.contains(expected), "{expected} is missing in\n{said}");
    }
    killed_again_and_again(&of_parts.iter().map(String::as_str).collect::<Vec<_>>());
    let (one, other) = (results(&whole), results(&parts));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(bytes == &other[name], "{name} differs");
    }
    // Six runs, three tables' worth of figures, every test image in each.
    let record: Value = serde_json::from_slice(&one["study.json"]).unwrap();
    assert_eq!(record["models"].as_array().unwrap().len(), 6);
    assert_eq!(record["figures"].as_array().unwrap().len(), 9);
    let images = record["test_images"].as_array().unwrap();
    let count = images.iter().map(|count| count.as_u64().unwrap()).sum::<u64>();
    for model in record["models"].as_array().unwrap() {
        assert_eq!(model["images"].as_array().unwrap().len() as u64, count);
        assert_eq!((&model["training_images"], &model["validation_images"]), (&Value::from(57), &Value::from(3)));
        assert!(model["parity"].as_f64().unwrap() < 1e-4);
    }
    let report = String::from_utf8(one["report.html"].clone()).unwrap();
    assert!(report.contains("Figures 4 to 9") && report.contains("data:image/png"));

    // Other settings do not go on with these runs.
    let mut other = of_whole;
    let at = other.iter().position(|argument| argument == "0.02").unwrap();
    other[at] = "0.03".into();
    let refused = host_trainer(&other.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && message.contains("--restart"), "{message}");
}

#[test]
fn a_search_finds_the_same_whoever_runs_its_trials() {
    let folder = tempfile::tempdir().unwrap();
    let (data, here, spread) = (folder.path().join("data"), folder.path().join("here"), folder.path().join("spread"));
    render(&data);
    let grid = folder.path().join("grid.toml");
    let table_2 = run(&["search", "grid"]);
    let small = table_2
        .replace("epochs = 150", "epochs = 4")
        .replace("width = 1", "width = 0.02")
        .replace("[5e-5, 1e-4, 5e-4, 1e-3, 5e-3]", "[1e-4, 5e-3]")
        .replace("[4, 8, 16, 32, 64]", "16")
        .replace("[\"adam\", \"rmsprop\", \"sgd\"]", "[\"adam\", \"rmsprop\"]");
    fs::write(&grid, small).unwrap();
    let shared = |out: &Path| {
        ["--grid", path(&grid), "--factor", "2", "--rungs", "1", "--out", path(out)].map(str::to_owned).to_vec()
    };
    let with = |first: &[&str], out: &Path| -> Vec<String> {
        first.iter().map(|&argument| argument.to_owned()).chain(shared(out)).collect()
    };
    let call = |arguments: Vec<String>| run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let device = ["--data", path(&data), "--device", "cpu"];
    call(with(&[&["search", "run"][..], &device].concat(), &here));

    // In another order, and one of them killed on the way.
    let killed = with(&[&["search", "trial", "--index", "3"][..], &device].concat(), &spread);
    killed_again_and_again(&killed.iter().map(String::as_str).collect::<Vec<_>>());
    let first = call(with(&["search", "collect"], &spread));
    assert!(first.contains("missing     0,1,2"), "{first}");
    for rung in ["0", "1"] {
        for index in ["2", "0", "1", "3"] {
            let trial = ["search", "trial", "--index", index, "--rung", rung];
            call(with(&[&trial[..], &device].concat(), &spread));
        }
    }
    // Results of other lengths are not taken for these.
    let longer = folder.path().join("longer.toml");
    fs::write(&longer, fs::read_to_string(&grid).unwrap().replace("epochs = 4", "epochs = 6")).unwrap();
    for command in [&["search", "collect"][..], &[&["search", "trial", "--index", "2"][..], &device].concat()] {
        let of_other = ["--grid", path(&longer), "--factor", "2", "--rungs", "1", "--out", path(&spread)];
        let refused = host_trainer(&[command, &of_other].concat()).output().unwrap();
        let message = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && message.contains("other lengths"), "{message}");
    }
    let ranking = call(with(&["search", "collect", "--rung", "1"], &spread));
    assert_eq!(ranking.matches("\n1,").count() + ranking.matches("\n2,").count(), 2, "{ranking}");
    assert_eq!(results(&here), results(&spread));
}
