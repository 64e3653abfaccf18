//! The door to the blocking API of the crate `ntpipe`.
//!
//! Where the types of that API leave no room for a wrong call (a client has no `connect`, a
//! [`PipeReader`] cannot write), the door answers what Windows would.

use std::fmt;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ntpipe::{
    ClientOptions, ErrorKind, HandleState, NamedPipeClient, NamedPipeServer, Peek, PipeEnd,
    PipeInfo, PipeMode, PipeReader, PipeWriter, Recv, ServerOptions, Timeout,
};

use crate::code::{ACCESS_DENIED, INVALID_FUNCTION, INVALID_HANDLE, MORE_DATA};
use crate::door::{Access, Create, DEFAULT_WAIT, Door, FOREVER, Failed, Info, Open, Peeked, State};

/// The blocking API of `ntpipe`.
#[derive(Clone, Copy, Debug)]
pub struct RustDoor;

/// An end, until it is closed.
#[derive(Clone)]
pub struct Handle(Arc<Mutex<Option<Arc<End>>>>);

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}

enum End {
    Server(NamedPipeServer),
    Client(NamedPipeClient),
    Reader(PipeReader),
    Writer(PipeWriter),
}

/// The same call on whichever end has it; other ends answer with the code.
macro_rules! on {
    ($handle:expr, $end:ident => $call:expr; $($kind:ident),+; else $code:expr) => {
        match &*$handle.end()? {
            $(End::$kind($end) => $call.map_err(code),)+
            #[allow(unreachable_patterns, reason = "some calls are on every end")]
            _ => Err($code),
        }
    };
}

impl Handle {
    fn new(end: End) -> Self {
        Self(Arc::new(Mutex::new(Some(Arc::new(end)))))
    }

    fn end(&self) -> Result<Arc<End>, u32> {
        let end = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        end.clone().ok_or(INVALID_HANDLE)
    }

    fn recv(&self, data: &mut [u8]) -> Result<Recv, u32> {
        on!(self, end => end.recv(data); Server, Client, Reader; else ACCESS_DENIED)
    }

    fn transact(&self, request: &[u8], data: &mut [u8]) -> Result<Recv, u32> {
        on!(self, end => end.transact(request, data); Server, Client; else ACCESS_DENIED)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn code(error: ntpipe::Error) -> u32 {
    error.win32().0
}

fn mode(message: bool) -> PipeMode {
    if message { PipeMode::Message } else { PipeMode::Byte }
}

fn timeout(ms: u32) -> Timeout {
    match ms {
        DEFAULT_WAIT => Timeout::Default,
        FOREVER => Timeout::Never,
        ms => Timeout::After(Duration::from_millis(ms.into())),
    }
}

/// What a read took, as `ReadFile` tells it.
fn taken(mut data: Vec<u8>, result: Result<Recv, u32>) -> Result<Vec<u8>, Failed> {
    let Recv { len, more, .. } = result?;
    data.truncate(len);
    if more { Err(Failed { code: MORE_DATA, data }) } else { Ok(data) }
}

fn dword(number: u64) -> u32 {
    u32::try_from(number).expect("less than 4 GiB in a test")
}

impl Door for RustDoor {
    type Handle = Handle;

    fn create(&self, options: &Create<'_>) -> Result<Handle, u32> {
        let (inbound, outbound) = match options.access {
            Access::None => (false, false),
            Access::Duplex => (true, true),
            Access::Inbound => (true, false),
            Access::Outbound => (false, true),
        };
        ServerOptions::new()
            .access_inbound(inbound)
            .access_outbound(outbound)
            .first_pipe_instance(options.first)
            .pipe_mode(mode(options.type_message))
            .read_mode(mode(options.read_message))
            .nowait(options.nowait)
            .max_instances(usize::try_from(options.max_instances).expect("64 bits"))
            .out_buffer_size(options.out_size)
            .in_buffer_size(options.in_size)
            .default_timeout(Duration::from_millis(options.default_ms.into()))
            .create(options.name)
            .map(|server| Handle::new(End::Server(server)))
            .map_err(code)
    }

    fn open(&self, name: &str, access: Open) -> Result<Handle, u32> {
        ClientOptions::new()
            .read(access.read)
            .write(access.write)
            .open(name)
            .map(|client| Handle::new(End::Client(client)))
            .map_err(code)
    }

    fn connect(&self, handle: &Handle) -> Result<(), u32> {
        on!(handle, end => end.listen(); Server; else INVALID_FUNCTION)
    }

    fn disconnect(&self, handle: &Handle) -> Result<(), u32> {
        on!(handle, end => end.disconnect(); Server; else INVALID_FUNCTION)
    }

    fn close(&self, handle: &Handle) -> Result<(), u32> {
        let end = handle.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        end.map(drop).ok_or(INVALID_HANDLE)
    }

    fn read(&self, handle: &Handle, len: usize) -> Result<Vec<u8>, Failed> {
        let mut data = vec![0; len];
        let got = handle.recv(&mut data);
        taken(data, got)
    }

    fn write(&self, handle: &Handle, data: &[u8]) -> Result<usize, u32> {
        on!(handle, end => end.send(data); Server, Client, Writer; else ACCESS_DENIED)
    }

    fn peek(&self, handle: &Handle, len: usize) -> Result<Peeked, u32> {
        let mut data = vec![0; len];
        let Peek { len, available, message_left, .. } =
            on!(handle, end => end.peek(&mut data); Server, Client, Reader; else ACCESS_DENIED)?;
        data.truncate(len);
        Ok(Peeked { data, available: dword(available), left: dword(message_left) })
    }

    fn transact(&self, handle: &Handle, request: &[u8], len: usize) -> Result<Vec<u8>, Failed> {
        let mut data = vec![0; len];
        let got = handle.transact(request, &mut data);
        taken(data, got)
    }

    fn call(&self, name: &str, request: &[u8], len: usize, ms: u32) -> Result<Vec<u8>, Failed> {
        let mut data = vec![0; len];
        let got = ntpipe::call(name, request, &mut data, timeout(ms)).map_err(code);
        taken(data, got)
    }

    fn wait(&self, name: &str, ms: u32) -> Result<(), u32> {
        ntpipe::wait_named_pipe(name, timeout(ms)).map_err(code)
    }

    fn flush(&self, handle: &Handle) -> Result<(), u32> {
        on!(handle, end => end.flush(); Server, Client, Writer; else ACCESS_DENIED)
    }

    fn get_state(&self, handle: &Handle) -> Result<State, u32> {
        let HandleState { read_mode, nowait, instances, .. } =
            on!(handle, end => end.state(); Server, Client, Reader, Writer; else INVALID_HANDLE)?;
        Ok(State { read_message: read_mode == PipeMode::Message, nowait, instances })
    }

    fn set_state(&self, handle: &Handle, read_message: bool, nowait: bool) -> Result<(), u32> {
        let read = mode(read_message);
        on!(handle, end => end.set_state(read, nowait); Server, Client, Reader, Writer;
            else INVALID_HANDLE)
    }

    fn info(&self, handle: &Handle) -> Result<Info, u32> {
        let PipeInfo { mode, end, max_instances, in_buffer_size, out_buffer_size, .. } =
            on!(handle, end => end.info(); Server, Client, Reader, Writer; else INVALID_HANDLE)?;
        Ok(Info {
            server_end: end == PipeEnd::Server,
            type_message: mode == PipeMode::Message,
            out_size: out_buffer_size,
            in_size: in_buffer_size,
            max_instances,
        })
    }

    fn client_pid(&self, handle: &Handle) -> Result<u32, u32> {
        match &*handle.end()? {
            End::Server(end) => end.peer().map(|peer| peer.pid),
            End::Client(end) => end.peer().map(|_| process::id()),
            End::Reader(_) | End::Writer(_) => Err(ErrorKind::ElementNotFound.into()),
        }
        .map_err(code)
    }

    fn server_pid(&self, handle: &Handle) -> Result<u32, u32> {
        match &*handle.end()? {
            End::Server(_) => Ok(process::id()),
            End::Client(end) => end.peer().map(|peer| peer.pid),
            End::Reader(_) | End::Writer(_) => Err(ErrorKind::ElementNotFound.into()),
        }
        .map_err(code)
    }

    fn cancel(&self, handle: &Handle) {
        if let Ok(end) = handle.end() {
            match &*end {
                End::Server(end) => end.cancel_io(),
                End::Client(end) => end.cancel_io(),
                End::Reader(end) => end.cancel_io(),
                End::Writer(end) => end.cancel_io(),
            }
        }
    }

    fn anonymous(&self, size: u32) -> Result<(Handle, Handle), u32> {
        let (reader, writer) = match size {
            0 => ntpipe::anonymous(),
            size => ntpipe::anonymous_with_quota(size),
        }
        .map_err(code)?;
        Ok((Handle::new(End::Reader(reader)), Handle::new(End::Writer(writer))))
    }

    // The API counts in u64 and says 0.
    fn left_of_bytes(&self, _copied: u32) -> u32 {
        0
    }
}
