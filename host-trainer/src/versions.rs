//! Which versions made a result: this program's, and those of the libraries that can change its numbers, as the lock
//! file that it was built from states them.

use std::collections::BTreeMap;

/// The libraries that compute.
const LIBRARIES: [&str; 8] = ["burn", "burn-flex", "burn-wgpu", "image", "libm", "pulp", "rand_chacha", "tract-onnx"];

/// This program with its version.
pub const PROGRAM: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// Name and version of each library that can change a result.
pub fn libraries() -> BTreeMap<String, String> {
    let lock: toml::Table = toml::from_str(include_str!("../../Cargo.lock")).unwrap_or_default();
    let packages = lock.get("package").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
    let text = |package: &toml::Value, field: &str| Some(package.get(field)?.as_str()?.to_owned());
    let version =
        |name: &str| packages.iter().find(|p| text(p, "name").as_deref() == Some(name)).map(|p| text(p, "version"));
    LIBRARIES.into_iter().filter_map(|name| Some((name.to_owned(), version(name)??))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_is_found_in_the_lock_file() {
        let found = libraries();
        assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), LIBRARIES);
        assert!(found["burn"].starts_with("0.22"), "{found:?}");
    }
}
