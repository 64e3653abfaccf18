//! `ntpipe call`.

use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStringExt as _;

use ntpipe::{ClientOptions, PipeMode};

use crate::flags::Call;
use crate::out::{Outcome, out};

/// One request, one reply, of any length.
pub(super) fn run(args: Call) -> Outcome {
    let request = match args.data {
        Some(data) => data.into_vec(),
        None => {
            let mut data = Vec::new();
            io::stdin().lock().read_to_end(&mut data)?;
            data
        }
    };
    let mut options = ClientOptions::new();
    options.pipe_mode(PipeMode::Message);
    if let Some(wait) = args.patience.wait {
        options.connect_timeout(wait);
    }
    let client = options.open(&args.pipe.name)?;
    let mut buffer = vec![0; 64 << 10];
    let mut out = out();
    let mut reply = client.transact(&request, &mut buffer)?;
    loop {
        out.write_all(&buffer[..reply.len])?;
        if !reply.more {
            out.flush()?;
            return Ok(0);
        }
        reply = client.recv(&mut buffer)?;
    }
}
