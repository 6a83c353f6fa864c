//! Where the pixels of a TIFF lie: its strips or tiles have to be as many as its size needs, wholly in the file, and
//! large enough. Lengths are in bytes.

use shared::image::MAX_SIDE;

use super::super::{Container, Refused};
use super::directory::Directory;
use super::{Layout, UNCOMPRESSED, tag};

/// Whether the pixels of a page are in the file, as far as it says where they are.
pub(super) fn are_inside(page: &Directory<'_>) -> bool {
    let file = page.bytes.len() as u64;
    let lists = [(tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS), (tag::TILE_OFFSETS, tag::TILE_BYTE_COUNTS)];
    lists.iter().all(|&(offsets, lengths)| {
        let (offsets, lengths) = (page.numbers(offsets).unwrap_or_default(), page.numbers(lengths).unwrap_or_default());
        offsets.iter().zip(&lengths).all(|(offset, &length)| offset.checked_add(length).is_some_and(|end| end <= file))
    })
}

/// Finds out whether the pixels of the page agree with its size.
pub(super) fn check(page: &Directory<'_>, layout: &Layout, found: &mut Container) {
    if let Err(why) = find(page, layout, found) {
        found.refuse(Refused::Damaged(why));
    }
}

fn find(page: &Directory<'_>, layout: &Layout, found: &mut Container) -> Result<(), String> {
    let is_tiled = page.entry(tag::TILE_OFFSETS).is_some();
    let (what, offsets, lengths) = if is_tiled {
        ("tiles", tag::TILE_OFFSETS, tag::TILE_BYTE_COUNTS)
    } else {
        ("strips", tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS)
    };
    let (Some(offsets), Some(lengths)) = (page.numbers(offsets), page.numbers(lengths)) else {
        // A list that is cut off made the directory incomplete already.
        return if found.complete { Err(format!("it does not say where its {what} lie")) } else { Ok(()) };
    };
    let (columns, rows) = if is_tiled {
        let side = |tag| page.number(tag).filter(|side| (1..=u64::from(MAX_SIDE)).contains(side));
        let (Some(columns), Some(rows)) = (side(tag::TILE_WIDTH), side(tag::TILE_LENGTH)) else {
            return Err(format!("its tiles are not 1 to {MAX_SIDE} pixels a side"));
        };
        (columns, rows)
    } else {
        let rows = page.number(tag::ROWS_PER_STRIP).unwrap_or(u64::MAX);
        (u64::from(layout.width), rows.min(u64::from(layout.height)))
    };
    if rows == 0 || columns == 0 {
        return Err(format!("its {what} have no rows"));
    }
    let across = u64::from(layout.width).div_ceil(columns);
    let down = u64::from(layout.height).div_ceil(rows);
    let planes = if layout.planar { layout.samples } else { 1 };
    let needed = across * down * planes;
    if offsets.len() as u64 != needed || lengths.len() as u64 != needed {
        let (offsets, lengths) = (offsets.len(), lengths.len());
        return Err(format!("it lists {offsets} {what} and {lengths} lengths, its size needs {needed}"));
    }
    let file = page.bytes.len() as u64;
    let mut sum = 0u64;
    let row_bytes = (columns * (layout.samples / planes) * layout.bits).div_ceil(8);
    for (index, &length) in lengths.iter().enumerate() {
        sum = sum.saturating_add(length);
        let above = (index as u64 / across) % down * rows;
        let used = rows.min(u64::from(layout.height) - above);
        if layout.compression == UNCOMPRESSED && length < row_bytes * used {
            return Err(format!("one of its {what} has {length} bytes, expected {}", row_bytes * used));
        }
    }
    // Chunks that share bytes could take more time than the file is worth.
    if sum > file {
        return if found.complete { Err(format!("its {what} overlap")) } else { Ok(()) };
    }
    Ok(())
}
