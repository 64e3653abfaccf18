//! `CreatePipe`.

use crate::code::{ACCESS_DENIED, BROKEN_PIPE, NO_DATA};
use crate::door::{Door, Info};
use crate::support::{fails, peeks, reading, reads, visible, writes, writing};

cases![
    anonymous__written__read,
    anonymous__wrong_end__5,
    anonymous__sizes__as_asked_or_4096,
    anonymous__info__one_instance_of_a_byte_pipe,
    anonymous__writer_closed__109_after_the_rest,
    anonymous__writer_closes_meanwhile__109,
    anonymous__reader_closed__232,
    anonymous__large_write__waits_until_read,
    anonymous__nowait__232_when_empty,
];

fn anonymous<D: Door>(d: &D) -> (D::Handle, D::Handle) {
    d.anonymous(0).expect("an anonymous pipe")
}

//= learn: CreatePipe
fn anonymous__written__read<D: Door>(d: &D) {
    let (reader, writer) = anonymous(d);
    writes(d, &writer, b"abc");
    writes(d, &writer, b"def");
    peeks(d, &reader, 4, b"abcd", 6, d.left_of_bytes(4));
    reads(d, &reader, 5, b"abcde");
    reads(d, &reader, 100, b"f");
}

//= observed: read and peek on the write end, write on the read end
fn anonymous__wrong_end__5<D: Door>(d: &D) {
    let (reader, writer) = anonymous(d);
    fails(d.read(&writer, 1), ACCESS_DENIED);
    fails(d.peek(&writer, 1), ACCESS_DENIED);
    fails(d.write(&reader, b"x"), ACCESS_DENIED);
}

//= observed: nSize 0 is 4096, nSize 1 is 1
fn anonymous__sizes__as_asked_or_4096<D: Door>(d: &D) {
    for (asked, size) in [(0, 4096), (1, 1), (100, 100)] {
        let (reader, writer) = d.anonymous(asked).expect("an anonymous pipe");
        for end in [&reader, &writer] {
            let info = d.info(end).expect("info");
            assert_eq!((info.out_size, info.in_size), (size, size));
        }
    }
}

//= observed: the read end is the server's
fn anonymous__info__one_instance_of_a_byte_pipe<D: Door>(d: &D) {
    let (reader, writer) = anonymous(d);
    let read_end = Info {
        server_end: true,
        type_message: false,
        out_size: 4096,
        in_size: 4096,
        max_instances: 1,
    };
    assert_eq!(d.info(&reader), Ok(read_end));
    assert_eq!(d.info(&writer), Ok(Info { server_end: false, ..read_end }));
}

//= observed: the rest first
fn anonymous__writer_closed__109_after_the_rest<D: Door>(d: &D) {
    let (reader, writer) = anonymous(d);
    writes(d, &writer, b"rest");
    d.close(&writer).expect("close");
    reads(d, &reader, 100, b"rest");
    fails(d.read(&reader, 100), BROKEN_PIPE);
}

//= observed: a read that waits
fn anonymous__writer_closes_meanwhile__109<D: Door>(d: &D) {
    let (reader, writer) = anonymous(d);
    let mut read = reading(d, &reader, 1);
    read.asleep();
    d.close(&writer).expect("close");
    fails(read.returned(), BROKEN_PIPE);
}

//= observed: 232, as on named pipes; the documentation says 109
fn anonymous__reader_closed__232<D: Door>(d: &D) {
    let (reader, writer) = anonymous(d);
    d.close(&reader).expect("close");
    fails(d.write(&writer, b"x"), NO_DATA);
}

//= observed: it waits, and all of it is visible
fn anonymous__large_write__waits_until_read<D: Door>(d: &D) {
    let (reader, writer) = d.anonymous(100).expect("an anonymous pipe");
    let mut write = writing(d, &writer, &[9; 1000]);
    visible(d, &reader, 1000);
    write.asleep();
    reads(d, &reader, 899, &[9; 899]);
    write.asleep();
    reads(d, &reader, 1, &[9]);
    assert_eq!(write.returned(), Ok(1000));
    reads(d, &reader, 1000, &[9; 100]);
}

//= observed: PIPE_NOWAIT works on them too
fn anonymous__nowait__232_when_empty<D: Door>(d: &D) {
    let (reader, writer) = anonymous(d);
    d.set_state(&reader, false, true).expect("do not wait");
    fails(d.read(&reader, 1), NO_DATA);
    writes(d, &writer, b"x");
    reads(d, &reader, 1, b"x");
}
