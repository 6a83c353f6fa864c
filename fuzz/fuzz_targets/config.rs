//! Fuzzes the station's configuration file: a text is refused with lines that are in it, or printed and read back the
//! same.

#![no_main]

use std::path::Path;

use edge_runtime::config::{ConfigError, StationConfig};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let path = Path::new("station.toml");
    match StationConfig::parse(text, path) {
        Ok(config) => {
            // A number of the file that is no number is refused, so that equality holds.
            assert_eq!(StationConfig::parse(&config.to_toml(), path).unwrap(), config);
        }
        Err(ConfigError::Refused { problems, .. }) => {
            assert!(!problems.is_empty());
            let lines = text.bytes().filter(|&byte| byte == b'\n').count() + 1;
            for problem in problems {
                assert!(!problem.message.is_empty());
                assert!(problem.line.is_none_or(|line| (1..=lines).contains(&line)), "{problem:?} of {lines} lines");
            }
        }
        Err(other) => panic!("{other}"),
    }
});
