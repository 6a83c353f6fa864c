//! The golden set of `shared` on a Cortex-M4F: computes every row, compares it with `scores.tsv`, and exits with what
//! came of it.
//!
//! The log goes through the debugger's semihosting, in defmt's encoding. All memory is on the stack; there is no
//! allocator. It does not know files: the expected integers are compiled in.

#![no_std]
#![no_main]

// Brings the critical section that defmt's logger asks for.
use cortex_m as _;
use defmt_semihosting as _;
use semihosting::process::ExitCode;

#[path = "../../../shared/tests/golden/set/mod.rs"]
mod set;

use set::{MAP, MASK, Memory, PIXELS, RESIDUALS, SCRATCH};

const SCORES: &str = include_str!("../../../shared/tests/golden/scores.tsv");

#[cortex_m_rt::entry]
fn main() -> ! {
    let memory = &mut Memory {
        a: &mut [0; PIXELS],
        b: &mut [0; PIXELS],
        residuals: &mut [0; RESIDUALS],
        mask: &mut [0; MASK],
        map: &mut [0; MAP],
        smoothed: &mut [0; MAP],
        scratch: &mut [0; SCRATCH],
    };
    let mut expected = set::parse(SCORES);
    let (mut rows, mut wrong) = (0_u32, 0_u32);
    set::compute(memory, |found| {
        rows += 1;
        let set::Row { subject, what, checksum, value } = found;
        match expected.next() {
            Some(row) if row == found => {
                defmt::info!("{=str} {=str}: {=u32:08x} {=u64}", subject, what, checksum, value)
            }
            Some(row) => {
                wrong += 1;
                defmt::error!(
                    "found {=str} {=str} {=u32:08x} {=u64}, expected {=str} {=str} {=u32:08x} {=u64}",
                    subject,
                    what,
                    checksum,
                    value,
                    row.subject,
                    row.what,
                    row.checksum,
                    row.value
                );
            }
            None => {
                wrong += 1;
                defmt::error!("found {=str} {=str}, expected no more rows", subject, what);
            }
        }
    });
    let missing = expected.count() as u32;
    defmt::info!("{=u32} rows, {=u32} wrong, {=u32} missing", rows, wrong, missing);
    finish(rows > 0 && wrong == 0 && missing == 0)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    finish(false)
}

/// Ends the emulator with 0 or 1.
fn finish(right: bool) -> ! {
    defmt::flush();
    if right { ExitCode::SUCCESS } else { ExitCode::FAILURE }.exit_process()
}
