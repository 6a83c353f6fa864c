//! What the types cannot say: ranges of single keys, and keys that have to fit each other.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;

use super::{StationConfig, TriggerMode};
use crate::camera::{CameraError, SourceKind};
use crate::line::TimingError;

/// Something that is wrong, and the keys it is about; the line is that of the first which the file has.
pub(super) struct Finding {
    pub keys: Vec<String>,
    pub message: String,
    /// It compares keys, so it means nothing where one of them could not be read.
    pub needs_all: bool,
}

/// All that is wrong with `config`. `given` tells whether the file has a dotted key.
pub(super) fn check(config: &StationConfig, given: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut checks = Checks::default();
    if !given("camera.source") {
        checks.single("camera.source", "camera.source is missing: give one of v4l, folder, raw, pipe".to_owned());
    }
    for (key, message) in config.trust.problems() {
        checks.single(key, message);
    }
    checks.ranges(config);
    if given("camera.source") {
        checks.camera(config);
    }
    checks.timing(config);
    checks.lines(config);
    if checks.0.is_empty() {
        checks.parts(config);
    }
    checks.0
}

#[derive(Default)]
struct Checks(Vec<Finding>);

impl Checks {
    fn single(&mut self, key: &str, message: String) {
        self.0.push(Finding { keys: vec![key.to_owned()], message, needs_all: false });
    }

    fn cross(&mut self, keys: &[&str], message: String) {
        let keys = keys.iter().map(|&key| key.to_owned()).collect();
        self.0.push(Finding { keys, message, needs_all: true });
    }

    fn range<T: PartialOrd + Display>(&mut self, key: &str, value: T, allowed: RangeInclusive<T>) {
        if !allowed.contains(&value) {
            let (least, greatest) = (allowed.start(), allowed.end());
            self.single(key, format!("{key}: found {value}, expected {least} to {greatest}"));
        }
    }

    fn ranges(&mut self, config: &StationConfig) {
        const HOUR_MS: u32 = 3_600_000;
        const MAX_SIDE: u16 = shared::image::MAX_SIDE;
        let StationConfig { camera, trigger, gate, records, images, log, store, watchdog, .. } = config;
        for (key, value) in [("camera.width", camera.width), ("camera.height", camera.height)] {
            self.range(key, value.unwrap_or(1), 1..=MAX_SIDE);
        }
        self.range("camera.timeout_ms", camera.timeout_ms, 1..=60_000);
        self.range("camera.max_age_ms", camera.max_age_ms, 1..=60_000);
        self.range("camera.quality.max_overexposed", camera.quality.max_overexposed, 0.0..=1.0);
        self.range("camera.quality.max_underexposed", camera.quality.max_underexposed, 0.0..=1.0);
        self.range("camera.quality.min_sharpness", camera.quality.min_sharpness, 0.0..=65025.0);
        self.range("camera.quality.frozen_frames", camera.quality.frozen_frames, 0..=1000);
        if camera.quality.frozen_frames == 1 {
            let key = "camera.quality.frozen_frames";
            self.single(key, format!("{key}: found 1, expected 2 to 1000, or 0 for no check: one frame equals itself"));
        }
        self.range("trigger.debounce_us", trigger.debounce_us, 0..=1_000_000);
        self.range("trigger.min_gap_ms", trigger.min_gap_ms, 1..=HOUR_MS);
        self.range("trigger.frame_from_ms", trigger.frame_from_ms, 0..=60_000);
        self.range("trigger.frame_to_ms", trigger.frame_to_ms, 1..=60_000);
        self.range("gate.delay_ms", gate.delay_ms.unwrap_or(1), 1..=HOUR_MS);
        self.range("gate.delay_ticks", gate.delay_ticks.unwrap_or(1), 1..=1_000_000_000);
        self.range("gate.budget_ms", gate.budget_ms, 1..=HOUR_MS);
        self.range("gate.pulse_ms", gate.pulse_ms, 1..=10_000);
        self.range("gate.tolerance_ms", gate.tolerance_ms, 1..=1000);
        self.range("records.segment_bytes", records.segment_bytes, 4096..=1 << 30);
        self.range("records.segments", records.segments, 2..=1_000_000);
        self.range("images.near_share", images.near_share, 0.0..=1.0);
        self.range("images.max_bytes", images.max_bytes, 1 << 20..=1 << 44);
        self.range("log.file_bytes", log.file_bytes, 4096..=1 << 30);
        self.range("log.files", log.files, 2..=10_000);
        self.range("preflight.seconds", config.preflight.seconds, 1..=600);
        self.range("preflight.memory_mib", config.preflight.memory_mib, 64..=16_384);
        self.range("store.trial_parts", store.trial_parts, 1..=1_000_000);
        self.range("store.tries", store.tries, 1..=100);
        self.range("watchdog.stall_ms", watchdog.stall_ms, 100..=600_000);
        for (name, line) in config.outputs.wired() {
            self.range(&format!("outputs.{name}"), line.line, 0..=MAX_GPIO_LINE);
        }
        for (key, line) in [
            ("trigger.line", trigger.line),
            ("trigger.encoder.line", trigger.encoder.as_ref().map(|encoder| encoder.line)),
            ("inputs.reset", config.inputs.reset.map(|reset| reset.line)),
        ] {
            self.range(key, line.unwrap_or(0), 0..=MAX_GPIO_LINE);
        }
    }

    fn camera(&mut self, config: &StationConfig) {
        let camera = &config.camera;
        let source = format!("camera.source = \"{}\"", camera.source);
        for problem in camera.problems() {
            match problem {
                CameraError::Missing { key, .. } => {
                    let why = if key == "path" { "" } else { ": frames of another size or format would be misread" };
                    self.cross(&["camera.source"], format!("{source} needs camera.{key}{why}"));
                }
                CameraError::Format { kind, found } => {
                    let message = format!("camera.format = \"{found}\", but {source} takes {}", kind.formats());
                    self.cross(&["camera.format"], message);
                }
                // Found by the ranges of the keys.
                _ => {}
            }
        }
        if camera.source == SourceKind::Folder && camera.width.is_some() != camera.height.is_some() {
            let message = "give both camera.width and camera.height, or neither".to_owned();
            self.cross(&["camera.width", "camera.height"], message);
        }
    }

    /// What the station's parts refuse by themselves. The checks above say it better; this is for what they forget.
    fn parts(&mut self, config: &StationConfig) {
        if let Err(error) = config.line_timing().validate(config.line_mode()) {
            let keys = match error {
                TimingError::Zero { .. } => ["gate.budget_ms", "gate.pulse_ms", "gate.delay_ticks"],
                TimingError::BudgetBeyondGate { .. } => ["gate.budget_ms", "gate.delay_ms", "gate"],
                TimingError::Window { .. } => ["trigger.frame_from_ms", "trigger.frame_to_ms", "trigger"],
                TimingError::WindowBeyondGap { .. } => ["trigger.min_gap_ms", "trigger.frame_to_ms", "trigger"],
                TimingError::PulseBeyondGap { .. } => ["gate.pulse_ms", "trigger.min_gap_ms", "trigger"],
                TimingError::TicksWithoutTrigger => ["gate.delay_ticks", "trigger.mode", "gate"],
            };
            self.cross(&keys, error.to_string());
        }
        if let Err(error) = config.camera.quality.limits() {
            self.cross(&["camera.quality"], error.to_string());
        }
        if let Some(error) = config.camera.problems().first() {
            self.cross(&["camera.width", "camera.height", "camera.timeout_ms"], error.to_string());
        }
        if let Err(error) = config.output_wiring().check() {
            self.cross(&["outputs"], error.to_string());
        }
    }

    fn timing(&mut self, config: &StationConfig) {
        let StationConfig { camera, trigger, gate, watchdog, .. } = config;
        let gpio = trigger.mode == TriggerMode::Gpio;
        if gpio && trigger.line.is_none() {
            self.cross(&["trigger.mode"], "trigger.mode = \"gpio\" needs trigger.line".to_owned());
        }
        match (gate.delay_ms, gate.delay_ticks) {
            (Some(_), Some(_)) => {
                let message = "found both gate.delay_ms and gate.delay_ticks, expected one".to_owned();
                self.cross(&["gate.delay_ticks"], message);
            }
            (None, Some(_)) if trigger.encoder.is_none() => {
                self.cross(&["gate.delay_ticks"], "gate.delay_ticks needs [trigger.encoder]".to_owned());
            }
            (None, Some(_)) if !gpio => {
                let message = "gate.delay_ticks needs trigger.mode = \"gpio\"".to_owned();
                self.cross(&["gate.delay_ticks"], message);
            }
            (None, Some(_)) => {}
            (delay, None) => {
                let delay = delay.unwrap_or(super::sections::DEFAULT_DELAY_MS);
                self.below(("gate.budget_ms", gate.budget_ms), ("gate.delay_ms", delay));
            }
        }
        let (debounce, gap) = (trigger.debounce_us, trigger.min_gap_ms);
        if u64::from(debounce) >= u64::from(gap) * 1000 {
            let message = format!(
                "trigger.debounce_us ({debounce}) has to be below trigger.min_gap_ms ({gap} ms, {} us)",
                u64::from(gap) * 1000
            );
            self.cross(&["trigger.debounce_us", "trigger.min_gap_ms"], message);
        }
        self.below(("trigger.frame_from_ms", trigger.frame_from_ms), ("trigger.frame_to_ms", trigger.frame_to_ms));
        if gpio && camera.source != SourceKind::V4l {
            // Stamped when they are read, they may be of a part before.
            let message = "trigger.mode = \"gpio\" needs camera.source = \"v4l\": other frames do not say when they were \
                           captured";
            self.cross(&["trigger.mode", "camera.source"], message.to_owned());
        }
        if gpio {
            let pulses = gate.pulse_ms.saturating_mul(2).saturating_sub(1);
            let keys = ["gate.pulse_ms", "trigger.min_gap_ms"];
            self.below_as(&keys, ("twice gate.pulse_ms, less one", pulses), trigger.min_gap_ms);
            // A frame finds its part by its time: windows of two parts must not overlap.
            let window = trigger.frame_to_ms.saturating_sub(trigger.frame_from_ms);
            let keys = ["trigger.frame_to_ms", "trigger.min_gap_ms"];
            self.below_as(&keys, ("the window up to trigger.frame_to_ms", window), trigger.min_gap_ms);
        }
        self.below(("camera.timeout_ms", camera.timeout_ms), ("watchdog.stall_ms", watchdog.stall_ms));
    }

    fn below(&mut self, (low, less): (&str, u32), (high, more): (&str, u32)) {
        self.below_as(&[low, high], (low, less), more);
    }

    /// The same of a value that has its own words; it has to be below that of the last key.
    fn below_as(&mut self, keys: &[&str; 2], (low, less): (&str, u32), more: u32) {
        if less >= more {
            self.cross(keys, format!("{low} ({less}) has to be below {} ({more})", keys[1]));
        }
    }

    /// No two uses of one line of one chip.
    fn lines(&mut self, config: &StationConfig) {
        let StationConfig { trigger, gate, outputs, inputs, .. } = config;
        let mut uses: Vec<(String, &Path, u32)> = Vec::new();
        let trigger_line = trigger.line.filter(|_| trigger.mode == TriggerMode::Gpio);
        uses.extend(trigger_line.map(|line| ("trigger.line".to_owned(), &*trigger.chip, line)));
        let encoder = trigger.encoder.as_ref();
        uses.extend(encoder.map(|encoder| ("trigger.encoder.line".to_owned(), &*encoder.chip, encoder.line)));
        uses.extend(inputs.reset.map(|reset| ("inputs.reset".to_owned(), &*trigger.chip, reset.line)));
        uses.extend(outputs.wired().map(|(name, output)| (format!("outputs.{name}"), &*gate.chip, output.line)));
        for (index, (key, chip, line)) in uses.iter().enumerate() {
            if let Some((other, ..)) = uses[..index].iter().find(|(_, c, l)| (c, l) == (chip, line)) {
                let message = format!("{other} and {key} are both line {line} of {}", chip.display());
                self.cross(&[key, other], message);
            }
        }
    }
}

/// Chips have far fewer lines.
const MAX_GPIO_LINE: u32 = 1023;
