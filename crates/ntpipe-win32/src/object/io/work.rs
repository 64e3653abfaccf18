//! An operation that goes on, with the buffers that it was started with.

use std::task::Poll;

use ntpipe::Recv;
use ntpipe::overlapped::{Cancelled, Listen, Read, Started, Transact, Write};

use crate::failure::{Failure, Result};
use crate::overlapped::{Input, Output};

/// An operation that goes on.
#[derive(Debug)]
pub enum Work {
    /// `ReadFile`.
    Read(Read, Output),
    /// `WriteFile`.
    Write(Write, Input),
    /// `TransactNamedPipe`.
    Transact(Box<Transact>, Input, Output),
    /// `ConnectNamedPipe`.
    Listen(Listen),
}

/// How it is told of an operation that transfers so many bytes.
fn whole(len: usize) -> Recv {
    Recv { len, more: false }
}

impl Work {
    /// What starting an operation gave, if it goes on.
    ///
    /// # Errors
    /// What it was over with, success too.
    pub fn of<T, Op>(
        started: Started<T, Op>,
        told: impl FnOnce(T) -> Recv,
        work: impl FnOnce(Op) -> Self,
    ) -> std::result::Result<Self, Result<Recv>> {
        match started {
            Started::Done(result) => Err(result.map(told).map_err(Failure::from)),
            Started::Pending(operation) => Ok(work(operation)),
        }
    }

    /// Where the buffer is that it fills, if it fills one.
    pub(super) fn fills(&self) -> Option<usize> {
        match self {
            Self::Read(_, into) | Self::Transact(_, _, into) => Some(into.address()),
            Self::Write(..) | Self::Listen(_) => None,
        }
    }

    /// Tries again.
    pub(super) fn step(&mut self) -> Poll<Result<Recv>> {
        let result = match self {
            Self::Read(read, into) => read.step(into.bytes()),
            Self::Write(write, data) => write.step(data.bytes()).map_ok(whole),
            Self::Transact(transact, request, reply) => {
                transact.step(request.bytes(), reply.bytes())
            }
            Self::Listen(listen) => listen.step().map_ok(|()| whole(0)),
        };
        result.map_err(Failure::from)
    }

    /// Ends it; what it was over with, if it was.
    pub(super) fn cancel(&mut self) -> Option<Result<Recv>> {
        fn told<T>(cancelled: Cancelled<T>, told: impl FnOnce(T) -> Recv) -> Option<Result<Recv>> {
            match cancelled {
                Cancelled::Aborted => None,
                Cancelled::Completed(result) => Some(result.map(told).map_err(Failure::from)),
            }
        }
        match self {
            Self::Read(read, _) => told(read.cancel(), |got| got),
            Self::Write(write, _) => told(write.cancel(), whole),
            Self::Transact(transact, ..) => told(transact.cancel(), |got| got),
            Self::Listen(listen) => told(listen.cancel(), |()| whole(0)),
        }
    }

    /// Whether there is reason to try again; without a system call.
    pub(super) fn is_worth_trying(&self) -> bool {
        match self {
            Self::Read(read, _) => read.is_worth_trying(),
            Self::Write(write, _) => write.is_worth_trying(),
            Self::Transact(transact, ..) => transact.is_worth_trying(),
            Self::Listen(listen) => listen.is_worth_trying(),
        }
    }

    /// Whether [`is_worth_trying`](Self::is_worth_trying) sees all that may happen to it.
    pub(super) fn shows_by_itself(&self) -> bool {
        !matches!(self, Self::Listen(_))
    }

    /// Asks for the end's descriptor to tell of the next change; `true` if there has been one.
    pub(super) fn arm(&mut self) -> Result<bool> {
        let armed = match self {
            Self::Read(read, _) => read.arm(),
            Self::Write(write, _) => write.arm(),
            Self::Transact(transact, ..) => transact.arm(),
            Self::Listen(listen) => listen.arm(),
        };
        armed.map_err(Failure::from)
    }
}
