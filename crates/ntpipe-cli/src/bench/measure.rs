//! The loops with the clock, and what becomes of their readings.

use std::io;
use std::time::{Duration, Instant};

use super::link::{Link, Payload, Signal};

/// What one round of one case gave, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    /// One operation: the median of the means of small batches, free of the clock's own cost.
    pub(crate) ns: f64,
    /// Half of the single operations, clock included, were at most this.
    pub(crate) p50: f64,
    /// Nine in ten.
    pub(crate) p90: f64,
    /// Ninety-nine in a hundred.
    pub(crate) p99: f64,
    /// All but one in a thousand.
    pub(crate) p999: f64,
}

impl Sample {
    /// From the single readings; `ns` is their median.
    pub(crate) fn of(mut single: Vec<f64>) -> Self {
        single.sort_by(f64::total_cmp);
        let p50 = quantile(&single, 500);
        Self {
            ns: p50,
            p50,
            p90: quantile(&single, 900),
            p99: quantile(&single, 990),
            p999: quantile(&single, 999),
        }
    }

    /// A mean only.
    pub(crate) fn mean(ns: f64) -> Self {
        Self { ns, p50: ns, p90: ns, p99: ns, p999: ns }
    }
}

/// The value that `per_mille` of the sorted readings do not exceed.
fn quantile(sorted: &[f64], per_mille: usize) -> f64 {
    let at = (sorted.len() * per_mille).div_ceil(1000).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// The median.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    quantile(&values, 500)
}

/// The time since `began` in nanoseconds.
pub(crate) fn ns_since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e9
}

/// Round trips for the time of the budget, then a stop.
pub(crate) fn round_trips(
    link: &mut dyn Link,
    size: usize,
    budget: Duration,
) -> io::Result<Sample> {
    let mut payload = Payload::new(size);
    let began = Instant::now();
    while began.elapsed() < budget / 8 {
        payload.round_trip(link)?;
    }
    let batch: u32 = if size < 64 << 10 { 32 } else { 2 };
    let mut means = Vec::new();
    while began.elapsed() < budget / 2 || means.len() < 3 {
        let start = Instant::now();
        for _ in 0..batch {
            payload.round_trip(link)?;
        }
        means.push(ns_since(start) / f64::from(batch));
    }
    let mut single = Vec::new();
    while began.elapsed() < budget || single.len() < 3 {
        let start = Instant::now();
        payload.round_trip(link)?;
        single.push(ns_since(start));
    }
    payload.send(link, Signal::Stop)?;
    Ok(Sample { ns: median(means), ..Sample::of(single) })
}

/// How long the peer is left alone so that it sleeps.
const NAP: Duration = Duration::from_micros(60);

/// Round trips each of which finds the peer asleep.
pub(crate) fn wake_ups(link: &mut dyn Link, size: usize, budget: Duration) -> io::Result<Sample> {
    let mut payload = Payload::new(size);
    let began = Instant::now();
    let mut single = Vec::new();
    while began.elapsed() < budget || single.len() < 3 {
        let nap = Instant::now();
        while nap.elapsed() < NAP {
            std::hint::spin_loop();
        }
        let start = Instant::now();
        payload.round_trip(link)?;
        single.push(ns_since(start));
    }
    payload.send(link, Signal::Stop)?;
    Ok(Sample::of(single))
}

/// Sends for the time of the budget: a warm-up, the mark, the rest, a stop.
pub(crate) fn pour(link: &mut dyn Link, size: usize, budget: Duration) -> io::Result<()> {
    let mut payload = Payload::new(size);
    let batch = ((64 << 10) / size.max(1)).clamp(1, 256);
    let began = Instant::now();
    for (signal, until) in [(Signal::Mark, budget / 5), (Signal::Stop, budget)] {
        while began.elapsed() < until {
            for _ in 0..batch {
                payload.send(link, Signal::Data)?;
            }
        }
        payload.send(link, signal)?;
    }
    Ok(())
}

/// The other side of [`pour`]: nanoseconds a message between the mark and the stop.
pub(crate) fn drain(link: &mut dyn Link, size: usize) -> io::Result<f64> {
    let mut payload = Payload::new(size);
    while payload.recv(link)? != Signal::Mark {}
    let began = Instant::now();
    let mut messages = 1u32;
    while payload.recv(link)? != Signal::Stop {
        messages += 1;
    }
    Ok(ns_since(began) / f64::from(messages))
}

/// The other side of the round trips.
pub(crate) fn echo(link: &mut dyn Link, size: usize) -> io::Result<()> {
    let mut payload = Payload::new(size);
    while payload.recv(link)? != Signal::Stop {
        payload.send(link, Signal::Data)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_hundred() {
        let sample = Sample::of((1..=100u32).rev().map(f64::from).collect());
        assert_eq!([sample.p50, sample.p90, sample.p99, sample.p999], [50.0, 90.0, 99.0, 100.0]);
    }

    #[test]
    fn median_of_three() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
    }
}
