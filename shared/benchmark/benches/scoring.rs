//! Nanoseconds of difference maps and scores: `cargo bench --manifest-path shared/benchmark/Cargo.toml`.

use std::time::Duration;

use benchmark::{DEFAULT, METRICS, Pair, SIZES};
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use shared::difference::{Pooling, ScoreRecipe};

fn scoring(criterion: &mut Criterion) {
    for size in SIZES {
        let mut pair = Pair::new(size);
        let mut group = criterion.benchmark_group(size.to_string());
        // Many short samples: the least of them is hardly disturbed by what else the machine does.
        group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(size.area() as u64));
        for (name, metric) in METRICS {
            group.bench_function(format!("map {name}"), |bencher| bencher.iter(|| pair.map(metric)));
            let recipe = ScoreRecipe::new(metric, Pooling::Mean);
            group.bench_function(format!("mean {name}"), |bencher| bencher.iter(|| pair.score(&recipe)));
        }
        group.bench_function("default", |bencher| bencher.iter(|| pair.score(&DEFAULT)));
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .sample_size(400);
    targets = scoring
}
criterion_main!(benches);
