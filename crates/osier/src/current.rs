//! Which stack does `TcpListener::bind(addr)` mean, where `tokio::net` means the kernel's?
//!
//! The one that was entered last on this thread: for as long as a guard lives
//! ([`Stack::enter`]), or whenever a certain future is polled ([`Stack::scope`]). There is no
//! stack for a whole process: where several live side by side, as in a test, it would be a
//! matter of luck which one a socket came from.

use crate::stack::Stack;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::pin::pin;
use tokio::net::ToSocketAddrs;

thread_local! {
    static ENTERED: RefCell<Vec<Stack>> = const { RefCell::new(Vec::new()) };
}

impl Stack {
    /// The stack that was entered last on this thread.
    ///
    /// # Errors
    /// None was; the text says what to do.
    pub fn current() -> io::Result<Stack> {
        ENTERED.with_borrow(|entered| entered.last().cloned()).ok_or_else(|| {
            io::Error::other(
                "no osier stack was entered here: run the future in `stack.scope(…)`, hold \
                 `stack.enter()`, or use `stack.tcp_listen`, `tcp_connect`, `udp_bind`",
            )
        })
    }

    /// Makes this the current stack of this thread until the guard is dropped. On a runtime of
    /// one thread that covers spawned tasks as well; otherwise wrap each in [`Stack::scope`].
    pub fn enter(&self) -> Entered {
        ENTERED.with_borrow_mut(|entered| entered.push(self.clone()));
        Entered { this_thread: PhantomData }
    }

    /// Makes this the current stack of a future, whichever thread polls it. A task that the
    /// future spawns is a future of its own and needs its own `scope`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let stack = osier::Stack::builder().build()?;
    /// stack
    ///     .scope(async {
    ///         let socket = osier::net::UdpSocket::bind("127.0.0.1:0").await?;
    ///         assert_ne!(socket.local_addr()?.port(), 0);
    ///         Ok(())
    ///     })
    ///     .await
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// That of the future.
    pub async fn scope<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let _entered = self.enter();
            future.as_mut().poll(cx)
        })
        .await
    }
}

/// Ends what [`Stack::enter`] began, when dropped. Guards are to be dropped in the reverse order.
#[must_use = "the stack is left again when this is dropped"]
#[derive(Debug)]
pub struct Entered {
    this_thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        // While a thread ends there is nothing left to leave.
        let left = ENTERED.try_with(|entered| entered.borrow_mut().pop());
        drop(left);
    }
}

/// The addresses that `tokio::net` would try one after the other. Host names are looked up by the
/// operating system, not over the stack.
pub(crate) async fn resolve<A: ToSocketAddrs>(addresses: A) -> io::Result<Vec<SocketAddr>> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host(addresses).await?.collect();
    if found.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "could not resolve to any address",
        ));
    }
    Ok(found)
}

/// The first success, or the last failure.
pub(crate) fn first_that_works<T>(
    addresses: &[SocketAddr],
    mut attempt: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = Err(io::ErrorKind::InvalidInput.into());
    for address in addresses {
        last = attempt(*address);
        if last.is_ok() {
            break;
        }
    }
    last
}
