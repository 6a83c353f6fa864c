//! What becomes of the pointer: every decision about which bundle is active, without files.
//!
//! A bundle that was installed is on trial. It is confirmed, or each start costs it a try and the start after the last
//! one goes back to the bundle that was confirmed before it. It does not know whether a bundle is whole: who asks does.

use shared::bundle::BundleId;
use shared::wire::StorePointer;

/// How long a trial is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrialLength {
    /// How many times a bundle is started without being confirmed, at least 1.
    pub tries: u8,
    /// How many parts it judges until it is confirmed, at least 1.
    pub parts: u32,
}

/// What a start does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The active bundle is confirmed and runs.
    Confirmed,
    /// The active bundle runs once this pointer, with one try less, is durable.
    Trial(StorePointer),
    /// The active bundle has used up its tries, but there is none to go back to: it runs on.
    OnlyOne,
    /// The active bundle has used up its tries: this pointer is that of the one before.
    Back(StorePointer),
}

/// The pointer after `id` was installed. The bundle to go back to is the last that was confirmed: one on trial is not.
pub fn installed(before: Option<&StorePointer>, id: BundleId, trial: TrialLength) -> StorePointer {
    let confirmed = before.and_then(|before| if before.confirmed { Some(before.active) } else { before.previous });
    StorePointer {
        generation: before.map_or(0, |before| before.generation).saturating_add(1),
        active: id,
        previous: confirmed.filter(|&confirmed| confirmed != id),
        tries_left: trial.tries.max(1),
        trial_parts_left: trial.parts.max(1),
        confirmed: false,
    }
}

/// What a start of the station does.
pub fn start(pointer: &StorePointer) -> Start {
    if pointer.confirmed {
        return Start::Confirmed;
    }
    match (pointer.tries_left.checked_sub(1), rolled_back(pointer)) {
        (Some(tries_left), _) => {
            Start::Trial(StorePointer { generation: pointer.generation.saturating_add(1), tries_left, ..*pointer })
        }
        (None, Some(back)) => Start::Back(back),
        (None, None) => Start::OnlyOne,
    }
}

/// The pointer after the active bundle has passed its trial; `None` if it had before.
pub fn confirmed(pointer: &StorePointer) -> Option<StorePointer> {
    (!pointer.confirmed).then(|| StorePointer {
        generation: pointer.generation.saturating_add(1),
        tries_left: 0,
        trial_parts_left: 0,
        confirmed: true,
        ..*pointer
    })
}

/// The pointer after the active bundle was given up for the one before, which was confirmed once; `None` if there is
/// none. The one that was given up is not kept: to have it back, it is installed again.
pub fn rolled_back(pointer: &StorePointer) -> Option<StorePointer> {
    pointer.previous.map(|previous| StorePointer {
        generation: pointer.generation.saturating_add(1),
        active: previous,
        previous: None,
        tries_left: 0,
        trial_parts_left: 0,
        confirmed: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TRIAL: TrialLength = TrialLength { tries: 3, parts: 50 };

    fn id(number: u8) -> BundleId {
        BundleId([number; 32])
    }

    #[test]
    fn a_first_bundle_is_tried_and_confirmed() {
        let first = installed(None, id(1), TRIAL);
        let expected = StorePointer {
            generation: 1,
            active: id(1),
            previous: None,
            tries_left: 3,
            trial_parts_left: 50,
            confirmed: false,
        };
        assert_eq!(first, expected);
        let Start::Trial(started) = start(&first) else { panic!() };
        assert_eq!(started, StorePointer { generation: 2, tries_left: 2, ..first });
        let done = confirmed(&started).unwrap();
        assert!(done.confirmed && done.generation == 3 && done.active == id(1));
        assert_eq!((start(&done), confirmed(&done), rolled_back(&done)), (Start::Confirmed, None, None));
    }

    #[test]
    fn three_starts_without_a_confirmation_go_back() {
        let first = confirmed(&installed(None, id(1), TRIAL)).unwrap();
        let mut pointer = installed(Some(&first), id(2), TRIAL);
        assert_eq!((pointer.previous, pointer.active), (Some(id(1)), id(2)));
        for left in [2, 1, 0] {
            let Start::Trial(next) = start(&pointer) else { panic!() };
            assert_eq!((next.tries_left, next.active), (left, id(2)));
            pointer = next;
        }
        let Start::Back(back) = start(&pointer) else { panic!() };
        assert_eq!((back.active, back.previous, back.confirmed, back.generation), (id(1), None, true, 7));
    }

    #[test]
    fn without_a_bundle_to_go_back_to_the_only_one_runs_on() {
        let pointer = StorePointer { tries_left: 0, ..installed(None, id(1), TRIAL) };
        assert_eq!(start(&pointer), Start::OnlyOne);
    }

    #[test]
    fn a_bundle_on_trial_is_never_the_one_to_go_back_to() {
        let first = confirmed(&installed(None, id(1), TRIAL)).unwrap();
        let second = installed(Some(&first), id(2), TRIAL);
        let third = installed(Some(&second), id(3), TRIAL);
        assert_eq!((third.active, third.previous), (id(3), Some(id(1))));
        // The confirmed one again: it is on trial again, and has none before it.
        assert_eq!(installed(Some(&second), id(1), TRIAL).previous, None);
    }

    proptest! {
        /// Whatever happens in whatever order: a valid pointer follows, younger by one, and what it goes back to was
        /// confirmed.
        #[test]
        fn every_sequence_gives_valid_pointers(events in prop::collection::vec((0_u8..4, 1_u8..6), 1..60)) {
            let mut pointer = installed(None, id(9), TRIAL);
            let mut confirmed_once = Vec::new();
            for (event, number) in events {
                let next = match event {
                    0 => Some(installed(Some(&pointer), id(number), TRIAL)),
                    1 => match start(&pointer) {
                        Start::Trial(next) | Start::Back(next) => Some(next),
                        Start::Confirmed | Start::OnlyOne => None,
                    },
                    2 => confirmed(&pointer),
                    _ => rolled_back(&pointer),
                };
                let Some(next) = next else { continue };
                prop_assert_eq!(next.validate(), Ok(()));
                prop_assert_eq!(next.generation, pointer.generation + 1);
                if event == 2 {
                    confirmed_once.push(next.active);
                }
                if next.confirmed {
                    prop_assert!(confirmed_once.contains(&next.active));
                }
                if let Some(previous) = next.previous {
                    prop_assert!(confirmed_once.contains(&previous));
                }
                pointer = next;
            }
        }
    }
}
