//! The state: pipes, instances, queues, handles; transitions that never wait.

use std::collections::{HashMap, VecDeque};

use ntpipe_conformance::code::{BROKEN_PIPE, MORE_DATA, NO_DATA, NOT_CONNECTED, PIPE_LISTENING};
use ntpipe_conformance::door::{Access, Failed};

pub(crate) type Took = Result<Vec<u8>, Failed>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Listening,
    Connected,
    /// One of the ends closed.
    Closing,
    Disconnected,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) name: String,
    pub(crate) access: Access,
    pub(crate) message: bool,
    pub(crate) max: u32,
    pub(crate) default_ms: u32,
    pub(crate) servers: u32,
    pub(crate) clients: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) quota: usize,
    /// What waits to be read: each write's number and its unread rest.
    pub(crate) entries: VecDeque<(u64, Vec<u8>)>,
    /// The writes among them that have not returned, by number.
    pub(crate) writers: VecDeque<u64>,
    pub(crate) readers: VecDeque<Reader>,
}

#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) ticket: u64,
    pub(crate) len: usize,
    pub(crate) message: bool,
}

#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) pipe: usize,
    pub(crate) phase: Phase,
    pub(crate) order: u64,
    pub(crate) opens: u64,
    pub(crate) disconnects: u64,
    /// What flows to the server, and what flows to the client.
    pub(crate) queues: [Queue; 2],
    pub(crate) out_size: u32,
    pub(crate) in_size: u32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) instance: usize,
    pub(crate) server: bool,
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) read_message: bool,
    pub(crate) nowait: bool,
    pub(crate) cancels: u64,
    /// A client's connection: the disconnects there were when it opened.
    pub(crate) disconnects: u64,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) pipes: Vec<Pipe>,
    pub(crate) names: HashMap<String, usize>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) ends: Vec<Option<End>>,
    pub(crate) reads: HashMap<u64, Took>,
    pub(crate) writes: HashMap<u64, Result<(), u32>>,
    pub(crate) next: u64,
}

/// The smaller of two lengths of data, split off the front.
fn front(data: &mut Vec<u8>, len: usize) -> Vec<u8> {
    let rest = data.split_off(len.min(data.len()));
    std::mem::replace(data, rest)
}

impl Queue {
    pub(crate) fn unread(&self) -> usize {
        self.entries.iter().map(|(_, data)| data.len()).sum()
    }

    /// Takes what a read of `len` bytes gets, if anything is there.
    pub(crate) fn take(&mut self, len: usize, message: bool) -> Option<Took> {
        if message {
            let (_, data) = self.entries.front_mut()?;
            let got = front(data, len);
            if !data.is_empty() {
                return Some(Err(Failed { code: MORE_DATA, data: got }));
            }
            self.entries.pop_front();
            return Some(Ok(got));
        }
        self.entries.retain(|(_, data)| !data.is_empty());
        self.entries.front()?;
        let mut got = Vec::new();
        while got.len() < len {
            let Some((_, data)) = self.entries.front_mut() else { break };
            got.extend(front(data, len - got.len()));
            if data.is_empty() {
                self.entries.pop_front();
            }
        }
        Some(Ok(got))
    }

    /// The pending writes that may return: their unread rest, and all before it, fits.
    pub(crate) fn fitting(&mut self) -> Vec<u64> {
        let mut fitting = Vec::new();
        while let Some(&writer) = self.writers.front() {
            let through = self.entries.iter().position(|(number, _)| *number == writer);
            let before = through.map_or(0, |at| at + 1);
            let bytes: usize = self.entries.iter().take(before).map(|(_, data)| data.len()).sum();
            if bytes > self.quota {
                break;
            }
            self.writers.pop_front();
            fitting.push(writer);
        }
        fitting
    }
}

impl World {
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn instance(&mut self, end: &End) -> &mut Instance {
        &mut self.instances[end.instance]
    }

    pub(crate) fn pipe(&self, end: &End) -> &Pipe {
        &self.pipes[self.instances[end.instance].pipe]
    }

    /// Where the end reads from, or writes to.
    pub(crate) fn queue(&mut self, end: &End, reading: bool) -> &mut Queue {
        let to_client = usize::from(end.server != reading);
        &mut self.instance(end).queues[to_client]
    }

    /// Whether the end is a client that the server disconnected.
    pub(crate) fn cut(&self, end: &End) -> bool {
        !end.server && self.instances[end.instance].disconnects != end.disconnects
    }

    /// The phase, or the code with which reads and writes fail in it.
    pub(crate) fn phase(&self, end: &End) -> Result<Phase, u32> {
        match self.instances[end.instance].phase {
            _ if self.cut(end) => Err(NOT_CONNECTED),
            Phase::Disconnected => Err(NOT_CONNECTED),
            Phase::Listening => Err(PIPE_LISTENING),
            phase => Ok(phase),
        }
    }

    pub(crate) fn read(&mut self, end: &End, len: usize) -> Option<Took> {
        let queue = self.queue(end, true);
        let took = queue.take(len, end.read_message);
        let fitting = queue.fitting();
        self.writes.extend(fitting.into_iter().map(|writer| (writer, Ok(()))));
        took
    }

    /// Writes; gives the bytes accepted, and the write's number if it has to wait.
    pub(crate) fn write(&mut self, end: &End, data: &[u8], waits: bool) -> (usize, Option<u64>) {
        let message = self.pipe(end).message;
        if data.is_empty() && !message {
            return (0, None);
        }
        let number = self.number();
        let queue = self.queue(end, false);
        let wanted: usize = queue.readers.iter().map(|reader| reader.len).sum();
        let first = queue.readers.front().map_or(0, |reader| reader.len);
        let served = if message { first } else { wanted }.min(data.len());
        let fits = queue.unread() + data.len() - served <= queue.quota;
        if !waits && !fits && message {
            return (0, None);
        }
        let mut rest = data.to_vec();
        let mut finished = Vec::new();
        let mut whole = message;
        while let Some(reader) = queue.readers.front() {
            let ends = whole && rest.is_empty() && reader.message;
            if rest.is_empty() && !ends {
                break;
            }
            let got = front(&mut rest, reader.len);
            let short = reader.message && !rest.is_empty();
            let took = if short { Err(Failed { code: MORE_DATA, data: got }) } else { Ok(got) };
            finished.push((reader.ticket, took));
            queue.readers.pop_front();
            whole = false;
        }
        let mut waiting = None;
        let mut accepted = data.len();
        if !fits && !waits {
            accepted -= rest.len();
        } else if !rest.is_empty() || whole {
            queue.entries.push_back((number, rest));
            if !fits && !data.is_empty() {
                queue.writers.push_back(number);
                waiting = Some(number);
            }
        }
        self.reads.extend(finished);
        (accepted, waiting)
    }

    /// Ends what waits at an instance: with 109 for a close, with 233 for a disconnect.
    pub(crate) fn end_all(&mut self, instance: usize, code: u32) {
        for side in 0..2 {
            let queue = &mut self.instances[instance].queues[side];
            let (readers, writers) =
                (std::mem::take(&mut queue.readers), std::mem::take(&mut queue.writers));
            self.reads.extend(readers.into_iter().map(|r| (r.ticket, Err(code.into()))));
            self.writes.extend(writers.into_iter().map(|w| (w, Err(code))));
        }
    }

    pub(crate) fn disconnect(&mut self, end: &End) {
        self.end_all(end.instance, NOT_CONNECTED);
        let instance = self.instance(end);
        instance.phase = Phase::Disconnected;
        instance.disconnects += 1;
        instance.queues.iter_mut().for_each(|queue| queue.entries.clear());
    }

    pub(crate) fn close(&mut self, end: &End) {
        let connected = !self.cut(end)
            && matches!(self.instances[end.instance].phase, Phase::Connected | Phase::Closing);
        if connected || end.server {
            self.end_all(end.instance, BROKEN_PIPE);
            self.queue(end, true).entries.clear();
            self.instance(end).phase = Phase::Closing;
        }
        let pipe = self.instances[end.instance].pipe;
        if !end.server {
            self.pipes[pipe].clients -= 1;
            return;
        }
        self.pipes[pipe].servers -= 1;
        if self.pipes[pipe].servers == 0 {
            let name = std::mem::take(&mut self.pipes[pipe].name);
            self.names.remove(&name);
        }
    }

    /// Whether the connection is one whose other end closed.
    pub(crate) fn closed(&self, end: &End) -> bool {
        self.instances[end.instance].phase == Phase::Closing
    }

    /// The code of a write after the close.
    pub(crate) fn may_write(&self, end: &End) -> Result<(), u32> {
        match self.phase(end)? {
            Phase::Closing => Err(NO_DATA),
            _ => Ok(()),
        }
    }
}
