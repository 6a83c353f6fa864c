//! A run on disk, so that it can go on after an interruption: one safetensors file, whole or not there.
//!
//! | entry | what |
//! |---|---|
//! | `model.NAME` | the weights after the last step |
//! | `best.NAME` | the weights of the lowest validation loss so far, if there was a look |
//! | `optimizer.N.FIELD` | the optimiser's memory of parameter N, flat |
//! | `losses` | training losses since the last look |
//! | metadata `run` | TOML: format, settings, fingerprints, step, course, counters |
//!
//! The first line of `run` is a comment with the SHA-256 over the rest of it and the bytes of all tensors, in the order of
//! their names. TOML because it gives every float back as it was. This module does not know how a run works.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use edge_runtime::bounded_read::{ReadFailure, read_bounded};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Best, HistoryEntry, OptimizerMemory, TrainingConfig, TrainingState};
use crate::digest::hex;
use crate::files::{FileError, write_atomically};
use crate::model::{Architecture, ParameterSpec, WeightTensor, Weights, WeightsError};

/// The format that this program writes and reads. Raise it when a run would go on otherwise than before.
const FORMAT: u32 = 2;
/// What stands before the digest.
const DIGEST_MARK: &str = "# sha256 ";
/// The largest file that is read, in bytes (2 GiB).
const MAX_BYTES: u64 = 2 << 30;

/// What a run is made of; a checkpoint goes on only with the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunIdentity {
    /// Name of the architecture.
    pub architecture: String,
    /// How a photograph becomes the network's input; empty in a checkpoint of before there was a choice.
    #[serde(default)]
    pub geometry: String,
    /// Where it trains: another device rounds otherwise.
    pub device: String,
    /// SHA-256 over the good images, hexadecimal.
    pub images_sha256: String,
    /// Versions of what computes: another may round otherwise.
    pub libraries: BTreeMap<String, String>,
    /// The settings.
    pub training: TrainingConfig,
}

/// A run's identity and how far it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What the run is made of.
    pub identity: RunIdentity,
    /// What else was asked for, by the names of the settings: it does not shape the training, but what follows.
    pub request: toml::Table,
    /// How far it has come.
    pub state: TrainingState,
}

/// A checkpoint could not be kept, or cannot be gone on from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] FileError),
    /// It could not be read.
    #[error("{}: the checkpoint cannot be read; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: ReadFailure,
    },
    /// It is no checkpoint, or a damaged one.
    #[error("{}: not a whole checkpoint: {reason}; start over with --restart", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another version of this program wrote it.
    #[error(
        "{}: found a checkpoint of format {found}, expected {FORMAT}; \
         go on with the version that wrote it or start over with --restart",
        path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The run that it belongs to is another.
    #[error(
        "{}: the checkpoint is of another run: {}; repeat the former settings and images or start over with --restart",
        path.display(),
        differences.join("; ")
    )]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// `NAME was A, now B`, one for each difference.
        differences: Vec<String>,
    },
}

/// The part of a checkpoint that is text.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Run {
    format: u32,
    step: usize,
    done: bool,
    best: Option<BestLook>,
    identity: RunIdentity,
    request: toml::Table,
    counters: BTreeMap<String, u64>,
    history: Vec<HistoryEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct BestLook {
    step: usize,
    validation_loss: f32,
}

impl Checkpoint {
    /// Writes the checkpoint. An interruption leaves the former one whole.
    ///
    /// # Errors
    /// [`CheckpointError::Write`].
    pub fn write(&self, path: &Path) -> Result<(), CheckpointError> {
        Ok(write_atomically(path, &self.to_bytes())?)
    }

    /// Reads the checkpoint of a run of `architecture`; `None` if there is no file.
    ///
    /// # Errors
    /// [`CheckpointError`] if it cannot be read, is damaged or does not fit the architecture.
    pub fn read(path: &Path, architecture: &Architecture) -> Result<Option<Self>, CheckpointError> {
        match bytes_of(path)? {
            Some(bytes) => Self::from_bytes(&bytes, path, architecture).map(Some),
            None => Ok(None),
        }
    }

    /// What the run of a checkpoint was asked for, and its training settings; `None` if there is no file.
    ///
    /// # Errors
    /// [`CheckpointError`] if it cannot be read or is damaged.
    pub fn settings(path: &Path) -> Result<Option<(TrainingConfig, toml::Table)>, CheckpointError> {
        let Some(bytes) = bytes_of(path)? else { return Ok(None) };
        let Opened { run, .. } = Opened::new(&bytes, path)?;
        Ok(Some((run.identity.training, run.request)))
    }

    /// Checks that the run at hand is the one this checkpoint is of.
    ///
    /// # Errors
    /// [`CheckpointError::OtherRun`] names every difference.
    pub fn check(&self, now: &RunIdentity, path: &Path) -> Result<(), CheckpointError> {
        if self.identity == *now {
            return Ok(());
        }
        Err(CheckpointError::OtherRun { path: path.to_owned(), differences: differences(&self.identity, now) })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let state = &self.state;
        let mut tensors = BTreeMap::new();
        let mut add = |prefix: &str, weights: &Weights| {
            for tensor in weights.tensors() {
                tensors.insert(format!("{prefix}.{}", tensor.name), (tensor.shape.clone(), to_le(&tensor.values)));
            }
        };
        add("model", &state.weights);
        if let Some(best) = &state.best {
            add("best", &best.weights);
        }
        for (name, values) in &state.optimizer.tensors {
            tensors.insert(format!("optimizer.{name}"), (vec![values.len()], to_le(values)));
        }
        tensors.insert("losses".to_owned(), (vec![state.losses.len()], to_le(&state.losses)));
        let best = state.best.as_ref();
        let run = Run {
            format: FORMAT,
            step: state.step,
            done: state.done,
            best: best.map(|best| BestLook { step: best.step, validation_loss: best.validation_loss }),
            identity: self.identity.clone(),
            request: self.request.clone(),
            counters: state.optimizer.counters.clone(),
            history: state.history.clone(),
        };
        let run = toml::to_string(&run).expect("a run holds nothing that TOML cannot");
        let sha256 = digest(&run, tensors.iter().map(|(name, (_, bytes))| (name.as_str(), bytes.as_slice())));
        // One entry: several would come in another order each time.
        let metadata = HashMap::from([("run".to_owned(), format!("{DIGEST_MARK}{sha256}\n{run}"))]);
        let views = tensors.iter().map(|(name, (shape, bytes))| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
            (name, view.expect("a tensor holds as many numbers as its shape says"))
        });
        safetensors::serialize(views, Some(metadata)).expect("named tensors of whole bytes can be serialised")
    }

    fn from_bytes(bytes: &[u8], path: &Path, architecture: &Architecture) -> Result<Self, CheckpointError> {
        let damaged = |reason: String| CheckpointError::Damaged { path: path.to_owned(), reason };
        let Opened { run, tensors } = Opened::new(bytes, path)?;
        if run.identity.architecture != architecture.name {
            let differences = vec![difference("architecture", &run.identity.architecture, architecture.name)];
            return Err(CheckpointError::OtherRun { path: path.to_owned(), differences });
        }
        let values = |name: &str| {
            let view = tensors.get(name).filter(|view| view.dtype() == Dtype::F32);
            view.map(|view| from_le(view.data())).ok_or_else(|| damaged(format!("it has no {name}")))
        };
        let weights = |prefix: &str| {
            let tensor = |spec: ParameterSpec| {
                let values = values(&format!("{prefix}.{}", spec.name))?;
                Ok(WeightTensor { name: spec.name, shape: spec.shape, values })
            };
            let read = architecture.parameters().into_iter().map(tensor).collect::<Result<_, CheckpointError>>()?;
            Weights::new(architecture, read).map_err(|error: WeightsError| damaged(error.to_string()))
        };
        let best = match run.best {
            Some(best) => {
                Some(Best { validation_loss: best.validation_loss, step: best.step, weights: weights("best")? })
            }
            None => None,
        };
        if best.as_ref().is_some_and(|best| best.step > run.step) {
            return Err(damaged("its best step is one that it has not taken".into()));
        }
        let memory = OptimizerMemory { tensors: memory_of(&tensors), counters: run.counters };
        if !memory.fits(architecture, run.step) {
            return Err(damaged("the optimiser's memory is not that of this network".into()));
        }
        let state = TrainingState {
            step: run.step,
            weights: weights("model")?,
            optimizer: memory,
            best,
            history: run.history,
            losses: values("losses")?,
            done: run.done,
        };
        Ok(Self { identity: run.identity, request: run.request, state })
    }
}

/// The bytes of a file; `None` if there is none.
fn bytes_of(path: &Path) -> Result<Option<Vec<u8>>, CheckpointError> {
    match read_bounded(path, MAX_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ReadFailure::Missing) => Ok(None),
        Err(source) => Err(CheckpointError::Read { path: path.to_owned(), source }),
    }
}

/// A whole file of this format, before its numbers are looked at.
struct Opened<'a> {
    run: Run,
    tensors: BTreeMap<String, TensorView<'a>>,
}

impl<'a> Opened<'a> {
    fn new(bytes: &'a [u8], path: &Path) -> Result<Self, CheckpointError> {
        let damaged = |reason: String| CheckpointError::Damaged { path: path.to_owned(), reason };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(error.to_string()))?;
        let file = SafeTensors::deserialize(bytes).map_err(|error| damaged(error.to_string()))?;
        let text = header.metadata().as_ref().and_then(|metadata| metadata.get("run"));
        let (expected, run) = text
            .and_then(|text| text.strip_prefix(DIGEST_MARK)?.split_once('\n'))
            .ok_or_else(|| damaged("it has no description of a run".into()))?;
        let tensors: BTreeMap<String, TensorView<'_>> = file.tensors().into_iter().collect();
        if expected != digest(run, tensors.iter().map(|(name, view)| (name.as_str(), view.data()))) {
            return Err(damaged("its SHA-256 is not that of its contents".into()));
        }
        let format: Format = toml::from_str(run).map_err(|error| damaged(error.to_string()))?;
        if format.format != FORMAT {
            return Err(CheckpointError::Format { path: path.to_owned(), found: format.format });
        }
        let run = toml::from_str(run).map_err(|error| damaged(error.to_string()))?;
        Ok(Self { run, tensors })
    }
}

/// The entries of the optimiser's memory, whatever they are.
fn memory_of(tensors: &BTreeMap<String, TensorView<'_>>) -> BTreeMap<String, Vec<f32>> {
    let entry = |(name, view): (&String, &TensorView<'_>)| {
        let name = name.strip_prefix("optimizer.")?;
        (view.dtype() == Dtype::F32).then(|| (name.to_owned(), from_le(view.data())))
    };
    tensors.iter().filter_map(entry).collect()
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// Compares two identities entry by entry, by the names that a user knows the settings by.
fn differences(before: &RunIdentity, now: &RunIdentity) -> Vec<String> {
    let entries = |identity: &RunIdentity| {
        let mut entries = match serde_json::to_value(identity) {
            Ok(Value::Object(entries)) => entries,
            _ => serde_json::Map::new(),
        };
        for group in ["training", "libraries"] {
            if let Some(Value::Object(inner)) = entries.remove(group) {
                entries.extend(inner);
            }
        }
        entries
    };
    let (before, now) = (entries(before), entries(now));
    let text = |value: Option<&Value>| value.map_or_else(|| "not set".into(), Value::to_string);
    let names: BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let differing = names.into_iter().filter(|name| before.get(*name) != now.get(*name));
    differing.map(|name| difference(name, &text(before.get(name)), &text(now.get(name)))).collect()
}

fn difference(name: &str, before: &str, now: &str) -> String {
    format!("{name} was {before}, now {now}")
}

fn digest<'a>(run: &str, tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut sha256 = Sha256::new();
    let mut part = |bytes: &[u8]| {
        sha256.update((bytes.len() as u64).to_le_bytes());
        sha256.update(bytes);
    };
    part(run.as_bytes());
    for (name, bytes) in tensors {
        part(name.as_bytes());
        part(bytes);
    }
    hex(&sha256.finalize())
}

fn to_le(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn from_le(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}
