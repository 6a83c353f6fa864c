//! Input lines of the Linux GPIO character device (uAPI v2): trigger, encoder and reset, in one poll with a wake-up
//! call. The kernel stamps each edge with CLOCK_MONOTONIC, which is the station's clock, and numbers the edges of each
//! line; a gap in the numbers is a trigger or a step that was lost.
//!
//! A debounced edge is stamped when the line has been steady for the debounce time, by the kernel, or by this program
//! where the kernel refuses to debounce the line. Edges of two lines are put in the
//! order of their stamps as far as they are read together, so that a trigger can be off by the steps of the encoder
//! that fall within some microseconds of it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::line::{EdgeDetection, EdgeKind, EventClock, Value};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;

use super::found::Found;
use super::{Debounce, Input, InputError, Inputs, SequenceWatch, Steady, Wake};
use crate::actuator::gpio::{CONSUMER, GpioError};
use crate::clock::{Clock, MonotonicClock};

/// Edges that are read from a line at once.
const BATCH: usize = 16;

/// Edges that the kernel keeps for a line until they are read.
pub(super) const KERNEL_BUFFER: u32 = 256;

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
    line: u32,
    edge: Edge,
    /// Only where the kernel does not debounce the line. Edges of both kinds are read then.
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
    clock: MonotonicClock,
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
        Ok(Self { lines, wake_up: Arc::new(WakeUp { event }), clock: MonotonicClock::new() })
    }

    /// The inputs that the kernel refuses to debounce, so that this program does it.
    pub fn debounced_here(&self) -> impl Iterator<Item = &'static str> {
        self.lines.iter().filter(|line| line.debounce.is_some()).map(|line| line.purpose.name())
    }

    /// What ends the wait of these inputs.
    pub fn wake_up(&self) -> Arc<WakeUp> {
        Arc::clone(&self.wake_up)
    }
}

impl Watched {
    /// The kernel debounces where it can; else we do.
    fn request(wanted: &InputLine, purpose: Purpose) -> Result<Self, GpioError> {
        let request = |edges: EdgeDetection, debounce_us: u32| {
            let mut builder = Request::builder();
            builder
                .on_chip(&wanted.chip)
                .with_consumer(CONSUMER)
                .with_kernel_event_buffer_size(KERNEL_BUFFER)
                .with_line(wanted.line)
                .as_input()
                .with_edge_detection(edges)
                .with_event_clock(EventClock::Monotonic);
            if debounce_us > 0 {
                builder.with_debounce_period(Duration::from_micros(debounce_us.into()));
            }
            builder.request()
        };
        let refused = |source| {
            let (chip, purpose) = (wanted.chip.clone(), purpose.name());
            GpioError::Request { chip, line: wanted.line, purpose, source }
        };
        let edges = match wanted.edge {
            Edge::Rising => EdgeDetection::RisingEdge,
            Edge::Falling => EdgeDetection::FallingEdge,
        };
        let (request, is_ours) = debounced(wanted.debounce_us, edges, request).map_err(refused)?;
        let debounce = if is_ours {
            let level = request.value(wanted.line).map_err(refused)?;
            Some(Debounce::new(wanted.debounce_us, level == Value::Active))
        } else {
            None
        };
        let &InputLine { line, edge, .. } = wanted;
        Ok(Self { request, purpose, numbers: SequenceWatch::default(), line, edge, debounce })
    }

    fn failed(&self, error: gpiocdev::Error) -> InputError {
        InputError { input: self.purpose.name(), source: into_io(error) }
    }

    /// What an edge, debounced or not, means.
    fn input(&self, at_us: u64) -> Input {
        match self.purpose {
            Purpose::Encoder => Input::Tick { at_us },
            Purpose::Trigger => Input::Trigger { at_us },
            Purpose::Reset => Input::Reset { at_us },
        }
    }

    /// A change that lasted, if it is one of the edges that count.
    fn push_steady(&self, steady: Option<Steady>, found: &mut Found) {
        if let Some(Steady { at_us, is_high }) = steady
            && is_high == (self.edge == Edge::Rising)
        {
            found.push(self.input(at_us));
        }
    }

    /// After all edges were read: whether the line has been steady for long enough.
    fn settle(&mut self, now_us: u64, found: &mut Found) -> Result<(), InputError> {
        if let Some(debounce) = &mut self.debounce
            && debounce.due_us().is_some_and(|due_us| due_us <= now_us)
        {
            let level = self.request.value(self.line);
            let level = level.map_err(|error| InputError { input: self.purpose.name(), source: into_io(error) })?;
            let steady = debounce.settle(now_us, level == Value::Active);
            self.push_steady(steady, found);
        }
        Ok(())
    }

    /// Reads all that the kernel has, at most as much as it keeps.
    fn drain(&mut self, found: &mut Found) -> Result<(), InputError> {
        for _ in 0..KERNEL_BUFFER as usize / BATCH {
            if !self.request.has_edge_event().map_err(|error| self.failed(error))? {
                break;
            }
            self.read(found)?;
        }
        Ok(())
    }

    /// Reads at most [`BATCH`] edges; there are some.
    fn read(&mut self, found: &mut Found) -> Result<(), InputError> {
        let mut words = [0; EVENT_WORDS * BATCH];
        let length = self.request.read_edge_events_into_slice(&mut words).map_err(|error| self.failed(error))?;
        for event in words[..length.min(words.len())].chunks_exact(self.request.edge_event_u64_size()) {
            let event = self.request.edge_event_from_slice(event).map_err(|error| self.failed(error))?;
            let at_us = event.timestamp_ns / 1000;
            let lost = self.numbers.lost_before(event.line_seqno);
            // A reset that was lost is pressed again.
            if lost > 0 && self.purpose != Purpose::Reset {
                found.push(Input::Missed { at_us, lost });
            }
            match &mut self.debounce {
                None => found.push(self.input(at_us)),
                Some(debounce) => {
                    let steady = debounce.edge(at_us, event.kind == EdgeKind::Rising);
                    self.push_steady(steady, found);
                }
            }
        }
        Ok(())
    }
}

/// Makes a request that the kernel debounces, or else one for the edges of both kinds that it does not, and tells whether
/// it is the latter. The error is that of the first.
fn debounced<R, E>(
    debounce_us: u32,
    edges: EdgeDetection,
    request: impl Fn(EdgeDetection, u32) -> Result<R, E>,
) -> Result<(R, bool), E> {
    match request(edges, debounce_us) {
        Ok(request) => Ok((request, false)),
        Err(error) if debounce_us == 0 => Err(error),
        Err(error) => request(EdgeDetection::BothEdges, 0).map(|request| (request, true)).map_err(|_| error),
    }
}

fn into_io(error: gpiocdev::Error) -> io::Error {
    io::Error::other(error)
}

impl Inputs for GpioInputs {
    fn wait(&mut self, timeout: Duration, take: &mut dyn FnMut(Input)) -> Result<(), InputError> {
        let poll_failed = |errno: Errno| InputError { input: "the inputs", source: errno.into() };
        let mut ready = [false; 3];
        let due_us = self.lines.iter().filter_map(|line| line.debounce?.due_us()).min();
        let settles = due_us.map(|due_us| Duration::from_micros(due_us.saturating_sub(self.clock.now_us())));
        {
            let mut fds: heapless::Vec<PollFd<'_>, 4> = heapless::Vec::new();
            for borrowed in self.lines.iter().map(|line| line.request.as_fd()).chain([self.wake_up.event.as_fd()]) {
                let _ = fds.push(PollFd::from_borrowed_fd(borrowed, PollFlags::IN));
            }
            // No timeout at all if it is too long for the kernel.
            let timeout = Timespec::try_from(settles.map_or(timeout, |settles| timeout.min(settles))).ok();
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
        let now_us = self.clock.now_us();
        // The encoder last and to its end, whatever the poll said: no trigger is counted with fewer steps than were made.
        for (line, ready) in self.lines.iter_mut().zip(ready).rev() {
            match line.purpose {
                Purpose::Encoder => line.drain(&mut found)?,
                // To its end: an edge that was not read could be one that lets the line not be steady.
                _ if line.debounce.is_some() => {
                    line.drain(&mut found)?;
                    line.settle(now_us, &mut found)?;
                }
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
    fn both_edges_are_read_where_the_kernel_does_not_debounce() {
        let edges = EdgeDetection::FallingEdge;
        let kernel = |edges, debounce_us| Ok::<_, ()>((edges, debounce_us));
        assert_eq!(debounced(500, edges, kernel), Ok(((edges, 500), false)));
        let refuses = |edges, debounce_us: u32| if debounce_us > 0 { Err("no") } else { Ok((edges, debounce_us)) };
        assert_eq!(debounced(500, edges, refuses), Ok(((EdgeDetection::BothEdges, 0), true)));
        assert_eq!(debounced(0, edges, refuses), Ok(((edges, 0), false)));
        let absent = |_, debounce_us: u32| Err::<(), _>(debounce_us);
        assert_eq!((debounced(500, edges, absent), debounced(0, edges, absent)), (Err(500), Err(0)));
    }

    #[test]
    fn a_chip_that_is_not_there_is_named() {
        let line = InputLine { chip: "/dev/no-gpiochip".into(), line: 4, edge: Edge::Rising, debounce_us: 500 };
        let wiring = InputWiring { trigger: Some(line), ..InputWiring::default() };
        let text = GpioInputs::open(&wiring).unwrap_err().to_string();
        assert!(text.starts_with("/dev/no-gpiochip, line 4 (trigger): cannot be requested"), "{text}");
    }
}
