//! `edge-runtime record` as a script sees it: frames in, a folder of images and its list out.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use edge_runtime::camera::FrameSource;
use edge_runtime::camera::recorded::{RecordedFrames, list_images};
use edge_runtime::clock::MonotonicClock;
use shared::image::Size;

fn record(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edge-runtime"));
    command.current_dir(folder).arg("record").args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Three frames of 4x2 pixels, 1 to 24, and half of a fourth.
fn raw_frames() -> Vec<u8> {
    (1..=28).collect()
}

#[test]
fn raw_frames_become_images_with_a_list() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("frames.raw"), raw_frames()).unwrap();
    let raw = ["--raw", "frames.raw", "--format", "gray8", "--size", "4x2", "--out", "data/good"];
    let output = record(&raw, folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let expected = "fault: frame 4: the frame has 4 bytes, expected 8; check the cable and the load of the bus\n\
                    data/good: 3 frames kept, 1 failed, 0 dropped, 0 lost by the camera\n";
    assert_eq!(stderr(&output), expected);

    // What the host trainer and `replay` list.
    let good = folder.path().join("data/good");
    let images = list_images(&good).unwrap();
    let names: Vec<_> = images.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["frame_0000000001.png", "frame_0000000002.png", "frame_0000000003.png"]);
    let mut source = RecordedFrames::open(std::slice::from_ref(&good), MonotonicClock::new()).unwrap();
    for first in [1, 9, 17] {
        let frame = source.next_frame().unwrap().frame.unwrap();
        assert_eq!(frame.size(), Size::new(4, 2));
        assert_eq!(frame.row(1), [first + 4, first + 5, first + 6, first + 7]);
    }
    let list = std::fs::read_to_string(good.join("frames.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], ["sequence", "captured_at_us", "file"]);
    let times: Vec<u64> = rows[1..].iter().map(|row| row[1].parse().unwrap()).collect();
    assert!(times.is_sorted() && times.len() == 3);
    assert_eq!((rows[2][0], rows[2][2]), ("2", "frame_0000000002.png"));
    assert_eq!(std::fs::read_dir(&good).unwrap().count(), 4);

    // Not twice into the same folder.
    let output = record(&raw, folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("expected an empty folder"), "{}", stderr(&output));
}

#[test]
fn so_many_frames_are_enough() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("frames.raw"), raw_frames()).unwrap();
    let raw = ["--raw", "frames.raw", "--format", "grey", "--size", "4x2", "--out", "out", "--frames", "2"];
    let output = record(&raw, folder.path()).output().unwrap();
    assert!(output.status.success());
    assert!(stderr(&output).starts_with("out: 2 frames kept, 0 failed"), "{}", stderr(&output));
}

fn pipe(folder: &Path, more: &[&str]) -> Child {
    let pipe = ["--pipe", "--format", "gray8", "--size", "4x2", "--out", "out", "--timeout-ms", "50"];
    record(&[&pipe, more].concat(), folder).stdin(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_signal_ends_the_recording_and_keeps_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = pipe(folder.path(), &[]);
    let mut input = child.stdin.take().unwrap();
    input.write_all(&raw_frames()).unwrap();
    let third = folder.path().join("out/frame_0000000003.png");
    while !third.exists() {
        thread::sleep(Duration::from_millis(5));
    }
    // Its line follows the file.
    thread::sleep(Duration::from_millis(100));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("3 frames kept"), "{}", stderr(&output));
    // The pipe is silent for longer than that, which is told once.
    assert_eq!(stderr(&output).matches("no frame within 50 ms").count(), 1);
    let list = std::fs::read_to_string(folder.path().join("out/frames.tsv")).unwrap();
    assert_eq!(list.lines().count(), 4);
    drop(input);
}

#[test]
fn seconds_end_a_recording_of_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = pipe(folder.path(), &["--seconds", "1"]);
    let input = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(input);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no frame was kept"), "{}", stderr(&output));
}

#[test]
fn a_source_is_needed_and_only_one() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["--out", "out"][..], &["--out", "out", "--pipe", "--raw", "x"], &["--pipe"]] {
        assert_eq!(record(arguments, folder.path()).output().unwrap().status.code(), Some(2), "{arguments:?}");
    }
    let device = ["--device", "video9", "--format", "grey", "--size", "4x2", "--out", "out"];
    let output = record(&device, folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("error: video9: cannot be opened"), "{}", stderr(&output));
    // The next attempt finds the folder as it was.
    assert!(!folder.path().join("out").exists());
}
