//! Picks the widest vector instructions that the processor has; the kernels are written once for all of them.
//!
//! Every kernel sums each number in one order with fused multiply-adds, so that all of them give the same bits.

use burn::backend::DispatchDevice;
use burn::tensor::Device;
use pulp::{Simd, WithSimd};

/// A set of vector instructions that this processor has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Vectors {
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::Arch),
}

impl Vectors {
    /// Every set that this processor has, the widest first.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        let wide = pulp::x86::V4::try_new().map(Self::Avx512);
        wide.into_iter().chain(pulp::x86::V3::try_new().map(Self::Avx2))
    }

    /// Every set that this processor has.
    #[cfg(target_arch = "aarch64")]
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Neon(pulp::Arch::new()))
    }

    /// None: the kernels are not worth running on this processor.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        std::iter::empty()
    }

    /// The vectors to compute with if `device` is the CPU (burn's flex) and has any.
    pub(crate) fn of_the_cpu(device: &Device) -> Option<Self> {
        let cpu = match device.as_dispatch() {
            DispatchDevice::Flex(_) => true,
            DispatchDevice::Autodiff(device) => matches!(**device, DispatchDevice::Flex(_)),
            _ => false,
        };
        cpu.then(|| Self::available().next()).flatten()
    }

    /// Runs `kernel`, compiled for these instructions.
    #[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), expect(unused_variables))]
    pub(crate) fn run<K: WithSimd>(self, kernel: K) -> K::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(set) => Simd::vectorize(set, kernel),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(set) => Simd::vectorize(set, kernel),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(set) => set.dispatch(kernel),
        }
    }

    /// Numbers in one vector.
    pub(crate) fn lanes(self) -> usize {
        struct Lanes;
        impl WithSimd for Lanes {
            type Output = usize;
            fn with_simd<S: Simd>(self, _: S) -> usize {
                S::F32_LANES
            }
        }
        self.run(Lanes)
    }
}
