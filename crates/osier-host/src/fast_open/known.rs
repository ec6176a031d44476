//! Which servers have shown what of Fast Open? (RFC 7413 §4.1.3, the client's cache)
//!
//! A bounded number of servers, each with its cookie, the MSS that it named and which form of the
//! option it has not answered. A server that knows only the experimental form is asked in it once,
//! after the standard one has got no answer (Linux, too).

use crate::config::{CookieKeys, Keys};
use crate::flow::Keyed;
use crate::ready::Ready;
use crate::secrets::{Purpose, derive};
use crate::slots::Slots;
use bytes::Bytes;
use core::net::IpAddr;
use hashbrown::HashMap;
use osier_tcp::{FastOpened, FastOpening};
use osier_wire::tcp::{FastOpen, FastOpenCookie, FastOpenForm};

use super::policy::FastOpenUse;

/// Servers that are remembered at most; the oldest goes.
const SERVERS_MAX: usize = 1_024;

/// What a server is taken to accept in a segment that has named no MSS (RFC 9293 §3.7.1).
const MSS_UNKNOWN: u16 = 536;

/// The servers, and the keys of our own cookies where none are set.
#[derive(Clone)]
pub(crate) struct FastOpens {
    /// Where the settings name none.
    pub(crate) keys: CookieKeys,
    by_server: HashMap<IpAddr, u32, Keyed>,
    known: Slots<Known>,
    /// The oldest first.
    order: Ready,
}

/// What a server has shown.
#[derive(Clone, Copy, Debug)]
struct Known {
    server: IpAddr,
    cookie: Option<(FastOpenCookie, FastOpenForm)>,
    mss: Option<u16>,
    unanswered: Unanswered,
}

/// In which forms a server was asked for a cookie and gave none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unanswered {
    Neither,
    Standard,
    Both,
}

impl FastOpens {
    pub(crate) fn new(keys: &Keys, keyed: Keyed) -> Self {
        FastOpens {
            keys: keys.fast_open.unwrap_or_else(|| CookieKeys {
                current: derive(keys, Purpose::FastOpen),
                previous: None,
            }),
            by_server: HashMap::with_hasher(keyed),
            known: Slots::new(),
            order: Ready::new(),
        }
    }

    fn of(&self, server: IpAddr) -> Option<&Known> {
        self.by_server.get(&server).and_then(|id| self.known.get(*id))
    }

    /// What goes with the SYN to a server.
    pub(crate) fn opening(&self, server: IpAddr, text: Bytes, how: FastOpenUse) -> FastOpening {
        let known = self.of(server);
        let mss = known.and_then(|known| known.mss);
        let mut opening = match (how, known.and_then(|known| known.cookie)) {
            // Nothing goes with it: all text behind the handshake.
            (FastOpenUse::Off, _) => FastOpening::new(None, 0, text),
            // As much as we would take, where nothing is known.
            (FastOpenUse::WithoutCookie, _) => {
                FastOpening::new(None, mss.unwrap_or(u16::MAX), text)
            }
            (FastOpenUse::WithCookie, Some((cookie, form))) => {
                let mss = mss.unwrap_or(MSS_UNKNOWN);
                let mut opening = FastOpening::new(Some(FastOpen::Cookie(cookie)), mss, text);
                opening.form = form;
                return opening;
            }
            (FastOpenUse::WithCookie, None) => {
                FastOpening::new(Some(FastOpen::Request), MSS_UNKNOWN, text)
            }
        };
        if known.is_some_and(|known| known.unanswered == Unanswered::Standard) {
            opening.form = FastOpenForm::Experimental;
        }
        opening
    }

    /// The MSS up to which text may go with a SYN; `None`: no text may.
    pub(super) fn mss(&self, server: IpAddr, how: FastOpenUse) -> Option<u16> {
        let known = self.of(server);
        let mss = known.and_then(|known| known.mss);
        match how {
            FastOpenUse::Off => None,
            FastOpenUse::WithoutCookie => Some(mss.unwrap_or(u16::MAX)),
            FastOpenUse::WithCookie => known?.cookie.map(|_| mss.unwrap_or(MSS_UNKNOWN)),
        }
    }

    /// How many cookies are remembered.
    pub(crate) fn len(&self) -> usize {
        self.known.iter().filter(|(_, known)| known.cookie.is_some()).count()
    }

    /// A server has answered an attempt that tried Fast Open.
    #[cold]
    pub(crate) fn learn(&mut self, server: IpAddr, shown: &FastOpened) {
        // A cookie that nobody asked for may be anybody's.
        let given = shown.cookie.filter(|_| shown.said.is_some());
        let cookie = match given {
            Some((FastOpen::Cookie(cookie), form)) => Some((cookie, form)),
            Some((FastOpen::Request, _)) | None => None,
        };
        // RFC 7413 §7.1: where only the plain SYN got through, the other may have been minded.
        if cookie.is_none() && shown.repeated {
            return self.forget(server);
        }
        let id = self.keep(server);
        let Some(known) = self.known.get_mut(id) else { return };
        known.mss = shown.mss.or(known.mss);
        match shown.said {
            _ if cookie.is_some() => known.cookie = cookie,
            Some((FastOpen::Request, FastOpenForm::Experimental)) => {
                known.unanswered = Unanswered::Both;
            }
            Some((FastOpen::Request, FastOpenForm::Standard))
                if known.unanswered == Unanswered::Neither =>
            {
                known.unanswered = Unanswered::Standard;
            }
            _ => {}
        }
    }

    /// The entry of a server; the oldest makes room for a new one.
    fn keep(&mut self, server: IpAddr) -> u32 {
        if let Some(id) = self.by_server.get(&server) {
            return *id;
        }
        if self.known.len() >= SERVERS_MAX
            && let Some(oldest) = self.order.front().and_then(|id| self.known.get(id))
        {
            self.forget(oldest.server);
        }
        let unanswered = Unanswered::Neither;
        let id = self.known.insert(Known { server, cookie: None, mss: None, unanswered });
        self.by_server.insert(server, id);
        self.order.push_back(id);
        id
    }

    fn forget(&mut self, server: IpAddr) {
        if let Some(id) = self.by_server.remove(&server) {
            self.known.remove(id);
            self.order.remove(id);
        }
    }

    /// Forgets every server.
    pub(super) fn forget_all(&mut self) {
        while let Some(oldest) = self.order.front().and_then(|id| self.known.get(id)) {
            self.forget(oldest.server);
        }
    }
}

impl core::fmt::Debug for FastOpens {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FastOpens({} known)", self.known.len())
    }
}
