//! A camera that streams: its buffers go round between the driver and the inspection. Decides which waiting frame is
//! next, and whether the controls still hold. Times are in microseconds of the monotonic clock. It is gone for good
//! with the first request that the driver refuses; opening it again is for the source.

use std::collections::VecDeque;
use std::io;

use super::controls::{self, Plan};
use super::device::{Filled, Host, Readiness, Streaming, VideoDevice};
use super::error::DeviceError;
use super::negotiate::negotiate;
use super::sequence::Sequence;
use super::source::V4lSettings;
use crate::camera::{CaptureCounts, CaptureError};
use crate::clock::Clock;

/// Buffers asked for: one with the driver, one with the inspection, two waiting.
const BUFFERS: u32 = 4;

/// A camera that is open and streams.
#[derive(Debug)]
pub(super) struct Stream<D> {
    pub(super) device: D,
    /// Bytes from one row to the next.
    pub(super) stride: usize,
    plan: Plan,
    buffers: usize,
    waiting: VecDeque<Filled>,
    /// The buffer that the last frame handed out lies in.
    held: Option<u32>,
    until_check: u32,
    /// Frames captured earlier are not handed out: the controls were other.
    not_before_us: u64,
}

impl<D: VideoDevice> Stream<D> {
    /// Opens the camera as `settings` say and starts it.
    pub(super) fn open<H: Host<Device = D>>(host: &mut H, settings: &V4lSettings) -> Result<Self, DeviceError> {
        let opened = host.open();
        let mut device = opened.map_err(|source| DeviceError::Open { path: settings.device.clone(), source })?;
        if let Some(input) = settings.input {
            device.select_input(input).map_err(DeviceError::request("to select its input (VIDIOC_S_INPUT)"))?;
        }
        let stride = negotiate(&mut device, settings.format, settings.size)?;
        let plan = Plan::new(&settings.controls, &controls::list(&mut device)?)?;
        plan.establish(&mut device)?;
        let started = device.start(BUFFERS);
        let Streaming { buffers, monotonic } = started.map_err(DeviceError::request("to stream (VIDIOC_STREAMON)"))?;
        if !monotonic {
            return Err(DeviceError::TimeStamps);
        }
        let buffers = buffers as usize;
        let waiting = VecDeque::with_capacity(buffers);
        // Some cameras lose their controls when they start: the first frame is checked.
        Ok(Self { device, stride, plan, buffers, waiting, held: None, until_check: 1, not_before_us: 0 })
    }

    /// The next frame: in the order of capture, but for a stall. Frames that waited longer than `max_age_us` are
    /// dropped; so are all but the newest if the driver had no buffer left.
    ///
    /// The buffer stays out of the driver's hands until the next call, or [`Stream::release`].
    pub(super) fn next(
        &mut self,
        settings: &V4lSettings,
        clock: &impl Clock,
        sequence: &mut Sequence,
        counts: &mut CaptureCounts,
    ) -> io::Result<Option<(Filled, u64)>> {
        let at_rest = self.buffers - usize::from(self.held.is_some());
        self.release()?;
        self.drain()?;
        let starved = self.waiting.len() >= at_rest;
        let oldest_us = clock.now_us().saturating_sub(settings.max_age_us).max(self.not_before_us);
        while let Some(&first) = self.waiting.front() {
            let is_old = first.captured_at_us < oldest_us || starved && self.waiting.len() > 1;
            if !is_old {
                break;
            }
            self.waiting.pop_front();
            self.drop_frame(first, sequence, counts)?;
        }
        let deadline_us = clock.now_us().saturating_add(u64::from(settings.timeout_ms) * 1000);
        loop {
            let first = match self.waiting.pop_front() {
                None => self.device.dequeue()?,
                first => first,
            };
            if let Some(first) = first {
                if first.captured_at_us < self.not_before_us {
                    self.drop_frame(first, sequence, counts)?;
                    continue;
                }
                self.held = Some(first.index);
                return Ok(Some((first, sequence.frame(first.sequence))));
            }
            let left_us = deadline_us.saturating_sub(clock.now_us());
            if left_us == 0 {
                return Ok(None);
            }
            match self.device.wait(u32::try_from(left_us.div_ceil(1000)).unwrap_or(u32::MAX))? {
                Readiness::Frame | Readiness::Interrupted => {}
                Readiness::TimedOut => return Ok(None),
                Readiness::Gone => return Err(io::Error::other("the driver reports an error of the device")),
            }
        }
    }

    /// Gives the buffer of the last frame back to the driver.
    pub(super) fn release(&mut self) -> io::Result<()> {
        self.held.take().map_or(Ok(()), |index| self.device.requeue(index))
    }

    /// Whether the controls still hold, once every `settings.check_every` frames. If not, they are set again, and
    /// frames captured until now are not handed out.
    pub(super) fn check(&mut self, settings: &V4lSettings, clock: &impl Clock) -> io::Result<Result<(), CaptureError>> {
        self.until_check = self.until_check.saturating_sub(1);
        if self.until_check > 0 {
            return Ok(Ok(()));
        }
        let Some((step, found)) = self.plan.difference(&mut self.device)? else {
            self.until_check = settings.check_every.max(1);
            return Ok(Ok(()));
        };
        let differs = step.differs(found);
        // What the driver says to that shows at the next check, which comes with the next frame.
        let _ = self.plan.apply(&mut self.device);
        self.until_check = 1;
        self.not_before_us = clock.now_us();
        Ok(Err(differs))
    }

    fn drain(&mut self) -> io::Result<()> {
        while self.waiting.len() < self.buffers {
            let Some(filled) = self.device.dequeue()? else { break };
            self.waiting.push_back(filled);
        }
        Ok(())
    }

    fn drop_frame(&mut self, frame: Filled, sequence: &mut Sequence, counts: &mut CaptureCounts) -> io::Result<()> {
        sequence.frame(frame.sequence);
        counts.dropped += 1;
        self.device.requeue(frame.index)
    }
}
