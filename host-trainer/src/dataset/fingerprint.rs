//! One hash for a set of image files: which files, under which names, in which order.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

/// SHA-256 over every path (its length in bytes as `u64`, little-endian, then its UTF-8) and the SHA-256 of the file's
/// bytes, in order.
pub fn fingerprint<'a>(files: impl IntoIterator<Item = (&'a PathBuf, [u8; 32])>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (file, sha256) in files {
        let name = file.to_string_lossy();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update(sha256);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sha256(b"\x01\0\0\0\0\0\0\0a" + bytes([7] * 32) + b"\x03\0\0\0\0\0\0\0b/c" + bytes([9] * 32))`, Python's hashlib.
    #[test]
    fn a_value_computed_outside_the_project() {
        let files = [PathBuf::from("a"), PathBuf::from("b/c")];
        let found = fingerprint(files.iter().zip([[7; 32], [9; 32]]));
        assert_eq!(crate::digest::hex(&found), "b159e8837bd6d9a33f92f131d35f16665a3f08505685bad6fa0055b1c3a55104");
    }
}
