//! Tests of `config`, beside it.

use std::path::Path;

use proptest::prelude::*;

use super::*;

const LEAST: &str = "bundle = \"b\"\ncamera.source = \"v4l\"\n";

fn parse(text: &str) -> Result<StationConfig, ConfigError> {
    StationConfig::parse(text, Path::new("station.toml"))
}

/// The refusal of `LEAST` with `more` after it, so that `more` starts on line 3.
fn refusal(more: &str) -> String {
    parse(&format!("{LEAST}{more}")).expect_err(more).to_string()
}

#[test]
fn the_least_file_gives_the_defaults() {
    let config = parse(LEAST).unwrap();
    assert_eq!(config, StationConfig { bundle: "b".into(), ..StationConfig::default() });
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
    let line = |line| Some(LineConfig { line, active: Active::Low });
    StationConfig {
        bundle: "b".into(),
        camera: CameraConfig {
            path: Some("p".into()),
            format: Some(CameraFormat::Mjpeg),
            width: Some(640),
            height: Some(480),
            exposure: Some(100),
            gain: Some(-1),
            white_balance_temperature: Some(4000),
            focus_absolute: Some(0),
            ..CameraConfig::default()
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
    assert!(message.starts_with("station.toml:5: unknown key `bugdet_ms` in [gate]; did you mean `budget_ms`?"));
    let message = refusal("[camra]\nwidth = 3\n");
    assert!(message.starts_with("station.toml:3: unknown key `camra` at the top; did you mean `camera`?"), "{message}");
    let message = refusal("[outputs]\naccept = { lin = 1 }\n");
    assert!(message.contains(":4: unknown key `lin` in [outputs.accept]; did you mean `line`?"), "{message}");
    let message = refusal("zzzzzz = 1");
    assert!(message.contains(":2: ") || message.contains(":3: "), "{message}");
    assert!(message.contains("unknown key `zzzzzz`") && !message.contains("did you mean"), "{message}");
}

#[test]
fn a_wrong_type_or_value_says_what_was_found_and_what_is_allowed() {
    for (text, expected) in [
        ("gate.pulse_ms = \"five\"", "station.toml:3: gate.pulse_ms: found string \"five\", expected a whole number"),
        ("gate.pulse_ms = -1", "station.toml:3: gate.pulse_ms: found integer -1, expected a whole number from 0"),
        ("gate.pulse_ms = 0", "station.toml:3: gate.pulse_ms: found 0, expected 1 to 10000"),
        ("images.near_share = 1.5", "station.toml:3: images.near_share: found 1.5, expected 0 to 1"),
        ("images.near_share = nan", "station.toml:3: images.near_share: found NaN, expected 0 to 1"),
        (
            "images.keep = \"reject\"",
            "images.keep: found \"reject\", expected one of none, rejects, near, all; did you",
        ),
        ("outputs.accept = { active = \"low\" }", "station.toml:3: outputs.accept: the key `line` is missing"),
        ("outputs.accept = 3", "station.toml:3: outputs.accept: found integer 3, expected a table"),
        ("camera.width = 70000", "camera.width: found integer 70000, expected a whole number from 0 to 65535"),
        ("camera.quality.frozen_frames = 1", "camera.quality.frozen_frames: found 1, expected 2 to 1000"),
        ("state_dir = 3", "state_dir: found integer 3, expected a path in quotes"),
        ("gate.pulse_ms = ", "station.toml:3: not TOML"),
    ] {
        let message = refusal(text);
        assert!(message.contains(expected), "{text}\nfound    {message}\nexpected {expected}");
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
        ("camera.width = 3", &["camera.width", "camera.height"]),
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
    assert_eq!(missing.lines().count(), 2, "{missing}");
    assert!(missing.contains("station.toml: bundle is missing"), "{missing}");
}

#[test]
fn all_problems_are_listed_in_order() {
    let message = refusal("a = 1\nb = 2\n[gate]\npulse_ms = 0\nbudget_ms = true\nc = 3\n[outputs]\nred = {}\n");
    let lines: Vec<_> = message.lines().map(|line| line.split(':').nth(1).unwrap()).collect();
    assert_eq!(lines, ["3", "4", "6", "7", "8", "10"], "{message}");
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
