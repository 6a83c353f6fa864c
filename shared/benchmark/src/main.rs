//! Does one thing some number of times and stops, for a tool that counts instructions. Prints nothing.
//!
//! usage: benchmark ssim|ssim-gaussian|l2|msgms|default WIDTH HEIGHT TIMES, or: benchmark images WIDTH HEIGHT A.raw B.raw

use std::env::args;
use std::hint::black_box;

use benchmark::{DEFAULT, METRICS, Pair};
use shared::difference::{Pooling, ScoreRecipe};
use shared::image::Size;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = args().skip(1).collect();
    let side = |index: usize| arguments[index].parse().expect("a side in pixels");
    let mut pair = Pair::new(Size::new(side(1), side(2)));
    if arguments[0] == "images" {
        let [a, b] = pair.images();
        std::fs::write(&arguments[3], a)?;
        return std::fs::write(&arguments[4], b);
    }
    let metric = METRICS.into_iter().find(|&(name, _)| name == arguments[0]);
    let recipe = metric.map_or(DEFAULT, |(_, metric)| ScoreRecipe::new(metric, Pooling::Mean));
    for _ in 0..arguments[3].parse().expect("a number of times") {
        black_box(black_box(&mut pair).score(&recipe));
    }
    Ok(())
}
