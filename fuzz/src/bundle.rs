//! A bundle whose checksums are right, computed independently of `shared`.

use sha2::{Digest, Sha256};
use shared::bundle::{SectionKind, table_len};

use crate::repair;

/// Where the rows of the table begin, and the length of each; `docs/bundle-format.md`.
const TABLE: usize = 12;
const ROW: usize = 40;

/// Writes the checksums of the manifest, of the detectability and of what follows the sections, and the hashes of the sections and of the
/// table, where the input says that they are. `None` if it ends before.
pub fn with_right_checksums(bytes: &mut [u8]) -> Option<()> {
    let count = usize::from(u16::from_le_bytes([*bytes.get(10)?, *bytes.get(11)?]));
    let (table, mut rest) = bytes.split_at_mut_checked(table_len(count))?;
    let (root, table) = table.split_last_chunk_mut::<32>().map(|(table, root)| (root, table))?;
    for row in table[TABLE..].as_chunks_mut::<ROW>().0 {
        let length = u32::from_le_bytes([row[4], row[5], row[6], row[7]]) as usize;
        let (section, after) = rest.split_at_mut_checked(length)?;
        let is = |kind: SectionKind| row[..2] == kind.code().to_le_bytes();
        if is(SectionKind::Manifest) || is(SectionKind::Detectability) {
            repair(section);
        }
        row[8..].copy_from_slice(&Sha256::digest(&*section));
        rest = after;
    }
    repair(rest);
    root.copy_from_slice(&Sha256::digest(&*table));
    Some(())
}
