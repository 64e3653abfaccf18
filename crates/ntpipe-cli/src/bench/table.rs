//! The figures for people.

use std::io::{self, Write};

use super::case::{Operation, SIZES, Transport};
use super::report::{Figure, Report};

const TRANSPORTS: [Transport; 8] = [
    Transport::BareLine,
    Transport::BareRing,
    Transport::NtpipeMessage,
    Transport::NtpipeByte,
    Transport::Eventfd,
    Transport::Pipe,
    Transport::Unix,
    Transport::Seqpacket,
];

/// Prints the whole report.
pub(crate) fn print(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let machine = &report.machine;
    let [here, there] = machine.pinned;
    writeln!(out, "{}, {} CPUs, Linux {}", machine.cpu, machine.cpus, machine.kernel)?;
    writeln!(out, "two processes on CPUs {here} and {there}; payload written and read\n")?;
    grid(report, out, Operation::RoundTrip, "round trip (median)", |figure| time(figure.ns))?;
    grid(report, out, Operation::OneWay, "one way (rate)", |figure| rate(figure.size, figure.ns))?;
    singles(report, out)?;
    spread(report, out)?;
    if !report.ratios.is_empty() {
        writeln!(out, "{:<28}{:>10}  target", "ratio", "value")?;
    }
    for (name, ratio) in &report.ratios {
        let met = if ratio.met { "met" } else { "MISSED" };
        writeln!(out, "{name:<28}{:>10.2}  {:<8} {met}", ratio.value, ratio.target)?;
    }
    Ok(())
}

/// One operation: a row a transport, a column a size.
fn grid(
    report: &Report,
    out: &mut dyn Write,
    operation: Operation,
    title: &str,
    cell: impl Fn(&Figure) -> String,
) -> io::Result<()> {
    let of = |transport, size| {
        report.figures.iter().find(|f| {
            // The line and the eventfd have one size only: they stand in the first column.
            let same_size = f.size == size || (f.size == 8 && size == SIZES[0]);
            f.operation == operation && f.transport == transport && same_size
        })
    };
    let sizes: Vec<usize> = SIZES
        .into_iter()
        .filter(|&size| TRANSPORTS.iter().any(|&t| of(t, size).is_some()))
        .collect();
    write!(out, "{title:<24}")?;
    for &size in &sizes {
        write!(out, "{:>14}", bytes(size))?;
    }
    writeln!(out)?;
    for transport in TRANSPORTS {
        if sizes.iter().all(|&size| of(transport, size).is_none()) {
            continue;
        }
        write!(out, "  {transport:<22}")?;
        for &size in &sizes {
            write!(out, "{:>14}", of(transport, size).map_or_else(|| "-".to_owned(), &cell))?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}

/// The operations that have one size.
fn singles(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let titles = [
        (Operation::Asleep, "64 B round trip, peer asleep"),
        (Operation::OneCpu, "64 B round trip, one CPU"),
        (Operation::Connect, "connect, accept, close"),
    ];
    for (operation, title) in titles {
        let mut figures = report.figures.iter().filter(|f| f.operation == operation).peekable();
        if figures.peek().is_none() {
            continue;
        }
        writeln!(out, "{title}")?;
        for figure in figures {
            writeln!(out, "  {:<22}{:>14}", figure.transport, time(figure.ns))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The percentiles of the small round trip.
fn spread(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<24}{:>14}{:>14}{:>14}{:>14}",
        "64 B round trip", "50 %", "90 %", "99 %", "99.9 %"
    )?;
    for figure in &report.figures {
        let (Operation::RoundTrip, true) = (figure.operation, figure.size <= 64) else { continue };
        if let Some(spread) = &figure.spread {
            write!(out, "  {:<22}", figure.transport)?;
            for ns in [spread.p50, spread.p90, spread.p99, spread.p999] {
                write!(out, "{:>14}", time(ns))?;
            }
            writeln!(out)?;
        }
    }
    writeln!(out)
}

fn bytes(size: usize) -> String {
    match size {
        0..1024 => format!("{size} B"),
        1024..1_048_576 => format!("{} KiB", size >> 10),
        _ => format!("{} MiB", size >> 20),
    }
}

/// A duration with three or four digits.
pub(crate) fn time(ns: f64) -> String {
    match ns {
        ns if ns < 10_000.0 => format!("{ns:.0} ns"),
        ns if ns < 10_000_000.0 => format!("{:.1} us", ns / 1e3),
        ns => format!("{:.1} ms", ns / 1e6),
    }
}

/// Messages a second for small ones, bytes a second for big ones.
fn rate(size: usize, ns: f64) -> String {
    if size <= 64 {
        return format!("{:.2} M/s", 1e3 / ns);
    }
    // Sizes are far below 2^52.
    format!("{:.2} GB/s", size as f64 / ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates() {
        assert_eq!(time(123.4), "123 ns");
        assert_eq!(time(12_340.0), "12.3 us");
        assert_eq!(rate(64, 100.0), "10.00 M/s");
        assert_eq!(rate(65536, 65536.0), "1.00 GB/s");
    }
}
