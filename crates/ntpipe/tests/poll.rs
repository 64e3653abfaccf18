//! Both ends in `poll`: the descriptor becomes readable when a call that would have waited may go on.

use std::os::fd::AsFd;
use std::time::Duration;

use ntpipe::{ClientOptions, ErrorKind, PipeMode, ServerOptions};
use rustix::event::{PollFd, PollFlags};

fn is_readable(end: &impl AsFd) -> bool {
    poll(end, Some(Duration::ZERO))
}

fn wait_readable(end: &impl AsFd) {
    assert!(poll(end, None));
}

fn poll(end: &impl AsFd, timeout: Option<Duration>) -> bool {
    let mut fds = [PollFd::new(end, PollFlags::IN)];
    let timeout = timeout.map(|t| rustix::fs::Timespec::try_from(t).expect("short"));
    rustix::event::poll(&mut fds, timeout.as_ref()).expect("polled") == 1
}

#[test]
fn one_descriptor_follows_a_server_from_client_to_client() {
    let name = format!("poll-{}", std::process::id());
    let server = ServerOptions::new().pipe_mode(PipeMode::Message).create(&name).expect("created");
    assert!(!is_readable(&server), "nobody came");
    for round in 0..3u8 {
        let open = || ClientOptions::new().open(&name).expect("opened");
        let client = open();
        let _ = client.as_fd(); // Before the calls whose end it shall tell.
        wait_readable(&server);
        server.connect().expect("connected");

        let mut buffer = [0; 16];
        let nothing = server.try_recv(&mut buffer).expect_err("nothing there").kind();
        assert_eq!(nothing, ErrorKind::NoData);
        assert!(!is_readable(&server));
        client.send(&[round; 3]).expect("sent");
        wait_readable(&server);
        assert_eq!(server.try_recv(&mut buffer).expect("there").len, 3);

        assert_eq!(client.try_recv(&mut buffer).expect_err("empty").kind(), ErrorKind::NoData);
        server.send(b"answer").expect("sent");
        wait_readable(&client);
        assert_eq!(client.try_recv(&mut buffer).expect("there").len, 6);

        assert_eq!(server.try_recv(&mut buffer).expect_err("empty").kind(), ErrorKind::NoData);
        drop(client);
        wait_readable(&server);
        assert_eq!(server.try_recv(&mut buffer).expect_err("gone").kind(), ErrorKind::BrokenPipe);
        server.disconnect().expect("disconnected");
        assert!(!is_readable(&server), "nothing to wait for");
        server.set_state(PipeMode::Message, true).expect("set");
        assert_eq!(server.connect().expect_err("nobody").kind(), ErrorKind::PipeListening);
        server.set_state(PipeMode::Message, false).expect("set");
    }
}

#[test]
fn a_full_pipe_becomes_readable_when_there_is_room() {
    let name = format!("poll-room-{}", std::process::id());
    let server = ServerOptions::new().in_buffer_size(8).create(&name).expect("created");
    let client = ClientOptions::new().open(&name).expect("opened");
    server.connect().expect("connected");
    client.send(b"12345678").expect("fits");
    let _ = client.as_fd();
    assert_eq!(client.try_send(b"9").expect_err("full").kind(), ErrorKind::NoData);
    assert!(!is_readable(&client));
    server.recv(&mut [0; 8]).expect("there");
    wait_readable(&client);
    client.try_send(b"9").expect("room");
}
