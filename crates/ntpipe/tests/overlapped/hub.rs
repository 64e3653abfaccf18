//! Many ends, one descriptor.

use std::os::fd::AsFd;

use ntpipe::overlapped::{Hub, Started};
use ntpipe::{ErrorKind, PipeMode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::driver::*;

fn is_readable(fd: impl AsFd) -> bool {
    poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&Timespec::default())).unwrap() == 1
}

/// The ends on which something has changed.
fn changed(hub: &Hub) -> Vec<u64> {
    let mut keys = Vec::new();
    hub.take(&mut keys).unwrap();
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[test]
fn a_hub_tells_which_ends_have_changed() {
    let hub = Hub::new().unwrap();
    let pairs = [0, 1, 2].map(|_| pair(PipeMode::Message, 100));
    let readiness = [0, 1, 2].map(|key| pairs[key].0.attach(&hub, key as u64).unwrap());
    let mut reads = pairs.each_ref().map(|(server, _)| reading(server, 8));
    assert!(reads.iter_mut().all(|read| !read.arm()));
    changed(&hub);
    assert!(!is_readable(&*hub));
    pairs[1].1.send(b"one").unwrap();
    assert!(is_readable(&*hub));
    assert_eq!(changed(&hub), [1]);
    readiness[1].clear();
    over(&mut reads[1]).unwrap();
    assert_eq!(changed(&hub), [], "nothing else has changed");
    // What this process does is told as well, without a descriptor of the end.
    pairs[0].0.disconnect().unwrap();
    assert_eq!(changed(&hub), [0]);
    readiness[0].clear();
    assert_eq!(fails(&mut reads[0]), ErrorKind::PipeNotConnected);
    hub.ring(77);
    assert!(is_readable(&*hub));
    assert_eq!(changed(&hub), [77]);
}

#[test]
fn a_hub_tells_of_a_descriptor_that_is_no_end() {
    let hub = Hub::new().unwrap();
    let (near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
    hub.watch(&near, 9).unwrap();
    assert_eq!(changed(&hub), []);
    std::io::Write::write_all(&mut far, b"news").unwrap();
    assert_eq!(changed(&hub), [9]);
    assert_eq!(changed(&hub), [], "nothing more has come");
    drop(far);
    assert_eq!(changed(&hub), [9]);
    drop(near);
    assert_eq!(changed(&hub), []);
}

#[test]
fn a_server_stays_at_its_hub_from_client_to_client() {
    let hub = Hub::new().unwrap();
    let name = unique();
    let server = create(&name, PipeMode::Message, 100);
    let client = ntpipe::ClientOptions::new().open(&name).unwrap();
    let readiness = server.attach(&hub, 5).unwrap();
    for _ in 0..2 {
        server.disconnect().unwrap();
        changed(&hub);
        let Started::Pending(mut listen) = server.start_listen() else { panic!("nobody is there") };
        assert!(!listen.arm().unwrap());
        let next = ntpipe::ClientOptions::new().open(&name).unwrap();
        assert_eq!(changed(&hub), [5]);
        readiness.clear();
        assert!(listen.step().is_ready());
        let mut read = reading(&server, 8);
        assert!(!read.arm());
        changed(&hub);
        next.send(b"hello").unwrap();
        assert_eq!(changed(&hub), [5]);
        readiness.clear();
        over(&mut read).unwrap();
        drop(next);
    }
    drop(client);
}

#[test]
fn an_end_that_is_polled_by_itself_does_not_go_to_a_hub() {
    let hub = Hub::new().unwrap();
    let (server, client) = pair(PipeMode::Message, 100);
    let _own = client.readiness().unwrap();
    let refused = client.attach(&hub, 1).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotSupported);
    let _fd = server.as_fd();
    assert_eq!(server.attach(&hub, 2).unwrap_err().kind(), ErrorKind::NotSupported);
}

#[test]
fn a_hub_hears_nothing_of_an_end_that_only_another_process_holds() {
    let hub = Hub::new().unwrap();
    // Whoever holds what is on its way stands for the other process.
    let (server, client) = pair(PipeMode::Message, 100);
    client.attach(&hub, 1).unwrap();
    let mut read = reading(&client, 8);
    assert!(!read.arm());
    let elsewhere = client.inherit().unwrap();
    drop(client);
    assert_eq!(fails(&mut read), ErrorKind::BrokenPipe);
    drop(read);
    changed(&hub);
    server.send(b"news").unwrap();
    assert_eq!(changed(&hub), []);
    drop(elsewhere);

    let (server, client) = pair(PipeMode::Message, 100);
    server.attach(&hub, 2).unwrap();
    let mut read = reading(&server, 8);
    assert!(!read.arm());
    let elsewhere = server.inherit().unwrap();
    drop(server);
    assert_eq!(fails(&mut read), ErrorKind::BrokenPipe);
    drop(read);
    changed(&hub);
    client.send(b"news").unwrap();
    assert_eq!(changed(&hub), []);
    drop(elsewhere);
}
