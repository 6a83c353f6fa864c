//! Tests of `log`, beside it. The logger is one for the process, so one test holds all that goes through it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use edge_runtime::camera::CaptureError;
use edge_runtime::events::Event;
use edge_runtime::recorder::RecordError;
use edge_runtime::recorder::rotating::{numbered_files, numbered_path};
use shared::image::{ImageError, Size};

use super::lines::{event, state_changed, stopped};
use super::logger::dropped;
use super::*;

const LIMITS: RotationLimits = RotationLimits { file_bytes: 4096, files: 3 };

/// Decodes rzCOBS from the back, after its description in defmt's book.
fn decode(frame: &[u8]) -> Vec<u8> {
    let mut bytes = frame.iter().rev().copied();
    let mut out = Vec::new();
    while let Some(code) = bytes.next() {
        match code {
            0 => panic!("a zero inside a frame"),
            0x01..=0x7f => {
                for bit in 0..7 {
                    out.push(if code & (1 << (6 - bit)) == 0 { bytes.next().expect("a byte") } else { 0 });
                }
            }
            0x80..=0xfe => {
                out.push(0);
                out.extend(bytes.by_ref().take(usize::from(code & 0x7f) + 7));
            }
            0xff => out.extend(bytes.by_ref().take(134)),
        }
    }
    out.reverse();
    out
}

fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
    assert_eq!(bytes.last(), Some(&0), "the last frame is not whole");
    bytes.split(|&byte| byte == 0).filter(|frame| !frame.is_empty()).map(decode).collect()
}

fn contents(folder: &Path) -> Vec<u8> {
    let numbers = numbered_files(folder, EXTENSION).unwrap();
    numbers.iter().flat_map(|&number| fs::read(numbered_path(folder, number, EXTENSION)).unwrap()).collect()
}

#[test]
fn entries_are_kept_whole_and_lost_ones_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let error = CaptureError::Malformed(ImageError::Empty { found: Size::new(0, 7) });
    let failed = |sequence| event(&Event::CaptureFailed { sequence, error: &error });
    failed(1); // goes nowhere
    start(&log, LIMITS).unwrap();
    assert!(!logger::misaligned());
    failed(0x1122_3344);
    failed(0x1122_3345);
    let first = frames(&contents(&log));
    assert_eq!(first.len(), 3);
    let number = |frame: &[u8]| u16::from_le_bytes([frame[0], frame[1]]);
    let time = |frame: &[u8]| u64::from_le_bytes(frame[2..10].try_into().unwrap());
    assert!(number(&first[0]) != number(&first[1]) && number(&first[1]) == number(&first[2]));
    assert!(first.iter().all(|frame| (1..4096).contains(&number(frame))));
    assert!(time(&first[0]) <= time(&first[1]) && time(&first[1]) <= time(&first[2]) && time(&first[0]) > 0);
    assert_eq!(first[1][10..18], 0x1122_3344_u64.to_le_bytes());
    assert!(String::from_utf8_lossy(&first[1]).contains("the captured frame is malformed: "));
    printed(&contents(&log), &["frame 287454020: not captured: the captured frame is malformed: ", "edge-runtime 0."]);

    // Threads write at once; every frame stays whole.
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || (0..5).for_each(|step| state_changed("a", "b", &format!("{thread} {step}"))));
        }
    });
    stopped("told to");
    assert_eq!(frames(&contents(&log)).len(), 24);

    // A text that is too long is cut; the files stay below their limit.
    (0..100).for_each(|_| not_recorded(&"ä".repeat(5000)));
    let files = numbered_files(&log, EXTENSION).unwrap();
    assert_eq!(files.len(), 3);
    assert!(files.iter().all(|&number| fs::metadata(numbered_path(&log, number, EXTENSION)).unwrap().len() <= 4096));
    assert!(frames(&contents(&log)).iter().all(|frame| frame.len() < 700));
    assert_eq!(dropped(), 0);

    // The disk goes away and comes back: the entry after the gap is followed by the count.
    fs::remove_dir_all(&log).unwrap();
    fs::write(&log, "in the way").unwrap();
    (0..20).for_each(|_| not_recorded(&"x".repeat(500)));
    let lost = dropped();
    assert!(lost > 0);
    fs::remove_file(&log).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    failed(77);
    let after = frames(&contents(&log));
    assert_eq!(after.len(), 2);
    assert_eq!(after[0][10..18], 77_u64.to_le_bytes());
    assert_eq!(after[1][10..18], lost.to_le_bytes());
    assert_eq!(dropped(), lost);
}

fn not_recorded(why: &str) {
    let error = RecordError::Storage(io::Error::other(why.to_owned()));
    event(&Event::RecordFailed { sequence: 1, error: &error });
}

/// Where defmt-print is installed, it has to print these texts for `log`.
fn printed(log: &[u8], expected: &[&str]) {
    let printer = std::env::var_os("DEFMT_PRINT").map_or_else(|| PathBuf::from("defmt-print"), PathBuf::from);
    let child = Command::new(&printer)
        .arg("-e")
        .arg(std::env::current_exe().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("{} is not installed: the log is not decoded by it", printer.display());
        return;
    };
    child.stdin.take().unwrap().write_all(log).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(expected.iter().all(|part| text.contains(part)), "{text}");
}

/// Torn at every byte: what is kept ends with a whole frame, and nothing whole is lost.
#[test]
fn a_torn_frame_is_cut_off() {
    let bytes = [&[1, 2, 0, 3, 0][..], &[9; 5000], &[0, 5, 6, 7]].concat();
    for length in 0..bytes.len() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes[..length]).unwrap();
        let whole = bytes[..length].iter().rposition(|&byte| byte == 0).map_or(0, |zero| zero + 1);
        assert_eq!(repair(&mut file).unwrap(), Tail::Cut(whole as u64), "torn at {length}");
    }
}
