//! Every call that blocks can be ended from another thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ntpipe::{ClientOptions, ErrorKind, PipeMode, Result, ServerOptions, ThreadHandle, Timeout};

fn name(what: &str) -> String {
    format!("cancel-{what}-{}", std::process::id())
}

/// Runs a call on a thread and cancels that thread until the call has returned.
fn cancelled<T: Send + 'static>(
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> (ErrorKind, ThreadHandle) {
    let (tell, told) = mpsc::channel();
    let calling = thread::spawn(move || {
        tell.send(ntpipe::current_thread()).expect("the test listens");
        call().map(drop).expect_err("cancelled").kind()
    });
    let thread = told.recv().expect("the thread tells");
    while thread.cancel_synchronous_io().is_err() && !calling.is_finished() {
        thread::yield_now();
    }
    (calling.join().expect("no panic"), thread)
}

#[test]
fn each_blocking_call_ends_with_operation_aborted() {
    let name = name("each");
    let mut options = ServerOptions::new();
    options.pipe_mode(PipeMode::Message).out_buffer_size(10).max_instances(1);
    let server = options.create(&name).expect("created");
    let mut client = ClientOptions::new();
    client.pipe_mode(PipeMode::Message);

    let listening = server.try_clone().expect("cloned");
    assert_eq!(cancelled(move || listening.connect()).0, ErrorKind::OperationAborted);

    let first = client.open(&name).expect("still listening");
    server.connect().expect("connected");
    let to = name.clone();
    let busy = move || ntpipe::wait_named_pipe(to, Timeout::Never);
    assert_eq!(cancelled(busy).0, ErrorKind::OperationAborted);
    let to = name.clone();
    let busy = move || client.connect_timeout(Duration::from_secs(1000)).open(to);
    assert_eq!(cancelled(busy).0, ErrorKind::OperationAborted);
    let to = name.clone();
    let busy = move || ntpipe::call(to, b"x", &mut [0; 8], Timeout::Never);
    assert_eq!(cancelled(busy).0, ErrorKind::OperationAborted);

    let reading = server.try_clone().expect("cloned");
    assert_eq!(cancelled(move || reading.recv(&mut [0; 8])).0, ErrorKind::OperationAborted);
    let writing = server.try_clone().expect("cloned");
    assert_eq!(cancelled(move || writing.send(&[1; 100])).0, ErrorKind::OperationAborted);
    assert_eq!(first.peek(&mut []).expect("connected").available, 0, "the write vanished");

    server.send(b"unread").expect("fits");
    let flushing = server.try_clone().expect("cloned");
    assert_eq!(cancelled(move || flushing.flush()).0, ErrorKind::OperationAborted);
    let asking = server.try_clone().expect("cloned");
    let (kind, thread) = cancelled(move || asking.transact(b"?", &mut [0; 8]));
    assert_eq!(kind, ErrorKind::OperationAborted);
    let nothing = thread.cancel_synchronous_io().expect_err("the thread has ended");
    assert_eq!(nothing.kind(), ErrorKind::ElementNotFound);
}

#[test]
fn cancel_io_ends_calls_on_every_clone() {
    let name = name("clones");
    let server = ServerOptions::new().create(&name).expect("created");
    let _client = ClientOptions::new().open(&name).expect("opened");
    server.connect().expect("connected");
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let end = server.try_clone().expect("cloned");
            thread::spawn(move || end.recv(&mut [0; 8]).expect_err("cancelled").kind())
        })
        .collect();
    while !calls.iter().all(thread::JoinHandle::is_finished) {
        server.cancel_io();
        thread::yield_now();
    }
    for call in calls {
        assert_eq!(call.join().expect("no panic"), ErrorKind::OperationAborted);
    }
}

#[test]
fn a_cancellation_that_found_a_call_to_end_has_ended_one() {
    const CANCELLATIONS: u32 = 20_000;
    let (reader, _writer) = ntpipe::anonymous().unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let (reader, stop) = (&reader, &stop);
        let reading = scope.spawn(move || {
            tell.send(ntpipe::current_thread()).unwrap();
            let mut aborted = 0;
            for turn in (0..).take_while(|_| !stop.load(Ordering::Relaxed)) {
                // Calls that end by themselves at any moment of a cancellation.
                let timeout = Duration::from_micros(60 + turn * 7 % 150);
                let error = reader.recv_timeout(&mut [0; 4], timeout).unwrap_err();
                aborted += u32::from(error.kind() == ErrorKind::OperationAborted);
            }
            aborted
        });
        let thread = told.recv().unwrap();
        for _ in 0..CANCELLATIONS {
            while thread.cancel_synchronous_io().is_err() {
                std::hint::spin_loop();
            }
        }
        stop.store(true, Ordering::Relaxed);
        assert_eq!(reading.join().unwrap(), CANCELLATIONS);
    });
}

#[test]
fn a_thread_that_borrows_data_may_cancel() {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let (reader, writer) = ntpipe::anonymous().unwrap();
        writer.send(b"data").unwrap();
        let borrowed = reader.borrow().unwrap();
        reader.cancel_io();
        drop(borrowed);
        tell.send(()).unwrap();
    });
    told.recv_timeout(Duration::from_secs(60)).expect("it does not wait for itself");
}
