//! What a client says of itself, and what its server gets of it.

use ntpipe::{ClientOptions, ErrorKind, PipeMode, ServerOptions, context};

#[test]
fn a_server_gets_what_its_client_said_with_the_write_it_read_last() {
    let name = format!(r"\\.\pipe\context-{}", std::process::id());
    let server = ServerOptions::new().pipe_mode(PipeMode::Message).create(&name).unwrap();
    assert_eq!(server.peer_context().unwrap_err().kind(), ErrorKind::ElementNotFound);
    let client = ClientOptions::new().context(0xABCD_0123).open(&name).unwrap();
    let mut into = [0; 8];
    let told = |last| context::Told { at_open: 0xABCD_0123, last };
    assert_eq!(server.peer_context().unwrap(), told(None));
    context::set_for_thread(Some(9));
    client.send(b"one").unwrap();
    context::set_for_thread(Some(0));
    client.send(b"two").unwrap();
    assert_eq!(server.peer_context().unwrap(), told(None));
    server.recv(&mut into).unwrap();
    assert_eq!(server.peer_context().unwrap(), told(Some(9)));
    server.recv(&mut into).unwrap();
    assert_eq!(server.peer_context().unwrap(), told(Some(0)));
    drop(client);
    assert_eq!(server.peer_context().unwrap(), told(Some(0)));
    server.disconnect().unwrap();
    assert_eq!(server.peer_context().unwrap_err().kind(), ErrorKind::ElementNotFound);
}

#[test]
fn a_message_in_pieces_says_the_same_with_each() {
    let name = format!(r"\\.\pipe\context-pieces-{}", std::process::id());
    let server =
        ServerOptions::new().pipe_mode(PipeMode::Message).in_buffer_size(0).create(&name).unwrap();
    let client = ClientOptions::new().open(&name).unwrap();
    let message = vec![1; 300_000];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            context::set_for_thread(Some(3));
            client.send(&message).unwrap();
        });
        let mut got = vec![0; 1000];
        let mut len = 0;
        loop {
            let recv = server.recv(&mut got).unwrap();
            assert_eq!(server.peer_context().unwrap().last, Some(3));
            len += recv.len;
            if !recv.more {
                break;
            }
        }
        assert_eq!(len, message.len());
    });
}

#[test]
fn each_thread_speaks_for_itself_or_as_its_process() {
    let elsewhere = || std::thread::spawn(context::of_thread).join().unwrap();
    context::set_for_thread(Some(7));
    assert_eq!(context::of_thread(), 7);
    context::set_for_process(5);
    assert_eq!((context::of_thread(), elsewhere()), (7, 5));
    context::set_for_thread(Some(0));
    assert_eq!(context::of_thread(), 0);
    context::set_for_thread(None);
    assert_eq!(context::of_thread(), 5);
    context::set_for_process(0);
    assert_eq!((context::of_thread(), elsewhere()), (0, 0));
}
