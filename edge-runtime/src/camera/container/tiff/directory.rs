//! The header and the directories of a TIFF: numbers by tag. Offsets are in bytes from the start of the file. It knows
//! sizes of types, not what a tag means.

/// A directory with more entries is not read: TIFF 6.0 counts them in 16 bits.
const MAX_ENTRIES: u64 = 65535;
/// A longer list of numbers is not read: four planes of the largest image in the smallest tiles have this many.
const MAX_NUMBERS: u64 = 1 << 22;

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::camera) struct Header {
    pub(in crate::camera) big_endian: bool,
    /// BigTIFF: counts and offsets of 64 bits.
    pub(super) wide: bool,
    /// Offset of the first directory; beyond every file if the file ends before it says.
    pub(super) first: u64,
}

impl Header {
    /// `None` if the file begins otherwise.
    pub(in crate::camera) fn read(bytes: &[u8]) -> Option<Self> {
        let (big_endian, wide) = match bytes.first_chunk::<4>()? {
            b"II\x2a\0" => (false, false),
            b"MM\0\x2a" => (true, false),
            b"II\x2b\0" => (false, true),
            b"MM\0\x2b" => (true, true),
            _ => return None,
        };
        let (at, width) = if wide { (8, 8) } else { (4, 4) };
        Some(Self { big_endian, wide, first: uint(bytes, at, width, big_endian).unwrap_or(u64::MAX) })
    }
}

/// One entry of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::camera) struct Entry {
    tag: u16,
    kind: u64,
    pub(super) count: u64,
    /// Where its value lies; `None` if that is not wholly inside the file.
    pub(super) value_at: Option<usize>,
}

/// One directory.
pub(super) struct Directory<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) header: Header,
    pub(super) at: u64,
    /// Offset of the next directory; 0 if this is the last.
    pub(super) next: u64,
    entries: Vec<Entry>,
}

impl<'a> Directory<'a> {
    /// Reads the directory at the offset `at`; `None` if it is not wholly inside the file.
    pub(super) fn read(bytes: &'a [u8], header: Header, at: u64) -> Option<Self> {
        let (count_width, entry_width, inline) = if header.wide { (8, 20, 8) } else { (2, 12, 4) };
        let number = |at: u64, width: u64| uint(bytes, at, width, header.big_endian);
        let count = number(at, count_width).filter(|&count| count <= MAX_ENTRIES)?;
        let start = at.checked_add(count_width)?;
        let end = start.checked_add(count.checked_mul(entry_width)?)?;
        let next = number(end, inline)?;
        let entries = (0..count).map(|index| {
            let at = start + index * entry_width;
            let kind = number(at + 2, 2)?;
            let count = number(at + 4, inline)?;
            let length = count.saturating_mul(type_width(kind));
            let value_at = if length <= inline { at + 4 + inline } else { number(at + 4 + inline, inline)? };
            let inside = value_at.checked_add(length).is_some_and(|end| end <= bytes.len() as u64);
            let value_at = usize::try_from(value_at).ok().filter(|_| inside);
            Some(Entry { tag: number(at, 2)? as u16, kind, count, value_at })
        });
        Some(Self { bytes, header, at, next, entries: entries.collect::<Option<_>>()? })
    }

    /// Whether the values of all entries are in the file.
    pub(super) fn values_are_inside(&self) -> bool {
        self.entries.iter().all(|entry| entry.value_at.is_some())
    }

    /// The first entry with this tag.
    pub(super) fn entry(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }

    /// The whole numbers of a tag; `None` if it is missing, not wholly in the file, of another type or too long.
    pub(super) fn numbers(&self, tag: u16) -> Option<Vec<u64>> {
        let entry = self.entry(tag).filter(|entry| entry.count <= MAX_NUMBERS)?;
        (0..entry.count).map(|index| self.number_of(entry, index)).collect()
    }

    /// The first number of a tag.
    pub(super) fn number(&self, tag: u16) -> Option<u64> {
        self.entry(tag).filter(|entry| entry.count > 0).and_then(|entry| self.number_of(entry, 0))
    }

    fn number_of(&self, entry: &Entry, index: u64) -> Option<u64> {
        // BYTE, SHORT, LONG, IFD, LONG8, IFD8.
        let width = matches!(entry.kind, 1 | 3 | 4 | 13 | 16 | 18).then(|| type_width(entry.kind))?;
        uint(self.bytes, entry.value_at? as u64 + index * width, width, self.header.big_endian)
    }
}

/// The bytes of one value; 0 for a type that is not known.
fn type_width(kind: u64) -> u64 {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => 0,
    }
}

fn uint(bytes: &[u8], at: u64, width: u64, big_endian: bool) -> Option<u64> {
    let at = usize::try_from(at).ok()?;
    let digits = bytes.get(at..at.checked_add(width as usize)?)?;
    let add = |value: u64, &digit: &u8| value << 8 | u64::from(digit);
    Some(if big_endian { digits.iter().fold(0, add) } else { digits.iter().rev().fold(0, add) })
}
