//! A start takes as long as processor and bundle need. Each of its steps has a limit of its own, and the service manager
//! is told of it before the step begins; it ends a start whose step takes longer. Nothing is sent once the start is over.

use std::cell::Cell;
use std::time::Duration;

use edge_runtime::config::StationConfig;
use edge_runtime::supervision::{Systemd, start_goes_on};

/// What a step takes besides trying a bundle: the store, the bundle's file, a slow disk.
const BESIDE: Duration = Duration::from_secs(30);

/// The start of a station.
pub struct Starting {
    step: Duration,
    is_over: Cell<bool>,
}

impl Starting {
    /// The longest step is the child's that loads and tests a bundle. Loading the bundle here is a part of that, and so
    /// is each golden frame.
    pub fn of(config: &StationConfig) -> Self {
        Self { step: Duration::from_secs(config.preflight.seconds.into()) + BESIDE, is_over: Cell::new(false) }
    }

    /// The next step begins.
    pub fn goes_on(&self) {
        if !self.is_over.get() {
            // Nobody is left to tell if the service manager does not listen.
            let _ = start_goes_on(&mut Systemd, self.step);
        }
    }

    /// The station is up, whatever its state.
    pub fn is_over(&self) {
        self.is_over.set(true);
    }
}
