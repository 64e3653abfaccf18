//! How writes wait: quotas, pending writers, cancellation.

use crate::code::ABORTED;
use crate::door::{Create, Door};
use crate::support::{
    Pair, Pending, available, bytes, fails, messages, pair, reading, reads, visible, writes,
    writing,
};

cases![
    write__client_to_server__charged_to_the_in_size,
    write__server_to_client__charged_to_the_out_size,
    write__exactly_the_free_quota__returns,
    write__one_byte_more__waits_until_enough_is_read,
    write__pending__all_of_it_visible,
    write__pending_in_part__ends_when_the_rest_fits,
    write__several_pending__in_order_and_not_overtaken,
    write__size_0__waits_for_its_reader,
    write__size_0_and_reader_waiting__returns,
    write__no_bytes_behind_pending_writes__returns,
    write__cancelled__its_unread_data_vanishes,
    write__cancelled_after_a_part_was_read__the_rest_vanishes,
];

/// A write of which exactly `bytes` are visible, and which waits.
#[track_caller]
fn blocked<D: Door>(
    d: &D,
    pair: &Pair<D::Handle>,
    data: &[u8],
    bytes: u32,
) -> Pending<Result<usize, u32>> {
    let mut write = writing(d, &pair.client, data);
    visible(d, &pair.server, bytes);
    write.asleep();
    write
}

//= observed: nInBufferSize
fn write__client_to_server__charged_to_the_in_size<D: Door>(d: &D) {
    let pair = pair(d, |name| Create { in_size: 10, out_size: 1, ..Create::bytes(name) });
    writes(d, &pair.client, &[1; 10]);
    let write = blocked(d, &pair, b"x", 11);
    reads(d, &pair.server, 1, &[1]);
    assert_eq!(write.returned(), Ok(1));
}

//= observed: nOutBufferSize
fn write__server_to_client__charged_to_the_out_size<D: Door>(d: &D) {
    let pair = pair(d, |name| Create { in_size: 1, out_size: 10, ..Create::bytes(name) });
    writes(d, &pair.server, &[1; 10]);
    let mut write = writing(d, &pair.server, b"x");
    visible(d, &pair.client, 11);
    write.asleep();
    reads(d, &pair.client, 1, &[1]);
    assert_eq!(write.returned(), Ok(1));
}

//= observed: the whole quota at once, or what is left of it
fn write__exactly_the_free_quota__returns<D: Door>(d: &D) {
    for pair in [bytes(d, 512), messages(d, 512)] {
        writes(d, &pair.client, &[1; 512]);
        assert_eq!(available(d, &pair.server), 512);
        reads(d, &pair.server, 512, &[1; 512]);
        writes(d, &pair.client, &[2; 500]);
        writes(d, &pair.client, &[3; 12]);
        assert_eq!(available(d, &pair.server), 512);
    }
}

//= observed: one byte more than the free quota
fn write__one_byte_more__waits_until_enough_is_read<D: Door>(d: &D) {
    let pair = bytes(d, 512);
    let write = blocked(d, &pair, &[1; 513], 513);
    reads(d, &pair.server, 1, &[1]);
    assert_eq!(write.returned(), Ok(513));
    assert_eq!(available(d, &pair.server), 512);
}

//= observed: peeks and reads see all of it, beyond the size of the buffer
fn write__pending__all_of_it_visible<D: Door>(d: &D) {
    let data: Vec<u8> = (0..=255).cycle().take(5000).collect();
    let pair = bytes(d, 10);
    let write = blocked(d, &pair, &data, 5000);
    let left = d.left_of_bytes(5000);
    crate::support::peeks(d, &pair.server, 5000, &data, 5000, left);
    reads(d, &pair.server, 6000, &data);
    assert_eq!(write.returned(), Ok(5000));

    let pair = messages(d, 10);
    let write = blocked(d, &pair, &data, 5000);
    reads(d, &pair.server, 6000, &data);
    assert_eq!(write.returned(), Ok(5000));
}

//= observed: the write ends when its unread rest fits, not only when all is read
fn write__pending_in_part__ends_when_the_rest_fits<D: Door>(d: &D) {
    let pair = bytes(d, 10);
    let mut write = blocked(d, &pair, &[5; 30], 30);
    reads(d, &pair.server, 19, &[5; 19]);
    assert_eq!(available(d, &pair.server), 11);
    write.asleep();
    reads(d, &pair.server, 1, &[5]);
    assert_eq!(write.returned(), Ok(30));
    assert_eq!(available(d, &pair.server), 10);
}

//= observed: a later small write waits behind the earlier ones
fn write__several_pending__in_order_and_not_overtaken<D: Door>(d: &D) {
    let pair = bytes(d, 4);
    let one = blocked(d, &pair, b"11111111", 8);
    let mut two = blocked(d, &pair, b"222222", 14);
    let mut three = blocked(d, &pair, b"3", 15);
    reads(d, &pair.server, 4, b"1111");
    assert_eq!(one.returned(), Ok(8));
    two.asleep();
    three.asleep();
    reads(d, &pair.server, 6, b"111122");
    assert_eq!(two.returned(), Ok(6));
    three.asleep();
    reads(d, &pair.server, 1, b"2");
    assert_eq!(three.returned(), Ok(1));
    reads(d, &pair.server, 10, b"2223");
}

//= observed: with size 0 every write waits until it is read
fn write__size_0__waits_for_its_reader<D: Door>(d: &D) {
    let pair = bytes(d, 0);
    let write = blocked(d, &pair, b"ab", 2);
    reads(d, &pair.server, 1, b"a");
    let mut write = write;
    write.asleep();
    reads(d, &pair.server, 1, b"b");
    assert_eq!(write.returned(), Ok(2));
}

//= observed: unless a reader waits already
fn write__size_0_and_reader_waiting__returns<D: Door>(d: &D) {
    let pair = bytes(d, 0);
    let mut read = reading(d, &pair.server, 2);
    read.asleep();
    writes(d, &pair.client, b"ab");
    assert_eq!(read.returned(), Ok(b"ab".to_vec()));
}

//= observed: a write of no bytes never waits
fn write__no_bytes_behind_pending_writes__returns<D: Door>(d: &D) {
    let pair = messages(d, 4);
    let write = blocked(d, &pair, b"too much", 8);
    writes(d, &pair.client, b"");
    reads(d, &pair.server, 10, b"too much");
    assert_eq!(write.returned(), Ok(8));
    reads(d, &pair.server, 10, b"");
}

//= observed: the data of the next write follows
fn write__cancelled__its_unread_data_vanishes<D: Door>(d: &D) {
    for pair in [bytes(d, 4), messages(d, 4)] {
        writes(d, &pair.client, b"kept");
        let write = blocked(d, &pair, b"gone", 8);
        fails(write.cancelled(d, &pair.client), ABORTED);
        assert_eq!(available(d, &pair.server), 4);
        reads(d, &pair.server, 10, b"kept");
        writes(d, &pair.client, b"next");
        reads(d, &pair.server, 10, b"next");
    }
}

//= observed: also if a part was read already
fn write__cancelled_after_a_part_was_read__the_rest_vanishes<D: Door>(d: &D) {
    let pair = bytes(d, 2);
    let write = blocked(d, &pair, b"too much", 8);
    reads(d, &pair.server, 3, b"too");
    fails(write.cancelled(d, &pair.client), ABORTED);
    assert_eq!(available(d, &pair.server), 0);
    writes(d, &pair.client, b"ok");
    reads(d, &pair.server, 10, b"ok");
}
