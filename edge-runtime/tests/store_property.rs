//! The store under whatever sequence of installs, starts, confirmations, rollbacks, kills and losses of power. Rows U8
//! and U9 of the fault matrix.
#![cfg(target_os = "linux")]

#[path = "support/disk.rs"]
#[allow(dead_code)] // what the other tests of the store need
mod disk;
#[path = "support/made_up.rs"]
mod made_up;
#[path = "support/random.rs"]
mod random;

use disk::{Disk, EIO, ENOSPC, Fate, Plan};
use edge_runtime::store::{InstallError, Outcome, Store, TrialLength, Why};
use made_up::{MadeUp, PRODUCT, bundle, id, release};
use random::random;

const TRIAL: TrialLength = TrialLength { tries: 3, parts: 50 };

fn store(disk: &Disk) -> Store<Disk> {
    Store::new(disk.clone(), TRIAL)
}

/// Sequences of 40 steps on one disk each; a failing one is named by its seed.
#[test]
fn u8_the_floor_never_falls_and_the_active_bundle_is_whole() {
    const SEQUENCES: u64 = 1500;
    let (mut steps, mut starts, mut refused, mut cut, mut false_passes) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    for sequence in 0..SEQUENCES {
        let mut seed = sequence << 32;
        let disk = Disk::new();
        let first = bundle(1, PRODUCT, false, 120);
        store(&disk).install(&mut &first[..], &MadeUp(&disk)).unwrap();
        store(&disk).confirm(None, &MadeUp(&disk)).unwrap();
        let mut floors = [1, 0];
        for step in 0..40 {
            steps += 1;
            let context = format!("sequence {sequence}, step {step}");
            let at = random(&mut seed) as usize % 60;
            disk.plan(match random(&mut seed) % 6 {
                0 => Plan::EndAt(at),
                1 => Plan::TearAt(at, random(&mut seed) as usize % 60),
                2 => {
                    Plan::FailAt(at, [EIO, ENOSPC][random(&mut seed) as usize % 2], random(&mut seed).is_multiple_of(2))
                }
                _ => Plan::Nothing,
            });
            let (store, judge) = (store(&disk), MadeUp(&disk));
            let mut is_confirmed = false;
            match random(&mut seed) % 8 {
                0..=2 => {
                    // Also of another product, one that is refused, with a failing self-test, and cut off.
                    let product = [PRODUCT, b'a', b'b', b'x'][random(&mut seed) as usize % 4];
                    let mut offered =
                        bundle(random(&mut seed) as u8 % 8 + 1, product, random(&mut seed).is_multiple_of(6), 120);
                    if random(&mut seed).is_multiple_of(6) {
                        offered.truncate(random(&mut seed) as usize % 120);
                    }
                    match store.install(&mut &offered[..], &judge) {
                        Ok(installed) => {
                            let is_good = id(&offered) == Some(installed.bundle.id)
                                && product != b'x'
                                && release(&offered) >= floors[usize::from(product == b'b')]
                                && (offered[2] == 0 || installed.outcome == Outcome::AlreadyActive);
                            false_passes += u64::from(!is_good);
                            assert!(is_good, "{context}: {installed:?}");
                        }
                        Err(InstallError::Refused(_)) => refused += 1,
                        Err(_) => {}
                    }
                }
                3 | 4 => {
                    if let Ok(started) = store.start(&judge) {
                        starts += 1;
                        false_passes += u64::from(id(&started.bytes) != Some(started.bundle.id));
                        assert_eq!(id(&started.bytes), Some(started.bundle.id), "{context}");
                    }
                }
                5 | 6 => {
                    // A rise is promised with the confirmation, not before.
                    is_confirmed = store.confirm(None, &judge).is_ok();
                }
                _ => {
                    let _ = store.roll_back(None, &judge);
                }
            }
            if disk.has_ended() || random(&mut seed).is_multiple_of(4) {
                cut += 1;
                if random(&mut seed).is_multiple_of(3) {
                    disk.restart();
                } else {
                    let lengths = disk.pending_lengths();
                    disk.lose_power(|index| match (random(&mut seed) % 5, lengths[index]) {
                        (0 | 1, _) => Fate::Lost,
                        (2, _) | (_, 0) => Fate::Kept,
                        (3, length) => Fate::Torn(random(&mut seed) as usize % length),
                        _ => Fate::Zeros,
                    });
                }
            }
            disk.restart();
            let floor = store.floor().unwrap_or_else(|error| panic!("{context}: {error:?}"));
            for (before, product) in floors.iter_mut().zip(["a", "b"]) {
                assert!(floor.of(product) >= *before, "{context}: the floor of {product} fell");
                if is_confirmed {
                    *before = floor.of(product);
                }
            }
            if let Some(pointer) = store.pointer().unwrap_or_else(|error| panic!("{context}: {error:?}")) {
                for id in [Some(pointer.active), pointer.previous].into_iter().flatten() {
                    store.load(id, &judge).unwrap_or_else(|error| panic!("{context}: {error:?}"));
                }
            }
        }
    }
    println!(
        "U8: {SEQUENCES} sequences; {starts} starts, {refused} bundles refused, {cut} kills and losses of power, {steps} steps"
    );
    assert!(starts > SEQUENCES && refused > SEQUENCES && cut > SEQUENCES);
    println!(
        "ROW U8 | random installs, starts, confirmations, rollbacks, kills, power cuts | {steps} | {false_passes} | \
         the floor never falls below a confirmed release, the active bundle is whole | {steps}/{steps}"
    );
}

#[test]
fn u9_a_bundle_that_fails_its_self_test_or_crashes_three_times_is_given_up() {
    let (mut trials, mut held) = (0, 0);
    let (good, failing, crashing) =
        (bundle(1, PRODUCT, false, 200), bundle(2, PRODUCT, true, 200), bundle(3, PRODUCT, false, 200));
    let disk = Disk::new();
    let (store, judge) = (store(&disk), MadeUp(&disk));
    store.install(&mut &good[..], &judge).unwrap();
    store.confirm(None, &judge).unwrap();

    let refused = store.install(&mut &failing[..], &judge).unwrap_err();
    trials += 1;
    held += usize::from(refused.code() == 18 && store.start(&judge).unwrap().bytes == good);

    // It fails at a later self-test, while it runs on trial.
    store.install(&mut &crashing[..], &judge).unwrap();
    let running = store.start(&judge).unwrap();
    assert!(running.is_trial() && running.bytes == crashing);
    store.roll_back(Some(running.bundle.id), &judge).unwrap();
    trials += 1;
    held += usize::from(store.start(&judge).unwrap().bytes == good);

    // It ends its process, or the machine, each time that it is started.
    for power in [false, true] {
        store.install(&mut &crashing[..], &judge).unwrap();
        for _ in 0..TRIAL.tries {
            assert_eq!(store.start(&judge).unwrap().bytes, crashing);
            if power {
                disk.lose_power(|_| Fate::Lost);
            }
        }
        let started = store.start(&judge).unwrap();
        trials += 1;
        held += usize::from(started.bytes == good && matches!(started.why, Why::TriesUsedUp { .. }));
        assert_eq!(store.floor().unwrap().of("a"), 1, "what was not confirmed raises no floor");
    }
    println!(
        "ROW U9 | self-test failed at install, on trial; three crashes | {trials} | 0 | goes back by itself | {held}/{trials}"
    );
    assert_eq!(held, trials);
}

/// A disk that takes no writes any more: what is confirmed runs; what is on trial cannot be counted, so the one before
/// does.
#[test]
fn a_read_only_disk_keeps_no_confirmed_bundle_from_running() {
    let (first, second) = (bundle(1, PRODUCT, false, 200), bundle(2, PRODUCT, false, 200));
    let disk = Disk::new();
    let (store, judge) = (store(&disk), MadeUp(&disk));
    store.install(&mut &first[..], &judge).unwrap();
    store.confirm(None, &judge).unwrap();
    disk.plan(Plan::FailAt(0, disk::EROFS, true));
    let started = store.start(&judge).unwrap();
    assert!(started.bytes == first && matches!(started.why, Why::Confirmed));
    disk.restart();
    store.install(&mut &second[..], &judge).unwrap();
    disk.plan(Plan::FailAt(0, disk::EROFS, true));
    let started = store.start(&judge).unwrap();
    assert!(started.bytes == first && matches!(started.why, Why::NotCounted { .. }) && !started.is_trial());
}

#[test]
fn what_is_active_is_not_installed_again_but_mended() {
    let good = bundle(1, PRODUCT, false, 200);
    let disk = Disk::new();
    let (store, judge) = (store(&disk), MadeUp(&disk));
    let first = store.install(&mut &good[..], &judge).unwrap();
    assert_eq!(first.outcome, Outcome::Installed);
    let again = store.install(&mut &good[..], &judge).unwrap();
    assert_eq!((again.outcome, again.pointer), (Outcome::AlreadyActive, first.pointer));
    // Damaged where it lies.
    use edge_runtime::store::Fs;
    let path = store.bundle_path(first.bundle.id);
    disk.remove_file(&path).unwrap();
    let mut file = disk.create(&path).unwrap();
    disk.write(&mut file, b"rotten").unwrap();
    assert!(store.start(&judge).is_err());
    let mended = store.install(&mut &good[..], &judge).unwrap();
    assert_eq!(mended.outcome, Outcome::AlreadyActive);
    assert_eq!(store.start(&judge).unwrap().bytes, good);
}
