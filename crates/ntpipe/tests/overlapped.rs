//! Operations that are started: Windows' rules for pending reads, writes, transactions, flushes and
//! listens, what wakes their driver, and the same in two processes.

#[path = "overlapped/driver.rs"]
mod driver;
#[path = "overlapped/hub.rs"]
mod hub;
#[path = "overlapped/kernel.rs"]
mod kernel;
#[path = "overlapped/listens.rs"]
mod listens;
#[path = "overlapped/model.rs"]
mod model;
#[path = "overlapped/reads.rs"]
mod reads;
#[path = "overlapped/two_processes.rs"]
mod two_processes;
#[path = "overlapped/wakes.rs"]
mod wakes;
#[path = "overlapped/writes.rs"]
mod writes;
