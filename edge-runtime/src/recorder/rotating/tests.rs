//! Tests of `rotating`, beside it.

use super::*;

const LIMITS: RotationLimits = RotationLimits { file_bytes: 10, files: 3 };

fn files(folder: &Path) -> RotatingFiles {
    RotatingFiles::new(folder, "x", LIMITS, |file| Ok(Tail::Cut(file.metadata()?.len() / 4 * 4)))
}

fn contents(folder: &Path) -> Vec<(u64, Vec<u8>)> {
    let numbers = numbered_files(folder, "x").unwrap();
    numbers.into_iter().map(|number| (number, fs::read(numbered_path(folder, number, "x")).unwrap())).collect()
}

#[test]
fn files_are_capped_and_the_oldest_are_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let mut rotating = files(folder.path());
    for round in 0..11_u8 {
        rotating.append(&[round; 4], 0).unwrap();
    }
    let expected = |round: u8| [[round; 4], [round + 1; 4]].concat();
    assert_eq!(contents(folder.path()), [(4, expected(6)), (5, expected(8)), (6, vec![10; 4])]);
    // A restart goes on in the newest file, and a torn tail is cut off.
    drop(rotating);
    fs::write(numbered_path(folder.path(), 6, "x"), [10, 10, 10, 10, 11, 11]).unwrap();
    let mut rotating = files(folder.path());
    assert_eq!(rotating.recover().unwrap(), Recovery { cut_bytes: 2, left_damaged: false });
    rotating.append(&[12; 4], 0).unwrap();
    assert_eq!(contents(folder.path())[2], (6, [[10; 4], [12; 4]].concat()));
    rotating.append(&[13; 40], 0).unwrap();
    assert_eq!(contents(folder.path()).iter().map(|file| file.0).collect::<Vec<_>>(), [5, 6, 7]);
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["1.x", "0000000009.y", "0000000009x", "00000000099.x", "notes"] {
        fs::write(folder.path().join(name), "mine").unwrap();
    }
    let mut rotating = files(folder.path());
    for _ in 0..20 {
        rotating.append(&[1; 10], 0).unwrap();
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3 + 5);
}

#[test]
fn a_damaged_file_is_left_and_a_new_one_started() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(numbered_path(folder.path(), 7, "x"), "damaged").unwrap();
    let mut rotating = RotatingFiles::new(folder.path(), "x", LIMITS, |_| Ok(Tail::Leave));
    assert!(rotating.recover().unwrap().left_damaged);
    rotating.append(b"new", 0).unwrap();
    assert_eq!(contents(folder.path()), [(7, b"damaged".to_vec()), (8, b"new".to_vec())]);
}

#[test]
fn a_failure_is_counted_and_tried_again_a_second_later() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("below");
    // A file where the folder should be: nothing can be opened, for root either.
    fs::write(&below, "in the way").unwrap();
    let mut rotating = files(&below);
    assert!(rotating.recover().is_err());
    assert!(rotating.append(b"lost", 5).is_err());
    fs::remove_file(&below).unwrap();
    assert_eq!(rotating.append(b"lost", 5 + RETRY_US - 1).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    rotating.append(b"kept", 5 + RETRY_US).unwrap();
    assert_eq!((rotating.dropped(), rotating.take_missed(), rotating.take_missed()), (2, 2, 0));
    assert_eq!(contents(&below), [(1, b"kept".to_vec())]);
}

/// A repair would read a whole file while an inspection waits.
#[test]
fn after_a_failure_no_file_is_read() {
    thread_local! { static READ: std::cell::Cell<u32> = const { std::cell::Cell::new(0) } }
    let folder = tempfile::tempdir().unwrap();
    let repair: Repair = |file| {
        READ.set(READ.get() + 1);
        Ok(Tail::Cut(file.metadata()?.len()))
    };
    let mut rotating = RotatingFiles::new(folder.path(), "x", LIMITS, repair);
    rotating.append(&[1; 4], 0).unwrap();
    drop(rotating);
    let mut rotating = RotatingFiles::new(folder.path(), "x", LIMITS, repair);
    rotating.recover().unwrap();
    assert_eq!(READ.get(), 1);
    let whole = Whole { number: 1, oldest: 1, length: 4 };
    let path = numbered_path(folder.path(), 1, "x");
    // A write that failed has left a part of itself.
    fs::write(&path, [1, 1, 1, 1, 2, 2]).unwrap();
    rotating.place = Place::Failed(Some(whole));
    rotating.append(&[3; 4], 0).unwrap();
    assert_eq!(contents(folder.path()), [(1, vec![1, 1, 1, 1, 3, 3, 3, 3])]);
    // Shorter than it was, then gone, then nothing known: another file, and the old one is left as it is.
    fs::write(&path, [1, 1]).unwrap();
    rotating.place = Place::Failed(Some(whole));
    rotating.append(&[4; 4], 0).unwrap();
    assert_eq!(contents(folder.path()), [(1, vec![1, 1]), (2, vec![4; 4])]);
    fs::remove_file(numbered_path(folder.path(), 2, "x")).unwrap();
    rotating.place = Place::Failed(Some(Whole { number: 2, oldest: 1, length: 4 }));
    rotating.append(&[5; 4], 0).unwrap();
    rotating.place = Place::Failed(None);
    rotating.append(&[6; 4], 0).unwrap();
    assert_eq!(contents(folder.path()), [(1, vec![1, 1]), (2, vec![5; 4]), (3, vec![6; 4])]);
    assert_eq!(READ.get(), 1);
}

/// Each second on a disk that is full would else begin another empty file, and delete an old one for it.
#[test]
fn attempts_that_fail_use_no_files_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut rotating = files(folder.path());
    rotating.append(&[1; 8], 0).unwrap();
    std::os::unix::fs::symlink("/dev/full", numbered_path(folder.path(), 2, "x")).unwrap();
    rotating.place = Place::Failed(Some(Whole { number: 2, oldest: 1, length: 0 }));
    for round in 0..5 {
        assert!(rotating.append(&[2; 4], round * RETRY_US).is_err());
    }
    fs::remove_file(numbered_path(folder.path(), 2, "x")).unwrap();
    rotating.append(&[3; 4], 5 * RETRY_US).unwrap();
    assert_eq!(contents(folder.path()), [(1, vec![1; 8]), (2, vec![3; 4])]);
}

/// `/dev/full` says that the disk is full on every write.
#[test]
fn a_full_disk_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let mut rotating = files(folder.path());
    std::os::unix::fs::symlink("/dev/full", numbered_path(folder.path(), 1, "x")).unwrap();
    for round in 0..3 {
        let error = rotating.append(b"lost", round * RETRY_US).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
    }
    fs::remove_file(numbered_path(folder.path(), 1, "x")).unwrap();
    rotating.append(b"kept", 3 * RETRY_US).unwrap();
    assert_eq!((rotating.dropped(), contents(folder.path())), (3, vec![(1, b"kept".to_vec())]));
}
