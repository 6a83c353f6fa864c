use burn::tensor::{Device, Tensor, TensorData};
use host_trainer::loss::{Border, SsimLoss};
use host_trainer::model::compact;
use std::time::Instant;
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
fn main() {
    let device = Device::flex().autodiff();
    let size = compact().size;
    let loss = SsimLoss::new(size, Border::Mirrored, &device);
    let data: Vec<f32> = (0..8 * 128 * 128).map(|i| ((i * 7919) % 251) as f32 / 250.0).collect();
    let (mut f, mut b) = (vec![], vec![]);
    for _ in 0..40 {
        let images: Tensor<4> = Tensor::from_data(TensorData::new(data.clone(), [8, 1, 128, 128]), &device);
        let x = (images.clone() * 0.5).require_grad();
        let t0 = Instant::now();
        let l = loss.forward(x, images);
        let t1 = Instant::now();
        let g = l.backward();
        let t2 = Instant::now();
        drop(g);
        f.push((t1 - t0).as_secs_f64() * 1e3);
        b.push((t2 - t1).as_secs_f64() * 1e3);
    }
    f.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    println!("loss forward median {:.2} min {:.2}, backward median {:.2} min {:.2}", f[20], f[0], b[20], b[0]);
}
