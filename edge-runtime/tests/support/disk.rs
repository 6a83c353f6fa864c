//! A disk with a page cache, for tests of what a loss of power, a kill or a failing operation leaves behind.
//!
//! What a process sees is the cache. What a loss of power leaves is what was made durable, and of every change since
//! then whatever [`Fate`] the test chooses for it, each for itself: bytes that were written before a rename may be lost
//! while the rename is kept, of a rename between folders one half may be. Only a rename within a folder is whole.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use edge_runtime::store::Fs;

#[path = "misfortune.rs"]
mod misfortune;

pub use misfortune::{EIO, ENOSPC, EROFS, Fate, Plan};

#[derive(Debug, Clone)]
enum Node {
    File(Vec<u8>),
    Folder(BTreeMap<String, usize>),
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    /// Names that change together.
    Names(Vec<(String, Option<usize>)>),
}

#[derive(Debug, Clone)]
struct Pending {
    node: usize,
    change: Change,
    /// An attempt to make it durable failed: the cache holds it for done.
    forgotten: bool,
}

#[derive(Debug, Clone)]
struct State {
    seen: Vec<Node>,
    durable: Vec<Node>,
    pending: Vec<Pending>,
    operations: usize,
    plan: Plan,
    ended: bool,
    writes: Vec<(usize, usize)>,
}

/// The disk. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct Disk(Rc<RefCell<State>>);

const ROOT: usize = 0;

fn apply(node: &mut Node, change: &Change, fate: Fate) {
    match (node, change) {
        (Node::File(bytes), Change::Write(at, written)) => {
            let length = match fate {
                Fate::Torn(length) => length.min(written.len()),
                _ => written.len(),
            };
            bytes.resize(bytes.len().max(at + length), 0);
            if fate != Fate::Zeros {
                bytes[*at..at + length].copy_from_slice(&written[..length]);
            }
        }
        (Node::Folder(names), Change::Names(changes)) => {
            for (name, node) in changes {
                match node {
                    Some(node) => names.insert(name.clone(), *node),
                    None => names.remove(name),
                };
            }
        }
        (node, change) => panic!("{change:?} of {node:?}"),
    }
}

impl Disk {
    pub fn new() -> Self {
        let root = vec![Node::Folder(BTreeMap::new())];
        Self(Rc::new(RefCell::new(State {
            seen: root.clone(),
            durable: root,
            pending: Vec::new(),
            operations: 0,
            plan: Plan::Nothing,
            ended: false,
            writes: Vec::new(),
        })))
    }

    /// Another disk in the same state.
    pub fn copy(&self) -> Self {
        Self(Rc::new(RefCell::new(self.0.borrow().clone())))
    }

    /// Counts operations from 0 again; from now on this goes wrong.
    pub fn plan(&self, plan: Plan) {
        let mut state = self.0.borrow_mut();
        (state.plan, state.operations, state.ended) = (plan, 0, false);
        state.writes.clear();
    }

    pub fn operations(&self) -> usize {
        self.0.borrow().operations
    }

    /// Whether the process was ended by the plan.
    pub fn has_ended(&self) -> bool {
        self.0.borrow().ended
    }

    /// The writes since the plan was made: operation and length.
    pub fn writes(&self) -> Vec<(usize, usize)> {
        self.0.borrow().writes.clone()
    }

    /// How many changes are not durable.
    pub fn pending(&self) -> usize {
        self.0.borrow().pending.len()
    }

    /// The lengths of the writes among them; 0 for another change.
    pub fn pending_lengths(&self) -> Vec<usize> {
        let length = |pending: &Pending| match &pending.change {
            Change::Write(_, bytes) => bytes.len(),
            _ => 0,
        };
        self.0.borrow().pending.iter().map(length).collect()
    }

    /// The process is started again; the machine went on running.
    pub fn restart(&self) {
        self.plan(Plan::Nothing);
    }

    /// The power goes and comes back. `fate` is asked for every change that is not durable, by its place.
    pub fn lose_power(&self, mut fate: impl FnMut(usize) -> Fate) {
        {
            let mut state = self.0.borrow_mut();
            for (index, pending) in std::mem::take(&mut state.pending).into_iter().enumerate() {
                match fate(index) {
                    Fate::Lost => {}
                    fate => apply(&mut state.durable[pending.node], &pending.change, fate),
                }
            }
            state.seen = state.durable.clone();
        }
        self.restart();
    }

    /// A file as a process sees it, without an operation.
    pub fn peek(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.0.borrow();
        match &state.seen[state.find(path).ok()?] {
            Node::File(bytes) => Some(bytes.clone()),
            Node::Folder(_) => None,
        }
    }

    /// Every file and folder, as a process sees it, without an operation.
    pub fn tree(&self) -> Vec<String> {
        fn walk(state: &State, node: usize, prefix: &str, found: &mut Vec<String>) {
            if let Node::Folder(names) = &state.seen[node] {
                for (name, &inner) in names {
                    found.push(format!("{prefix}{name}"));
                    walk(state, inner, &format!("{prefix}{name}/"), found);
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.0.borrow(), ROOT, "", &mut found);
        found
    }

    /// Counts an operation, which may fail. `reads`: it changes nothing.
    fn operation(&self, reads: bool) -> io::Result<usize> {
        let mut state = self.0.borrow_mut();
        let index = state.operations;
        let ended = || io::Error::other("the process has ended");
        if state.ended {
            return Err(ended());
        }
        state.operations += 1;
        match state.plan {
            Plan::EndAt(at) if at == index => {
                state.ended = true;
                Err(ended())
            }
            Plan::FailAt(at, code, forever) if (index == at || forever && index > at) && !(reads && code != EIO) => {
                Err(io::Error::from_raw_os_error(code))
            }
            _ => Ok(index),
        }
    }

    fn names(&self, folder: usize, changes: Vec<(String, Option<usize>)>) {
        self.0.borrow_mut().change(folder, Change::Names(changes));
    }

    fn locate_parent(&self, path: &Path) -> io::Result<(usize, String)> {
        let parent = self.0.borrow().find(path.parent().unwrap_or(Path::new("")))?;
        Ok((parent, path.file_name().unwrap().to_str().unwrap().to_owned()))
    }

    fn sync(&self, node: usize) -> io::Result<()> {
        let result = self.operation(false);
        let mut state = self.0.borrow_mut();
        let State { pending, durable, ended, .. } = &mut *state;
        match result {
            Ok(_) => {
                let done = |pending: &Pending| pending.node == node && !pending.forgotten;
                let mut named = Vec::new();
                for pending in pending.iter().filter(|pending| done(pending)) {
                    apply(&mut durable[node], &pending.change, Fate::Kept);
                    if let Change::Names(changes) = &pending.change {
                        named.extend(changes.iter().map(|(name, _)| name.clone()));
                    }
                }
                // What was forgotten about a name does not come back over what is durable since.
                let is_over = |pending: &Pending| match &pending.change {
                    Change::Names(changes) => {
                        pending.node == node && changes.iter().any(|(name, _)| named.contains(name))
                    }
                    _ => false,
                };
                pending.retain(|pending| !done(pending) && !is_over(pending));
            }
            // What a system does that says so once: the changes are not tried again.
            Err(_) if !*ended => {
                pending.iter_mut().filter(|found| found.node == node).for_each(|found| found.forgotten = true)
            }
            Err(_) => {}
        }
        result.map(drop)
    }
}

impl State {
    fn find(&self, path: &Path) -> io::Result<usize> {
        path.components().try_fold(ROOT, |node, name| match &self.seen[node] {
            Node::Folder(names) => {
                let name = name.as_os_str().to_str().unwrap();
                names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
            }
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        })
    }

    fn add(&mut self, node: Node) -> usize {
        self.seen.push(node.clone());
        self.durable.push(node);
        self.seen.len() - 1
    }

    fn change(&mut self, node: usize, change: Change) {
        apply(&mut self.seen[node], &change, Fate::Kept);
        self.pending.push(Pending { node, change, forgotten: false });
    }
}

impl Fs for Disk {
    /// File and length.
    type File = (usize, usize);
    type Lock = ();

    fn lock(&self, path: &Path) -> io::Result<Option<()>> {
        if self.0.borrow().find(path).is_err() {
            self.create(path)?;
        }
        Ok(Some(()))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.operation(false)?;
        let (parent, name) = self.locate_parent(path)?;
        if self.0.borrow().find(path).is_err() {
            let node = self.0.borrow_mut().add(Node::Folder(BTreeMap::new()));
            self.names(parent, vec![(name, Some(node))]);
        }
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<(usize, usize)> {
        self.operation(false)?;
        let (parent, name) = self.locate_parent(path)?;
        if self.0.borrow().find(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let node = self.0.borrow_mut().add(Node::File(Vec::new()));
        self.names(parent, vec![(name, Some(node))]);
        Ok((node, 0))
    }

    fn write(&self, (node, at): &mut (usize, usize), bytes: &[u8]) -> io::Result<usize> {
        let index = self.operation(false)?;
        let mut state = self.0.borrow_mut();
        state.writes.push((index, bytes.len()));
        let taken = match state.plan {
            Plan::TearAt(at, length) if at == index => length.min(bytes.len()),
            Plan::ShortAt(at) if at == index => bytes.len().div_ceil(2),
            _ => bytes.len(),
        };
        state.change(*node, Change::Write(*at, bytes[..taken].to_vec()));
        *at += taken;
        if matches!(state.plan, Plan::TearAt(at, _) if at == index) {
            state.ended = true;
            return Err(io::Error::other("the process has ended"));
        }
        Ok(taken)
    }

    fn sync_file(&self, (node, _): &mut (usize, usize)) -> io::Result<()> {
        self.sync(*node)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operation(false)?;
        let node = self.0.borrow().find(from)?;
        let ((old, old_name), (new, new_name)) = (self.locate_parent(from)?, self.locate_parent(to)?);
        if old == new {
            self.names(old, vec![(old_name, None), (new_name, Some(node))]);
        } else {
            self.names(old, vec![(old_name, None)]);
            self.names(new, vec![(new_name, Some(node))]);
        }
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let node = self.0.borrow().find(path)?;
        self.sync(node)
    }

    fn read(&self, path: &Path, max: u64) -> io::Result<Vec<u8>> {
        self.operation(true)?;
        self.0.borrow().find(path)?;
        let bytes = self.peek(path).ok_or(io::ErrorKind::InvalidData)?;
        if bytes.len() as u64 > max { Err(io::ErrorKind::InvalidData.into()) } else { Ok(bytes) }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.operation(true)?;
        let state = self.0.borrow();
        match &state.seen[state.find(path)?] {
            Node::Folder(names) => Ok(names.keys().cloned().collect()),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.operation(false)?;
        self.0.borrow().find(path)?;
        self.peek(path).ok_or(io::ErrorKind::IsADirectory)?;
        let (parent, name) = self.locate_parent(path)?;
        self.names(parent, vec![(name, None)]);
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.operation(false)?;
        let state = self.0.borrow();
        let is_empty = matches!(&state.seen[state.find(path)?], Node::Folder(names) if names.is_empty());
        drop(state);
        if !is_empty {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        let (parent, name) = self.locate_parent(path)?;
        self.names(parent, vec![(name, None)]);
        Ok(())
    }

    fn locate(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}
