//! How likely a difference between two rates is by chance. The only floats of the library: they
//! are reported beside the rates and decide nothing.

use super::Rate;

/// The two-sided p-value of Fisher's exact test (Fisher 1922) that two rates are the same.
///
/// Sums the hypergeometric probabilities of all tables with the same margins that are no more
/// likely than the one seen.
#[must_use]
pub fn fisher_exact(a: Rate, b: Rate) -> f64 {
    let (hits, all) = (a.hits + b.hits, a.of + b.of);
    let log_factorial = log_factorials(all);
    let log_choose = |n: usize, k: usize| log_factorial[n] - log_factorial[k] - log_factorial[n - k];
    let log_probability = |x: usize| log_choose(a.of, x) + log_choose(b.of, hits - x) - log_choose(all, hits);
    let seen = log_probability(a.hits);
    // Tables as likely as the one seen may differ from it in the last bits.
    let limit = seen + 1e-7;
    let tables = hits.saturating_sub(b.of)..=hits.min(a.of);
    tables.map(log_probability).filter(|&p| p <= limit).map(f64::exp).sum::<f64>().min(1.0)
}

/// The difference of two rates in standard deviations of the pooled rate (Hazelwood School District
/// v. United States, 1977): from 2 on, chance is an unlikely cause. 0 where nothing can be said.
#[must_use]
pub fn two_standard_deviations(a: Rate, b: Rate) -> f64 {
    if a.of == 0 || b.of == 0 {
        return 0.0;
    }
    let rate = |rate: Rate| rate.hits as f64 / rate.of as f64;
    let pooled = (a.hits + b.hits) as f64 / (a.of + b.of) as f64;
    let variance = pooled * (1.0 - pooled) * (1.0 / a.of as f64 + 1.0 / b.of as f64);
    if variance <= 0.0 { 0.0 } else { (rate(a) - rate(b)).abs() / variance.sqrt() }
}

fn log_factorials(most: usize) -> Vec<f64> {
    let mut logs = vec![0.0; most + 1];
    for n in 1..=most {
        logs[n] = logs[n - 1] + (n as f64).ln();
    }
    logs
}
