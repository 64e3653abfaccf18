//! The calls: checks, then a transition of the world, then perhaps a wait.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use ntpipe_conformance::code::*;
use ntpipe_conformance::door::{
    Access, Create, DEFAULT_WAIT, Door, FOREVER, Info, Open, Peeked, State,
};

use crate::world::{End, Instance, Phase, Pipe, Queue, Reader, Took, World};

#[derive(Clone, Debug, Default)]
pub(crate) struct Model(Arc<(Mutex<World>, Condvar)>);

type Locked<'a> = MutexGuard<'a, World>;

impl Model {
    fn lock(&self) -> Locked<'_> {
        self.0.0.lock().expect("no panic under the lock")
    }

    /// The world and the end behind the handle.
    fn at(&self, handle: usize) -> Result<(Locked<'_>, End), u32> {
        let world = self.lock();
        let end = world.ends[handle].ok_or(INVALID_HANDLE)?;
        Ok((world, end))
    }

    fn changed(&self) {
        self.0.1.notify_all();
    }

    /// Waits for an answer, or until the handle's calls are cancelled.
    fn block<T>(
        &self,
        mut world: Locked<'_>,
        handle: usize,
        mut answer: impl FnMut(&mut World) -> Option<T>,
        cancelled: impl FnOnce(&mut World) -> T,
    ) -> T {
        let cancels = |world: &World| world.ends[handle].map(|end| end.cancels);
        let before = cancels(&world);
        self.changed();
        loop {
            if let Some(answer) = answer(&mut world) {
                return answer;
            }
            if cancels(&world) != before {
                let answer = cancelled(&mut world);
                self.changed();
                return answer;
            }
            world = self.0.1.wait(world).expect("no panic under the lock");
        }
    }

    fn receive(&self, mut world: Locked<'_>, handle: usize, end: &End, len: usize) -> Took {
        let ticket = world.number();
        let reader = Reader { ticket, len, message: end.read_message };
        world.queue(end, true).readers.push_back(reader);
        self.block(
            world,
            handle,
            |world| world.reads.remove(&ticket),
            |world| {
                world.queue(end, true).readers.retain(|reader| reader.ticket != ticket);
                Err(ABORTED.into())
            },
        )
    }
}

/// The name below the prefix, folded; or the code for a wrong one.
fn below(name: &str, wrong: u32) -> Result<String, u32> {
    if name.chars().count() > 256 {
        return Err(FILENAME_TOO_LONG);
    }
    let folded = name.to_lowercase();
    let head: String = folded.chars().take(9).map(|c| if c == '/' { '\\' } else { c }).collect();
    if head != r"\\.\pipe\" && head != r"\\?\pipe\" {
        let other = folded.starts_with(r"\\") && folded[2..].split('\\').nth(1) == Some("pipe");
        return Err(if other && !folded.starts_with(r"\\.\") { PATH_NOT_FOUND } else { wrong });
    }
    let rest: String = folded.chars().skip(9).collect();
    if rest.is_empty() { Err(wrong) } else { Ok(rest) }
}

fn usable(options: &Create<'_>) -> Result<String, u32> {
    let name = below(options.name, INVALID_NAME)?;
    if options.access == Access::None
        || !(1..=255).contains(&options.max_instances)
        || options.read_message && !options.type_message
    {
        return Err(INVALID_PARAMETER);
    }
    Ok(name)
}

fn size(bytes: u32) -> usize {
    usize::try_from(bytes).expect("64 bits")
}

fn dword(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("small")
}

fn add(world: &mut World, pipe: usize, options: &Create<'_>) -> usize {
    let order = world.number();
    let queue = |quota| Queue { quota: size(quota), ..Queue::default() };
    world.pipes[pipe].servers += 1;
    world.instances.push(Instance {
        pipe,
        phase: Phase::Listening,
        order,
        opens: 0,
        disconnects: 0,
        queues: [queue(options.in_size), queue(options.out_size)],
        out_size: options.out_size,
        in_size: options.in_size,
    });
    world.ends.push(Some(End {
        instance: world.instances.len() - 1,
        server: true,
        read: options.access != Access::Outbound,
        write: options.access != Access::Inbound,
        read_message: options.read_message && world.pipes[pipe].message,
        nowait: options.nowait,
        cancels: 0,
        disconnects: 0,
    }));
    world.ends.len() - 1
}

fn fresh(world: &mut World, name: &str, options: &Create<'_>) -> usize {
    world.pipes.push(Pipe {
        name: name.to_owned(),
        access: options.access,
        message: options.type_message,
        max: options.max_instances,
        default_ms: if options.default_ms == 0 { 50 } else { options.default_ms },
        servers: 0,
        clients: 0,
    });
    world.pipes.len() - 1
}

fn attach(world: &mut World, instance: usize, access: Open) -> usize {
    let at = &mut world.instances[instance];
    at.phase = Phase::Connected;
    at.opens += 1;
    let (pipe, disconnects) = (at.pipe, at.disconnects);
    world.pipes[pipe].clients += 1;
    world.ends.push(Some(End {
        instance,
        server: false,
        read: access.read,
        write: access.write,
        read_message: false,
        nowait: false,
        cancels: 0,
        disconnects,
    }));
    world.ends.len() - 1
}

fn listening(world: &World, pipe: usize) -> Option<usize> {
    let listens = |i: &&usize| {
        let instance = &world.instances[**i];
        instance.pipe == pipe && instance.phase == Phase::Listening
    };
    let all: Vec<usize> = (0..world.instances.len()).collect();
    all.iter().filter(listens).min_by_key(|i| world.instances[**i].order).copied()
}

impl Door for Model {
    type Handle = usize;

    fn create(&self, options: &Create<'_>) -> Result<usize, u32> {
        let name = usable(options)?;
        let mut world = self.lock();
        let pipe = if let Some(&pipe) = world.names.get(&name) {
            let known = &world.pipes[pipe];
            if known.max != 255 && known.servers >= known.max {
                return Err(PIPE_BUSY);
            }
            if options.first || known.access != options.access {
                return Err(ACCESS_DENIED);
            }
            pipe
        } else {
            let pipe = fresh(&mut world, &name, options);
            world.names.insert(name, pipe);
            pipe
        };
        self.changed();
        Ok(add(&mut world, pipe, options))
    }

    fn open(&self, name: &str, access: Open) -> Result<usize, u32> {
        let name = below(name, INVALID_NAME)?;
        let mut world = self.lock();
        let pipe = *world.names.get(&name).ok_or(NOT_FOUND)?;
        match world.pipes[pipe].access {
            Access::Inbound if access.read => return Err(ACCESS_DENIED),
            Access::Outbound if access.write => return Err(ACCESS_DENIED),
            _ => {}
        }
        let instance = listening(&world, pipe).ok_or(PIPE_BUSY)?;
        self.changed();
        Ok(attach(&mut world, instance, access))
    }

    fn connect(&self, &handle: &usize) -> Result<(), u32> {
        let (mut world, end) = self.at(handle)?;
        if !end.server {
            return Err(INVALID_FUNCTION);
        }
        let order = world.number();
        let instance = world.instance(&end);
        match instance.phase {
            Phase::Connected => return Err(PIPE_CONNECTED),
            Phase::Closing => return Err(NO_DATA),
            Phase::Disconnected => {
                instance.phase = Phase::Listening;
                instance.order = order;
            }
            Phase::Listening => {}
        }
        let (opens, disconnects) = (instance.opens, instance.disconnects);
        if end.nowait {
            self.changed();
            return Err(PIPE_LISTENING);
        }
        let answer = |world: &mut World| {
            let instance = world.instance(&end);
            if instance.opens != opens {
                return Some(Ok(()));
            }
            (instance.disconnects != disconnects).then_some(Err(NOT_CONNECTED))
        };
        self.block(world, handle, answer, |_| Err(ABORTED))
    }

    fn disconnect(&self, &handle: &usize) -> Result<(), u32> {
        let (mut world, end) = self.at(handle)?;
        if !end.server {
            return Err(INVALID_FUNCTION);
        }
        if world.instance(&end).phase == Phase::Disconnected {
            return Err(NOT_CONNECTED);
        }
        world.disconnect(&end);
        self.changed();
        Ok(())
    }

    fn close(&self, &handle: &usize) -> Result<(), u32> {
        let (mut world, end) = self.at(handle)?;
        world.close(&end);
        world.ends[handle] = None;
        self.changed();
        Ok(())
    }

    fn read(&self, &handle: &usize, len: usize) -> Took {
        let (mut world, end) = self.at(handle)?;
        if !end.read {
            return Err(ACCESS_DENIED.into());
        }
        world.phase(&end)?;
        if let Some(took) = world.read(&end, len) {
            self.changed();
            return took;
        }
        if world.closed(&end) {
            return Err(BROKEN_PIPE.into());
        }
        if end.nowait {
            return Err(NO_DATA.into());
        }
        self.receive(world, handle, &end, len)
    }

    fn write(&self, &handle: &usize, data: &[u8]) -> Result<usize, u32> {
        let (mut world, end) = self.at(handle)?;
        if !end.write {
            return Err(ACCESS_DENIED);
        }
        world.may_write(&end)?;
        let (accepted, waiting) = world.write(&end, data, !end.nowait);
        self.changed();
        let Some(number) = waiting else { return Ok(accepted) };
        let done = self.block(
            world,
            handle,
            |world| world.writes.remove(&number),
            |world| {
                let queue = world.queue(&end, false);
                queue.entries.retain(|(entry, _)| *entry != number);
                queue.writers.retain(|writer| *writer != number);
                Err(ABORTED)
            },
        );
        done.map(|()| accepted)
    }

    fn peek(&self, &handle: &usize, len: usize) -> Result<Peeked, u32> {
        let (mut world, end) = self.at(handle)?;
        if !end.read {
            return Err(ACCESS_DENIED);
        }
        match world.phase(&end) {
            Err(_) if end.server => return Err(BAD_PIPE),
            phase => phase?,
        };
        let (message, closed) = (world.pipe(&end).message, world.closed(&end));
        let queue = world.queue(&end, true);
        if queue.entries.is_empty() && closed {
            return Err(BROKEN_PIPE);
        }
        let parts = queue.entries.iter().take(if message { 1 } else { usize::MAX });
        let mut data: Vec<u8> = parts.flat_map(|(_, data)| data.iter().copied()).collect();
        let whole = if message { dword(data.len()) } else { 0 };
        data.truncate(len);
        let left = whole.wrapping_sub(dword(data.len()));
        Ok(Peeked { data, available: dword(queue.unread()), left })
    }

    fn transact(&self, &handle: &usize, request: &[u8], len: usize) -> Took {
        let (mut world, end) = self.at(handle)?;
        if world.cut(&end) {
            return Err(NOT_CONNECTED.into());
        }
        if world.instance(&end).phase != Phase::Connected {
            return Err(BAD_PIPE.into());
        }
        if !end.read || !end.write {
            return Err(ACCESS_DENIED.into());
        }
        if !end.read_message {
            return Err(BAD_PIPE.into());
        }
        if !world.queue(&end, true).entries.is_empty() {
            return Err(PIPE_BUSY.into());
        }
        if let (_, Some(number)) = world.write(&end, request, true) {
            world.queue(&end, false).writers.retain(|writer| *writer != number);
        }
        self.receive(world, handle, &end, len)
    }

    fn call(&self, name: &str, request: &[u8], len: usize, ms: u32) -> Took {
        let handle = loop {
            match self.open(name, Open::BOTH) {
                Err(PIPE_BUSY) => self.wait(name, ms)?,
                other => break other?,
            }
        };
        let answer = match self.set_state(&handle, true, false) {
            Ok(()) => self.transact(&handle, request, len),
            Err(code) => Err(code.into()),
        };
        self.close(&handle)?;
        answer
    }

    fn wait(&self, name: &str, ms: u32) -> Result<(), u32> {
        let name = below(name, BAD_PATHNAME)?;
        let mut world = self.lock();
        let pipe = *world.names.get(&name).ok_or(NOT_FOUND)?;
        let ms = if ms == DEFAULT_WAIT { world.pipes[pipe].default_ms } else { ms };
        let far = Duration::from_secs(3600);
        let time = if ms == FOREVER { far } else { Duration::from_millis(ms.into()) };
        let deadline = Instant::now() + time;
        loop {
            if listening(&world, pipe).is_some() {
                return Ok(());
            }
            if world.pipes[pipe].servers + world.pipes[pipe].clients == 0 {
                return Err(NOT_FOUND);
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return Err(SEM_TIMEOUT);
            };
            world = self.0.1.wait_timeout(world, left).expect("no panic under the lock").0;
        }
    }

    fn flush(&self, &handle: &usize) -> Result<(), u32> {
        let (world, end) = self.at(handle)?;
        if !end.write {
            return Err(ACCESS_DENIED);
        }
        if world.cut(&end) {
            return Err(NOT_CONNECTED);
        }
        let disconnects = world.instances[end.instance].disconnects;
        if world.instances[end.instance].phase != Phase::Connected {
            return Ok(());
        }
        let answer = |world: &mut World| {
            if world.instance(&end).disconnects != disconnects {
                return Some(Err(NOT_CONNECTED));
            }
            if world.closed(&end) {
                return Some(Err(BROKEN_PIPE));
            }
            (world.queue(&end, false).unread() == 0).then_some(Ok(()))
        };
        self.block(world, handle, answer, |_| Err(ABORTED))
    }

    fn get_state(&self, &handle: &usize) -> Result<State, u32> {
        let (world, end) = self.at(handle)?;
        if end.server && !end.read {
            return Err(ACCESS_DENIED);
        }
        if world.cut(&end) {
            return Err(NOT_CONNECTED);
        }
        let instances = world.pipe(&end).servers;
        Ok(State { read_message: end.read_message, nowait: end.nowait, instances })
    }

    fn set_state(&self, &handle: &usize, read_message: bool, nowait: bool) -> Result<(), u32> {
        let (mut world, end) = self.at(handle)?;
        let anonymous = world.pipe(&end).name.is_empty() && world.pipe(&end).max == 1;
        if !end.write && !anonymous {
            return Err(ACCESS_DENIED);
        }
        if world.cut(&end) {
            return Err(NOT_CONNECTED);
        }
        if read_message && !world.pipe(&end).message {
            return Err(INVALID_PARAMETER);
        }
        world.ends[handle] = Some(End { read_message, nowait, ..end });
        Ok(())
    }

    fn info(&self, &handle: &usize) -> Result<Info, u32> {
        let (world, end) = self.at(handle)?;
        if end.server && !end.read {
            return Err(ACCESS_DENIED);
        }
        if world.cut(&end) {
            return Err(NOT_CONNECTED);
        }
        let (instance, pipe) = (&world.instances[end.instance], world.pipe(&end));
        Ok(Info {
            server_end: end.server,
            type_message: pipe.message,
            out_size: instance.out_size,
            in_size: instance.in_size,
            max_instances: pipe.max,
        })
    }

    fn client_pid(&self, &handle: &usize) -> Result<u32, u32> {
        let (world, end) = self.at(handle)?;
        match world.phase(&end) {
            Err(_) if end.server => Err(ELEMENT_NOT_FOUND),
            phase => phase.map(|_| std::process::id()),
        }
    }

    fn server_pid(&self, &handle: &usize) -> Result<u32, u32> {
        let (world, end) = self.at(handle)?;
        if world.cut(&end) { Err(NOT_CONNECTED) } else { Ok(std::process::id()) }
    }

    fn cancel(&self, &handle: &usize) {
        if let Some(end) = &mut self.lock().ends[handle] {
            end.cancels += 1;
        }
        self.changed();
    }

    fn anonymous(&self, quota: u32) -> Result<(usize, usize), u32> {
        let quota = if quota == 0 { 4096 } else { quota };
        let options = Create::bytes("").quota(quota).max(1).access(Access::Inbound);
        let mut world = self.lock();
        let pipe = fresh(&mut world, "", &options);
        let reader = add(&mut world, pipe, &options);
        let instance = world.instances.len() - 1;
        Ok((reader, attach(&mut world, instance, Open::WRITE)))
    }
}
