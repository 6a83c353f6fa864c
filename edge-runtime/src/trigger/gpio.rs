//! Input lines of the Linux GPIO character device (uAPI v2): trigger, encoder and reset, in one poll with a wake-up
//! call. The kernel stamps each edge with CLOCK_MONOTONIC, which is the station's clock, and numbers the edges of each
//! line; a gap in the numbers is a trigger or a step that was lost.
//!
//! A debounced edge is stamped when the line has been steady for the debounce time. Edges of two lines are put in the
//! order of their stamps as far as they are read together, so that a trigger can be off by the steps of the encoder
//! that fall within some microseconds of it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::line::{EdgeDetection, EventClock};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;

use super::{Debounce, Input, InputError, Inputs, SequenceWatch, Wake};
use crate::actuator::gpio::{CONSUMER, GpioError};

/// Edges that are read from a line at once.
const BATCH: usize = 16;

/// Edges that the kernel keeps for a line until they are read.
const KERNEL_BUFFER: u32 = 256;

/// The kernel's `struct gpio_v2_line_event` in words of 64 bits.
const EVENT_WORDS: usize = 6;

/// Which edge of a line counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edge {
    /// From low to high.
    #[default]
    Rising,
    /// From high to low.
    Falling,
}

/// An input line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputLine {
    /// The GPIO chip's device.
    pub chip: PathBuf,
    /// The line.
    pub line: u32,
    /// Which edge counts.
    pub edge: Edge,
    /// For how long the line must be steady; 0 for no debouncing.
    pub debounce_us: u32,
}

/// The inputs that are wired.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputWiring {
    /// A part comes by.
    pub trigger: Option<InputLine>,
    /// The belt moves by one step, in its one direction.
    pub encoder: Option<InputLine>,
    /// A person clears a fault.
    pub reset: Option<InputLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Encoder,
    Trigger,
    Reset,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Encoder => "encoder",
            Self::Trigger => "trigger",
            Self::Reset => "reset",
        }
    }
}

/// A line whose edges are read.
#[derive(Debug)]
struct Watched {
    request: Request,
    purpose: Purpose,
    numbers: SequenceWatch,
    /// Only where the kernel does not debounce the line.
    debounce: Option<Debounce>,
}

/// An eventfd that ends the poll.
#[derive(Debug)]
pub struct WakeUp {
    event: OwnedFd,
}

impl Wake for WakeUp {
    fn wake(&self) {
        // It fails only if the counter is full; then the wake-up call is there already.
        let _ = rustix::io::write(&self.event, &1_u64.to_ne_bytes());
    }
}

/// All inputs of a station.
#[derive(Debug)]
pub struct GpioInputs {
    /// At most one for each purpose, the encoder first.
    lines: heapless::Vec<Watched, 3>,
    wake_up: Arc<WakeUp>,
}

/// Why the inputs cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenInputsError {
    /// A line.
    #[error(transparent)]
    Line(#[from] GpioError),
    /// The wake-up call.
    #[error("the kernel gives no eventfd")]
    WakeUp(#[source] io::Error),
}

impl GpioInputs {
    /// Requests the lines.
    ///
    /// # Errors
    ///
    /// [`OpenInputsError`].
    pub fn open(wiring: &InputWiring) -> Result<Self, OpenInputsError> {
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC);
        let event = event.map_err(|error| OpenInputsError::WakeUp(error.into()))?;
        let mut lines = heapless::Vec::new();
        for (line, purpose) in
            [(&wiring.encoder, Purpose::Encoder), (&wiring.trigger, Purpose::Trigger), (&wiring.reset, Purpose::Reset)]
        {
            if let Some(line) = line {
                // As many as there is room for.
                let _ = lines.push(Watched::request(line, purpose)?);
            }
        }
        Ok(Self { lines, wake_up: Arc::new(WakeUp { event }) })
    }

    /// What ends the wait of these inputs.
    pub fn wake_up(&self) -> Arc<WakeUp> {
        Arc::clone(&self.wake_up)
    }
}

impl Watched {
    /// The kernel debounces where it can; else we do.
    fn request(wanted: &InputLine, purpose: Purpose) -> Result<Self, GpioError> {
        let request = |debounce_us: u32| {
            let edge = match wanted.edge {
                Edge::Rising => EdgeDetection::RisingEdge,
                Edge::Falling => EdgeDetection::FallingEdge,
            };
            let mut builder = Request::builder();
            builder
                .on_chip(&wanted.chip)
                .with_consumer(CONSUMER)
                .with_kernel_event_buffer_size(KERNEL_BUFFER)
                .with_line(wanted.line)
                .as_input()
                .with_edge_detection(edge)
                .with_event_clock(EventClock::Monotonic);
            if debounce_us > 0 {
                builder.with_debounce_period(Duration::from_micros(debounce_us.into()));
            }
            builder.request()
        };
        let (request, debounce) = match request(wanted.debounce_us) {
            Ok(request) => (request, None),
            Err(error) => match request(0) {
                Ok(plain) if wanted.debounce_us > 0 => (plain, Some(Debounce::new(wanted.debounce_us))),
                _ => {
                    let (chip, purpose) = (wanted.chip.clone(), purpose.name());
                    return Err(GpioError::Request { chip, line: wanted.line, purpose, source: error });
                }
            },
        };
        Ok(Self { request, purpose, numbers: SequenceWatch::default(), debounce })
    }

    /// Reads all that the kernel has, at most as much as it keeps.
    fn drain(&mut self, found: &mut Found) -> Result<(), InputError> {
        for _ in 0..KERNEL_BUFFER as usize / BATCH {
            let waiting = self.request.has_edge_event();
            if !waiting.map_err(|error| InputError { input: self.purpose.name(), source: into_io(error) })? {
                break;
            }
            self.read(found)?;
        }
        Ok(())
    }

    /// Reads at most [`BATCH`] edges; there are some.
    fn read(&mut self, found: &mut Found) -> Result<(), InputError> {
        let failed = |source| InputError { input: self.purpose.name(), source };
        let mut words = [0; EVENT_WORDS * BATCH];
        let length = self.request.read_edge_events_into_slice(&mut words).map_err(|error| failed(into_io(error)))?;
        for event in words[..length.min(words.len())].chunks_exact(self.request.edge_event_u64_size()) {
            let event = self.request.edge_event_from_slice(event).map_err(|error| failed(into_io(error)))?;
            let at_us = event.timestamp_ns / 1000;
            let lost = self.numbers.lost_before(event.line_seqno);
            // A reset that was lost is pressed again.
            if lost > 0 && self.purpose != Purpose::Reset {
                found.push(Input::Missed { at_us, lost });
            }
            if self.debounce.as_mut().is_none_or(|debounce| debounce.passes(at_us)) {
                found.push(match self.purpose {
                    Purpose::Encoder => Input::Tick { at_us },
                    Purpose::Trigger => Input::Trigger { at_us },
                    Purpose::Reset => Input::Reset { at_us },
                });
            }
        }
        Ok(())
    }
}

fn into_io(error: gpiocdev::Error) -> io::Error {
    io::Error::other(error)
}

/// What was read at once.
#[derive(Default)]
struct Found {
    /// Each edge, and each gap before it.
    inputs: heapless::Vec<Input, { 2 * (KERNEL_BUFFER as usize + 2 * BATCH) }>,
}

impl Found {
    fn push(&mut self, input: Input) {
        // There is room for all that one round can read.
        let _ = self.inputs.push(input);
    }

    /// In the order of time; of equal times in the order of reading.
    fn into_order(mut self) -> impl Iterator<Item = Input> {
        let at_us = |input: &Input| match *input {
            Input::Trigger { at_us } | Input::Tick { at_us } | Input::Missed { at_us, .. } | Input::Reset { at_us } => {
                at_us
            }
        };
        // Insertion sort: stable, without memory, and the lines are in order themselves.
        for end in 1..self.inputs.len() {
            for index in (1..=end).rev() {
                if at_us(&self.inputs[index - 1]) <= at_us(&self.inputs[index]) {
                    break;
                }
                self.inputs.swap(index - 1, index);
            }
        }
        self.inputs.into_iter()
    }
}

impl Inputs for GpioInputs {
    fn wait(&mut self, timeout: Duration, take: &mut dyn FnMut(Input)) -> Result<(), InputError> {
        let poll_failed = |errno: Errno| InputError { input: "the inputs", source: errno.into() };
        let mut ready = [false; 3];
        {
            let mut fds: heapless::Vec<PollFd<'_>, 4> = heapless::Vec::new();
            for borrowed in self.lines.iter().map(|line| line.request.as_fd()).chain([self.wake_up.event.as_fd()]) {
                let _ = fds.push(PollFd::from_borrowed_fd(borrowed, PollFlags::IN));
            }
            // No timeout at all if it is too long for the kernel.
            let timeout = Timespec::try_from(timeout).ok();
            match poll(&mut fds, timeout.as_ref()) {
                Ok(_) => {}
                Err(Errno::INTR) => return Ok(()),
                Err(errno) => return Err(poll_failed(errno)),
            }
            for (fd, ready) in fds.iter().zip(&mut ready).take(self.lines.len()) {
                let events = fd.revents();
                if events.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL) {
                    return Err(poll_failed(Errno::NODEV));
                }
                *ready = events.contains(PollFlags::IN);
            }
        }
        let mut count = [0; 8];
        match rustix::io::read(&self.wake_up.event, &mut count) {
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(errno) => return Err(poll_failed(errno)),
        }
        let mut found = Found::default();
        // The encoder last and to its end, whatever the poll said: no trigger is counted with fewer steps than were made.
        for (line, ready) in self.lines.iter_mut().zip(ready).rev() {
            match line.purpose {
                Purpose::Encoder => line.drain(&mut found)?,
                _ if ready => line.read(&mut found)?,
                _ => {}
            }
        }
        found.into_order().for_each(take);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_come_in_the_order_of_time() {
        let mut found = Found::default();
        let tick = |at_us| Input::Tick { at_us };
        let trigger = |at_us| Input::Trigger { at_us };
        let read = [tick(1), tick(4), tick(4), tick(9), trigger(3), trigger(4), Input::Reset { at_us: 2 }];
        read.into_iter().for_each(|input| found.push(input));
        let reset = Input::Reset { at_us: 2 };
        let ordered: Vec<_> = found.into_order().collect();
        assert_eq!(ordered, [tick(1), reset, trigger(3), tick(4), tick(4), trigger(4), tick(9)]);
    }

    #[test]
    fn a_wake_up_call_ends_the_wait_once() {
        let mut inputs = GpioInputs::open(&InputWiring::default()).unwrap();
        let (wake_up, far) = (inputs.wake_up(), Duration::from_secs(600));
        wake_up.wake();
        wake_up.wake();
        inputs.wait(far, &mut |_| unreachable!()).unwrap();
        inputs.wait(Duration::from_millis(1), &mut |_| unreachable!()).unwrap();
        let thread = std::thread::spawn(move || wake_up.wake());
        inputs.wait(far, &mut |_| unreachable!()).unwrap();
        thread.join().unwrap();
    }

    #[test]
    fn a_chip_that_is_not_there_is_named() {
        let line = InputLine { chip: "/dev/no-gpiochip".into(), line: 4, edge: Edge::Rising, debounce_us: 500 };
        let wiring = InputWiring { trigger: Some(line), ..InputWiring::default() };
        let text = GpioInputs::open(&wiring).unwrap_err().to_string();
        assert!(text.starts_with("/dev/no-gpiochip, line 4 (trigger): cannot be requested"), "{text}");
    }
}
