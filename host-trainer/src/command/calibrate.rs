//! `calibrate`: a sealed bundle gets a new threshold.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use edge_runtime::bundle::BundleFile;
use serde_json::{Value, json};
use shared::bundle::Bundle;
use shared::wire::CameraName;

use crate::calibration::promise;
use crate::cli::CalibrateArgs;
use crate::digest::hex;
use crate::evaluation::score_as_float;
use crate::export::bundle::with_manifest;
use crate::files::write_atomically;
use crate::job::{Promise, camera_name};
use crate::progress;
use crate::recalibration::{Decision, Recalibrated, recalibrate};

/// Runs `calibrate`.
pub fn run(args: &CalibrateArgs) -> anyhow::Result<()> {
    let out = args.out.clone().unwrap_or_else(|| free_name_beside(&args.bundle));
    ensure!(!out.is_dir(), "{} is a folder; --out takes the file to write", out.display());
    let file = BundleFile::read(&args.bundle)?;
    let camera = args.camera.as_deref().map(camera_name).transpose()?;
    let mut result = recalibrate(&file, args.data.as_deref(), args.threshold.choice())?;
    result.bundle = relabelled(result.bundle, args.release, camera)?;
    write_atomically(&out, &result.bundle)?;
    if args.json {
        println!("{}", as_json(&result, &out)?);
    } else {
        print(&result, &out);
    }
    warn(&result);
    if !file.verify()?.signatures().is_empty() {
        progress::say("the new bundle is another one and not signed: sign it with `host-trainer bundle sign`");
    }
    Ok(())
}

/// `bytes`, a bundle, with this release and for this camera, as far as they are given.
fn relabelled(bytes: Vec<u8>, release: Option<u32>, camera: Option<CameraName>) -> anyhow::Result<Vec<u8>> {
    if release.is_none() && camera.is_none() {
        return Ok(bytes);
    }
    let bundle = Bundle::verify(&bytes)?;
    let mut manifest = bundle.manifest().clone();
    manifest.release = release.unwrap_or(manifest.release);
    manifest.camera = camera.unwrap_or(manifest.camera);
    Ok(with_manifest(&manifest, &bundle)?)
}

fn print(result: &Recalibrated, out: &Path) {
    let line = |decision: &Decision| {
        format!("{:.6}: {}", score_as_float(decision.threshold.raw()), promise(&decision.evidence))
    };
    println!("before      {}", line(&result.before));
    if let Some(images) = &result.images {
        println!("            {}", images.drift);
    }
    println!("after       {}", line(&result.after));
    let [before, after] = result.golden_frames;
    println!("self-test   {after} of {before} golden frames keep their verdict and stay in the bundle");
    println!("bundle      {}", out.display());
    println!("next        edge-runtime replay --bundle {} FRAMES", out.display());
}

fn warn(result: &Recalibrated) {
    let Some(images) = &result.images else { return };
    if images.drift.exceeds_the_bound() {
        progress::say(
            "warning: the old threshold no longer holds what it promised: parts, light or camera have changed, or some of \
             these parts are not good. Look at the rejected images before you use the new bundle",
        );
    }
    if let Some(reason) = &images.not_compared {
        progress::say(format!(
            "warning: {reason}: it cannot be told whether some of these images have served in training. The new \
             threshold's promise holds only if none has"
        ));
    }
}

fn as_json(result: &Recalibrated, out: &Path) -> anyhow::Result<Value> {
    let decision = |decision: &Decision| {
        json!({
            "threshold": score_as_float(decision.threshold.raw()),
            "threshold_raw": decision.threshold,
            "evidence": decision.evidence,
            "false_reject_rate": Promise::of(&decision.evidence),
        })
    };
    let images = result.images.as_ref().map(|images| {
        json!({
            "n": images.drift.images,
            "rejected_before": images.drift.rejected,
            "chance_of_as_many": images.drift.chance,
            "exceeds_the_bound": images.drift.exceeds_the_bound(),
            "sha256": hex(&images.fingerprint),
            "compared_with_training": images.not_compared.is_none(),
        })
    });
    let written = BundleFile::from_bytes(result.bundle.clone(), out);
    Ok(json!({
        "bundle": out,
        "id": hex(&written.verify()?.id().0),
        "before": decision(&result.before),
        "after": decision(&result.after),
        "golden_frames": result.golden_frames[1],
        "images": images,
    }))
}

/// `station.bundle` gives `station.recalibrated.bundle`, or `station.recalibrated-2.bundle` if that is taken, and so on.
fn free_name_beside(bundle: &Path) -> PathBuf {
    let name = bundle.file_name().map_or_else(|| "station".into(), |name| name.to_string_lossy());
    let stem = name.strip_suffix(".bundle").unwrap_or(&name);
    let stem = stem.split_once(".recalibrated").map_or(stem, |(stem, _)| stem);
    let numbered = (2_u32..).map(|number| format!("{stem}.recalibrated-{number}.bundle"));
    std::iter::once(format!("{stem}.recalibrated.bundle"))
        .chain(numbered)
        .map(|name| bundle.with_file_name(name))
        .find(|path| !path.exists())
        .expect("some number is free")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::bundle::testing::small_bundle;

    #[test]
    fn release_and_camera_are_changed_alone() {
        let old = small_bundle();
        assert_eq!(relabelled(old.clone(), None, None).unwrap(), old);
        let new = relabelled(old.clone(), Some(5), Some(camera_name("line 3").unwrap())).unwrap();
        let (old, new) = (Bundle::verify(&old).unwrap(), Bundle::verify(&new).unwrap());
        let mut expected = old.manifest().clone();
        (expected.release, expected.camera) = (5, "line 3".try_into().unwrap());
        assert_eq!(new.manifest(), &expected);
        let any = relabelled(small_bundle(), None, Some(CameraName::new())).unwrap();
        assert_eq!(any, small_bundle());
        for refused in ["a\tb", &"x".repeat(65)] {
            assert!(camera_name(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn no_earlier_bundle_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (bundle, expected) in [
            ("station.bundle", "station.recalibrated.bundle"),
            ("station.bundle", "station.recalibrated-2.bundle"),
            ("station.recalibrated.bundle", "station.recalibrated-3.bundle"),
            ("station.recalibrated-2.bundle", "station.recalibrated-4.bundle"),
            ("other", "other.recalibrated.bundle"),
        ] {
            assert_eq!(free_name_beside(&path(bundle)), path(expected));
            std::fs::write(path(expected), b"").unwrap();
        }
    }
}
