//! What a start does with bundles that cannot be used, on a real folder: only what is known to be damaged is given up.
//! And what an install does about the store that changes while it copies and tries.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use shared::bundle::signature::{KeyId, MAX_BLOCK_LEN, Signature, encode_block};
use shared::bundle::{BundleId, VERSION};
use shared::wire::{Manifest, Name, VersionFloor};

use super::{Fs, InstallError, Judge, Outcome, RealFs, Started, Store, StoreError, TrialLength, Why};
use crate::acceptance::{Accepted, Refusal, check, product};
use crate::bundle::BundleFile;
use crate::test_support::{bundle_with, manifest};
use crate::trust::Trust;

struct Anybody;

impl Judge for Anybody {
    fn check(&self, bytes: &[u8], floor: Option<&VersionFloor>) -> Result<Accepted, Refusal> {
        check(bytes, &Trust { unsigned_allowed: true, ..Trust::default() }, floor)
    }

    fn prove(&self, _: &Path, _: BundleId) -> Result<(), Refusal> {
        Ok(())
    }

    fn product(&self, bytes: &[u8], id: BundleId) -> Option<Name> {
        product(bytes, id)
    }

    fn takes_one_product(&self) -> bool {
        false
    }
}

struct Station {
    _folder: tempfile::TempDir,
    store: Store<RealFs>,
}

impl Station {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(RealFs::new(folder.path()), TrialLength { tries: 2, parts: 50 });
        Self { _folder: folder, store }
    }

    fn install(&self, bundle: &BundleFile) -> BundleId {
        let installed: Result<_, InstallError> = self.store.install(&mut bundle.bytes(), &Anybody);
        installed.unwrap().bundle.id
    }

    fn confirm(&self, bundle: &BundleFile) -> BundleId {
        let id = self.install(bundle);
        self.store.confirm(None, &Anybody).unwrap();
        id
    }

    fn start(&self) -> Result<Started, StoreError> {
        self.store.start(&Anybody)
    }

    fn active(&self) -> BundleId {
        self.store.pointer().unwrap().unwrap().active
    }

    fn rewrite(&self, id: BundleId, change: impl Fn(&mut Vec<u8>)) {
        let path = self.store.bundle_path(id);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
    }
}

fn made(product: &str, release: u32) -> BundleFile {
    bundle_with(&Manifest { product: product.try_into().unwrap(), release, ..manifest() })
}

/// Another file system's `EIO` stands for itself here: what is no regular file cannot be read.
fn make_unreadable(station: &Station, id: BundleId) {
    let path = station.store.bundle_path(id);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
}

#[test]
fn a_confirmed_bundle_that_is_damaged_or_gone_gives_way() {
    for change in ["cut", "changed", "gone"] {
        let station = Station::new();
        let (first, second) = (station.confirm(&made("bolt", 1)), station.confirm(&made("bolt", 2)));
        match change {
            "cut" => station.rewrite(second, |bytes| bytes.truncate(bytes.len() / 2)),
            "changed" => station.rewrite(second, |bytes| bytes[200] ^= 1),
            _ => fs::remove_file(station.store.bundle_path(second)).unwrap(),
        }
        let started = station.start().unwrap();
        assert!(matches!(started.why, Why::Unusable { .. }), "{change}");
        assert_eq!((started.bundle.id, station.active()), (first, first), "{change}");
    }
}

#[test]
fn a_bundle_that_cannot_be_read_is_an_error_and_stays_active() {
    for is_confirmed in [true, false] {
        let station = Station::new();
        station.confirm(&made("bolt", 1));
        let second = station.install(&made("bolt", 2));
        if is_confirmed {
            station.store.confirm(None, &Anybody).unwrap();
        }
        make_unreadable(&station, second);
        let error = station.start().unwrap_err();
        assert!(matches!(error, StoreError::Io { doing: "be read", .. }), "{error:?}");
        assert_eq!((error.code(), station.active()), (1, second));
    }
}

#[test]
fn a_bundle_of_a_newer_format_is_an_error_of_its_own_and_stays_active() {
    let station = Station::new();
    station.confirm(&made("bolt", 1));
    let second = station.confirm(&made("bolt", 2));
    // The version follows the eight bytes of the magic.
    station.rewrite(second, |bytes| bytes[8..10].copy_from_slice(&(VERSION + 1).to_le_bytes()));
    let error = station.start().unwrap_err();
    assert_eq!((error.code(), station.active()), (16, second), "{error:?}");
    assert!(station.store.fs().locate(Path::new("bundles")).join(second.to_string()).exists());
    // An older one there never was: that is damage.
    station.rewrite(second, |bytes| bytes[8..10].copy_from_slice(&0_u16.to_le_bytes()));
    assert!(matches!(station.start().unwrap().why, Why::Unusable { .. }));
}

#[test]
fn a_station_never_goes_back_by_itself_to_another_product() {
    // Tries used up; given up by the station; damaged, the product still known from the floor or not at all.
    let station = Station::new();
    let first = station.confirm(&made("bolt", 1));
    let second = station.install(&made("nut", 1));
    for _ in 0..2 {
        assert!(matches!(station.start().unwrap().why, Why::Trial));
    }
    let is_other = |error: StoreError| {
        assert!(error.to_string().contains("edge-runtime rollback"), "{error}");
        matches!(error, StoreError::OtherProduct { failed, previous, .. } if (failed, previous) == (second, first))
    };
    assert!(is_other(station.start().unwrap_err()));
    assert!(is_other(station.store.roll_back(Some(second), &Anybody).unwrap_err()));
    assert_eq!(station.active(), second);
    station.store.confirm(None, &Anybody).unwrap();
    station.rewrite(second, |bytes| bytes.truncate(9));
    let error = station.start().unwrap_err();
    assert_eq!(error.code(), 10);
    assert!(is_other(error));
    // A person may.
    assert_eq!(station.store.roll_back(None, &Anybody).unwrap().active, first);
}

#[test]
fn a_damaged_bundle_on_trial_says_no_more_what_it_was_for() {
    let station = Station::new();
    station.confirm(&made("bolt", 1));
    let second = station.install(&made("bolt", 2));
    station.rewrite(second, |bytes| bytes.truncate(9));
    assert!(matches!(station.start(), Err(StoreError::OtherProduct { source: Some(_), .. })));
    assert_eq!(station.active(), second);
}

#[test]
fn no_remedy_takes_the_own_thresholds_away() {
    let station = Station::new();
    station.confirm(&made("bolt", 1));
    let error = |name: &str| {
        fs::write(station.store.fs().locate(Path::new(name)), b"x").unwrap();
        station.store.floor().unwrap_err().to_string()
    };
    let damaged = error("floor");
    fs::remove_file(station.store.fs().locate(Path::new("floor"))).unwrap();
    let missing = station.store.floor().unwrap_err().to_string();
    for words in [damaged, missing, error("pointer")] {
        assert!(words.contains("`pointer`") && words.contains("`floor`") && !words.contains("folder"), "{words}");
    }
}

/// The same bundle with a signature by a key that nobody here asks for.
fn signed(bundle: &BundleFile) -> BundleFile {
    let block = |signatures: &[Signature]| {
        let mut block = [0; MAX_BLOCK_LEN];
        let length = encode_block(signatures, &mut block).unwrap();
        block[..length].to_vec()
    };
    let content = bundle.bytes().strip_suffix(&block(&[])[..]).unwrap();
    let signature = Signature { key: KeyId([7; 8]), bytes: [7; 64] };
    BundleFile::from_bytes([content, &block(&[signature])].concat(), bundle.path())
}

#[test]
fn other_signatures_of_the_active_bundle_are_put_in_place() {
    let station = Station::new();
    let plain = made("bolt", 1);
    let (id, signed) = (station.confirm(&plain), signed(&plain));
    let before = station.store.pointer().unwrap();
    let install = |bundle: &BundleFile| station.store.install(&mut bundle.bytes(), &Anybody).unwrap().outcome;
    for (bundle, expected) in [
        (&plain, Outcome::AlreadyActive),
        (&signed, Outcome::SignaturesReplaced),
        (&signed, Outcome::AlreadyActive),
        (&plain, Outcome::SignaturesReplaced),
    ] {
        assert_eq!(install(bundle), expected);
        assert_eq!(fs::read(station.store.bundle_path(id)).unwrap(), bundle.bytes());
    }
    station.rewrite(id, |bytes| bytes.truncate(9));
    assert_eq!(install(&signed), Outcome::AlreadyActive);
    assert_eq!(
        (fs::read(station.store.bundle_path(id)).unwrap(), station.store.pointer().unwrap()),
        (signed.bytes().to_vec(), before)
    );
}

/// Gives a bundle, and in the middle of it does something else.
struct Slow<'a, F> {
    rest: &'a [u8],
    meanwhile: Option<F>,
}

impl<F: FnOnce()> Read for Slow<'_, F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = into.len().min(self.rest.len().div_ceil(2));
        if let Some(meanwhile) = self.meanwhile.take_if(|_| self.rest.len() < 100) {
            meanwhile();
        }
        let (now, rest) = self.rest.split_at(length);
        into[..length].copy_from_slice(now);
        self.rest = rest;
        Ok(length)
    }
}

#[test]
fn nothing_waits_for_the_source_of_an_install() {
    let station = Station::new();
    let first = station.confirm(&made("bolt", 1));
    let (second, third) = (made("bolt", 2), made("bolt", 3));
    let other = Store::new(station.store.fs().clone(), TrialLength { tries: 2, parts: 50 });
    let candidate = station.store.fs().locate(Path::new("inbox/candidate"));
    let meanwhile = || {
        let started = other.start(&Anybody).unwrap();
        assert_eq!(started.bundle.id, first);
        assert!(candidate.exists(), "a start deleted what is being copied");
        let busy = other.install(&mut third.bytes(), &Anybody);
        assert!(matches!(busy, Err(InstallError::Store(StoreError::Busy))), "{busy:?}");
        assert!(candidate.exists());
    };
    let mut source = Slow { rest: second.bytes(), meanwhile: Some(meanwhile) };
    let installed = station.store.install(&mut source, &Anybody).unwrap();
    assert!(source.meanwhile.is_none());
    assert_eq!((installed.outcome, station.active()), (Outcome::Installed, installed.bundle.id));
    assert!(!candidate.exists());
}

#[test]
fn what_became_of_the_store_meanwhile_counts() {
    let station = Station::new();
    station.confirm(&made("bolt", 1));
    let fourth = station.install(&made("bolt", 4));
    // Older than what is confirmed while it is copied.
    let meanwhile = || {
        station.store.confirm(None, &Anybody).unwrap();
    };
    let older = made("bolt", 3);
    let refused = station.store.install(&mut Slow { rest: older.bytes(), meanwhile: Some(meanwhile) }, &Anybody);
    assert_eq!(refused.unwrap_err().code(), 15);
    assert_eq!(station.active(), fourth);
    assert_eq!(fs::read_dir(station.store.fs().locate(Path::new("inbox"))).unwrap().count(), 0);
    assert_eq!(fs::read_dir(station.store.fs().locate(Path::new("bundles"))).unwrap().count(), 2);
}

/// Does something when a model is tried, which is after the first check.
struct Meanwhile<F>(F);

impl<F: Fn()> Judge for Meanwhile<F> {
    fn check(&self, bytes: &[u8], floor: Option<&VersionFloor>) -> Result<Accepted, Refusal> {
        Anybody.check(bytes, floor)
    }

    fn prove(&self, _: &Path, _: BundleId) -> Result<(), Refusal> {
        (self.0)();
        Ok(())
    }

    fn product(&self, bytes: &[u8], id: BundleId) -> Option<Name> {
        Anybody.product(bytes, id)
    }

    fn takes_one_product(&self) -> bool {
        false
    }
}

#[test]
fn the_floor_and_the_candidate_are_looked_at_again_when_the_model_was_tried() {
    let station = Station::new();
    station.confirm(&made("bolt", 1));
    let fourth = station.install(&made("bolt", 4));
    let confirms = Meanwhile(|| {
        station.store.confirm(None, &Anybody).unwrap();
    });
    let refused = station.store.install(&mut made("bolt", 3).bytes(), &confirms);
    assert_eq!(refused.unwrap_err().code(), 15);
    let candidate = station.store.fs().locate(Path::new("inbox/candidate"));
    let exchanges = Meanwhile(|| fs::write(&candidate, made("bolt", 6).bytes()).unwrap());
    let refused = station.store.install(&mut made("bolt", 5).bytes(), &exchanges);
    assert!(matches!(refused, Err(InstallError::Refused(Refusal::OtherBundle { .. }))), "{refused:?}");
    assert_eq!(station.active(), fourth);
}
