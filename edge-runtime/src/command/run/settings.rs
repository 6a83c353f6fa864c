//! From the configuration file to the settings of camera, line and pins. No decisions, only names and units.

use std::path::PathBuf;

use edge_runtime::actuator::wiring::OutputWiring;
use edge_runtime::actuator::{OutputName, Polarity};
use edge_runtime::camera::quality::{InvalidLimits, QualityLimits};
use edge_runtime::camera::{self, CameraSettings};
use edge_runtime::config::{Active, CameraFormat, Edge, LineConfig, SourceKind, StationConfig, TriggerMode};
use edge_runtime::line::{self, LineTiming, Travel};
use edge_runtime::trigger::gpio::{self, InputLine, InputWiring};

/// The times of the line.
pub fn timing(config: &StationConfig) -> LineTiming {
    let (gate, trigger) = (&config.gate, &config.trigger);
    let us = |ms: u32| ms.saturating_mul(1000);
    LineTiming {
        gate_delay: match gate.delay_ticks {
            Some(ticks) => Travel::Ticks(ticks),
            None => Travel::Micros(us(gate.delay_ms())),
        },
        budget_us: us(gate.budget_ms),
        pulse_us: us(gate.pulse_ms),
        gate_tolerance_us: us(gate.tolerance_ms),
        min_gap_us: us(trigger.min_gap_ms),
        frame_window_us: (us(trigger.frame_from_ms), us(trigger.frame_to_ms)),
    }
}

/// What announces a part.
pub fn trigger_mode(config: &StationConfig) -> line::TriggerMode {
    match config.trigger.mode {
        TriggerMode::Free => line::TriggerMode::Free,
        TriggerMode::Gpio => line::TriggerMode::Wired,
    }
}

/// What a frame has to be.
pub fn quality(config: &StationConfig) -> Result<QualityLimits, InvalidLimits> {
    let quality = &config.camera.quality;
    QualityLimits::new(quality.max_overexposed, quality.max_underexposed, quality.min_sharpness, quality.frozen_frames)
}

/// The camera.
pub fn camera(config: &StationConfig) -> CameraSettings {
    let camera = &config.camera;
    let source = match camera.source {
        SourceKind::V4l => camera::SourceKind::V4l,
        SourceKind::Folder => camera::SourceKind::Folder,
        SourceKind::Raw => camera::SourceKind::Raw,
        SourceKind::Pipe => camera::SourceKind::Pipe,
    };
    let format = camera.format.map(|format| match format {
        CameraFormat::Grey | CameraFormat::Gray8 => camera::CameraFormat::Gray8,
        CameraFormat::Yuyv => camera::CameraFormat::Yuyv,
        CameraFormat::Mjpeg => camera::CameraFormat::Mjpeg,
        CameraFormat::Gray16 => camera::CameraFormat::Gray16,
        CameraFormat::Rgb8 => camera::CameraFormat::Rgb8,
    });
    CameraSettings {
        device: camera.device.clone(),
        path: camera.path.clone(),
        format: format.or((camera.source == SourceKind::V4l).then_some(camera::CameraFormat::Gray8)),
        width: camera.width,
        height: camera.height,
        timeout_ms: camera.timeout_ms,
        max_age_ms: camera.max_age_ms,
        exposure: camera.exposure,
        gain: camera.gain,
        white_balance_temperature: camera.white_balance_temperature,
        focus_absolute: camera.focus_absolute,
        ..CameraSettings::new(source)
    }
}

/// The camera in words, for the status.
pub fn camera_name(config: &StationConfig) -> String {
    let camera = &config.camera;
    match (camera.source, &camera.path) {
        (SourceKind::V4l, _) => camera.device.display().to_string(),
        (SourceKind::Folder | SourceKind::Raw, Some(path)) => path.display().to_string(),
        (SourceKind::Folder | SourceKind::Raw, None) => "no path".to_owned(),
        (SourceKind::Pipe, _) => "standard input".to_owned(),
    }
}

/// The outputs.
pub fn outputs(config: &StationConfig) -> OutputWiring {
    let outputs = &config.outputs;
    let all = [outputs.accept, outputs.ready, outputs.busy, outputs.fault, outputs.red, outputs.yellow, outputs.green];
    let lines: [_; OutputName::ALL.len()] = all.map(|output| {
        output.map(|LineConfig { line, active }| {
            let polarity = match active {
                Active::High => Polarity::ActiveHigh,
                Active::Low => Polarity::ActiveLow,
            };
            (line, polarity)
        })
    });
    OutputWiring { chip: config.gate.chip.clone(), lines }
}

/// The inputs.
pub fn inputs(config: &StationConfig) -> InputWiring {
    let trigger = &config.trigger;
    let input = |chip: &PathBuf, line, edge, debounce_us| InputLine { chip: chip.clone(), line, edge, debounce_us };
    let edge = match trigger.edge {
        Edge::Rising => gpio::Edge::Rising,
        Edge::Falling => gpio::Edge::Falling,
    };
    let wired = trigger.mode == TriggerMode::Gpio;
    InputWiring {
        trigger: trigger.line.filter(|_| wired).map(|line| input(&trigger.chip, line, edge, trigger.debounce_us)),
        encoder: trigger.encoder.as_ref().map(|encoder| input(&encoder.chip, encoder.line, gpio::Edge::Rising, 0)),
        reset: config.inputs.reset.map(|reset| {
            let edge = match reset.active {
                Active::High => gpio::Edge::Rising,
                Active::Low => gpio::Edge::Falling,
            };
            input(&trigger.chip, reset.line, edge, RESET_DEBOUNCE_US)
        }),
    }
}

/// A button is pressed by a hand.
const RESET_DEBOUNCE_US: u32 = 20_000;
