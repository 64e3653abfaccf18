//! What an idle connection costs. Alone in its file: it counts what the process holds.

use ntpipe::{ClientOptions, PipeListener};

const CONNECTIONS: usize = 50;
/// Three per pipe and process, the watcher's, the listener's four spares with one more each, and what
/// the test harness may open meanwhile.
const SLACK: usize = 20;

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("proc").count()
}

/// Resident bytes of all segments that this process maps.
fn resident_bytes() -> usize {
    let maps = std::fs::read_to_string("/proc/self/smaps").expect("proc");
    let mut ours = false;
    let mut kib = 0;
    for line in maps.lines() {
        if let Some(rss) = line.strip_prefix("Rss:") {
            if ours {
                kib += rss.trim().trim_end_matches(" kB").parse::<usize>().expect("a number");
            }
        } else if line.contains('-') && !line.contains(": ") {
            ours = line.contains("memfd:ntpipe");
        }
    }
    kib * 1024
}

#[test]
fn an_idle_connection_holds_two_descriptors_an_end_and_32_kib() {
    let name = format!("footprint-{}", std::process::id());
    let listener = PipeListener::bind(&name).expect("bound");
    let before = descriptors();
    let mut ends = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = ClientOptions::new().open(&name).expect("opened");
        let server = listener.accept().expect("accepted");
        client.send(b"hello").expect("sent");
        server.recv(&mut [0; 8]).expect("there");
        server.send(b"hello").expect("sent");
        client.recv(&mut [0; 8]).expect("there");
        ends.push((client, server));
    }
    let held = descriptors() - before;
    assert!(held <= 4 * CONNECTIONS + SLACK, "{held} descriptors for {CONNECTIONS} connections");
    let resident = resident_bytes();
    // Both ends map the segment here, and each mapping counts.
    assert!(resident > 0, "the segments are found");
    assert!(
        resident <= 2 * 32 * 1024 * CONNECTIONS,
        "{resident} bytes for {CONNECTIONS} connections"
    );
}
