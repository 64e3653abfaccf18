//! `ntpipe bench`.

use std::io::{self, IsTerminal as _, Write as _};

use crate::bench::{Plan, run as measure, table};
use crate::flags::Bench;
use crate::out::{Outcome, out};

/// Measures and prints.
pub(super) fn run(args: &Bench) -> Outcome {
    let plan = if args.quick { Plan::QUICK } else { Plan::FULL };
    let report = measure(plan, progress(io::stderr().is_terminal()))?;
    let mut out = out();
    if args.json.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        table::print(&report, &mut out)?;
    }
    Ok(0)
}

/// A counter on the terminal, which vanishes at the end.
pub(super) fn progress(shown: bool) -> impl FnMut(usize, usize) {
    move |done, total| {
        if !shown {
        } else if done < total {
            eprint!("\rmeasuring {done}/{total}  ");
        } else {
            eprint!("\r{:30}\r", "");
        }
    }
}
