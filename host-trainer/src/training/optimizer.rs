//! One optimiser step over a whole network, and the optimiser's memory as plain numbers.
//!
//! The rules are burn's. burn's own walk over the network restores its memory on the default device, which is a GPU
//! wherever the GPU backend is compiled in; this one restores it where training runs, whatever else there is.

use std::collections::{BTreeMap, BTreeSet};

use burn::module::{ModuleMapper, Param};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    Adam, AdamConfig, AdamW, AdamWConfig, GradientsParams, Optimizer, RecordState, RmsProp, RmsPropConfig, Sgd,
    SgdConfig, StateSink, StateSource,
};
use burn::tensor::{Device, Tensor, TensorData};

use super::config::OptimizerKind;
use crate::model::{Architecture, Autoencoder};

/// An optimiser with its memory of the steps so far.
#[derive(Debug)]
pub enum NetworkOptimizer {
    /// [`OptimizerKind::Adam`]
    Adam(Walk<Adam>),
    /// [`OptimizerKind::AdamW`]
    AdamW(Walk<AdamW>),
    /// [`OptimizerKind::Sgd`]
    Sgd(Walk<Sgd>),
    /// [`OptimizerKind::RmsProp`]
    RmsProp(Walk<RmsProp>),
}

/// The memory of an optimiser: tensors and counters, each named `PARAMETER.FIELD`. Empty before the first step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimizerMemory {
    /// Moving averages, flat.
    pub tensors: BTreeMap<String, Vec<f32>>,
    /// Step counters.
    pub counters: BTreeMap<String, u64>,
}

impl OptimizerMemory {
    /// Whether this is the memory of `steps` steps of a network of `architecture`: something for every parameter, each
    /// as long as the parameter, or nothing at all before the first step.
    pub fn fits(&self, architecture: &Architecture, steps: usize) -> bool {
        if steps == 0 {
            return self.tensors.is_empty();
        }
        let lengths: Vec<usize> = architecture.parameters().iter().map(|spec| spec.shape.iter().product()).collect();
        let parameter = |name: &str| name.split_once('.')?.0.parse::<usize>().ok()?.checked_sub(1);
        let fits = |(name, values): (&String, &Vec<f32>)| {
            let length = parameter(name).and_then(|index| lengths.get(index));
            length == Some(&values.len()) && values.iter().all(|value| value.is_finite())
        };
        let remembered: BTreeSet<_> = self.tensors.keys().filter_map(|name| parameter(name)).collect();
        remembered.len() == lengths.len() && self.tensors.iter().all(fits)
    }
}

/// A rule and what it remembers of each parameter. Every rule here works number by number, so that parameters of any
/// shape are shown to it flat.
pub struct Walk<O: Optimizer> {
    rule: O,
    memory: BTreeMap<u64, O::State<1>>,
}

impl NetworkOptimizer {
    /// An optimiser that has taken no step.
    pub fn new(kind: OptimizerKind) -> Self {
        match kind {
            OptimizerKind::Adam => Self::Adam(Walk::new(AdamConfig::new().with_epsilon(1e-8).build())),
            OptimizerKind::AdamW => Self::AdamW(Walk::new(AdamWConfig::new().with_epsilon(1e-8).build())),
            OptimizerKind::Sgd => {
                let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
                Self::Sgd(Walk::new(SgdConfig::new().with_momentum(Some(momentum)).build()))
            }
            OptimizerKind::RmsProp => Self::RmsProp(Walk::new(
                RmsPropConfig::new().with_alpha(0.9).with_momentum(0.0).with_epsilon(1e-7).build(),
            )),
        }
    }

    /// Moves every parameter of `model` one step against its gradient.
    pub fn step(&mut self, rate: f64, model: &mut Autoencoder, gradients: GradientsParams) {
        match self {
            Self::Adam(walk) => walk.step(rate, model, gradients),
            Self::AdamW(walk) => walk.step(rate, model, gradients),
            Self::Sgd(walk) => walk.step(rate, model, gradients),
            Self::RmsProp(walk) => walk.step(rate, model, gradients),
        }
    }

    /// What it remembers.
    pub fn memory(&self) -> OptimizerMemory {
        match self {
            Self::Adam(walk) => walk.memory(),
            Self::AdamW(walk) => walk.memory(),
            Self::Sgd(walk) => walk.memory(),
            Self::RmsProp(walk) => walk.memory(),
        }
    }

    /// Takes over `memory`, for parameters numbered `ids`. What is missing there starts afresh.
    pub fn restore(&mut self, memory: &OptimizerMemory, ids: impl Iterator<Item = u64>, device: &Device) {
        match self {
            Self::Adam(walk) => walk.restore(memory, ids, device),
            Self::AdamW(walk) => walk.restore(memory, ids, device),
            Self::Sgd(walk) => walk.restore(memory, ids, device),
            Self::RmsProp(walk) => walk.restore(memory, ids, device),
        }
    }
}

impl<O: Optimizer> std::fmt::Debug for Walk<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Walk").field("parameters", &self.memory.len()).finish_non_exhaustive()
    }
}

impl<O: Optimizer> Walk<O> {
    fn new(rule: O) -> Self {
        Self { rule, memory: BTreeMap::new() }
    }

    fn step(&mut self, rate: f64, model: &mut Autoencoder, gradients: GradientsParams) {
        model.update(&mut Step { walk: self, rate, gradients });
    }

    fn memory(&self) -> OptimizerMemory {
        let mut sink = StateSink::default();
        for (id, state) in &self.memory {
            state.state_flatten(&id.to_string(), &mut sink);
        }
        let floats = |data: TensorData| data.iter::<f32>().collect();
        OptimizerMemory {
            tensors: sink.tensors.into_iter().map(|(name, data)| (name, floats(data))).collect(),
            counters: sink
                .scalars
                .into_iter()
                .filter_map(|(name, value)| Some((name, u64::try_from(value).ok()?)))
                .collect(),
        }
    }

    fn restore(&mut self, memory: &OptimizerMemory, ids: impl Iterator<Item = u64>, device: &Device) {
        let counters = memory.counters.iter().map(|(name, &value)| (name.clone(), value.into()));
        let mut source = StateSource::new(counters.collect());
        for (name, values) in &memory.tensors {
            source.insert_tensor(name.clone(), TensorData::new(values.clone(), [values.len()]));
        }
        self.memory = ids
            .filter_map(|id| Some((id, O::State::<1>::state_unflatten(&id.to_string(), &mut source, device)?)))
            .collect();
    }
}

/// One step on its way through the network.
struct Step<'w, O: Optimizer> {
    walk: &'w mut Walk<O>,
    rate: f64,
    gradients: GradientsParams,
}

impl<O: Optimizer> ModuleMapper for Step<'_, O> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = parameter.consume();
        let Some(gradient) = self.gradients.remove::<D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let shape = tensor.shape();
        let count = shape.num_elements();
        let remembered = self.walk.memory.remove(&id.val());
        let (moved, memory) =
            self.walk.rule.step(self.rate, tensor.inner().reshape([count]), gradient.reshape([count]), remembered);
        if let Some(memory) = memory {
            self.walk.memory.insert(id.val(), memory);
        }
        Param::from_mapped_value(id, Tensor::from_inner(moved.reshape(shape)).require_grad(), mapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::{LossKind, ReconstructionLoss};
    use crate::model::{Weights, compact};

    fn gradients(model: &Autoencoder, device: &Device) -> GradientsParams {
        let architecture = compact();
        let pixels = architecture.size.area();
        let values: Vec<f32> = (0..pixels).map(|i| (i * 37 % 251) as f32 / 250.0).collect();
        let image = Tensor::from_data(TensorData::new(values, [1, 1, 128, 128]), device);
        let loss = ReconstructionLoss::new(LossKind::Mse, architecture.size, device);
        GradientsParams::from_grads(loss.forward(model.forward(image.clone()), image).backward(), model)
    }

    /// burn's own walk over the module is the reference.
    #[test]
    fn two_steps_agree_with_burn_s_module_optimizer() {
        let (architecture, device) = (compact(), Device::flex().autodiff());
        let initial = Weights::initial(&architecture, 3);
        let mut ours = Autoencoder::new(&architecture, &initial, &device);
        let mut theirs = Autoencoder::new(&architecture, &initial, &device);
        let mut optimizer = NetworkOptimizer::new(OptimizerKind::Adam);
        let mut reference = AdamConfig::new().with_epsilon(1e-8).init();
        for _ in 0..2 {
            let found = gradients(&ours, &device);
            optimizer.step(1e-3, &mut ours, found);
            let expected = gradients(&theirs, &device);
            theirs = reference.step(1e-3, theirs, expected);
        }
        assert!(ours.weights(&architecture).unwrap() == theirs.weights(&architecture).unwrap());
    }

    #[test]
    fn every_rule_remembers_to_the_last_bit() {
        let (architecture, device) = (compact(), Device::flex().autodiff());
        let initial = Weights::initial(&architecture, 3);
        let ids = || 1..=initial.tensors().len() as u64;
        for kind in [OptimizerKind::Adam, OptimizerKind::AdamW, OptimizerKind::Sgd] {
            let mut optimizer = NetworkOptimizer::new(kind);
            assert_eq!(optimizer.memory(), OptimizerMemory::default());
            let mut model = Autoencoder::new(&architecture, &initial, &device);
            let found = gradients(&model, &device);
            optimizer.step(1e-3, &mut model, found);

            let memory = optimizer.memory();
            assert!(memory.fits(&architecture, 1) && !OptimizerMemory::default().fits(&architecture, 1));
            assert!(memory.tensors.len() >= initial.tensors().len(), "{kind:?} remembers nothing");
            let mut resumed = NetworkOptimizer::new(kind);
            resumed.restore(&memory, ids(), &Device::flex());
            assert_eq!(resumed.memory(), memory, "{kind:?}");
            let next = |optimizer: &mut NetworkOptimizer| {
                let mut model = model.clone();
                let found = gradients(&model, &device);
                optimizer.step(1e-3, &mut model, found);
                model.weights(&architecture).unwrap()
            };
            assert!(next(&mut optimizer) == next(&mut resumed), "{kind:?}");
        }
    }
}
