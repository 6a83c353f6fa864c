//! What can go wrong with the disk of [`super::Disk`]: for a process, and in a loss of power.

pub const EIO: i32 = 5;
pub const ENOSPC: i32 = 28;
pub const EROFS: i32 = 30;

/// What goes wrong. Operations are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    Nothing,
    /// The process ends before this operation.
    EndAt(usize),
    /// It ends in this write, of which so many bytes are done.
    TearAt(usize, usize),
    /// This operation fails; `true`: and all that follow.
    FailAt(usize, i32, bool),
    /// This write takes only half of its bytes.
    ShortAt(usize),
}

/// What a loss of power makes of a change that was not made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Lost,
    Kept,
    /// Of a write so many bytes are kept.
    Torn(usize),
    /// Of a write the length is kept, the bytes are not.
    Zeros,
}
