use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use host_trainer::loss::{Border, SsimLoss};
use host_trainer::model::{Autoencoder, Weights, compact};
use std::time::Instant;
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
fn cpu() -> f64 {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|t| {
            let s = std::fs::read_to_string(t.unwrap().path().join("schedstat")).unwrap_or_default();
            s.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0)
        })
        .sum::<f64>()
        * 1e-6
}
fn main() {
    let steps: usize = std::env::args().nth(1).map_or(20, |s| s.parse().unwrap());
    let architecture = compact();
    let device = Device::flex().autodiff();
    let mut model = Autoencoder::new(&architecture, &Weights::initial(&architecture, 1), &device);
    let loss = SsimLoss::new(architecture.size, Border::Mirrored, &device);
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let data: Vec<f32> = (0..8 * 128 * 128).map(|i| ((i * 7919) % 251) as f32 / 250.0).collect();
    let mut t = vec![vec![]; 7];
    for _ in 0..steps {
        let images: Tensor<4> = Tensor::from_data(TensorData::new(data.clone(), [8, 1, 128, 128]), &device);
        let c0 = cpu();
        let t0 = Instant::now();
        let y = model.forward(images.clone());
        let t1 = Instant::now();
        let l = loss.forward(y, images);
        let t2 = Instant::now();
        let c2 = cpu();
        let g = GradientsParams::from_grads(l.backward(), &model);
        let t3 = Instant::now();
        model = optimizer.step(1e-4, model, g);
        let t4 = Instant::now();
        let c4 = cpu();
        for (v, d) in t.iter_mut().zip([t1 - t0, t2 - t1, t3 - t2, t4 - t3, t4 - t0]) {
            v.push(d.as_secs_f64() * 1e3)
        }
        t[5].push(c2 - c0);
        t[6].push(c4 - c0);
    }
    for (n, v) in ["forward", "loss", "backward", "adam", "step", "cpu fw+loss", "cpu step"].iter().zip(&mut t) {
        v.drain(..2);
        v.sort_by(f64::total_cmp);
        println!("{n:11} median {:7.2} min {:7.2}", v[v.len() / 2], v[0]);
    }
    let _ = model.valid();
}
