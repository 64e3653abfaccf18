//! `ntpipe info`.

use std::io::Write as _;

use super::ls::Row;
use crate::flags::Info;
use crate::out::{Outcome, out};

/// Tells about one pipe.
pub(super) fn run(args: &Info) -> Outcome {
    let row = Row::new(&ntpipe::info(&args.pipe.name)?);
    let mut out = out();
    if args.json.json {
        writeln!(out, "{}", serde_json::to_string(&row)?)?;
    } else {
        row.print(&mut out)?;
    }
    Ok(0)
}
