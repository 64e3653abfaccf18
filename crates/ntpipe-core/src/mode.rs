//! The modes of a pipe and of an end: each a value of its own, never a bare number.

/// How a pipe carries data; fixed by the first instance (`PIPE_TYPE_BYTE`, `PIPE_TYPE_MESSAGE`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PipeType {
    /// A stream of bytes without boundaries.
    #[default]
    Byte,
    /// Each write is one message.
    Message,
}

/// How an end reads; each end has its own (`PIPE_READMODE_BYTE`, `PIPE_READMODE_MESSAGE`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReadMode {
    /// Reads join messages and cross their boundaries.
    #[default]
    Byte,
    /// A read takes at most one message.
    Message,
}

/// Whether operations on an end wait (`PIPE_WAIT`, `PIPE_NOWAIT`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WaitMode {
    /// Operations wait until they are done.
    #[default]
    Wait,
    /// Operations answer at once.
    NoWait,
}

/// The directions a pipe allows, seen from the server (`PIPE_ACCESS_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Access {
    /// Both directions (`PIPE_ACCESS_DUPLEX`).
    #[default]
    Duplex,
    /// From client to server only (`PIPE_ACCESS_INBOUND`).
    Inbound,
    /// From server to client only (`PIPE_ACCESS_OUTBOUND`).
    Outbound,
}

impl Access {
    /// Whether data may flow from the client to the server.
    #[must_use]
    pub fn inbound(self) -> bool {
        matches!(self, Self::Duplex | Self::Inbound)
    }

    /// Whether data may flow from the server to the client.
    #[must_use]
    pub fn outbound(self) -> bool {
        matches!(self, Self::Duplex | Self::Outbound)
    }
}

/// One of the two sides of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PipeEnd {
    /// The end that created the instance.
    Server,
    /// The end that opened the pipe.
    Client,
}
