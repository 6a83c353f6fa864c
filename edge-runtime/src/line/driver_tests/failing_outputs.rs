//! An output that goes on failing: tried again until it does what it is told, and counted once.

use super::*;

/// What is seen of the line at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    at_us: u64,
    state: State,
    accept_held: bool,
    red: bool,
    writes: usize,
    output_failed: u64,
}

fn writes(chip: &Chip, output: OutputName) -> usize {
    chip.0.lock().unwrap().written.iter().filter(|(name, _)| *name == output).count()
}

/// Accept cannot be brought to rest after its pulse, which begins at 30 ms and ends at 32 ms or with `more` before that,
/// until 450 ms. What is seen every 200 ms from 40 ms on.
fn pulse_that_does_not_end(more: impl FnOnce(&LineHandle<Now>) -> Vec<(u64, Deed)>) -> (Vec<Seen>, LineHandle<Now>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (handle, _) = play(1_000_000, |handle, chip| {
        let (failing, mended) = (chip.clone(), chip.clone());
        let mut deeds: Vec<(u64, Deed)> = vec![
            trigger(10_000),
            pass(handle, 12_000),
            (30_500, Box::new(move |_| failing.fail(Some(OutputName::Accept)))),
            (450_000, Box::new(move |_| mended.fail(None))),
        ];
        deeds.extend(more(handle));
        for at_us in (40_000..1_000_000).step_by(200_000) {
            let (handle, chip, seen) = (handle.clone(), chip.clone(), Arc::clone(&seen));
            let look = move |_: &mut dyn FnMut(Input)| {
                let held = chip.0.lock().unwrap().held;
                seen.lock().unwrap().push(Seen {
                    at_us,
                    state: handle.state(),
                    accept_held: held[OutputName::Accept as usize],
                    red: held[OutputName::Red as usize],
                    writes: writes(&chip, OutputName::Accept) + writes(&chip, OutputName::Red),
                    output_failed: handle.counters().faults.of(FaultReason::OutputFailed),
                });
            };
            deeds.push((at_us, Box::new(look)));
        }
        deeds.sort_by_key(|(at_us, _)| *at_us);
        deeds
    });
    let seen = seen.lock().unwrap().clone();
    (seen, handle)
}

fn latched(reason: FaultReason) -> State {
    State::Faulted { reason, latched: true }
}

#[test]
fn accept_is_tried_again_until_it_rests_and_counted_once() {
    let (seen, handle) = pulse_that_does_not_end(|_| Vec::new());
    for moment in &seen {
        assert_eq!(moment.state, latched(FaultReason::OutputFailed), "{moment:?}");
        assert_eq!((moment.red, moment.output_failed), (true, 1), "{moment:?}");
        assert_eq!(moment.accept_held, moment.at_us < 450_000, "{moment:?}");
    }
    // Nobody wakes the line between two looks: it is tried by itself every 100 ms. The lamps are left alone.
    let attempts: Vec<_> = seen.iter().filter(|m| m.at_us < 450_000).map(|m| m.writes).collect();
    assert!(attempts.windows(2).all(|two| two[1] - two[0] == 2), "{attempts:?}");
    // Once it rests it is left alone, too.
    assert_eq!(seen[3].writes, seen[4].writes, "{seen:?}");
    assert_eq!(handle.counters().accepted, 1);
}

#[test]
fn a_failure_under_another_latched_fault_is_counted_once_too() {
    let (seen, _) = pulse_that_does_not_end(|_| {
        let lost = |take: &mut dyn FnMut(Input)| take(Input::Missed { at_us: 31_000, lost: 1 });
        vec![(31_000, Box::new(lost) as Deed)]
    });
    for moment in &seen {
        assert_eq!((moment.state, moment.output_failed), (latched(FaultReason::TriggerMissed), 1), "{moment:?}");
    }
    assert!(seen[0].accept_held && !seen.last().unwrap().accept_held, "{seen:?}");
}

#[test]
fn clearing_before_it_rests_latches_again_and_clearing_after_it_is_the_end() {
    let clear = |handle: &LineHandle<Now>, at_us: u64| -> (u64, Deed) {
        let handle = handle.clone();
        (at_us, Box::new(move |_| assert_ne!(handle.clear(), State::Stopping)))
    };
    let (seen, _) = pulse_that_does_not_end(|handle| vec![clear(handle, 205_000), clear(handle, 705_000)]);
    for moment in &seen {
        let (state, failed) = match moment.at_us {
            ..=205_000 => (latched(FaultReason::OutputFailed), 1),
            205_001..=705_000 => (latched(FaultReason::OutputFailed), 2),
            _ => (State::Ready, 2),
        };
        assert_eq!((moment.state, moment.output_failed), (state, failed), "{moment:?}");
    }
}
