//! The store on a simulated disk: killed, torn, out of order, failing. Rows U1 to U4 of the fault matrix. Each row
//! counts the trials, and as false passes the starts with a bundle that is neither the one before nor the one after, whole.
#![cfg(target_os = "linux")]

#[path = "support/disk.rs"]
mod disk;
#[path = "support/made_up.rs"]
mod made_up;
#[path = "support/random.rs"]
mod random;

use disk::{Disk, EIO, ENOSPC, EROFS, Fate, Plan};
use edge_runtime::store::{Store, StoreError, TrialLength, Why};
use made_up::{MadeUp, PRODUCT, bundle};
use random::random;
use shared::wire::{StorePointer, VersionFloor};

const TRIAL: TrialLength = TrialLength { tries: 3, parts: 50 };
const LENGTH: usize = 3000;

fn made(release: u8) -> Vec<u8> {
    bundle(release, PRODUCT, false, LENGTH)
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Install(u8),
    Start,
    Confirm,
    RollBack,
}

/// Whether what was done has to survive from now on.
fn act(disk: &Disk, act: Act) -> Result<bool, String> {
    let (store, judge) = (Store::new(disk.clone(), TRIAL), MadeUp(disk));
    let text = |error: &dyn std::error::Error| error.to_string();
    match act {
        Act::Install(release) => {
            store.install(&mut &made(release)[..], &judge).map(|_| true).map_err(|error| text(&error))
        }
        // One that goes back does so again if it was not written.
        Act::Start => store
            .start(&judge)
            .map(|started| matches!(started.why, Why::Confirmed | Why::Trial))
            .map_err(|error| text(&error)),
        Act::Confirm => store.confirm(None, &judge).map(|_| true).map_err(|error| text(&error)),
        Act::RollBack => store.roll_back(None, &judge).map(|_| true).map_err(|error| text(&error)),
    }
}

/// What the records say.
type Records = (Option<StorePointer>, VersionFloor);

fn records(disk: &Disk) -> Result<Records, StoreError> {
    let store = Store::new(disk.clone(), TRIAL);
    Ok((store.pointer()?, store.floor()?))
}

/// What an operation starts from, and what it leads to.
struct Scenario {
    act: Act,
    start: Disk,
    before: Records,
    after: Records,
    operations: usize,
    writes: Vec<(usize, usize)>,
}

fn scenarios() -> Vec<Scenario> {
    use Act::{Confirm, Install, RollBack, Start};
    let confirmed = [Install(1), Confirm];
    let twice = [Install(1), Confirm, Install(2), Confirm];
    let trial = [Install(1), Confirm, Install(2)];
    let used_up = [Install(1), Confirm, Install(2), Start, Start, Start];
    let all: [(&[Act], Act); 12] = [
        (&[], Install(1)),
        (&[Install(1)], Confirm),
        (&[Install(1)], Start),
        (&[Install(1)], Install(2)),
        (&confirmed, Install(2)),
        (&confirmed, Start),
        (&twice, Install(3)),
        (&twice, RollBack),
        (&trial, Install(3)),
        (&trial, Start),
        (&trial, Confirm),
        (&used_up, Start),
    ];
    let prepare = |(history, last): (&[Act], Act)| {
        let start = Disk::new();
        history.iter().for_each(|&step| assert!(act(&start, step).is_ok()));
        start.lose_power(|_| Fate::Kept);
        let done = start.copy();
        done.restart();
        act(&done, last).unwrap();
        let (operations, writes) = (done.operations(), done.writes());
        let (before, after) = (records(&start).unwrap(), records(&done).unwrap());
        Scenario { act: last, start, before, after, operations, writes }
    };
    all.into_iter().map(prepare).collect()
}

#[derive(Default)]
struct Row {
    trials: u64,
    held: u64,
    false_passes: u64,
}

impl Row {
    fn print(&self, id: &str, injection: &str, criterion: &str) {
        let Self { trials, held, false_passes } = self;
        println!("ROW {id} | {injection} | {trials} | {false_passes} | {criterion} | {held}/{trials}");
        assert!(*trials > 0);
        assert_eq!((held, *false_passes), (trials, 0));
    }

    /// Looks at a disk after the fault. `must_be_new`: success was reported before the power went.
    fn judge(&mut self, scenario: &Scenario, disk: &Disk, must_be_new: bool, context: &str) {
        self.trials += 1;
        match self.look(scenario, disk, must_be_new) {
            Ok(()) => self.held += 1,
            Err(message) if self.trials - self.held < 6 => println!("{:?}: {context}: {message}", scenario.act),
            Err(_) => {}
        }
    }

    fn look(&mut self, scenario: &Scenario, disk: &Disk, must_be_new: bool) -> Result<(), String> {
        let (pointer, floor) = records(disk).map_err(|error| format!("{error:?}"))?;
        let (before, after) = (&scenario.before, &scenario.after);
        if must_be_new && (pointer != after.0 || floor != after.1) {
            return Err(format!("reported, but lost: {pointer:?} {floor:?}"));
        }
        // A start that cannot read the bundle on trial goes back to the one before it.
        let went_back = matches!(scenario.act, Act::Start)
            && pointer
                .is_some_and(|pointer| pointer.confirmed && Some(pointer.active) == before.0.and_then(|p| p.previous));
        if pointer != before.0 && pointer != after.0 && !went_back || floor != before.1 && floor != after.1 {
            return Err(format!("neither before nor after: {pointer:?} {floor:?}"));
        }
        if pointer.is_some_and(|pointer| pointer.confirmed) && pointer == after.0 && floor != after.1 {
            return Err("confirmed without a floor".to_owned());
        }
        let (store, judge) = (Store::new(disk.clone(), TRIAL), MadeUp(disk));
        for id in pointer.into_iter().flat_map(|pointer| [Some(pointer.active), pointer.previous]).flatten() {
            if store.load(id, &judge).is_err() {
                self.false_passes += 1;
                return Err(format!("{id} is not whole"));
            }
        }
        // The next install works, runs, and leaves nothing behind.
        store.install(&mut &made(9)[..], &judge).map_err(|error| format!("the next install: {error:?}"))?;
        let started = store.start(&judge).map_err(|error| format!("the next start: {error:?}"))?;
        if started.bytes != made(9) {
            return Err("the next start runs another bundle".to_owned());
        }
        no_litter(disk)
    }
}

/// Nothing but the records and the bundles that the pointer names.
fn no_litter(disk: &Disk) -> Result<(), String> {
    let (pointer, _) = records(disk).map_err(|error| format!("{error:?}"))?;
    let mut expected: Vec<String> = ["bundles", "inbox", "lock"].map(str::to_owned).into();
    for id in pointer.into_iter().flat_map(|pointer| [Some(pointer.active), pointer.previous]).flatten() {
        expected.extend([format!("bundles/{id}"), format!("bundles/{id}/station.bundle")]);
    }
    let found = disk.tree();
    match found.iter().find(|name| !expected.contains(name) && !["floor", "pointer"].contains(&name.as_str())) {
        Some(litter) => Err(format!("litter: {litter}")),
        None => Ok(()),
    }
}

#[test]
fn u1_killed_at_every_operation() {
    let mut row = Row::default();
    for scenario in scenarios() {
        for at in 0..=scenario.operations {
            // The machine goes on; or the power goes with what is not durable, or with nothing.
            for fate in [None, Some(Fate::Lost), Some(Fate::Kept)] {
                let disk = scenario.start.copy();
                disk.plan(Plan::EndAt(at));
                let result = act(&disk, scenario.act);
                let ended = disk.has_ended();
                assert_eq!(ended, at < scenario.operations);
                match fate {
                    None => disk.restart(),
                    Some(fate) => disk.lose_power(|_| fate),
                }
                row.judge(&scenario, &disk, result == Ok(true), &format!("operation {at}, {fate:?}"));
            }
        }
    }
    row.print(
        "U1",
        "ended at every file operation, with and without loss of power",
        "old or new, whole; next install works",
    );
}

#[test]
fn u2_torn_at_every_byte_of_every_write() {
    let mut row = Row::default();
    for scenario in scenarios() {
        for &(at, length) in &scenario.writes {
            for torn in 0..=length {
                let disk = scenario.start.copy();
                disk.plan(Plan::TearAt(at, torn));
                let result = act(&disk, scenario.act);
                assert!(result.is_err() || result == Ok(false));
                assert!(disk.has_ended());
                let (killed, kept) = (disk.copy(), disk.copy());
                killed.restart();
                kept.lose_power(|_| Fate::Kept);
                row.judge(&scenario, &killed, false, &format!("operation {at}, byte {torn}, killed"));
                row.judge(&scenario, &kept, false, &format!("operation {at}, byte {torn}, power lost"));
            }
        }
    }
    row.print("U2", "torn at every byte of every write", "old or new, whole; next install works");
}

#[test]
fn u3_changes_that_are_not_durable_are_lost_or_reordered() {
    const EXHAUSTIVE: usize = 8;
    const SEEDED: usize = 400;
    let (mut row, mut seed, mut exhaustive) = (Row::default(), 3, 0);
    for scenario in scenarios() {
        for at in 0..=scenario.operations {
            let ended = scenario.start.copy();
            ended.plan(Plan::EndAt(at));
            let reported = act(&ended, scenario.act) == Ok(true);
            let pending = ended.pending();
            if pending <= EXHAUSTIVE {
                for subset in 0_u32..1 << pending {
                    let disk = ended.copy();
                    disk.lose_power(|index| if subset >> index & 1 == 1 { Fate::Kept } else { Fate::Lost });
                    exhaustive += 1;
                    row.judge(&scenario, &disk, reported, &format!("operation {at}, changes {subset:b}"));
                }
            }
            let lengths = ended.pending_lengths();
            for _ in 0..if pending == 0 { 0 } else { SEEDED } {
                let disk = ended.copy();
                let begun = seed;
                disk.lose_power(|index| match (random(&mut seed) % 4, lengths[index]) {
                    (0, _) => Fate::Lost,
                    (1, _) | (_, 0) => Fate::Kept,
                    (2, length) => Fate::Torn(random(&mut seed) as usize % length),
                    _ => Fate::Zeros,
                });
                row.judge(&scenario, &disk, reported, &format!("operation {at}, seed {begun}"));
            }
        }
    }
    println!("U3: {exhaustive} of them exhaustive");
    row.print("U3", "un-synced changes lost, kept, torn, zeroed, each for itself", "as U1; what was reported survives");
}

#[test]
fn u4_every_operation_fails() {
    let mut row = Row::default();
    for scenario in scenarios() {
        for at in 0..scenario.operations {
            let plans =
                [EIO, ENOSPC, EROFS].into_iter().flat_map(|code| [false, true].map(|on| Plan::FailAt(at, code, on)));
            for plan in plans.chain([Plan::ShortAt(at)]) {
                let disk = scenario.start.copy();
                disk.plan(plan);
                let result = act(&disk, scenario.act);
                let goes_on = matches!(plan, Plan::FailAt(_, _, true));
                disk.restart();
                let context = format!("{plan:?}: {result:?}");
                if let Err(message) = &result {
                    assert!(!message.is_empty() && plan != Plan::ShortAt(at), "{context}");
                    if !goes_on {
                        // A start may have counted its try.
                        let (pointer, before) = (records(&disk).unwrap().0, scenario.before.0);
                        let is_same = match scenario.act {
                            Act::Start => pointer.map(|found| found.active) == before.map(|found| found.active),
                            _ => pointer == before,
                        };
                        assert!(is_same, "{:?}: {context}: {pointer:?}", scenario.act);
                        no_litter(&disk).unwrap_or_else(|litter| panic!("{:?}: {context}: {litter}", scenario.act));
                    }
                }
                let must_be_new = result == Ok(true);
                let lost = disk.copy();
                lost.lose_power(|_| Fate::Lost);
                row.judge(&scenario, &disk, must_be_new, &context);
                row.judge(&scenario, &lost, must_be_new, &format!("{context}, power lost"));
            }
        }
    }
    row.print(
        "U4",
        "EIO, ENOSPC, EROFS (once, and from then on) and short write",
        "typed error, old one runs, no litter",
    );
}
