//! Where training runs: the CPU (burn's flex) or a GPU (burn-wgpu).

use burn::tensor::{Device, DeviceKind, DeviceType};

/// What the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum DeviceChoice {
    /// A real GPU if there is one, else the CPU
    #[default]
    Auto,
    /// The CPU: the same seed gives the same weights
    Cpu,
    /// The first device that wgpu offers, a software renderer included
    Wgpu,
}

/// The device that was found, and a sentence that says which.
#[derive(Clone, Debug)]
pub struct SelectedDevice {
    /// For inference; training adds autodiff to it.
    pub device: Device,
    /// For the log and the training record, such as `CPU (flex)`.
    pub description: String,
}

/// No device of the kind asked for.
#[derive(Debug, thiserror::Error)]
#[error(
    "--device wgpu: no adapter answered ({reason}). Install a Vulkan driver (on Debian: mesa-vulkan-drivers for \
     software or Intel/AMD, the vendor's for NVIDIA), or use --device cpu"
)]
pub struct NoAdapter {
    reason: String,
}

impl DeviceChoice {
    /// Finds the device.
    ///
    /// # Errors
    /// [`NoAdapter`] if wgpu was named and nothing answers. `Auto` never fails.
    pub fn select(self) -> Result<SelectedDevice, NoAdapter> {
        match self {
            Self::Cpu => Ok(cpu()),
            Self::Wgpu => open_wgpu(DeviceKind::DefaultDevice),
            Self::Auto => Ok(first_gpu().unwrap_or_else(cpu)),
        }
    }
}

fn cpu() -> SelectedDevice {
    SelectedDevice { device: Device::flex(), description: "CPU (burn flex)".into() }
}

/// The first device that is a physical card: software renderers report none and are slower than flex.
fn first_gpu() -> Option<SelectedDevice> {
    quietly(|| {
        Device::enumerate(DeviceType::Wgpu).into_vec().into_iter().find_map(|device| {
            let identity = device.identity()?;
            identity.physical.is_some().then(|| named(device, &identity.name))
        })
    })
    .ok()
    .flatten()
}

fn open_wgpu(kind: DeviceKind) -> Result<SelectedDevice, NoAdapter> {
    let opened = quietly(|| {
        let device = Device::wgpu(kind);
        let name = device.identity().map_or_else(|| "unnamed".into(), |identity| identity.name);
        named(device, &name)
    });
    opened.map_err(|reason| NoAdapter { reason })
}

fn named(device: Device, name: &str) -> SelectedDevice {
    SelectedDevice { device, description: format!("wgpu: {name}") }
}

/// wgpu panics where there is no adapter; this turns the panic into an error and keeps it off the terminal.
fn quietly<T>(open: impl FnOnce() -> T) -> Result<T, String> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(open));
    std::panic::set_hook(hook);
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        text.and_then(|t| t.lines().next()).unwrap_or("no reason given").to_owned()
    })
}
