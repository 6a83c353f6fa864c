//! A V4L2 device made up, for tests: it does what a script says, keeps account of its buffers, and moves the clock when
//! it is waited for. Times are in microseconds.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;

use shared::image::Size;

use super::device::{
    Capabilities, ControlInfo, Filled, FourCc, Granted, Host, Readiness, SizeOffer, Streaming, VideoDevice,
};
use crate::clock::Clock;

/// A frame that the camera delivers.
#[derive(Debug, Clone)]
pub(super) struct FakeFrame {
    pub(super) sequence: u32,
    pub(super) at_us: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) damaged: bool,
    pub(super) monotonic: bool,
}

#[derive(Debug)]
pub(super) struct FakeState {
    pub(super) now_us: Rc<Cell<u64>>,
    pub(super) size: Size,
    pub(super) codes: Vec<FourCc>,
    pub(super) padding: i32,
    pub(super) interlaced: bool,
    pub(super) capabilities: u32,
    pub(super) controls: Vec<(ControlInfo, i32)>,
    /// A control that takes only multiples of a number.
    pub(super) coarse: Option<(u32, i32)>,
    /// Frames that are filled and wait.
    pub(super) ready: VecDeque<FakeFrame>,
    /// Frames that come when the device is waited for, 33 ms apart.
    pub(super) later: VecDeque<FakeFrame>,
    pub(super) monotonic: bool,
    /// Every request fails as on a device that was unplugged.
    pub(super) unplugged: bool,
    pub(super) openings: u32,
    pub(super) buffer_length: usize,
}

impl FakeState {
    pub(super) fn value(&self, name: &str) -> i32 {
        self.controls.iter().find(|(info, _)| info.name == name).unwrap().1
    }

    fn plugged(&self) -> io::Result<()> {
        // ENODEV
        if self.unplugged { Err(io::Error::from_raw_os_error(19)) } else { Ok(()) }
    }
}

/// A device, or the machine that it is plugged into: copies are the same one.
#[derive(Debug)]
pub(super) struct FakeDevice {
    state: Rc<RefCell<FakeState>>,
    /// The buffers' bytes; filled, and not the driver's, where `with_driver` is not set.
    buffers: Vec<Vec<u8>>,
    with_driver: Vec<bool>,
}

impl FakeDevice {
    pub(super) fn new(size: Size) -> Self {
        let state = FakeState {
            now_us: Rc::new(Cell::new(1_000_000)),
            size,
            codes: vec![FourCc::GREY, FourCc::YUYV, FourCc::JPEG],
            padding: 0,
            interlaced: false,
            capabilities: Capabilities::VIDEO_CAPTURE | Capabilities::STREAMING,
            controls: Vec::new(),
            coarse: None,
            ready: VecDeque::new(),
            later: VecDeque::new(),
            monotonic: true,
            unplugged: false,
            openings: 0,
            buffer_length: 4096,
        };
        Self { state: Rc::new(RefCell::new(state)), buffers: Vec::new(), with_driver: Vec::new() }
    }

    pub(super) fn state(&self) -> RefMut<'_, FakeState> {
        self.state.borrow_mut()
    }

    pub(super) fn same(&self) -> Self {
        Self { state: Rc::clone(&self.state), buffers: Vec::new(), with_driver: Vec::new() }
    }

    pub(super) fn clock(&self) -> FakeClock {
        FakeClock(Rc::clone(&self.state().now_us))
    }
}

#[derive(Debug)]
pub(super) struct FakeClock(Rc<Cell<u64>>);

impl Clock for FakeClock {
    fn now_us(&self) -> u64 {
        self.0.get()
    }
}

impl Host for FakeDevice {
    type Device = FakeDevice;

    fn open(&mut self) -> io::Result<FakeDevice> {
        self.state().openings += 1;
        self.state().plugged()?;
        Ok(self.same())
    }

    fn sleep_us(&mut self, us: u64) {
        let now = self.state().now_us.clone();
        now.set(now.get() + us);
    }
}

impl VideoDevice for FakeDevice {
    fn capabilities(&mut self) -> io::Result<Capabilities> {
        let flags = self.state().capabilities;
        Ok(Capabilities { driver: "fake".to_owned(), card: "Fake".to_owned(), flags })
    }

    fn select_input(&mut self, input: u32) -> io::Result<()> {
        if input == 0 { Ok(()) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }

    fn offered_format(&mut self, index: u32) -> io::Result<Option<FourCc>> {
        Ok(self.state().codes.get(index as usize).copied())
    }

    fn offered_size(&mut self, code: FourCc, index: u32) -> io::Result<Option<SizeOffer>> {
        let Size { width, height } = self.state().size;
        let size = (u32::from(width), u32::from(height));
        Ok(match code {
            FourCc::GREY if index == 0 => Some(SizeOffer::Discrete(size.0, size.1)),
            FourCc::YUYV => Some(SizeOffer::Stepwise { min: (2, 2), max: size, step: (2, 2) }),
            _ => None,
        })
    }

    fn set_format(&mut self, code: FourCc, _: u32, _: u32) -> io::Result<Granted> {
        let state = self.state();
        let Some(&first) = state.codes.first() else { return Err(io::ErrorKind::InvalidInput.into()) };
        let code = if state.codes.contains(&code) { code } else { first };
        let Size { width, height } = state.size;
        let row = match code {
            FourCc::GREY => i32::from(width) + state.padding,
            FourCc::YUYV => 2 * i32::from(width) + state.padding,
            _ => 0,
        };
        let stride = row.try_into().unwrap();
        Ok(Granted { code, width: width.into(), height: height.into(), stride, progressive: !state.interlaced })
    }

    fn control_after(&mut self, id: u32) -> io::Result<Option<ControlInfo>> {
        let state = self.state();
        let after = state.controls.iter().map(|(info, _)| info).filter(|info| info.id > id);
        Ok(after.min_by_key(|info| info.id).cloned())
    }

    fn control(&mut self, id: u32) -> io::Result<i32> {
        let state = self.state();
        state.plugged()?;
        let found = state.controls.iter().find(|(info, _)| info.id == id);
        found.map(|&(_, value)| value).ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    fn set_control(&mut self, id: u32, value: i32) -> io::Result<()> {
        let mut state = self.state();
        let value = match state.coarse {
            Some((coarse, step)) if coarse == id => value - value % step,
            _ => value,
        };
        let found = state.controls.iter_mut().find(|(info, _)| info.id == id);
        found.ok_or(io::ErrorKind::InvalidInput)?.1 = value;
        Ok(())
    }

    fn start(&mut self, buffers: u32) -> io::Result<Streaming> {
        self.buffers = vec![Vec::new(); buffers as usize];
        self.with_driver = vec![true; buffers as usize];
        Ok(Streaming { buffers, monotonic: self.state().monotonic })
    }

    fn wait(&mut self, timeout_ms: u32) -> io::Result<Readiness> {
        let mut state = self.state();
        if state.unplugged {
            return Ok(Readiness::Gone);
        }
        let now = state.now_us.clone();
        if state.ready.is_empty() {
            let Some(next) = state.later.pop_front() else {
                now.set(now.get() + u64::from(timeout_ms) * 1000);
                return Ok(Readiness::TimedOut);
            };
            now.set(now.get() + 33_000);
            state.ready.push_back(next);
        }
        Ok(Readiness::Frame)
    }

    fn dequeue(&mut self) -> io::Result<Option<Filled>> {
        self.state().plugged()?;
        let Some(index) = self.with_driver.iter().position(|&it| it) else { return Ok(None) };
        let Some(frame) = self.state().ready.pop_front() else { return Ok(None) };
        self.with_driver[index] = false;
        let used = frame.bytes.len();
        let length = self.state().buffer_length;
        self.buffers[index] = frame.bytes;
        self.buffers[index].resize(length, 0xee);
        let FakeFrame { sequence, at_us: captured_at_us, damaged, monotonic, .. } = frame;
        Ok(Some(Filled { index: index as u32, used, sequence, captured_at_us, monotonic, damaged }))
    }

    fn bytes(&self, index: u32) -> &[u8] {
        assert!(!self.with_driver[index as usize], "buffer {index} is the driver's");
        &self.buffers[index as usize]
    }

    fn requeue(&mut self, index: u32) -> io::Result<()> {
        self.state().plugged()?;
        let is_with_driver = &mut self.with_driver[index as usize];
        assert!(!*is_with_driver, "buffer {index} is given back twice");
        *is_with_driver = true;
        Ok(())
    }
}
