//! Tests of `config`, beside it.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::actuator::Polarity;
use crate::camera::CameraFormat;

/// The public key of test 1 of RFC 8032.
const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

const LEAST: &str = "bundle = \"b\"\ncamera.source = \"v4l\"\ncamera.width = 640\ncamera.height = 480\n";

fn parse(text: &str) -> Result<StationConfig, ConfigError> {
    StationConfig::parse(text, Path::new("station.toml"))
}

/// The refusal of `LEAST` with `more` after it, so that `more` starts on line 5.
fn refusal(more: &str) -> String {
    parse(&format!("{LEAST}{more}")).expect_err(more).to_string()
}

#[test]
fn the_least_file_gives_the_defaults() {
    let config = parse(LEAST).unwrap();
    let camera = CameraSettings { width: Some(640), height: Some(480), ..CameraSettings::default() };
    assert_eq!(config, StationConfig { bundle: Some("b".into()), camera, ..StationConfig::default() });
    assert_eq!(config.records_dir(), Path::new("/var/lib/edge-runtime/records"));
}

#[test]
fn the_example_file_is_valid_and_shows_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/station.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    StationConfig::read(&path).unwrap();
    // With every key that is commented out as an alternative put in, the file names all there are.
    let all: toml::Table = toml::from_str(&full().to_toml()).unwrap();
    fn keys(table: &toml::Table, found: &mut Vec<String>) {
        for (key, value) in table {
            found.push(key.clone());
            if let Some(inner) = value.as_table() {
                keys(inner, found);
            }
        }
    }
    let mut names = Vec::new();
    keys(&all, &mut names);
    for name in names {
        let named = text.lines().any(|line| {
            let line = line.trim_start_matches(['#', ' ']);
            line.starts_with(&format!("{name} = "))
                || line.starts_with('[') && line.contains(&name)
                || line.contains(&format!("{{ {name} = "))
                || line.contains(&format!(", {name} = "))
        });
        assert!(named, "packaging/station.toml does not show {name}");
    }
}

/// Every key has a value.
fn full() -> StationConfig {
    let line = |line| Some(LineConfig { line, active: Polarity::ActiveLow });
    StationConfig {
        bundle: Some("b".into()),
        trust: TrustConfig {
            keys: vec![KEY.to_owned(), "/etc/edge-runtime/line.pub".to_owned()],
            unsigned: Unsigned::Accept,
            unproven: Unproven::Accept,
            threshold: RequiredThreshold::Station,
            product: Some("bottle".to_owned()),
            camera: Some("line 3".to_owned()),
        },
        camera: CameraSettings {
            path: Some("p".into()),
            format: Some(CameraFormat::Mjpeg),
            width: Some(640),
            height: Some(480),
            exposure: Some(100),
            gain: Some(-1),
            white_balance_temperature: Some(4000),
            focus_absolute: Some(0),
            input: Some(1),
            controls: [("sharpness".to_owned(), 2)].into(),
            ..CameraSettings::default()
        },
        trigger: TriggerConfig {
            mode: TriggerMode::Gpio,
            line: Some(10),
            encoder: Some(EncoderConfig { chip: "/dev/gpiochip1".into(), line: 11 }),
            ..TriggerConfig::default()
        },
        gate: GateConfig { delay_ticks: Some(7), ..GateConfig::default() },
        outputs: OutputsConfig {
            accept: line(0),
            ready: line(1),
            busy: line(2),
            fault: line(3),
            red: line(4),
            yellow: line(5),
            green: line(6),
        },
        inputs: InputsConfig { reset: line(9) },
        ..StationConfig::default()
    }
}

#[test]
fn what_is_printed_is_read_back() {
    for config in [full(), parse(LEAST).unwrap()] {
        assert_eq!(parse(&config.to_toml()).unwrap(), config);
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_known_one() {
    let message = refusal("\n[gate]\nbugdet_ms = 5\n");
    assert!(message.starts_with("station.toml:7: unknown key `bugdet_ms` in [gate]; did you mean `budget_ms`?"));
    let message = refusal("[camra]\nwidth = 3\n");
    assert!(message.starts_with("station.toml:5: unknown key `camra` at the top; did you mean `camera`?"), "{message}");
    let message = refusal("[outputs]\naccept = { lin = 1 }\n");
    assert!(message.contains(":6: unknown key `lin` in [outputs.accept]; did you mean `line`?"), "{message}");
    let message = refusal("zzzzzz = 1");
    assert!(message.contains(":4: ") || message.contains(":5: "), "{message}");
    assert!(message.contains("unknown key `zzzzzz`") && !message.contains("did you mean"), "{message}");
}

#[test]
fn a_wrong_type_or_value_says_what_was_found_and_what_is_allowed() {
    for (text, expected) in [
        ("gate.pulse_ms = \"five\"", "station.toml:5: gate.pulse_ms: found string \"five\", expected a whole number"),
        ("gate.pulse_ms = -1", "station.toml:5: gate.pulse_ms: found integer -1, expected a whole number from 0"),
        ("gate.pulse_ms = 0", "station.toml:5: gate.pulse_ms: found 0, expected 1 to 10000"),
        ("images.near_share = 1.5", "station.toml:5: images.near_share: found 1.5, expected 0 to 1"),
        ("images.near_share = nan", "station.toml:5: images.near_share: found NaN, expected 0 to 1"),
        (
            "images.keep = \"reject\"",
            "images.keep: found \"reject\", expected one of none, rejects, near, all; did you",
        ),
        ("outputs.accept = { active = \"low\" }", "station.toml:5: outputs.accept: the key `line` is missing"),
        ("outputs.accept = 3", "station.toml:5: outputs.accept: found integer 3, expected a table"),
        ("camera.timeout_ms = 70000000000", "camera.timeout_ms: found integer 70000000000, expected a whole number"),
        ("camera.quality.frozen_frames = 1", "camera.quality.frozen_frames: found 1, expected 2 to 1000"),
        ("state_dir = 3", "state_dir: found integer 3, expected a path in quotes"),
        ("gate.pulse_ms = ", "station.toml:5: not TOML"),
    ] {
        let message = refusal(text);
        assert!(message.contains(expected), "{text}\nfound    {message}\nexpected {expected}");
    }
}

#[test]
fn trust_is_checked_with_its_lines() {
    let config = parse(&format!("{LEAST}[trust]\nkeys = [\"{KEY}\", \"other.pub\"]\nproduct = \"p\"\n")).unwrap();
    assert_eq!((config.trust.keys.len(), config.trust.unsigned), (2, Unsigned::Refuse));
    assert!(!config.trust.refuses_everything());
    assert!(parse(LEAST).unwrap().trust.refuses_everything());
    let weak = "00".repeat(32);
    for (text, expected) in [
        (
            format!("keys = [\"{}\"]", &KEY[1..]),
            "6: trust.keys: entry 1: found 63 digits or characters, expected the 64",
        ),
        (format!("keys = [\n\"{KEY}\", \"{weak}\"]"), "6: trust.keys: entry 2: the key is weak"),
        (format!("keys = [\"{KEY}\", \"{KEY}\"]"), "6: trust.keys: entry 2: found the key 21fe31dfa154a261 twice"),
        ("keys = \"x\"".to_owned(), "6: trust.keys: found string \"x\", expected a list"),
        ("keys = [3]".to_owned(), "6: trust.keys: found integer 3, expected a text in quotes"),
        (
            "unsigned = \"acept\"".to_owned(),
            "6: trust.unsigned: found \"acept\", expected one of refuse, accept; did you",
        ),
        ("product = \"\"".to_owned(), "6: trust.product: found 0 bytes, expected a name of 1 to 64"),
        ("camera = \"a\\tb\"".to_owned(), "6: trust.camera: found 3 bytes, expected a name"),
        ("key = []".to_owned(), "6: unknown key `key` in [trust]; did you mean `keys`?"),
    ] {
        let message = refusal(&format!("[trust]\n{text}\n"));
        assert!(
            message.contains(&format!("station.toml:{expected}")),
            "{text}\nfound    {message}\nexpected {expected}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn keys_that_contradict_each_other_are_named_both() {
    for (text, keys) in [
        ("gate.budget_ms = 150", &["gate.budget_ms (150)", "gate.delay_ms (150)"][..]),
        ("gate = { delay_ms = 10, delay_ticks = 10 }", &["gate.delay_ms", "gate.delay_ticks"]),
        ("gate.delay_ticks = 10", &["gate.delay_ticks", "[trigger.encoder]"]),
        ("trigger.mode = \"gpio\"", &["trigger.mode", "trigger.line"]),
        ("trigger.debounce_us = 250000", &["trigger.debounce_us", "trigger.min_gap_ms"]),
        ("trigger.frame_from_ms = 200", &["trigger.frame_from_ms", "trigger.frame_to_ms"]),
        ("watchdog.stall_ms = 1000", &["camera.timeout_ms", "watchdog.stall_ms"]),
        ("outputs = { accept = { line = 4 }, red = { line = 4 } }", &["outputs.accept", "outputs.red"]),
        ("inputs.reset.line = 4\noutputs.busy.line = 4", &["inputs.reset", "outputs.busy"]),
        ("trigger = { mode = \"gpio\", line = 1 }\noutputs.busy.line = 1", &["trigger.line", "outputs.busy"]),
        (
            "trigger = { mode = \"gpio\", line = 1, min_gap_ms = 5, frame_to_ms = 4 }",
            &["gate.pulse_ms", "trigger.min_gap_ms"],
        ),
        ("camera.format = \"rgb8\"", &["camera.format", "camera.source"]),
    ] {
        let message = refusal(text);
        assert!(message.starts_with("station.toml:"), "{message}");
        assert!(keys.iter().all(|key| message.contains(key)), "{text}\n{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    // The same line of two chips, and a trigger line that is not used, are no contradiction.
    parse(&format!("{LEAST}gate.chip = \"/dev/gpiochip1\"\noutputs.busy.line = 4\ninputs.reset.line = 4")).unwrap();
    parse(&format!("{LEAST}trigger.line = 4\noutputs.busy.line = 4")).unwrap();
}

#[test]
fn sources_need_what_they_cannot_know() {
    let of = |text: &str| parse(&format!("bundle = \"b\"\n[camera]\n{text}")).expect_err(text).to_string();
    assert!(of("source = \"folder\"").contains("station.toml:3: camera.source = \"folder\" needs camera.path"));
    let message = of("source = \"pipe\"");
    assert_eq!(message.lines().count(), 3, "{message}");
    let missing = parse("").unwrap_err().to_string();
    assert_eq!(missing.lines().count(), 1, "{missing}");
    assert!(missing.contains("station.toml: camera.source is missing"), "{missing}");
    let least = LEAST.strip_prefix("bundle = \"b\"\n").unwrap();
    let stored = parse(&format!("{least}store.tries = 2")).unwrap();
    assert_eq!((stored.bundle, stored.store), (None, StoreConfig { tries: 2, trial_parts: 50 }));
}

/// What `run` would refuse from the file alone, once for each part of the station that refuses something.
#[test]
fn what_the_station_would_refuse_is_refused_with_its_line() {
    let of = |text: &str| parse(text).expect_err(text).to_string();
    let message = of("bundle = \"b\"\n\n[camera]\nsource = \"v4l\"\n");
    let lines: Vec<_> = message.lines().collect();
    assert_eq!(lines.len(), 2, "{message}");
    assert!(lines[0].starts_with("station.toml:4: camera.source = \"v4l\" needs camera.width"), "{message}");
    assert!(lines[1].starts_with("station.toml:4: camera.source = \"v4l\" needs camera.height"), "{message}");
    let wired = "trigger.mode = \"gpio\"\ntrigger.line = 1\n";
    for (text, start) in [
        ("gate.budget_ms = 151".to_owned(), "station.toml:5: gate.budget_ms (151) has to be below gate.delay_ms (150)"),
        ("gate.pulse_ms = 0".to_owned(), "station.toml:5: gate.pulse_ms: found 0"),
        (format!("{wired}gate.pulse_ms = 126"), "station.toml:7: "),
        (format!("{wired}trigger.frame_to_ms = 250"), "station.toml:7: "),
        (format!("{wired}gate.delay_ticks = 9"), "station.toml:7: gate.delay_ticks needs [trigger.encoder]"),
        ("camera.quality.max_overexposed = 1.01".to_owned(), "station.toml:5: camera.quality.max_overexposed"),
        ("camera.quality.max_underexposed = nan".to_owned(), "station.toml:5: camera.quality.max_underexposed"),
        ("camera.quality.min_sharpness = 65026".to_owned(), "station.toml:5: camera.quality.min_sharpness"),
        ("camera.format = \"gray16\"".to_owned(), "station.toml:5: camera.format = \"gray16\", but"),
        ("outputs.accept.line = 3\noutputs.red.line = 3".to_owned(), "station.toml:6: outputs.accept and outputs.red"),
    ] {
        let message = refusal(&text);
        assert!(message.starts_with(start), "{text}\nfound    {message}\nexpected {start}");
    }
}

#[test]
fn frames_of_raw_formats_and_any_control_can_be_asked_for() {
    for source in ["pipe", "raw"] {
        for (format, expected) in [("yuv420", CameraFormat::Yuv420), ("gray8", CameraFormat::Gray8)] {
            let text = format!(
                "bundle = \"b\"\n[camera]\nsource = \"{source}\"\npath = \"p\"\nformat = \"{format}\"\nwidth = 64\n\
                 height = 48\n"
            );
            assert_eq!(parse(&text).unwrap().camera.format, Some(expected));
        }
    }
    let config = parse(&format!("{LEAST}camera.input = 1\n[camera.controls]\nsharpness = 2\npan = -3\n")).unwrap();
    assert_eq!(config.camera.controls, [("sharpness".to_owned(), 2), ("pan".to_owned(), -3)].into());
    assert_eq!((config.camera.input, config.camera.check_every), (Some(1), 30));
    let message = refusal("[camera.controls]\nsharpness = \"much\"\n");
    assert!(message.starts_with("station.toml:6: camera.controls.sharpness: found string \"much\""), "{message}");
}

#[test]
fn all_problems_are_listed_in_order() {
    let message = refusal("a = 1\nb = 2\n[gate]\npulse_ms = 0\nbudget_ms = true\nc = 3\n[outputs]\nred = {}\n");
    let lines: Vec<_> = message.lines().map(|line| line.split(':').nth(1).unwrap()).collect();
    assert_eq!(lines, ["5", "6", "8", "9", "10", "12"], "{message}");
}

proptest! {
    /// Whatever the file holds, it is an answer or a refusal with something in it.
    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = parse(&text);
    }

    #[test]
    fn no_change_of_a_valid_file_panics(at in 0_usize..2000, byte in any::<u8>()) {
        let mut bytes = full().to_toml().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Err(ConfigError::Refused { problems, .. }) = parse(&String::from_utf8_lossy(&bytes)) {
            prop_assert!(!problems.is_empty());
        }
    }
}

proptest! {
    /// Nothing that is taken is refused by a part of the station.
    #[test]
    fn what_is_taken_is_refused_nowhere(
        gpio in any::<bool>(),
        ticks in prop::option::of(0_u32..3),
        times in prop::array::uniform7(prop_oneof![0_u32..8, 118_u32..130, Just(3_600_000)]),
        (over, sharpness, frozen) in (-0.1..1.1, -1.0..66000.0, 0_u32..4),
        (width, height) in (prop::option::of(0_u16..3), prop::option::of(0_u16..3)),
        source in prop::sample::select(vec!["v4l", "folder", "raw", "pipe"]),
        format in prop::option::of(prop::sample::select(vec!["grey", "gray16", "rgb8", "yuyv", "yuv420", "mjpeg"])),
        lines in prop::array::uniform2(0_u32..2),
    ) {
        let mut text = format!("bundle = \"b\"\ncamera.source = \"{source}\"\ncamera.path = \"p\"\n");
        for (key, value) in [("camera.width", width), ("camera.height", height)] {
            text.extend(value.map(|value| format!("{key} = {value}\n")));
        }
        text.extend(format.map(|format| format!("camera.format = \"{format}\"\n")));
        text.extend(gpio.then_some("trigger.mode = \"gpio\"\ntrigger.line = 9\n"));
        text.extend(ticks.map(|ticks| format!("gate.delay_ticks = {ticks}\ntrigger.encoder.line = 8\n")));
        text.extend(ticks.is_none().then(|| format!("gate.delay_ms = {}\n", times[0])));
        let keys = ["gate.budget_ms", "gate.pulse_ms", "gate.tolerance_ms", "trigger.min_gap_ms",
            "trigger.frame_from_ms", "trigger.frame_to_ms"];
        text.extend(keys.iter().zip(&times[1..]).map(|(key, value)| format!("{key} = {value}\n")));
        text += &format!("camera.quality = {{ max_overexposed = {over:?}, min_sharpness = {sharpness:?}, \
                          frozen_frames = {frozen} }}\n");
        text += &format!("outputs = {{ accept.line = {}, busy.line = {} }}\n", lines[0], lines[1]);
        if let Ok(config) = parse(&text) {
            prop_assert!(config.line_timing().validate(config.line_mode()).is_ok());
            prop_assert!(config.camera.quality.limits().is_ok());
            prop_assert!(config.camera.problems().is_empty());
            prop_assert!(config.output_wiring().check().is_ok());
        }
    }
}
