//! The thread pool: threads that wait at one completion port and run what comes out of it.
//!
//! Every object of the pool is a *task*: something to call, under a number that is also the key of its
//! packets. Work that is submitted, timers that are due and operations that complete are all packets. Before
//! a thread runs one, it makes sure that another one waits, so the pool grows while all are busy; a thread
//! for which nothing comes leaves again.

pub mod timer;
pub mod wait;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ntpipe::ErrorKind;
use ntpipe_shm::generation::PerProcess;

use super::port::{Packet, PortObject};
use crate::boundary::outward;
use crate::failure::{Failure, Result};
use crate::overlapped::Ending;
use crate::token;

/// So many threads at most.
const THREADS_MAX: usize = 500;
/// So long a thread waits for work before it leaves.
const IDLE: Duration = Duration::from_secs(20);

/// The number of a task. Programs hold it in the place of a pointer.
pub type Id = usize;

/// What a task is called for: the number of the task, and the packet.
pub type Call = Box<dyn Fn(Id, &Packet) + Send + Sync>;

type Shared = Arc<dyn Fn(Id, &Packet) + Send + Sync>;

struct Task {
    call: Shared,
    counts: Mutex<Counts>,
    idle: Condvar,
}

/// How often a task is to be called.
#[derive(Debug, Default)]
struct Counts {
    queued: usize,
    running: usize,
    /// Packets on their way that are to be ignored.
    cancelled: usize,
    /// It goes with its last call.
    closed: bool,
}

struct Pool {
    port: Arc<PortObject>,
    threads: AtomicUsize,
    process: u32,
}

static POOL: PerProcess<Mutex<Option<Arc<Pool>>>> = PerProcess::new();
static TASKS: PerProcess<Mutex<HashMap<Id, Arc<Task>>>> = PerProcess::new();
/// Steps of 16 look like pointers, and are not null.
static NEXT: AtomicUsize = AtomicUsize::new(16);

thread_local! {
    /// What to do when the call that runs on this thread returns.
    static AFTER: RefCell<Vec<Box<dyn FnOnce()>>> = const { RefCell::new(Vec::new()) };
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("counts", &self.counts).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new_id() -> Id {
    NEXT.fetch_add(16, Ordering::Relaxed)
}

fn task(id: Id) -> Option<Arc<Task>> {
    lock(tasks()).get(&id).cloned()
}

/// The tasks that were not let go, or are still called. A copy by `fork` has them too; what was to call them
/// there is the other process's.
fn tasks() -> &'static Mutex<HashMap<Id, Arc<Task>>> {
    let is_closed = |task: &Task| task.counts.try_lock().is_ok_and(|counts| counts.closed);
    TASKS.get_or_derive(|before| {
        let open = before.iter().filter(|(_, task)| !is_closed(task));
        open.map(|(id, task)| (*id, Arc::new(Task::new(task.call.clone())))).collect()
    })
}

/// The pool of this process.
fn pool() -> Arc<Pool> {
    let mut slot = lock(POOL.get());
    match &*slot {
        Some(pool) if pool.process == std::process::id() => pool.clone(),
        // A copy by other means than `fork` is not counted; it has no threads either.
        _ => slot.insert(Arc::new(Pool::new())).clone(),
    }
}

/// The port whose packets the pool's threads run; the key is a task's number.
///
/// # Errors
/// What starting the first thread gives.
pub fn port() -> Result<Arc<PortObject>> {
    let pool = pool();
    pool.grow()?;
    Ok(pool.port.clone())
}

/// For tests: holds what is locked for the whole process.
#[cfg(test)]
pub(crate) fn hold() -> impl Sized {
    (lock(POOL.get()), groups(), lock(tasks()))
}

/// A new task.
pub fn create(call: Call) -> Id {
    let id = new_id();
    lock(tasks()).insert(id, Arc::new(Task::new(call.into())));
    id
}

/// Has a task called once more.
///
/// # Errors
/// `ERROR_INVALID_PARAMETER` if there is none of this number that was not let go; what starting a thread
/// gives.
pub fn submit(id: Id, context: usize) -> Result<()> {
    let task = task(id).ok_or(ErrorKind::InvalidParameter)?;
    let pool = pool();
    pool.grow()?;
    {
        let mut counts = lock(&task.counts);
        if counts.closed {
            return Err(ErrorKind::InvalidParameter.into());
        }
        counts.queued += 1;
    }
    let ending = Ending { failure: Failure::new(0, 0), bytes: 0 };
    pool.port.post(Packet { key: id, context, ending });
    Ok(())
}

/// An operation begins whose packet will call the task.
pub fn expect(id: Id) {
    if let Some(task) = task(id) {
        lock(&task.counts).queued += 1;
    }
}

/// The operation has no packet after all.
pub fn expect_less(id: Id) {
    if let Some(task) = task(id) {
        let mut counts = lock(&task.counts);
        counts.queued = counts.queued.saturating_sub(1);
        task.told(id, &counts);
    }
}

/// Waits until all calls of a task have returned; those that have not begun can be cancelled instead.
pub fn finish(id: Id, cancel: bool) {
    let Some(task) = task(id) else { return };
    let mut counts = lock(&task.counts);
    if cancel {
        counts.cancelled += std::mem::take(&mut counts.queued);
    }
    while counts.queued + counts.running > 0 {
        counts = task.idle.wait(counts).unwrap_or_else(PoisonError::into_inner);
    }
    task.told(id, &counts);
}

/// Whether a task is to be called, or is being called.
#[must_use]
pub fn is_busy(id: Id) -> bool {
    task(id).is_some_and(|task| {
        let counts = lock(&task.counts);
        counts.queued + counts.running > 0
    })
}

/// Whether there is a task of this number that was not let go.
#[must_use]
pub fn is_open(id: Id) -> bool {
    task(id).is_some_and(|task| !lock(&task.counts).closed)
}

/// Lets a task go, after its last call.
pub fn close(id: Id) {
    if let Some(task) = task(id) {
        let mut counts = lock(&task.counts);
        counts.closed = true;
        task.told(id, &counts);
    }
}

/// Does something when the call that runs on this thread returns.
pub fn afterwards(act: impl FnOnce() + 'static) {
    AFTER.with_borrow_mut(|after| after.push(Box::new(act)));
}

impl Task {
    fn new(call: Shared) -> Self {
        Self { call, counts: Mutex::default(), idle: Condvar::new() }
    }

    /// The counts have changed.
    fn told(&self, id: Id, counts: &Counts) {
        if counts.queued + counts.running > 0 {
            return;
        }
        self.idle.notify_all();
        if counts.closed {
            lock(tasks()).remove(&id);
        }
    }

    fn run(&self, packet: &Packet) {
        {
            let mut counts = lock(&self.counts);
            if counts.cancelled > 0 {
                counts.cancelled -= 1;
                return;
            }
            counts.queued = counts.queued.saturating_sub(1);
            counts.running += 1;
        }
        // A call that panics has returned; one that ends its thread leaves the frames here as they are.
        let call = || outward(|| (self.call)(packet.key, packet));
        let _ = catch_unwind(AssertUnwindSafe(call));
        for act in AFTER.take() {
            act();
        }
        let mut counts = lock(&self.counts);
        counts.running -= 1;
        self.told(packet.key, &counts);
    }
}

impl Pool {
    fn new() -> Self {
        let port = Arc::new(PortObject::default());
        Self { port, threads: AtomicUsize::new(0), process: std::process::id() }
    }

    /// Makes sure that a thread waits for work, unless there are too many.
    fn grow(self: &Arc<Self>) -> Result<()> {
        if self.port.waiting() > 0 {
            return Ok(());
        }
        let more = |threads: usize| (threads < THREADS_MAX).then_some(threads + 1);
        if self.threads.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            return Ok(());
        }
        let pool = self.clone();
        let spawned = token::spawn("ntpipe-pool", move || pool.work());
        if let Err(error) = spawned {
            // With others there it is only slower.
            if self.threads.fetch_sub(1, Ordering::Relaxed) == 1 {
                return Err(error.into());
            }
        }
        Ok(())
    }

    fn work(self: &Arc<Self>) {
        loop {
            match self.port.next(Some(IDLE), false) {
                Ok(packet) => {
                    let _ = self.grow();
                    if let Some(task) = task(packet.key) {
                        task.run(&packet);
                    }
                }
                Err(_) if self.may_leave() => return,
                Err(_) => {}
            }
        }
    }

    /// One thread stays, and waits: an operation may complete at any time, also while all others are busy,
    /// perhaps with waiting for what its call will do.
    fn may_leave(&self) -> bool {
        if self.port.waiting() == 0 {
            return false;
        }
        let less = |threads: usize| (threads > 1).then(|| threads - 1);
        self.threads.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

/// Tasks that are closed together; in a copy by `fork` too.
static GROUPS: PerProcess<Mutex<HashMap<Id, Vec<Id>>>> = PerProcess::new();

fn groups() -> MutexGuard<'static, HashMap<Id, Vec<Id>>> {
    lock(GROUPS.get_or_derive(HashMap::clone))
}

/// A new group.
#[must_use]
pub fn new_group() -> Id {
    let id = new_id();
    groups().insert(id, Vec::new());
    id
}

/// Puts a task into a group.
pub fn join(group: Id, id: Id) {
    if let Some(members) = groups().get_mut(&group) {
        members.push(id);
    }
}

/// The tasks of a group, which is empty from then on.
#[must_use]
pub fn leave(group: Id) -> Vec<Id> {
    groups().get_mut(&group).map(std::mem::take).unwrap_or_default()
}

/// Lets a group go.
pub fn close_group(group: Id) {
    groups().remove(&group);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Barrier};

    use super::{Ending, Failure, Packet, Pool, close, create, finish, submit, task};

    #[test]
    fn calls_run_at_the_same_time_and_are_waited_for() {
        let meeting = Arc::new(Barrier::new(5));
        let ran = Arc::new(AtomicU32::new(0));
        let (place, count) = (meeting.clone(), ran.clone());
        let id = create(Box::new(move |_, _| {
            place.wait();
            count.fetch_add(1, Ordering::Relaxed);
        }));
        for _ in 0..5 {
            submit(id, 0).expect("submitted");
        }
        finish(id, false);
        assert_eq!(ran.load(Ordering::Relaxed), 5);
        close(id);
        assert!(task(id).is_none() && submit(id, 0).is_err());
    }

    #[test]
    fn a_thread_leaves_only_if_another_one_waits() {
        let pool = Pool::new();
        pool.threads.store(3, Ordering::Relaxed);
        assert!(!pool.may_leave(), "both others are busy");
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| pool.port.next(None, false));
            while pool.port.waiting() == 0 {
                std::thread::yield_now();
            }
            assert!(pool.may_leave());
            let ending = Ending { failure: Failure::new(0, 0), bytes: 0 };
            pool.port.post(Packet { key: 0, context: 0, ending });
            assert!(waits.join().expect("no panic").is_ok());
        });
        assert_eq!(pool.threads.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_task_that_was_let_go_is_called_no_more_and_goes_when_its_calls_are_over() {
        let id = create(Box::new(|_, _| ()));
        super::expect(id);
        close(id);
        assert!(task(id).is_some() && submit(id, 0).is_err());
        finish(id, true);
        assert!(task(id).is_none());
    }

    #[test]
    fn calls_that_have_not_begun_can_be_cancelled() {
        let id = create(Box::new(|_, _| ()));
        super::expect(id);
        finish(id, true);
        close(id);
        assert!(task(id).is_none());
    }
}
