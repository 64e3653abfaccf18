//! Anonymous pipes whose other end is a program's standard stream.

use std::process::{Command, Stdio};

use ntpipe::ErrorKind;

use crate::driver::*;

#[test]
fn a_started_read_goes_on_when_the_writer_becomes_a_standard_stream() {
    let (reader, writer) = ntpipe::anonymous().unwrap();
    let (mut first, mut second) = (reading(&reader, 100), reading(&reader, 100));
    let mut nothing = reading(&reader, 0);
    writer.send(b"from the ring").unwrap();
    let mut child = Command::new("sh");
    child.args(["-c", "read go; echo from the program"]).stdin(Stdio::piped()).stdout(writer);
    let mut running = child.spawn().unwrap();
    drop(child);
    assert_eq!(drive(&reader, &mut first).unwrap().len, 13);
    assert!(second.step().is_pending(), "the program waits");
    drop(running.stdin.take());
    let got = drive(&reader, &mut second).unwrap().len;
    assert_eq!(&second.1[..got], b"from the program\n");
    running.wait().unwrap();
    assert_eq!(drive(&reader, &mut nothing).unwrap_err().kind(), ErrorKind::BrokenPipe);
    let over = read_whole(&reader, 100).unwrap_err();
    assert_eq!(over.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn started_writes_go_on_into_a_standard_stream_in_order() {
    let (reader, writer) = ntpipe::anonymous().unwrap();
    let long: Vec<u8> = b"0123456789abcde\n".repeat(20_000);
    // This one is in pieces when the reader is given away; the next has not begun.
    let mut first = writing(&writer, &long);
    let mut second = writing(&writer, b"the end\n");
    let (output, other) = ntpipe::anonymous().unwrap();
    let mut command = Command::new("cat");
    command.stdin(reader).stdout(other);
    let mut child = command.spawn().unwrap();
    drop(command);
    let reading = std::thread::spawn(move || {
        let mut got = Vec::new();
        loop {
            match read_whole(&output, 65_536) {
                Ok(piece) => got.extend(piece),
                Err(error) => break (got, error.kind()),
            }
        }
    });
    assert!(second.step().is_pending(), "not before the first");
    assert_eq!(drive(&writer, &mut first).unwrap(), long.len());
    assert_eq!(drive(&writer, &mut second).unwrap(), 8);
    assert_eq!(write_whole(&writer, b"third\n").unwrap(), 6);
    drop(writer);
    let (got, end) = reading.join().unwrap();
    assert_eq!(end, ErrorKind::BrokenPipe);
    child.wait().unwrap();
    let mut expected = long;
    expected.extend(b"the end\nthird\n");
    assert!(got == expected, "{} bytes instead of {}", got.len(), expected.len());
}
