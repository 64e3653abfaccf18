//! Writes that give up race with reads: a completed write is read whole, a cancelled one in part at
//! most, and nothing comes twice or out of order.

use std::time::Duration;

use ntpipe::{ClientOptions, ErrorKind, PipeMode, ServerOptions};

const BOUND: Duration = Duration::from_secs(60);
/// How many messages are sent in a race, and how many writes of bytes: of these no two have the same byte,
/// since all between two of them may give up, and what is read would belong to either.
const MESSAGES: usize = 3000;
const WRITES: usize = 250;

/// What write `number` sends: on a byte pipe its own byte, so many times; as a message its number, so
/// many times, since hundreds of writes may give up between two that are read.
fn payload(number: usize, quota: usize, mode: PipeMode) -> Vec<u8> {
    let len = match number * 7919 % 10 {
        0 => 0,
        1..=5 => number * 31 % (2 * quota + 10),
        6..=8 => quota + number % 20,
        _ => 3000 + number * 17 % 60_000,
    };
    let len = if len == 1 { 2 } else { len };
    match mode {
        PipeMode::Byte => vec![u8::try_from(number % 251).unwrap(); len],
        PipeMode::Message => {
            let number = u16::try_from(number).unwrap().to_be_bytes();
            number.into_iter().cycle().take(len).collect()
        }
    }
}

fn race(mode: PipeMode, quota: usize, part: usize) {
    let name = format!(r"\\.\pipe\race-{}-{mode:?}-{quota}-{part}", std::process::id());
    let bytes = u32::try_from(quota).unwrap();
    let server = ServerOptions::new()
        .pipe_mode(mode)
        .in_buffer_size(bytes)
        .out_buffer_size(bytes)
        .create(&name)
        .unwrap();
    let client = ClientOptions::new().open(&name).unwrap();
    server.connect().unwrap();
    let writes = if mode == PipeMode::Message { MESSAGES } else { WRITES };
    let completed = std::thread::spawn(move || {
        (0..writes)
            .map(|number| {
                let patience = Duration::from_micros((number * 13 % 60) as u64);
                match client.send_timeout(&payload(number, quota, mode), patience) {
                    Ok(_) => true,
                    Err(error) if error.kind() == ErrorKind::WaitTimeout => false,
                    Err(error) => panic!("{error}"),
                }
            })
            .collect::<Vec<bool>>()
    });
    // Each part that was read, and whether its message goes on.
    let mut parts = Vec::new();
    let mut into = vec![0; part];
    loop {
        match server.recv_timeout(&mut into, BOUND) {
            Ok(got) => parts.push((into[..got.len].to_vec(), got.more)),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            Err(error) => panic!("{error}"),
        }
    }
    let completed = completed.join().unwrap();
    match mode {
        PipeMode::Message => check_messages(&parts, &completed, quota),
        _ => check_bytes(
            &parts.into_iter().flat_map(|(part, _)| part).collect::<Vec<_>>(),
            &completed,
            quota,
        ),
    }
}

fn check_bytes(read: &[u8], completed: &[bool], quota: usize) {
    let mut rest = read;
    for (number, completed) in completed.iter().enumerate() {
        let sent = payload(number, quota, PipeMode::Byte);
        let own = u8::try_from(number % 251).unwrap();
        let count = rest.iter().take(sent.len()).take_while(|byte| **byte == own).count();
        assert!(!completed || count == sent.len(), "write {number}: {count} of {}", sent.len());
        rest = &rest[count..];
    }
    assert!(rest.is_empty(), "{} bytes of nobody", rest.len());
}

fn check_messages(parts: &[(Vec<u8>, bool)], completed: &[bool], quota: usize) {
    let mut messages = Vec::new();
    let mut message: Vec<u8> = Vec::new();
    for (part, more) in parts {
        // The tail of a message may be withdrawn after its part was read; the next one follows, as
        // on Windows. Parts have even lengths, so each begins with the number.
        let continues = !part.is_empty() && part.iter().zip(&message).take(2).all(|(a, b)| a == b);
        if !message.is_empty() && !continues {
            messages.push(std::mem::take(&mut message));
        }
        message.extend(part);
        if !more {
            messages.push(std::mem::take(&mut message));
        }
    }
    if !message.is_empty() {
        messages.push(message);
    }
    let mut messages = messages.iter().peekable();
    for (number, completed) in completed.iter().enumerate() {
        let sent = payload(number, quota, PipeMode::Message);
        if *completed {
            let got = messages.next().expect("a completed write is read");
            assert!(*got == sent, "write {number}: {} of {} bytes", got.len(), sent.len());
        } else {
            // In part, or not at all. A part has its own byte.
            messages.next_if(|got| !got.is_empty() && sent.starts_with(got));
        }
    }
    assert_eq!(messages.count(), 0);
}

#[test]
fn cancelled_writes_of_bytes_leave_a_prefix() {
    for (quota, part) in [(0, 50_000), (0, 7), (100, 64), (4096, 1000), (4096, 100_000)] {
        for _ in 0..MESSAGES / WRITES {
            race(PipeMode::Byte, quota, part);
        }
    }
}

#[test]
fn cancelled_messages_leave_a_prefix() {
    for (quota, part) in [(0, 100_000), (100, 100_000), (4096, 100_000)] {
        race(PipeMode::Message, quota, part);
    }
}

#[test]
fn cancelled_messages_that_are_read_in_parts_leave_a_prefix() {
    for (quota, part) in [(0, 64), (100, 64), (4096, 1000)] {
        race(PipeMode::Message, quota, part);
    }
}
