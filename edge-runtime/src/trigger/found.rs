//! What was read from all lines at once, put in the order of time. Fixed memory. It knows no lines.

use super::Input;
use super::gpio::KERNEL_BUFFER;

/// What was read at once.
#[derive(Default)]
pub(super) struct Found {
    /// Each edge, and each gap before it.
    inputs: heapless::Vec<Input, { 3 * (2 * KERNEL_BUFFER as usize + 1) }>,
}

impl Found {
    pub(super) fn push(&mut self, input: Input) {
        // There is room for all that one round can read.
        let _ = self.inputs.push(input);
    }

    /// In the order of time; of equal times in the order of reading.
    pub(super) fn into_order(mut self) -> impl Iterator<Item = Input> {
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
}
