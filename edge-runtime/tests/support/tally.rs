//! What became of each kind of frame in the soak.

use std::collections::BTreeMap;

use edge_runtime::camera::faulty::Injection;

use crate::row::row;

/// Of one kind.
#[derive(Default)]
pub struct Kind {
    pub injected: u64,
    pub as_expected: u64,
    pub not_judged: u64,
    pub edges: u64,
}

/// Of all kinds, by name; the name of what the injector does begins with its row of the fault matrix.
#[derive(Default)]
pub struct Tally(BTreeMap<&'static str, Kind>);

impl Tally {
    pub fn of(&mut self, name: &'static str) -> &mut Kind {
        self.0.entry(name).or_default()
    }

    pub fn print(&self) {
        println!("{:<18} {:>9} {:>12} {:>11} {:>8}", "frames", "shown", "as expected", "not judged", "edges");
        for (name, kind) in &self.0 {
            println!(
                "{name:<18} {:>9} {:>12} {:>11} {:>8}",
                kind.injected, kind.as_expected, kind.not_judged, kind.edges
            );
        }
    }

    /// The rows of the fault matrix.
    pub fn matrix(&self) {
        for id in ["C1", "C2", "C3", "C4", "C5", "C6", "T1"] {
            let (mut names, mut sum) = (Vec::new(), Kind::default());
            for (name, kind) in &self.0 {
                let Some(what) = name.strip_prefix(id) else { continue };
                names.push(what.trim());
                sum.injected += kind.injected;
                sum.as_expected += kind.as_expected;
                sum.not_judged += kind.not_judged;
                sum.edges += kind.edges;
            }
            let criterion = format!(
                "the fault of its own in {} of {} judged; {} came while the line was at fault",
                sum.as_expected,
                sum.injected - sum.not_judged,
                sum.not_judged
            );
            let held = sum.edges == 0 && sum.as_expected + sum.not_judged == sum.injected && sum.injected > 0;
            row(id, &format!("{} (simulated)", names.join(", ")), sum.injected, sum.edges, &criterion, held);
        }
    }

    /// Panics if a frame was judged otherwise than it ought to be.
    pub fn check(&mut self) {
        for (name, kind) in &self.0 {
            assert_eq!(kind.as_expected + kind.not_judged, kind.injected, "{name}");
        }
        // Most frames have to be judged for this to say anything.
        for name in ["good", "defective"] {
            let kind = self.of(name);
            assert!(kind.not_judged * 10 < kind.injected, "{name}");
        }
    }
}

/// What the injector does, with its row of the fault matrix.
pub fn injection_name(injection: Injection) -> &'static str {
    match injection {
        Injection::Stall => "C2 stall",
        Injection::Drop => "C7 dropped",
        Injection::Frozen => "C3 frozen",
        Injection::RepeatedSequence => "C3 same number",
        Injection::WrongSize => "C5 wrong size",
        Injection::Truncated => "C4 truncated",
        Injection::Black => "C6 black",
        Injection::White => "C6 white",
        Injection::Blurred => "C6 blurred",
        Injection::Disconnect => "C1 unplugged",
        Injection::OldStamp => "T1 old stamp",
        Injection::FutureStamp => "T1 future stamp",
    }
}
