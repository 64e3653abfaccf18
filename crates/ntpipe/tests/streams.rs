//! Anonymous pipes of which an end becomes a standard stream while they are in use.

use std::fs::File;
use std::io::Read;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use ntpipe::{ErrorKind, PipeReader, PipeWriter, Result};

/// The reading end as the file that a program gets.
fn handed_out(reader: &PipeReader) -> File {
    File::from(reader.to_stdio().expect("a stream"))
}

fn read_all(mut file: File) -> Vec<u8> {
    let mut all = Vec::new();
    file.read_to_end(&mut all).expect("read");
    all
}

/// What a test that hangs would not tell.
fn soon<T: Send + 'static>(what: &'static str, run: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    let running = thread::spawn(move || tell.send(run()));
    match told.recv_timeout(Duration::from_secs(60)) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{what} does not end"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(running.join().expect_err("it panicked"))
        }
    }
}

fn until_unread(reader: &PipeReader, bytes: u64) {
    let start = Instant::now();
    while reader.peek(&mut []).expect("a pipe").available < bytes {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing comes");
        thread::yield_now();
    }
}

fn numbered(len: u32) -> Vec<u8> {
    (0..len / 4).flat_map(u32::to_be_bytes).collect()
}

#[test]
fn a_write_under_way_goes_on_into_the_stream() {
    for (quota, len) in [(1, 12), (4096, 9000), (4096, 1 << 20), (1 << 20, 3 << 20)] {
        let (reader, writer) = ntpipe::anonymous_with_quota(quota).expect("a pipe");
        let writing = thread::spawn(move || writer.send(&numbered(len)));
        until_unread(&reader, 1);
        let file = handed_out(&reader);
        drop(reader);
        let got = soon("the stream", || read_all(file));
        assert_eq!(writing.join().expect("no panic").expect("written"), len as usize);
        assert!(got == numbered(len), "{} of {len} bytes", got.len());
    }
}

#[test]
fn writes_of_several_threads_stay_whole_and_in_order_across_the_change() {
    const WRITERS: u8 = 4;
    const WRITES: u32 = 300;
    for round in 0..20u64 {
        let (reader, writer) = ntpipe::anonymous_with_quota(256).expect("a pipe");
        let threads: Vec<_> = (0..WRITERS)
            .map(|of| {
                let writer = writer.try_clone().expect("cloned");
                thread::spawn(move || {
                    for number in 0..WRITES {
                        let len = match number % 10 {
                            0 => 20_000,
                            1..4 => 700,
                            _ => 3,
                        };
                        let mut data = vec![of];
                        data.extend(number.to_be_bytes());
                        data.extend(u32::to_be_bytes(len));
                        data.resize(9 + len as usize, of);
                        assert_eq!(writer.send(&data).expect("written"), data.len());
                    }
                })
            })
            .collect();
        drop(writer);
        let mut first = vec![0; usize::try_from(round).unwrap() * 3000];
        let mut read = 0;
        while read < first.len() {
            read += reader.recv(&mut first[read..]).expect("read").len;
        }
        let file = handed_out(&reader);
        drop(reader);
        let mut got = first;
        got.extend(soon("the stream", || read_all(file)));
        for thread in threads {
            thread.join().expect("written");
        }
        check_writes(&got, WRITERS, WRITES);
    }
}

/// Each write is whole, and those of each writer are in order.
fn check_writes(mut got: &[u8], writers: u8, writes: u32) {
    let word = |at: &[u8]| u32::from_be_bytes(at.try_into().expect("four bytes"));
    let mut next = vec![0; writers.into()];
    while let Some((head, rest)) = got.split_at_checked(9) {
        let (of, number, len) = (head[0], word(&head[1..5]), word(&head[5..]) as usize);
        assert_eq!(number, next[usize::from(of)], "the next write of writer {of}");
        next[usize::from(of)] += 1;
        assert!(rest[..len].iter().all(|byte| *byte == of), "write {number} of {of} is whole");
        got = &rest[len..];
    }
    assert_eq!(next, vec![writes; writers.into()]);
}

#[test]
fn what_is_unread_comes_first_though_a_read_waited_for_it() {
    for _ in 0..200 {
        let (reader, writer) = ntpipe::anonymous().expect("a pipe");
        let waits = reader.try_clone().expect("cloned");
        let waiting = thread::spawn(move || {
            let mut into = [0; 3];
            waits
                .recv_timeout(&mut into, Duration::from_millis(1))
                .map(|got| into[..got.len].to_vec())
        });
        thread::yield_now();
        writer.send(b"abc").expect("written");
        let file = handed_out(&reader);
        writer.send(b"def").expect("written");
        drop(writer);
        let waited = waiting.join().expect("no panic").unwrap_or_default();
        drop(reader);
        let got = [waited.clone(), read_all(file)].concat();
        // The read and the program read at once: whichever was first got the first bytes.
        let other = [&got[waited.len()..], &waited].concat();
        assert!(
            got == b"abcdef" || other == b"abcdef",
            "{got:?}, of which the read has {waited:?}"
        );
    }
}

#[test]
fn more_than_a_kernel_pipe_holds_is_handed_over_whole_and_in_order() {
    let len = 24 << 20;
    let (reader, writer) = ntpipe::anonymous_with_quota(32 << 20).expect("a pipe");
    writer.send(&numbered(len)).expect("written");
    let file = handed_out(&reader);
    let more = writer.try_clone().expect("cloned");
    let writing = thread::spawn(move || more.send(b"behind it"));
    drop((reader, writer));
    let got = soon("the stream", || read_all(file));
    writing.join().expect("no panic").expect("written");
    assert!(got == [&numbered(len)[..], b"behind it"].concat(), "{} bytes", got.len());
}

#[test]
fn what_a_closed_writer_left_is_handed_over() {
    for _ in 0..200 {
        let (reader, writer) = ntpipe::anonymous().expect("a pipe");
        let writing = thread::spawn(move || writer.send(b"all of it").map(|_| drop(writer)));
        until_unread(&reader, 1);
        let file = handed_out(&reader);
        assert_eq!(read_all(file), b"all of it");
        writing.join().expect("no panic").expect("written");
    }
}

#[test]
fn own_writes_come_after_those_of_a_program_that_got_the_writer() {
    let (reader, writer) = ntpipe::anonymous().expect("a pipe");
    writer.send(b"one ").expect("written");
    let mut echo = std::process::Command::new("printf");
    echo.arg("two ").stdout(writer.to_stdio().expect("a stream"));
    assert!(echo.status().expect("it ran").success());
    drop(echo);
    writer.send(b"three").expect("written");
    drop(writer);
    let mut got = Vec::new();
    (&reader).read_to_end(&mut got).expect("read");
    assert_eq!(String::from_utf8_lossy(&got), "one two three");
}

#[test]
fn both_ends_can_be_handed_out_again_and_again() {
    let (reader, writer) = ntpipe::anonymous().expect("a pipe");
    writer.send(b"ring ").expect("written");
    let outs = [(); 2].map(|()| File::from(writer.to_stdio().expect("a stream")));
    let ins = [(); 2].map(|()| handed_out(&reader));
    for (number, mut out) in outs.into_iter().enumerate() {
        std::io::Write::write_all(&mut out, format!("{number} ").as_bytes()).expect("written");
    }
    writer.send(b"own ").expect("written");
    drop(writer);
    let [mut first, second] = ins;
    let mut part = [0; 7];
    first.read_exact(&mut part).expect("read");
    let mut own = [0; 2];
    assert_eq!(reader.recv(&mut own).expect("read").len, 2);
    assert_eq!([&part[..], &own, &read_all(second)].concat(), b"ring 0 1 own ");
    assert_eq!(reader.recv(&mut own).expect_err("the end").kind(), ErrorKind::BrokenPipe);
}

/// A pipe that is one of the kernel's, full if its writer is to wait.
fn converted(full: bool) -> (PipeReader, PipeWriter, File) {
    let (reader, writer) = ntpipe::anonymous().expect("a pipe");
    let file = handed_out(&reader);
    if full {
        let given_up = writer.send_timeout(&vec![1; 1 << 20], Duration::ZERO);
        assert_eq!(given_up.expect_err("full").kind(), ErrorKind::WaitTimeout);
    }
    (reader, writer, file)
}

/// Calls on several threads until all have ended, and cancels them again and again meanwhile.
fn cancelled(
    cancel: impl Fn(),
    calls: usize,
    call: impl Fn() -> Result<usize> + Clone + Send + 'static,
) {
    let threads: Vec<_> = (0..calls)
        .map(|_| {
            let call = call.clone();
            thread::spawn(move || call().expect_err("cancelled").kind())
        })
        .collect();
    let start = Instant::now();
    while !threads.iter().all(thread::JoinHandle::is_finished) {
        assert!(start.elapsed() < Duration::from_secs(60), "not cancelled");
        thread::sleep(Duration::from_millis(5));
        cancel();
    }
    for thread in threads {
        assert_eq!(thread.join().expect("no panic"), ErrorKind::OperationAborted);
    }
}

#[test]
fn calls_that_wait_for_a_stream_can_be_cancelled() {
    let (reader, writer, _file) = converted(false);
    let reading = std::sync::Arc::new(reader.try_clone().expect("cloned"));
    cancelled(|| reader.cancel_io(), 3, move || reading.recv(&mut [0; 8]).map(|got| got.len));
    // What was cancelled leaves nothing behind.
    writer.send(b"x").expect("written");
    assert_eq!(reader.recv(&mut [0; 8]).expect("read").len, 1);
    let (_reader, writer, _file) = converted(true);
    let writing = std::sync::Arc::new(writer.try_clone().expect("cloned"));
    cancelled(|| writer.cancel_io(), 3, move || writing.send(&[2; 70_000]));
}

#[test]
fn each_of_several_reads_that_wait_for_a_stream_gets_its_share() {
    let (reader, writer, file) = converted(false);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let reader = reader.try_clone().expect("cloned");
            thread::spawn(move || reader.recv(&mut [0; 1]).map(|got| got.len))
        })
        .collect();
    for _ in &threads {
        thread::sleep(Duration::from_millis(5));
        writer.send(b"x").expect("written");
    }
    for thread in threads {
        let len = soon("a read", || thread.join().expect("no panic"));
        assert_eq!(len.expect("read"), 1);
    }
    drop((file, writer));
}

#[test]
fn the_memory_of_a_pipe_that_became_a_stream_is_not_lent() {
    let (reader, writer, _file) = converted(false);
    assert_eq!(writer.reserve(8).expect_err("refused").kind(), ErrorKind::NotSupported);
    writer.send(b"x").expect("written");
    assert_eq!(reader.borrow().expect_err("refused").kind(), ErrorKind::NotSupported);
    assert_eq!(reader.inherit().expect_err("refused").kind(), ErrorKind::NotSupported);
    assert_eq!(writer.inherit().expect_err("refused").kind(), ErrorKind::NotSupported);
    assert_eq!(reader.peek(&mut []).expect("a look").available, 1);
}

#[test]
fn an_end_whose_other_one_only_another_process_holds_becomes_no_stream() {
    let (reader, writer) = ntpipe::anonymous().expect("a pipe");
    let elsewhere = writer.inherit().expect("prepared");
    drop(writer);
    let error = soon("the change", move || reader.to_stdio()).expect_err("another process has it");
    assert_eq!(error.kind(), ErrorKind::NotSupported);
    drop(elsewhere);

    let (reader, writer) = ntpipe::anonymous().expect("a pipe");
    let elsewhere = reader.inherit().expect("prepared");
    drop(reader);
    let error = soon("the change", move || writer.to_stdio()).expect_err("another process has it");
    assert_eq!(error.kind(), ErrorKind::NotSupported);
    drop(elsewhere);
}

#[test]
fn a_peek_into_a_stream_sees_as_much_as_its_buffer_takes() {
    const LEN: u32 = 300_000;
    let (reader, writer) = ntpipe::anonymous_with_quota(1 << 20).expect("a pipe");
    writer.send(&numbered(LEN)).expect("it fits");
    let stream = handed_out(&reader);
    let mut seen = vec![0; LEN as usize];
    let peek = reader.peek(&mut seen).expect("a pipe");
    assert_eq!((peek.len, peek.available), (LEN as usize, u64::from(LEN)));
    assert!(seen == numbered(LEN));
    drop(stream);
}
