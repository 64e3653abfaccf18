//! A driver as the rules of the module want it, and the ends that it drives.

use std::fmt::Debug;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use ntpipe::overlapped::{Cancelled, Flush, Listen, Read, Readiness, Started, Transact, Write};
use ntpipe::{
    ClientOptions, ErrorKind, NamedPipeClient, NamedPipeServer, Pipe, PipeMode, Recv, Result,
    ServerOptions,
};
use rustix::event::{PollFd, PollFlags};

/// No wait of these tests takes this long unless something hangs.
const BOUND: Duration = Duration::from_secs(60);

/// An operation with the buffers that its steps need.
pub(crate) trait Operation {
    type Output: Debug;
    fn step(&mut self) -> Poll<Result<Self::Output>>;
    fn arm(&mut self) -> bool;
    fn is_worth_trying(&self) -> bool;
    fn cancel(&mut self) -> Cancelled<Self::Output>;
}

/// An operation and its buffers.
pub(crate) struct With<Op, Buffers>(pub(crate) Op, pub(crate) Buffers);

macro_rules! operation {
    ($op:ty, $buffers:ty, $output:ty, |$it:ident, $with:ident| $step:expr) => {
        impl Operation for With<$op, $buffers> {
            type Output = $output;
            fn step(&mut self) -> Poll<Result<$output>> {
                let Self($it, $with) = self;
                $step
            }
            fn arm(&mut self) -> bool {
                self.0.arm().unwrap()
            }
            fn is_worth_trying(&self) -> bool {
                self.0.is_worth_trying()
            }
            fn cancel(&mut self) -> Cancelled<$output> {
                self.0.cancel()
            }
        }
    };
}

operation!(Read, Vec<u8>, Recv, |read, buffer| read.step(buffer));
operation!(Write, Vec<u8>, usize, |write, data| write.step(data));
operation!(Transact, (Vec<u8>, Vec<u8>), Recv, |it, with| it.step(&with.0, &mut with.1));
operation!(Flush, (), (), |flush, _none| flush.step());
operation!(Listen, (), (), |listen, _none| listen.step());

pub(crate) type Reading = With<Read, Vec<u8>>;
pub(crate) type Writing = With<Write, Vec<u8>>;

/// A started read that has to wait.
pub(crate) fn reading(pipe: &Pipe, len: usize) -> Reading {
    let mut buffer = vec![0; len];
    With(pending(pipe.start_read(&mut buffer)), buffer)
}

/// A started write that has to wait.
pub(crate) fn writing(pipe: &Pipe, data: &[u8]) -> Writing {
    With(pending(pipe.start_write(data)), data.to_vec())
}

pub(crate) fn transacting(
    pipe: &Pipe,
    request: &[u8],
    len: usize,
) -> With<Transact, (Vec<u8>, Vec<u8>)> {
    let mut reply = vec![0; len];
    With(pending(pipe.start_transact(request, &mut reply)), (request.to_vec(), reply))
}

pub(crate) fn flushing(pipe: &Pipe) -> With<Flush, ()> {
    With(pending(pipe.start_flush()), ())
}

pub(crate) fn listening(server: &NamedPipeServer) -> With<Listen, ()> {
    With(pending(server.start_listen()), ())
}

pub(crate) fn pending<T: Debug, Op>(started: Started<T, Op>) -> Op {
    match started {
        Started::Pending(operation) => operation,
        Started::Done(result) => panic!("over at once: {result:?}"),
    }
}

pub(crate) fn done<T, Op>(started: Started<T, Op>) -> Result<T> {
    match started {
        Started::Done(result) => result,
        Started::Pending(_) => panic!("it waits"),
    }
}

/// What one step gives, if it is over.
#[track_caller]
pub(crate) fn over<T: Debug>(operation: &mut impl Operation<Output = T>) -> Result<T> {
    assert!(operation.is_worth_trying(), "there is news");
    match operation.step() {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it still waits"),
    }
}

#[track_caller]
pub(crate) fn fails<T: Debug>(operation: &mut impl Operation<Output = T>) -> ErrorKind {
    over(operation).unwrap_err().kind()
}

#[track_caller]
pub(crate) fn waits(operation: &mut impl Operation) {
    if let Poll::Ready(result) = operation.step() {
        panic!("it is over: {result:?}");
    }
    assert!(!operation.is_worth_trying(), "nothing has changed since");
}

#[track_caller]
pub(crate) fn is_aborted(operation: &mut impl Operation) {
    let cancelled = operation.cancel();
    assert!(matches!(cancelled, Cancelled::Aborted), "{cancelled:?}");
}

pub(crate) fn is_readable(readiness: &Readiness) -> bool {
    poll(readiness, Duration::ZERO)
}

#[track_caller]
pub(crate) fn becomes_readable(readiness: &Readiness) {
    assert!(poll(readiness, BOUND), "nobody was told");
}

fn poll(fd: &impl AsFd, timeout: Duration) -> bool {
    let timeout = timeout.try_into().unwrap();
    rustix::event::poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&timeout)).unwrap() == 1
}

/// Drives one operation to its end: clear, step, arm, sleep.
#[track_caller]
pub(crate) fn drive<T: Debug>(
    pipe: &Pipe,
    operation: &mut impl Operation<Output = T>,
) -> Result<T> {
    let readiness = pipe.readiness().unwrap();
    loop {
        readiness.clear();
        if let Poll::Ready(result) = operation.step() {
            return result;
        }
        if !operation.arm() {
            becomes_readable(&readiness);
        }
    }
}

/// What a started read gives and what it read, driven to its end.
pub(crate) fn read_whole(pipe: &Pipe, len: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; len];
    let recv = match pipe.start_read(&mut buffer) {
        Started::Done(result) => result?,
        Started::Pending(read) => {
            let mut read = With(read, buffer);
            let recv = drive(pipe, &mut read)?;
            buffer = read.1;
            recv
        }
    };
    buffer.truncate(recv.len);
    Ok(buffer)
}

/// Writes, driven to its end.
pub(crate) fn write_whole(pipe: &Pipe, data: &[u8]) -> Result<usize> {
    match pipe.start_write(data) {
        Started::Done(result) => result,
        Started::Pending(write) => drive(pipe, &mut With(write, data.to_vec())),
    }
}

pub(crate) fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("overlapped-{}-{count}", std::process::id())
}

/// A connected pair, with this quota each way.
pub(crate) fn pair(mode: PipeMode, quota: u32) -> (NamedPipeServer, NamedPipeClient) {
    let name = unique();
    let server = create(&name, mode, quota);
    let client = ClientOptions::new().pipe_mode(mode).open(&name).unwrap();
    server.connect().unwrap();
    (server, client)
}

pub(crate) fn create(name: &str, mode: PipeMode, quota: u32) -> NamedPipeServer {
    let mut options = ServerOptions::new();
    options.pipe_mode(mode).in_buffer_size(quota).out_buffer_size(quota).create(name).unwrap()
}
