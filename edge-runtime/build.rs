//! Links the log's table into the program on Linux, and sets the least level that is compiled in.
//!
//! An entry's number is the low half of its address. A position-independent program keeps it only if it is loaded at a
//! multiple of 64 KiB, which Linux does since 5.10 for a program whose segments ask for it.

fn main() {
    let set = |name| std::env::var_os(name).is_some();
    let linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    println!("cargo:rerun-if-changed=log.x");
    println!("cargo:rerun-if-env-changed=DEFMT_LOG");
    if !linux || !set("CARGO_FEATURE_STATION") {
        return;
    }
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo:rustc-link-arg-bins=-Wl,-T,{folder}/log.x");
    println!("cargo:rustc-link-arg-bins=-Wl,-z,max-page-size=65536");
    let level = std::env::var("DEFMT_LOG").unwrap_or_else(|_| "info".to_owned());
    println!("cargo:rustc-env=DEFMT_LOG={level}");
}
