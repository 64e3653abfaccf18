//! What cases are made of: unique names, connected pairs, calls on threads, exact assertions.
//!
//! No case hopes that a sleep was long enough. A blocked write shows itself to a peek on the other
//! side; a blocked read, flush or wait shows itself as a sleeping thread ([`Pending::asleep`]).

use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};
use std::{fs, process, thread};

use crate::code::PIPE_CONNECTED;
use crate::door::{Access, Create, Door, Failed, Open, Peeked};

/// How long a condition may take before the case is given up: far beyond any honest delay.
const BOUND: Duration = Duration::from_secs(20);

/// A pipe name that nobody else has.
pub(crate) fn unique(tag: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!(r"\\.\pipe\ntpipe-conformance-{}-{next}-{tag}", process::id())
}

/// The two ends of a connection.
pub(crate) struct Pair<H> {
    pub(crate) name: String,
    pub(crate) server: H,
    pub(crate) client: H,
}

/// A connected pair; `shape` makes the pipe's options from the name.
#[track_caller]
pub(crate) fn pair<D: Door>(d: &D, shape: impl FnOnce(&str) -> Create<'_>) -> Pair<D::Handle> {
    let name = unique("pair");
    let options = shape(&name);
    let server = d.create(&options).expect("create");
    let access = match options.access {
        Access::Inbound => Open::WRITE,
        Access::Outbound => Open::READ,
        Access::Duplex | Access::None => Open::BOTH,
    };
    let client = d.open(&name, access).expect("open");
    accepted(d.connect(&server));
    Pair { name, server, client }
}

/// A connected byte pipe with this quota in both directions.
#[track_caller]
pub(crate) fn bytes<D: Door>(d: &D, quota: u32) -> Pair<D::Handle> {
    pair(d, |name| Create::bytes(name).quota(quota))
}

/// A connected message pipe with this quota in both directions; both ends read in messages.
#[track_caller]
pub(crate) fn messages<D: Door>(d: &D, quota: u32) -> Pair<D::Handle> {
    let pair = pair(d, |name| Create::messages(name).quota(quota));
    d.set_state(&pair.client, true, false).expect("read in messages");
    pair
}

/// A `ConnectNamedPipe` that found its client, whichever came first.
#[track_caller]
pub(crate) fn accepted(result: Result<(), u32>) {
    assert!(matches!(result, Ok(()) | Err(PIPE_CONNECTED)), "connect: {result:?}");
}

/// The call fails with exactly this code.
#[track_caller]
pub(crate) fn fails<T: Debug, E: Into<Failed>>(result: Result<T, E>, code: u32) {
    match result {
        Ok(value) => panic!("{value:?} instead of error {code}"),
        Err(error) => assert_eq!(error.into(), Failed::from(code)),
    }
}

/// The read takes exactly this.
#[track_caller]
pub(crate) fn reads<D: Door>(d: &D, handle: &D::Handle, len: usize, data: &[u8]) {
    assert_eq!(d.read(handle, len), Ok(data.to_vec()));
}

/// The read takes exactly this and says that the message has more.
#[track_caller]
pub(crate) fn reads_part<D: Door>(d: &D, handle: &D::Handle, len: usize, data: &[u8]) {
    assert_eq!(d.read(handle, len), Err(part(data)));
}

/// The failure of a read whose buffer was too small.
pub(crate) fn part(data: &[u8]) -> Failed {
    Failed { code: crate::code::MORE_DATA, data: data.to_vec() }
}

/// The write takes everything.
#[track_caller]
pub(crate) fn writes<D: Door>(d: &D, handle: &D::Handle, data: &[u8]) {
    assert_eq!(d.write(handle, data), Ok(data.len()));
}

/// The peek sees exactly this.
#[track_caller]
pub(crate) fn peeks<D: Door>(
    d: &D,
    handle: &D::Handle,
    len: usize,
    data: &[u8],
    available: u32,
    left: u32,
) {
    assert_eq!(d.peek(handle, len), Ok(Peeked { data: data.to_vec(), available, left }));
}

/// How many bytes wait to be read.
#[track_caller]
pub(crate) fn available<D: Door>(d: &D, handle: &D::Handle) -> u32 {
    d.peek(handle, 0).expect("peek").available
}

/// Waits until `condition` holds.
#[track_caller]
pub(crate) fn settled(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < BOUND, "never happened: {what}");
        thread::yield_now();
    }
}

/// Waits until exactly `bytes` are visible to the reader.
#[track_caller]
pub(crate) fn visible<D: Door>(d: &D, reader: &D::Handle, bytes: u32) {
    settled("the bytes are visible", || available(d, reader) == bytes);
}

/// A call on a thread of its own, which may be blocked.
pub(crate) struct Pending<T> {
    result: Receiver<T>,
    early: Option<T>,
    task: String,
}

/// Runs the call on a thread.
pub(crate) fn pending<D: Door, T: Send + 'static>(
    d: &D,
    handle: &D::Handle,
    call: impl FnOnce(&D, &D::Handle) -> T + Send + 'static,
) -> Pending<T> {
    let (d, handle) = (d.clone(), handle.clone());
    detached(move || call(&d, &handle))
}

/// Runs the closure on a thread.
pub(crate) fn detached<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
    let (named, task) = mpsc::channel();
    let (done, result) = mpsc::channel();
    thread::spawn(move || {
        let task = fs::read_link("/proc/thread-self").unwrap_or_default();
        let _ = named.send(format!("/proc/{}/stat", task.display()));
        // The case may have failed meanwhile; then nobody listens.
        let _ = done.send(call());
    });
    Pending { result, early: None, task: task.recv().expect("the thread started") }
}

impl<T: Debug> Pending<T> {
    /// The call has not returned yet.
    #[track_caller]
    pub(crate) fn blocked(&mut self) {
        if self.done() {
            panic!("returned instead of waiting: {:?}", self.early);
        }
    }

    /// Whether the call has returned.
    pub(crate) fn done(&mut self) -> bool {
        if self.early.is_none() {
            self.early = match self.result.try_recv() {
                Ok(value) => Some(value),
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Disconnected) => panic!("the call panicked"),
            };
        }
        self.early.is_some()
    }

    /// Waits until the thread sleeps inside the call.
    ///
    /// The kernel tells the state of the thread; it is looked at until the thread slept through
    /// many looks, so that a lock held for a moment on the way in does not count.
    #[track_caller]
    pub(crate) fn asleep(&mut self) {
        const LOOKS: u32 = 50;
        let mut slept = 0;
        settled("the call sleeps", || {
            self.blocked();
            let stat = fs::read_to_string(&self.task).unwrap_or_default();
            let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
            slept = if state == Some('S') { slept + 1 } else { 0 };
            slept == LOOKS
        });
        self.blocked();
    }

    /// What the call returned.
    #[track_caller]
    pub(crate) fn returned(mut self) -> T {
        if let Some(value) = self.early.take() {
            return value;
        }
        match self.result.recv_timeout(BOUND) {
            Ok(value) => value,
            Err(RecvTimeoutError::Timeout) => panic!("the call is still blocked"),
            Err(RecvTimeoutError::Disconnected) => panic!("the call panicked"),
        }
    }

    /// Cancels until the call has returned: a cancellation that comes too early finds nothing.
    #[track_caller]
    pub(crate) fn cancelled<D: Door>(mut self, d: &D, handle: &D::Handle) -> T {
        settled("the cancelled call returns", || {
            d.cancel(handle);
            self.done()
        });
        self.returned()
    }
}

/// A read on a thread.
pub(crate) fn reading<D: Door>(
    d: &D,
    handle: &D::Handle,
    len: usize,
) -> Pending<Result<Vec<u8>, Failed>> {
    pending(d, handle, move |d, h| d.read(h, len))
}

/// A write on a thread.
pub(crate) fn writing<D: Door>(
    d: &D,
    handle: &D::Handle,
    data: &[u8],
) -> Pending<Result<usize, u32>> {
    let data = data.to_vec();
    pending(d, handle, move |d, h| d.write(h, &data))
}

/// A flush on a thread.
pub(crate) fn flushing<D: Door>(d: &D, handle: &D::Handle) -> Pending<Result<(), u32>> {
    pending(d, handle, |d, h| d.flush(h))
}

/// A connect on a thread.
pub(crate) fn connecting<D: Door>(d: &D, handle: &D::Handle) -> Pending<Result<(), u32>> {
    pending(d, handle, |d, h| d.connect(h))
}

/// A wait for an instance on a thread.
pub(crate) fn waiting<D: Door>(d: &D, name: &str, ms: u32) -> Pending<Result<(), u32>> {
    let (d, name) = (d.clone(), name.to_owned());
    detached(move || d.wait(&name, ms))
}

/// A transaction on a thread.
pub(crate) fn transacting<D: Door>(
    d: &D,
    handle: &D::Handle,
    request: &[u8],
    len: usize,
) -> Pending<Result<Vec<u8>, Failed>> {
    let request = request.to_vec();
    pending(d, handle, move |d, h| d.transact(h, &request, len))
}
