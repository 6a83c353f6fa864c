//! Attributes of a node: each of its operator's names at most once, of the type that it has to have, with nothing else
//! in it.

use super::NotAdmitted;
use super::error::shown;
use super::node::Node;
use crate::reconstruct::onnx_proto::AttributeProto;
use crate::reconstruct::onnx_proto::attribute_proto::AttributeType;

/// The most elements of a list.
const MAX_LIST: usize = 16;

/// Checks all attributes of a node against what its operator may have.
pub(super) fn check(node: &Node<'_>, allowed: &[(&str, AttributeType)]) -> Result<(), NotAdmitted> {
    for (index, attribute) in node.attributes().iter().enumerate() {
        let name = shown(&attribute.name);
        let Some((_, kind)) = allowed.iter().find(|(allowed, _)| *allowed == attribute.name) else {
            let names: Vec<_> = allowed.iter().map(|(name, _)| *name).collect();
            return node.refuse(format!("found the attribute \"{name}\", allowed are [{}]", names.join(", ")));
        };
        if attribute.r#type != *kind as i32 || !holds_only(attribute, *kind) {
            return node.refuse(format!("attribute \"{name}\": allowed is a value of type {}", kind.as_str_name()));
        }
        if node.attributes()[..index].iter().any(|before| before.name == attribute.name) {
            return node.refuse(format!("found the attribute \"{name}\" twice, allowed is once"));
        }
        if !attribute.f.is_finite() || attribute.floats.iter().any(|value| !value.is_finite()) {
            return node.refuse(format!("attribute \"{name}\": allowed are finite numbers"));
        }
        if attribute.ints.len().max(attribute.floats.len()) > MAX_LIST {
            return node.refuse(format!("attribute \"{name}\": allowed are {MAX_LIST} elements"));
        }
    }
    Ok(())
}

fn holds_only(attribute: &AttributeProto, kind: AttributeType) -> bool {
    let is = |other: AttributeType| kind == other;
    attribute.ref_attr_name.is_empty()
        && attribute.g.is_none()
        && attribute.sparse_tensor.is_none()
        && attribute.strings.is_empty()
        && attribute.tensors.is_empty()
        && attribute.graphs.is_empty()
        && attribute.sparse_tensors.is_empty()
        && attribute.type_protos.is_empty()
        && (is(AttributeType::Float) || attribute.f == 0.0)
        && (is(AttributeType::Int) || attribute.i == 0)
        && (is(AttributeType::String) || attribute.s.is_empty())
        && (is(AttributeType::Floats) || attribute.floats.is_empty())
        && (is(AttributeType::Ints) || attribute.ints.is_empty())
        && (is(AttributeType::Tensor) == attribute.t.is_some())
}

impl<'a> Node<'a> {
    pub(super) fn attribute(&self, name: &str) -> Option<&'a AttributeProto> {
        self.attributes().iter().find(|attribute| attribute.name == name)
    }

    /// An integer within `from..=to`; `default` if it is not given.
    pub(super) fn integer(&self, name: &str, default: i64, from: i64, to: i64) -> Result<i64, NotAdmitted> {
        let value = self.attribute(name).map_or(default, |attribute| attribute.i);
        if (from..=to).contains(&value) {
            return Ok(value);
        }
        self.refuse(format!("found {name} {value}, allowed are {from} to {to}"))
    }

    /// `count` integers within `from..=to`; `default` for each if they are not given.
    pub(super) fn integers(
        &self,
        name: &str,
        count: usize,
        default: u64,
        from: u64,
        to: u64,
    ) -> Result<Vec<u64>, NotAdmitted> {
        let Some(attribute) = self.attribute(name) else { return Ok(vec![default; count]) };
        let found = &attribute.ints;
        let within = |&value: &i64| u64::try_from(value).ok().filter(|value| (from..=to).contains(value));
        let values: Option<Vec<u64>> = found.iter().map(within).collect();
        match values.filter(|values| values.len() == count) {
            Some(values) => Ok(values),
            None => self.refuse(format!("found {name} {found:?}, allowed are {count} integers of {from} to {to}")),
        }
    }

    /// A dimension of a tensor of rank `rank`, counted from the end if it is negative.
    pub(super) fn axis(&self, default: Option<i64>, rank: usize) -> Result<usize, NotAdmitted> {
        let given = self.attribute("axis").map(|attribute| attribute.i).or(default);
        let bound = rank as i64;
        match given {
            Some(axis) if (-bound..bound).contains(&axis) => Ok(axis.rem_euclid(bound) as usize),
            Some(axis) => self.refuse(format!("found axis {axis}, allowed are {} to {}", -bound, bound - 1)),
            None => self.refuse("found no axis, expected one".to_owned()),
        }
    }

    /// One of these words; the first one if it is not given.
    pub(super) fn word(&self, name: &str, allowed: &[&'static str]) -> Result<&'static str, NotAdmitted> {
        let found = self.attribute(name).map_or(allowed[0].as_bytes(), |attribute| &attribute.s);
        match allowed.iter().find(|word| word.as_bytes() == found) {
            Some(word) => Ok(word),
            None => {
                let found = shown(&String::from_utf8_lossy(found));
                self.refuse(format!("found {name} \"{found}\", allowed are {}", allowed.join(", ")))
            }
        }
    }
}
