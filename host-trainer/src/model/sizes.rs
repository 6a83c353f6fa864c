//! Which network an input size gets: the one place that knows.

use shared::image::Size;

use super::{Architecture, compact};

/// There is no network for this input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no network for an input of {found} pixels yet, only for {expected}: photographs of square parts, whole \
     (--geometry whole)"
)]
pub struct UnsupportedSize {
    /// The size of the input.
    pub found: Size,
    /// The size that there is a network for.
    pub expected: Size,
}

/// The network for inputs of `size`.
///
/// # Errors
/// [`UnsupportedSize`] if there is none.
pub fn architecture_for(size: Size) -> Result<Architecture, UnsupportedSize> {
    let compact = compact();
    if compact.size == size { Ok(compact) } else { Err(UnsupportedSize { found: size, expected: compact.size }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sizes_are_refused_by_name() {
        let size = Size::new(128, 128);
        assert_eq!(architecture_for(size).unwrap().size, size);
        let error = architecture_for(Size::new(256, 128)).unwrap_err().to_string();
        assert!(error.contains("256x128") && error.contains("only for 128x128"), "{error}");
    }
}
