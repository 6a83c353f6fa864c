//! The learning rate over the steps of a run.

use super::config::Schedule;

/// Linear warm-up, then half a cosine down to zero at the last step (Loshchilov and Hutter 2017, without restarts), or
/// the peak all the way.
///
/// `step` counts from 1 to `steps`.
pub fn learning_rate(schedule: Schedule, step: usize, steps: usize, warmup: usize, peak: f64) -> f64 {
    if step <= warmup {
        return peak * step as f64 / warmup as f64;
    }
    if schedule == Schedule::Constant {
        return peak;
    }
    let done = (step - warmup) as f64 / (steps - warmup).max(1) as f64;
    peak * 0.5 * (1.0 + libm::cos(std::f64::consts::PI * done))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learning_rate(step: usize, steps: usize, warmup: usize, peak: f64) -> f64 {
        super::learning_rate(Schedule::Cosine, step, steps, warmup, peak)
    }

    #[test]
    fn a_constant_rate_stays() {
        let rates = [1, 2, 3, 50, 100].map(|step| super::learning_rate(Schedule::Constant, step, 100, 2, 0.5));
        assert_eq!(rates, [0.25, 0.5, 0.5, 0.5, 0.5]);
    }

    #[test]
    fn it_rises_to_its_peak_and_falls_to_zero() {
        assert_eq!(learning_rate(1, 100, 10, 1.0), 0.1);
        assert_eq!(learning_rate(10, 100, 10, 1.0), 1.0);
        assert!((learning_rate(55, 100, 10, 1.0) - 0.5).abs() < 1e-12);
        assert!(learning_rate(100, 100, 10, 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_run_shorter_than_its_warm_up_only_rises() {
        assert_eq!(learning_rate(3, 3, 20, 1.0), 0.15);
        assert!(learning_rate(1, 1, 0, 1.0) >= 0.0);
    }
}
