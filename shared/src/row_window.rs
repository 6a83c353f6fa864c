//! A window of rows that slides down an image while its rows arrive one by one.
//!
//! Units are rows, or elements of a row. The window of row `y` holds the rows `y - radius ..= y + radius`. Beyond the first and the last row
//! the image is reflected with the edge row repeated: row -1 is row 0, row `height` is row `height - 1`. The caller
//! keeps the last [`slots`](RowWindow::slots) rows, each in the slot that it was given when it arrived. It does not know
//! what is in a row.

/// Which rows have arrived, and which window comes next. The height is at least `2 * radius + 1`.
#[derive(Clone, Debug)]
pub(crate) struct RowWindow {
    radius: i32,
    height: i32,
    arrived: i32,
    next: i32,
}

impl RowWindow {
    /// The rows that the caller keeps: those of a window, and the one that left it last.
    pub(crate) const fn slots(radius: u8) -> usize {
        2 * radius as usize + 2
    }

    pub(crate) fn new(radius: u8, height: u16) -> Self {
        Self { radius: radius.into(), height: height.into(), arrived: 0, next: 0 }
    }

    /// The rows that have arrived.
    pub(crate) const fn arrived(&self) -> u16 {
        self.arrived as u16
    }

    /// Takes note of the next row and gives its slot; `None` if all rows have arrived.
    pub(crate) fn arrive(&mut self) -> Option<usize> {
        if self.arrived >= self.height {
            return None;
        }
        self.arrived += 1;
        Some(self.slot_of(self.arrived - 1))
    }

    /// The row whose window is complete now, each row once, from the first to the last.
    pub(crate) fn complete(&mut self) -> Option<u16> {
        let needed = (self.next + self.radius + 1).min(self.height);
        if self.next >= self.height || self.arrived < needed {
            return None;
        }
        self.next += 1;
        Some((self.next - 1) as u16)
    }

    /// The slot of the row that lies `offset` rows below row `y`, the row given last by [`complete`](Self::complete).
    /// Offsets from `-radius - 1` (not for row 0), the row that has just left, to `radius`, the one that entered.
    pub(crate) fn slot(&self, y: u16, offset: i32) -> usize {
        let row = i32::from(y) + offset;
        self.slot_of(if row < 0 {
            -1 - row
        } else if row >= self.height {
            2 * self.height - 1 - row
        } else {
            row
        })
    }

    fn slot_of(&self, row: i32) -> usize {
        (row % (2 * self.radius + 2)) as usize
    }
}

/// Writes the `reach` elements at each end of a line, which lie beyond the image: the reflection of the elements between
/// them, the edge repeated first. The image has at least `reach` elements.
pub(crate) fn reflect_ends(line: &mut [u32], reach: usize) {
    let end = line.len();
    for step in 0..reach {
        line[reach - 1 - step] = line[reach + step];
        line[end - reach + step] = line[end - reach - 1 - step];
    }
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    /// NumPy's `symmetric`, for any index.
    fn symmetric(index: i32, length: i32) -> i32 {
        let index = index.rem_euclid(2 * length);
        if index < length { index } else { 2 * length - 1 - index }
    }

    #[test]
    fn ends_are_reflected() {
        let mut line = [9, 9, 9, 1, 2, 3, 4, 9, 9, 9];
        reflect_ends(&mut line, 3);
        assert_eq!(line, [3, 2, 1, 1, 2, 3, 4, 4, 3, 2]);
        let mut line = [9, 9, 1, 2, 9, 9];
        reflect_ends(&mut line, 2);
        assert_eq!(line, [2, 1, 1, 2, 2, 1]);
        reflect_ends(&mut line, 0);
        assert_eq!(line, [2, 1, 1, 2, 2, 1]);
    }

    proptest! {
        #[test]
        fn every_window_holds_the_reflected_rows(radius in 0_u8..9, more in 0_u16..30) {
            let height = 2 * u16::from(radius) + 1 + more;
            let mut window = RowWindow::new(radius, height);
            let mut slots = vec![None; RowWindow::slots(radius)];
            let mut complete = Vec::new();
            for row in 0..height + u16::from(radius) {
                match window.arrive() {
                    Some(slot) => slots[slot] = Some(row),
                    None => prop_assert!(row >= height),
                }
                prop_assert_eq!(window.arrived(), height.min(row + 1));
                let Some(y) = window.complete() else {
                    prop_assert!(row < u16::from(radius));
                    continue;
                };
                let reach = i32::from(radius);
                for offset in if y == 0 { -reach } else { -reach - 1 }..=reach {
                    let expected = symmetric(i32::from(y) + offset, height.into()) as u16;
                    prop_assert_eq!(slots[window.slot(y, offset)], Some(expected));
                }
                complete.push(y);
            }
            prop_assert_eq!(complete, (0..height).collect::<Vec<_>>());
            prop_assert_eq!(window.complete(), None);
        }
    }
}
