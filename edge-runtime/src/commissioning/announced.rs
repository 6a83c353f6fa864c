//! Which frames are of a part where a wired trigger announces parts: the first frame captured in the window behind an
//! edge. Times in microseconds of the station's clock. It moves nothing and knows no camera.

use std::collections::VecDeque;

/// Announced parts that wait for their frame.
#[derive(Debug)]
pub struct Announced {
    window_us: (u64, u64),
    waiting: VecDeque<u64>,
    missed: u64,
}

/// More parts than ever lie between trigger and camera.
const MAX_WAITING: usize = 64;

impl Announced {
    /// A part's frame is captured from `window_us.0` to `window_us.1` after its trigger.
    pub fn new(window_us: (u64, u64)) -> Self {
        Self { window_us, waiting: VecDeque::new(), missed: 0 }
    }

    /// Takes a trigger.
    pub fn trigger(&mut self, at_us: u64) {
        if self.waiting.len() == MAX_WAITING {
            self.waiting.pop_front();
            self.missed += 1;
        }
        self.waiting.push_back(at_us);
    }

    /// Whether a frame captured then is that of the part announced longest ago, which has its frame with this. Parts
    /// whose window is over have missed theirs.
    pub fn takes(&mut self, captured_at_us: u64) -> bool {
        let (from, to) = self.window_us;
        while let Some(&at) = self.waiting.front() {
            if captured_at_us > at.saturating_add(to) {
                self.missed += 1;
            } else if captured_at_us >= at.saturating_add(from) {
                self.waiting.pop_front();
                return true;
            } else {
                return false;
            }
            self.waiting.pop_front();
        }
        false
    }

    /// Parts that got no frame so far.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_gets_the_first_frame_in_its_window() {
        let mut announced = Announced::new((10, 50));
        assert!(!announced.takes(5));
        announced.trigger(100);
        assert!(!announced.takes(109));
        assert!(announced.takes(110));
        assert!(!announced.takes(120)); // the part has its frame
        announced.trigger(200);
        announced.trigger(300);
        assert!(announced.takes(350)); // the first one's window ended at 250
        assert_eq!(announced.missed(), 1);
        announced.trigger(400);
        assert!(!announced.takes(451));
        assert_eq!(announced.missed(), 2);
        assert!(!announced.takes(u64::MAX));
    }

    #[test]
    fn triggers_without_frames_take_bounded_memory() {
        let mut announced = Announced::new((0, 10));
        (0..1000).for_each(|at| announced.trigger(at));
        assert_eq!(announced.missed(), 1000 - MAX_WAITING as u64);
        assert!(announced.takes(1000));
    }
}
