use burn::tensor::{Device, Distribution, Tensor};
use host_trainer::convolution::{convolution, transposed_convolution};
use host_trainer::model::{LayerSpec, compact};
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
    let device = Device::flex().autodiff();
    let mut side = 128;
    let (mut tf, mut tb) = (0.0, 0.0);
    for layer in compact().layers {
        let (c, t) = match layer {
            LayerSpec::Conv(c) => (c, false),
            LayerSpec::ConvTranspose(c) => (c, true),
            _ => continue,
        };
        let x = Tensor::<4>::random([8, side, side, c.channels_in], Distribution::Uniform(-1.0, 1.0), &device)
            .permute([0, 3, 1, 2]);
        let x = if side == 128 { x } else { x.require_grad() };
        let shape = if t {
            [c.channels_in, c.channels_out, c.kernel, c.kernel]
        } else {
            [c.channels_out, c.channels_in, c.kernel, c.kernel]
        };
        let w = Tensor::<4>::random(shape, Distribution::Uniform(-1.0, 1.0), &device).require_grad();
        let b = Tensor::<1>::zeros([c.channels_out], &device).require_grad();
        let run = |x: Tensor<4>| {
            if t {
                transposed_convolution(x, w.clone(), b.clone(), c.stride, c.padding, 0.2)
            } else {
                convolution(x, w.clone(), b.clone(), c.stride, c.padding, 0.2)
            }
        };
        let (mut f, mut g) = (f64::MAX, f64::MAX);
        let out = run(x.clone()).dims();
        let factors = Tensor::<4>::random([out[0], out[2], out[3], out[1]], Distribution::Uniform(-1.0, 1.0), &device)
            .permute([0, 3, 1, 2]);
        let mut rest = f64::MAX;
        for _ in 0..20 {
            let xx = x.clone().inner();
            let xx = Tensor::from_inner(xx);
            let xx = if side == 128 { xx } else { xx.require_grad() };
            let c0 = cpu();
            let y = run(xx);
            let c1 = cpu();
            // loss with gradient = factors
            let l = (y * factors.clone()).sum();
            let c2 = cpu();
            let gr = l.backward();
            let c3 = cpu();
            drop(gr);
            f = f.min(c1 - c0);
            g = g.min(c3 - c2);
            rest = rest.min(c2 - c1);
        }
        println!("{c:?} t={t} {side}: forward {f:.2} backward {g:.2} (mul+sum {rest:.2})");
        tf += f;
        tb += g;
        side = if t {
            (side - 1) * c.stride + c.kernel - 2 * c.padding
        } else {
            (side + 2 * c.padding - c.kernel) / c.stride + 1
        };
    }
    println!("total forward {tf:.1} backward {tb:.1}");
}
