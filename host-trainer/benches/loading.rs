//! How fast photographs of 12 megapixels are loaded, and in how much memory: the trainer's loader beside the `image`
//! crate alone, which decodes the same files one after the other. Rates are of images and of file bytes (1 MB = 10^6);
//! memory is the peak of the resident set and processor time that of all threads (both on Linux only). Files are read
//! from the page cache as far as it holds them. On a machine that is busy otherwise, compare processor times.
//!
//! usage: cargo bench --profile dev -p host-trainer --bench loading -- [--images N] [--distinct D] [--format F]
//!
//! Writes D distinct files (8) in a temporary folder, links them N times in all (40), loads all links and lets the peer
//! decode the distinct files. F is `jpeg`, `png` or `both` (in turn). Each side runs in a process of its own, so that
//! neither finds memory that the other took.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};
use std::time::Instant;
use std::{env, fs};

use host_trainer::dataset::{GoodImages, OnUnreadable, load_good};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use rayon::prelude::*;
use shared::image::Size;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WIDTH: u32 = 4000;
const HEIGHT: u32 = 3000;
const NETWORK: Size = Size::new(128, 128);

struct Settings {
    images: usize,
    distinct: usize,
    format: String,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["loader", folder] => loader(Path::new(folder)),
        ["peer", folder] => peer(Path::new(folder)),
        ref options => compare(&settings(options)),
    }
}

fn settings(options: &[&str]) -> Settings {
    let mut settings = Settings { images: 40, distinct: 8, format: "both".to_owned() };
    for pair in options.chunks(2) {
        let usage = || -> ! {
            eprintln!("usage: loading [--images N] [--distinct D] [--format jpeg|png|both]; found {options:?}");
            exit(2)
        };
        let &[option, value] = pair else { usage() };
        let number = || value.parse().ok().filter(|&number: &usize| number > 0).unwrap_or_else(|| usage());
        match (option, value) {
            ("--images", _) => settings.images = number(),
            ("--distinct", _) => settings.distinct = number(),
            ("--format", "jpeg" | "png" | "both") => settings.format = value.to_owned(),
            _ => usage(),
        }
    }
    settings
}

/// Generates, runs both sides, prints their figures and the ratio.
fn compare(settings: &Settings) {
    let folder = tempfile::tempdir().unwrap();
    let (distinct, all) = (folder.path().join("distinct"), folder.path().join("all"));
    fs::create_dir(&distinct).unwrap();
    fs::create_dir(&all).unwrap();
    let count = settings.distinct.min(settings.images);
    let write = |number: usize| {
        let is_jpeg = settings.format == "jpeg" || settings.format == "both" && number.is_multiple_of(2);
        let path = distinct.join(format!("{number:05}.{}", if is_jpeg { "jpg" } else { "png" }));
        fs::write(&path, photograph(number as u32, is_jpeg)).unwrap();
        path
    };
    let files: Vec<PathBuf> = (0..count).into_par_iter().map(write).collect();
    for (number, file) in files.iter().cycle().take(settings.images).enumerate() {
        let end = file.extension().unwrap().to_str().unwrap();
        fs::hard_link(file, all.join(format!("{number:05}.{end}"))).unwrap();
    }
    let bytes: u64 = files.iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    println!(
        "{} files of {WIDTH}x{HEIGHT} RGB ({}), {count} of them distinct, {:.1} MB each; {} threads",
        settings.images,
        settings.format,
        bytes as f64 / count as f64 / 1e6,
        rayon::current_num_threads(),
    );
    let peer = run("peer", &distinct);
    let loader = run("loader", &all);
    println!("loader / peer: {:.2}", loader / peer);
}

/// Runs one side in a process of its own; returns its images per second.
fn run(side: &str, folder: &Path) -> f64 {
    let output = Command::new(env::current_exe().unwrap()).arg(side).arg(folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{side}: {}", String::from_utf8_lossy(&output.stderr));
    print!("{side:<8}{text}");
    text.split_whitespace().next().unwrap().parse().unwrap()
}

fn loader(folder: &Path) {
    let good = GoodImages::open(folder).unwrap();
    let start = Instant::now();
    let loaded = load_good(&good, NETWORK, OnUnreadable::Refuse, &|| {}).unwrap();
    report(start, &good.paths());
    assert_eq!(loaded.images.len(), good.files.len());
}

fn peer(folder: &Path) {
    let good = GoodImages::open(folder).unwrap();
    let start = Instant::now();
    for path in good.paths() {
        black_box(image::open(path).unwrap());
    }
    report(start, &good.paths());
}

fn report(start: Instant, files: &[PathBuf]) {
    let seconds = start.elapsed().as_secs_f64();
    let bytes: u64 = files.iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    let (images, megabytes) = (files.len() as f64 / seconds, bytes as f64 / 1e6 / seconds);
    let memory = peak_memory().map_or_else(|| "not known here".to_owned(), |mib| format!("{mib} MiB"));
    let each = |seconds: f64| format!("{:.0} ms", 1000.0 * seconds / files.len() as f64);
    let processor = processor_seconds().map_or_else(|| "not known here".to_owned(), each);
    println!(
        "{images:>7.2} images/s  {megabytes:>7.1} MB/s  processor {processor} an image  peak memory {memory}  \
         ({seconds:.1} s)"
    );
}

/// Peak of the resident set of this process, in MiB.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}

/// Processor time of this process so far, in seconds: fields 14 and 15 of the file, in hundredths on Linux.
fn processor_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is a name in brackets, which may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let hundredths = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
    Some((hundredths(14)? + hundredths(15)?) / 100.0)
}

/// Something like a photograph of a part: a bright disk on a gradient, with the noise of a sensor.
fn photograph(number: u32, is_jpeg: bool) -> Vec<u8> {
    let mut state = 0x9e37_79b9 ^ number;
    let mut pixels = Vec::with_capacity((WIDTH * HEIGHT * 3) as usize);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let (dx, dy) = (x.abs_diff(WIDTH / 2), y.abs_diff(HEIGHT / 2));
            let part = if dx * dx + dy * dy < 1_000_000 { 120 } else { 30 };
            let level = part + x / 64 + y / 96;
            for channel in 0..3 {
                // xorshift32
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                pixels.push((level + 4 * channel + state % 8) as u8);
            }
        }
    }
    let mut bytes = Vec::new();
    if is_jpeg {
        JpegEncoder::new_with_quality(&mut bytes, 90).write_image(&pixels, WIDTH, HEIGHT, ExtendedColorType::Rgb8)
    } else {
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Up).write_image(
            &pixels,
            WIDTH,
            HEIGHT,
            ExtendedColorType::Rgb8,
        )
    }
    .unwrap();
    bytes
}
