//! The figures, and the ratios by which ntpipe is judged.

use std::collections::BTreeMap;

use serde::Serialize;

use super::case::{Case, Operation, Transport};
use super::machine::Machine;
use super::measure::{Sample, median};

/// One case's figures in nanoseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    /// Which way.
    pub(crate) transport: Transport,
    /// Doing what.
    pub(crate) operation: Operation,
    /// Bytes in a message.
    pub(crate) size: usize,
    /// One operation: the median over the rounds.
    pub(crate) ns: f64,
    /// The distribution of single operations, where they were timed singly.
    #[serde(flatten)]
    pub(crate) spread: Option<Spread>,
}

/// Percentiles in nanoseconds, each the median over the rounds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Spread {
    /// 50 %.
    pub(crate) p50: f64,
    /// 90 %.
    pub(crate) p90: f64,
    /// 99 %.
    pub(crate) p99: f64,
    /// 99.9 %.
    pub(crate) p999: f64,
}

impl Figure {
    /// From all rounds of a case.
    pub(crate) fn new(case: Case, rounds: &[Sample]) -> Self {
        let over = |field: fn(&Sample) -> f64| tenth(median(rounds.iter().map(field)));
        let spread = (case.operation != Operation::OneWay).then(|| Spread {
            p50: over(|s| s.p50),
            p90: over(|s| s.p90),
            p99: over(|s| s.p99),
            p999: over(|s| s.p999),
        });
        let Case { transport, operation, size } = case;
        Self { transport, operation, size, ns: over(|s| s.ns), spread }
    }
}

/// What a ratio must be.
#[derive(Clone, Copy, Debug)]
enum Target {
    AtMost(f64),
    AtLeast(f64),
}

/// A ratio of two figures of this run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ratio {
    /// Its value.
    pub(crate) value: f64,
    /// What is asked for.
    pub(crate) target: String,
    /// Whether it is so.
    pub(crate) met: bool,
}

impl Ratio {
    fn new(value: f64, target: Target) -> Self {
        let (met, target) = match target {
            Target::AtMost(limit) => (value <= limit, format!("<= {limit}")),
            Target::AtLeast(limit) => (value >= limit, format!(">= {limit}")),
        };
        Self { value: (value * 1000.0).round() / 1000.0, target, met }
    }
}

/// A whole run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// Where it was measured.
    pub(crate) machine: Machine,
    /// What was measured.
    pub(crate) figures: Vec<Figure>,
    /// What follows; only those whose two figures were measured.
    pub(crate) ratios: BTreeMap<&'static str, Ratio>,
}

impl Report {
    /// Figures with their ratios.
    pub(crate) fn new(machine: Machine, figures: Vec<Figure>) -> Self {
        let ratios = ratios(&figures);
        Self { machine, figures, ratios }
    }
}

/// The ratios of a run; the names are those of the JSON.
fn ratios(figures: &[Figure]) -> BTreeMap<&'static str, Ratio> {
    use Operation::{Asleep, Connect, OneCpu, OneWay, RoundTrip};
    use Target::{AtLeast, AtMost};
    use Transport::{BareLine, BareRing, Eventfd, NtpipeMessage as Ours, Pipe, Unix};
    let ns = |transport, operation, size| {
        let same = |f: &&Figure| (f.transport, f.operation, f.size) == (transport, operation, size);
        figures.iter().find(same).map(|figure| figure.ns)
    };
    let best_asleep = [(Pipe, 64), (Unix, 64), (Eventfd, 8)]
        .into_iter()
        .filter_map(|(transport, size)| ns(transport, Asleep, size))
        .min_by(f64::total_cmp);
    let (k64, rt, one) = (64 << 10, RoundTrip, OneWay);
    let rows = [
        ("rt64_over_bare_line", ns(Ours, rt, 64), ns(BareLine, rt, 8), AtMost(4.0)),
        ("rt64_unix_over_ntpipe", ns(Unix, rt, 64), ns(Ours, rt, 64), AtLeast(100.0)),
        ("asleep_over_best", ns(Ours, Asleep, 64), best_asleep, AtMost(1.15)),
        ("one_cpu_over_pipe", ns(Ours, OneCpu, 64), ns(Pipe, OneCpu, 64), AtMost(1.2)),
        ("oneway64_pipe_over_ntpipe", ns(Pipe, one, 64), ns(Ours, one, 64), AtLeast(8.0)),
        ("oneway64_unix_over_ntpipe", ns(Unix, one, 64), ns(Ours, one, 64), AtLeast(25.0)),
        ("oneway64k_of_bare_ring", ns(BareRing, one, k64), ns(Ours, one, k64), AtLeast(0.6)),
        ("connect_over_unix", ns(Ours, Connect, 0), ns(Unix, Connect, 0), AtMost(4.0)),
    ];
    let ratio = |(name, above, below, target): (&'static str, Option<f64>, Option<f64>, Target)| {
        Some((name, Ratio::new(above? / below?, target)))
    };
    rows.into_iter().filter_map(ratio).collect()
}

fn tenth(ns: f64) -> f64 {
    (ns * 10.0).round() / 10.0
}
