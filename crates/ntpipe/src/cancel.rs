//! `CancelSynchronousIo`: ends whatever call of this crate blocks a thread, from another thread.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ntpipe_core::connection::Connection;
use ntpipe_shm::lock::Lock;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd};
use rustix::io::Errno;

use crate::end::lock;
use crate::wait::{self, Until, poll_error};
use crate::{Error, ErrorKind, Result};

/// A thread, as the target of a cancellation. Got from [`current_thread`] on that thread.
#[derive(Clone, Debug)]
pub struct ThreadHandle(Arc<State>);

#[derive(Debug, Default)]
struct State {
    sleeps: Mutex<Option<Sleeps>>,
    /// Counts the sleeps, under the lock of `sleeps`.
    number: AtomicU64,
    cancelled: AtomicBool,
    /// What the thread polls besides everything else; a new one after each cancellation.
    wake: Mutex<Option<Arc<OwnedFd>>>,
}

/// Where a thread sleeps.
#[derive(Debug)]
enum Sleeps {
    /// At a bell of this connection.
    Bell(Arc<Connection>),
    /// In `poll`, with this descriptor among the others.
    Poll(Arc<OwnedFd>),
}

thread_local! {
    static STATE: Arc<State> = Arc::default();
}

/// A handle to the calling thread.
///
/// ```
/// # fn main() -> ntpipe::Result<()> {
/// # let name = format!("doc-cancel-{}", std::process::id());
/// let server = ntpipe::ServerOptions::new().create(&name)?;
/// let (tell, told) = std::sync::mpsc::channel();
/// let waiting = std::thread::spawn(move || {
///     tell.send(ntpipe::current_thread()).unwrap();
///     server.connect() // nobody comes
/// });
/// let thread = told.recv().unwrap();
/// while thread.cancel_synchronous_io().is_err() {} // until it blocks
/// assert_eq!(waiting.join().unwrap().unwrap_err().kind(), ntpipe::ErrorKind::OperationAborted);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn current_thread() -> ThreadHandle {
    ThreadHandle(STATE.with(Arc::clone))
}

impl ThreadHandle {
    /// `CancelSynchronousIo`—ends the call that blocks this thread: it returns
    /// `ERROR_OPERATION_ABORTED`.
    ///
    /// # Blocking
    ///
    /// Until the thread has woken up.
    ///
    /// # Errors
    ///
    /// `ERROR_NOT_FOUND` if no call of this crate blocks the thread.
    #[doc(alias = "CancelSynchronousIo")]
    pub fn cancel_synchronous_io(&self) -> Result<()> {
        let slot = lock(&self.0.sleeps);
        let Some(sleeps) = &*slot else {
            return Err(Error::new(ErrorKind::ElementNotFound).during("cancel"));
        };
        // SYNC(cancelled): Release. Pairs with the Acquire load in `Sleep::is_cancelled`.
        self.0.cancelled.store(true, Ordering::Release);
        let number = self.0.number.load(Ordering::Relaxed);
        match sleeps {
            Sleeps::Bell(connection) => connection.set_changed(),
            Sleeps::Poll(wake) => {
                ring(wake);
                *lock(&self.0.wake) = None;
                return Ok(());
            }
        }
        drop(slot);
        wait::ring_until_gone(|| match &*lock(&self.0.sleeps) {
            Some(Sleeps::Bell(connection)) if self.0.number.load(Ordering::Relaxed) == number => {
                vec![connection.clone()]
            }
            _ => Vec::new(),
        });
        Ok(())
    }
}

/// A sleep of the calling thread, which another thread may cancel until this is dropped.
pub(crate) struct Sleep(Arc<State>);

impl Sleep {
    /// The thread is about to sleep at a bell of this connection.
    pub(crate) fn at(connection: &Arc<Connection>) -> Self {
        Self::enter(Sleeps::Bell(connection.clone()))
    }

    fn enter(sleeps: Sleeps) -> Self {
        let state = STATE.with(Arc::clone);
        // What came after the last sleep had ended found nothing to cancel.
        state.cancelled.store(false, Ordering::Relaxed);
        let mut slot = lock(&state.sleeps);
        *slot = Some(sleeps);
        state.number.fetch_add(1, Ordering::Relaxed);
        drop(slot);
        Self(state)
    }

    /// Ends it; whether it was cancelled. Who comes after this finds nothing to cancel.
    pub(crate) fn end(self) -> bool {
        *lock(&self.0.sleeps) = None;
        self.is_cancelled()
    }

    /// Whether it was cancelled so far.
    pub(crate) fn is_cancelled(&self) -> bool {
        // SYNC(cancelled): Acquire. Pairs with the Release store in `cancel_synchronous_io`.
        self.0.cancelled.load(Ordering::Acquire)
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        *lock(&self.0.sleeps) = None;
    }
}

/// The sleeps at bells for an end, so that what cancels the end's calls reaches them: a bell alone is in the
/// hands of the peer.
#[derive(Debug, Default)]
pub(crate) struct Sleepers(Lock<Vec<Asleep>>);

/// A sleep, from before its last look at what it waits for.
#[derive(Debug)]
struct Asleep {
    /// Tells it from the others.
    state: Arc<State>,
    connection: Arc<Connection>,
    /// The count of cancellations when the call began.
    cancels: u32,
}

impl Sleepers {
    /// Another one, until the result is dropped.
    pub(crate) fn enter<'a>(
        &'a self,
        sleep: &'a Sleep,
        connection: &Arc<Connection>,
        cancels: u32,
    ) -> impl Drop + 'a {
        let (state, connection) = (sleep.0.clone(), connection.clone());
        self.0.lock().push(Asleep { state, connection, cancels });
        Entered { sleepers: self, sleep }
    }

    /// Ends those whose calls began before there were `cancels` cancellations.
    pub(crate) fn wake_before(&self, cancels: u32) {
        self.wake(|asleep| (1..1 << 31).contains(&cancels.wrapping_sub(asleep.cancels)));
    }

    /// Ends those at this connection, which this end has left.
    pub(crate) fn wake_at(&self, left: &Arc<Connection>) {
        self.wake(|asleep| Arc::ptr_eq(&asleep.connection, left));
    }

    fn wake(&self, which: impl Fn(&Asleep) -> bool) {
        wait::ring_until_gone(|| {
            let asleep = self.0.lock();
            let found = asleep.iter().filter(|asleep| which(asleep));
            found.map(|asleep| asleep.connection.clone()).collect()
        });
    }
}

struct Entered<'a> {
    sleepers: &'a Sleepers,
    sleep: &'a Sleep,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let mut asleep = self.sleepers.0.lock();
        let own = |asleep: &Asleep| Arc::ptr_eq(&asleep.state, &self.sleep.0);
        if let Some(at) = asleep.iter().position(own) {
            asleep.swap_remove(at);
        }
    }
}

/// The threads that poll descriptors for an end, so that what cancels the end's calls reaches them.
#[derive(Debug, Default)]
pub(crate) struct Pollers(Mutex<Vec<Arc<OwnedFd>>>);

impl Pollers {
    /// Ends their sleeps.
    pub(crate) fn wake(&self) {
        for wake in lock(&self.0).iter() {
            ring(wake);
        }
    }
}

/// Sleeps until one of the descriptors is readable or the time is over.
///
/// # Errors
///
/// `ERROR_OPERATION_ABORTED` when another thread cancels.
pub(crate) fn poll<'fd>(fds: impl IntoIterator<Item = PollFd<'fd>>, until: Until) -> Result<()> {
    poll_among(&Pollers::default(), || false, fds, until)
}

/// As [`poll`], unless `is_over`; and who [wakes](Pollers::wake) the pollers ends it.
///
/// # Errors
///
/// As [`poll`].
pub(crate) fn poll_among<'fd>(
    pollers: &Pollers,
    is_over: impl FnOnce() -> bool,
    fds: impl IntoIterator<Item = PollFd<'fd>>,
    until: Until,
) -> Result<()> {
    let wake = wake_fd()?;
    let sleep = Sleep::enter(Sleeps::Poll(wake.clone()));
    lock(&pollers.0).push(wake.clone());
    let mut all: Vec<_> = fds.into_iter().collect();
    all.push(PollFd::new(&wake, PollFlags::IN));
    let timeout = until.left().and_then(|left| rustix::fs::Timespec::try_from(left).ok());
    let polled = if is_over() { Ok(0) } else { rustix::event::poll(&mut all, timeout.as_ref()) };
    lock(&pollers.0).retain(|other| !Arc::ptr_eq(other, &wake));
    if sleep.end() {
        return Err(ErrorKind::OperationAborted.into());
    }
    if all.last().is_some_and(|wake| wake.revents().contains(PollFlags::IN)) {
        // What rang for this sleep is nothing to the next one.
        let _ = rustix::io::read(&wake, &mut [0; 8]);
    }
    match polled {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(poll_error(errno)),
    }
}

fn ring(wake: &OwnedFd) {
    // A full counter is readable already.
    let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
}

fn wake_fd() -> Result<Arc<OwnedFd>> {
    STATE.with(|state| {
        let mut wake = lock(&state.wake);
        if let Some(wake) = &*wake {
            return Ok(wake.clone());
        }
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|errno| Error::os("eventfd", errno))?;
        Ok(wake.insert(Arc::new(fd)).clone())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use ntpipe_shm::doorbell::{Doorbell, SLEEPER};

    use super::*;
    use crate::end::End;

    /// A sleeper that has looked for the last time; the ring that comes now is undone by the peer, who puts
    /// back what the word was, before the sleeper calls the kernel. Whether it is woken all the same.
    fn sleeps_through_an_undone_ring(end: &End, tell: &Sender<ThreadHandle>) -> bool {
        let connection = end.connection().expect("connected");
        let sleep = Sleep::at(&connection);
        let cancels = end.waiter.cancels.load(Ordering::Relaxed);
        let entered = end.waiter.sleepers.enter(&sleep, &connection, cancels);
        let bell = Doorbell(&connection.own().data_bell);
        let announced = bell.announce(SLEEPER);
        tell.send(current_thread()).expect("the test listens");
        while bell.word().load(Ordering::Relaxed) == announced {
            std::thread::yield_now();
        }
        bell.word().store(announced, Ordering::Relaxed);
        let woken = bell.wait(announced, Some(Duration::from_secs(20)));
        drop(entered);
        woken
    }

    fn woken_by(wake: impl FnOnce(&End, ThreadHandle)) -> bool {
        let (reader, _writer) = crate::anonymous().expect("a pipe");
        let end = &reader.pipe.end;
        std::thread::scope(|scope| {
            let (tell, told) = channel();
            let sleeping = scope.spawn(move || sleeps_through_an_undone_ring(end, &tell));
            wake(end, told.recv().expect("it sleeps"));
            sleeping.join().expect("no panic")
        })
    }

    #[test]
    fn a_cancellation_ends_also_a_sleep_whose_ring_the_peer_has_undone() {
        assert!(woken_by(|end, _| end.cancel()));
        assert!(woken_by(|_, thread| thread.cancel_synchronous_io().expect("it sleeps")));
    }

    #[test]
    fn leaving_ends_also_a_sleep_whose_ring_the_peer_has_undone() {
        assert!(woken_by(|end, _| end.leave(true)));
    }

    #[test]
    fn a_cancellation_does_not_wait_for_calls_that_begin_after_it() {
        let (reader, _writer) = crate::anonymous().expect("a pipe");
        let end = &reader.pipe.end;
        let connection = end.connection().expect("connected");
        let sleep = Sleep::at(&connection);
        let later = end.waiter.cancels.load(Ordering::Relaxed).wrapping_add(1);
        let entered = end.waiter.sleepers.enter(&sleep, &connection, later);
        end.cancel();
        drop(entered);
    }

    #[test]
    fn an_end_that_was_given_up_waits_in_no_call() {
        let (reader, writer) = crate::anonymous().expect("a pipe");
        writer.send(b"before").expect("sent");
        reader.cancel_io_for_good();
        let mut text = [0; 6];
        assert_eq!((reader.recv(&mut text).expect("it is there").len, &text), (6, b"before"));
        let aborted = |error: Error| error.kind() == ErrorKind::OperationAborted;
        assert!(reader.recv(&mut text).is_err_and(aborted));
        let name = format!("test-cancel-{}", std::process::id());
        let server = crate::ServerOptions::new().create(name).expect("a server");
        server.cancel_io_for_good();
        assert!(server.connect().is_err_and(aborted));
    }
}
