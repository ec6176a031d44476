//! How does a program use TCP connections of a stack?
//!
//! | where is … | file |
//! | --- | --- |
//! | the connection: connect, read, write, readiness, addresses | `stream.rs` |
//! | each of these as one call of the host | `attempt.rs` |
//! | `AsyncRead` and `AsyncWrite` | `io.rs` |
//! | text as `Bytes`, not copied | `chunks.rs` |
//! | options of an open connection | `options.rs` |
//! | … set before it is opened or accepted | `preset.rs` |
//! | both directions apart, borrowed and owned | `split.rs`, `split_owned.rs`, `halves.rs` |
//! | the listener, and the one that asks before it answers | `listener.rs`, `deferred.rs` |
//! | a socket before it is bound or connected | `socket.rs` |

#[macro_use]
mod halves;

mod attempt;
mod chunks;
mod deferred;
mod io;
mod listener;
mod options;
mod preset;
mod socket;
mod split;
mod split_owned;
mod stream;

pub(crate) use preset::Preset;

pub use deferred::{DeferredListener, Incoming};
pub use listener::TcpListener;
pub use socket::TcpSocket;
pub use split::{ReadHalf, WriteHalf};
pub use split_owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use stream::{StreamHandle, TcpStream};
