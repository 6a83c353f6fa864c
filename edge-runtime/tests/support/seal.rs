//! Sections sealed into a bundle that nobody has signed.

use shared::bundle::signature::{MAX_BLOCK_LEN, encode_block};
use shared::bundle::{MAX_TABLE_LEN, SectionKind, encode_table};

/// The bundle of these sections, which are in the order of their kinds.
pub fn seal(sections: &[(SectionKind, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; MAX_TABLE_LEN];
    let length = encode_table(sections, &mut bytes).unwrap();
    bytes.truncate(length);
    sections.iter().for_each(|(_, section)| bytes.extend_from_slice(section));
    let mut block = [0; MAX_BLOCK_LEN];
    let length = encode_block(&[], &mut block).unwrap();
    bytes.extend_from_slice(&block[..length]);
    bytes
}
