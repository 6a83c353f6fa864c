//! Walks over the bytes of an ONNX file without building anything, to bound what decoding it will take: an empty node
//! is two bytes in the file and 170 in memory.
//!
//! It follows the messages that a plain model is made of, to a fixed depth; everything else is a field with a length.
//! Subgraphs, functions, training information and sparse tensors are refused where they begin. Sources: the encoding of
//! protocol buffers; `onnx.proto`.

use super::error::at_most;
use super::{Limits, NotAdmitted};

/// What a field with a length holds.
#[derive(Clone, Copy)]
enum Holds {
    /// A message with these fields.
    Message(&'static [(u32, Holds)]),
    /// As many bytes in memory as in the file.
    Bulk,
    /// What no model may have.
    Refused(&'static str),
}

use Holds::{Bulk, Message, Refused};

const FLAT: &[(u32, Holds)] = &[];
const TENSOR: &[(u32, Holds)] = &[(3, Message(FLAT)), (4, Bulk), (9, Bulk), (13, Message(FLAT))];
const ATTRIBUTE: &[(u32, Holds)] = &[
    (5, Message(TENSOR)),
    (6, Refused("a subgraph")),
    (10, Message(TENSOR)),
    (11, Refused("subgraphs")),
    (14, Refused("a type as an attribute")),
    (15, Refused("types as an attribute")),
    (22, Refused("a sparse tensor")),
    (23, Refused("sparse tensors")),
];
const NODE: &[(u32, Holds)] = &[(5, Message(ATTRIBUTE))];
const SHAPE: &[(u32, Holds)] = &[(1, Message(FLAT))];
const TENSOR_TYPE: &[(u32, Holds)] = &[(2, Message(SHAPE))];
const TYPE: &[(u32, Holds)] = &[(1, Message(TENSOR_TYPE))];
const VALUE: &[(u32, Holds)] = &[(2, Message(TYPE))];
const GRAPH: &[(u32, Holds)] = &[
    (1, Message(NODE)),
    (5, Message(TENSOR)),
    (11, Message(VALUE)),
    (12, Message(VALUE)),
    (13, Message(VALUE)),
    (14, Refused("annotations of a quantisation")),
    (15, Refused("sparse tensors")),
];
const MODEL: &[(u32, Holds)] = &[
    (7, Message(GRAPH)),
    (8, Message(FLAT)),
    (14, Message(FLAT)),
    (20, Refused("training information")),
    (25, Refused("functions")),
];

/// Bytes that parameters other than weights may take, such as shapes.
const PARAMETER_BYTES: u64 = 1 << 16;

/// Checks that decoding `bytes` takes no more than `limits` allow.
///
/// # Errors
///
/// [`NotAdmitted`]: malformed, a part that no model may have, or too much of something.
pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<(), NotAdmitted> {
    let weight_bytes = limits.weights.saturating_mul(4).saturating_add(PARAMETER_BYTES);
    let length = bytes.len() as u64;
    at_most("bytes of the model", length, weight_bytes.saturating_add(limits.structure_bytes))?;
    let mut counts = Counts { fields: 0, bulk: 0, limits };
    message(bytes, MODEL, &mut counts)?;
    at_most("bytes of weights", counts.bulk, weight_bytes)?;
    at_most("bytes of structure (nodes, names, shapes)", length - counts.bulk, limits.structure_bytes)
}

struct Counts<'a> {
    fields: u64,
    bulk: u64,
    limits: &'a Limits,
}

fn message(mut bytes: &[u8], known: &[(u32, Holds)], counts: &mut Counts<'_>) -> Result<(), NotAdmitted> {
    while !bytes.is_empty() {
        counts.fields += 1;
        at_most("fields of the file", counts.fields, counts.limits.fields)?;
        let tag = varint(&mut bytes)?;
        let field = u32::try_from(tag >> 3).ok().filter(|&field| field > 0);
        let Some(field) = field else { return Err(malformed("a field has no valid number")) };
        let holds = known.iter().find(|(number, _)| *number == field).map(|(_, holds)| *holds);
        if let Some(Refused(what)) = holds {
            return Err(NotAdmitted::feature(what));
        }
        match tag & 7 {
            0 => {
                varint(&mut bytes)?;
            }
            1 => {
                take(&mut bytes, 8)?;
            }
            5 => {
                take(&mut bytes, 4)?;
            }
            2 => {
                let length = varint(&mut bytes)?;
                let content = take(&mut bytes, length)?;
                match holds {
                    Some(Message(known)) => message(content, known, counts)?,
                    Some(Bulk) => counts.bulk += length,
                    Some(Refused(_)) | None => {}
                }
            }
            3 | 4 => return Err(malformed("it has groups, which ONNX does not use")),
            _ => return Err(malformed("a field has no valid type")),
        }
    }
    Ok(())
}

fn varint(bytes: &mut &[u8]) -> Result<u64, NotAdmitted> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let Some((&byte, rest)) = bytes.split_first() else { return Err(malformed("it ends within a number")) };
        *bytes = rest;
        if shift == 63 && byte > 1 {
            break;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(malformed("a number has more than 64 bits"))
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], NotAdmitted> {
    let content = usize::try_from(length).ok().and_then(|length| bytes.split_at_checked(length));
    let Some((content, rest)) = content else {
        return Err(NotAdmitted::Malformed {
            message: format!("a field says that it has {length} bytes, and {} are left", bytes.len()),
        });
    };
    *bytes = rest;
    Ok(content)
}

fn malformed(message: &str) -> NotAdmitted {
    NotAdmitted::Malformed { message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(bytes: &[u8]) -> Result<(), NotAdmitted> {
        scan(bytes, &Limits::default())
    }

    fn malformed(bytes: &[u8]) -> bool {
        matches!(scanned(bytes), Err(NotAdmitted::Malformed { .. }))
    }

    #[test]
    fn lengths_that_lie_and_numbers_that_do_not_end_are_malformed() {
        assert_eq!(scanned(&[]), Ok(()));
        assert!(malformed(&[0x3a, 0x05, 0x0a])); // a graph of 5 bytes, one there
        assert!(malformed(&[0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]));
        assert!(malformed(&[0x08, 0x80, 0x80]));
        assert!(malformed(&[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02]));
        assert!(malformed(&[0x0b])); // a group
        assert!(malformed(&[0x0f]));
        assert!(malformed(&[0x00]));
    }

    #[test]
    fn empty_nodes_are_counted_and_weights_are_no_structure() {
        let message = |field: u8, content: &[u8]| {
            let mut bytes = vec![field << 3 | 2];
            let mut length = content.len();
            while length >= 0x80 {
                bytes.push((length & 0x7f) as u8 | 0x80);
                length >>= 7;
            }
            bytes.push(length as u8);
            bytes.extend_from_slice(content);
            bytes
        };
        let nodes = message(7, &[0x0a, 0].repeat(70_000));
        assert!(matches!(scanned(&nodes), Err(NotAdmitted::Limit { what: "fields of the file", .. })));
        let weights = message(7, &message(5, &message(9, &vec![0; 3 << 20])));
        assert_eq!(scanned(&weights), Ok(()));
        let name = message(7, &message(5, &message(8, &vec![0; 3 << 20])));
        assert!(matches!(scanned(&name), Err(NotAdmitted::Limit { .. })));
        assert!(matches!(scanned(&[0xa2, 0x01, 0x00]), Err(NotAdmitted::Feature { .. })));
    }
}
