//! Long lists in messages: the first lines in full, the number of the others.

use std::fmt;

/// So many are named.
const NAMED: usize = 10;

/// One indented line for each of the first items, and how many more there are. Begins without a line end.
///
/// ```
/// # use host_trainer::listing::Listing;
/// assert_eq!(Listing(&["a", "b"]).to_string(), "  a\n  b");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a, T>(pub &'a [T]);

impl<T: fmt::Display> fmt::Display for Listing<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().take(NAMED).enumerate() {
            let line_end = if index == 0 { "" } else { "\n" };
            write!(f, "{line_end}  {item}")?;
        }
        match self.0.len() {
            0..=NAMED => Ok(()),
            all => write!(f, "\n  and {} more", all - NAMED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_are_named_and_the_others_counted() {
        let lines: Vec<usize> = (1..=12).collect();
        assert_eq!(Listing(&lines[..0]).to_string(), "");
        assert!(Listing(&lines[..10]).to_string().ends_with("\n  9\n  10"));
        assert!(Listing(&lines).to_string().ends_with("\n  10\n  and 2 more"));
    }
}
