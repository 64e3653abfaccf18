//! The measuring harness: transports side by side between two pinned processes, in one run.
//!
//! Every case runs in several rounds, one round of every case after the other, so that a slow
//! second of the machine hits all of them alike; the median over the rounds is the figure.

pub(crate) mod bare;
pub(crate) mod case;
pub(crate) mod connect;
pub(crate) mod kernel;
pub(crate) mod link;
pub(crate) mod machine;
pub(crate) mod measure;
pub(crate) mod ntpipe_link;
pub(crate) mod peer;
pub(crate) mod report;
pub(crate) mod table;

use std::io;
use std::time::Duration;

use case::{Case, Operation};
use machine::Cpus;
use measure::Sample;
use report::{Figure, Report};

/// How much to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    rounds: usize,
    budget: Duration,
    quick: bool,
}

impl Plan {
    /// Everything: below 25 s.
    pub(crate) const FULL: Self =
        Self { rounds: 5, budget: Duration::from_millis(60), quick: false };
    /// What a person wants to see at once: below 4 s.
    pub(crate) const QUICK: Self =
        Self { rounds: 3, budget: Duration::from_millis(40), quick: true };
}

/// Measures every case of the plan; `progress` hears how many of how many are done.
pub(crate) fn run(plan: Plan, mut progress: impl FnMut(usize, usize)) -> io::Result<Report> {
    let cpus = Cpus::choose()?;
    let cases = case::all(plan.quick, cpus.are_two());
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); cases.len()];
    let total = plan.rounds * cases.len();
    for round in 0..plan.rounds {
        for (at, case) in cases.iter().enumerate() {
            progress(round * cases.len() + at, total);
            samples[at].push(one(*case, cpus, plan.budget)?);
        }
    }
    progress(total, total);
    let figures =
        cases.iter().zip(&samples).map(|(case, rounds)| Figure::new(*case, rounds)).collect();
    Ok(Report::new(machine::describe(cpus), figures))
}

/// One case, once; an error says which.
fn one(case: Case, cpus: Cpus, budget: Duration) -> io::Result<Sample> {
    let (here, there) = match case.operation {
        Operation::OneCpu => (cpus.first, cpus.first),
        _ => (cpus.first, cpus.second),
    };
    let _pinned = machine::Pinned::to(here)?;
    match case.operation {
        Operation::Connect => connect::measure(case, there, budget),
        _ => peer::measure(case, there, budget),
    }
    .map_err(|error| io::Error::new(error.kind(), format!("measuring {case}: {error}")))
}
