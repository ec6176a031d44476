//! What may Fast Open do on this host? (RFC 7413; Linux: `tcp_fastopen`, `tcp_fastopen_key`)
//!
//! Host configuration. Text without a cookie is for networks whose hosts trust each other: without
//! it anybody may send text in another's name (RFC 7413 §6.1 and its appendix A).

use crate::config::CookieKeys;

/// What Fast Open may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FastOpenPolicy {
    /// Where we call. Linux: bit 0x1, and 0x4 without a cookie.
    pub client: FastOpenUse,
    /// Where we are called. Linux: bit 0x2, which is not set there, and 0x200 without a cookie.
    pub server: FastOpenUse,
    /// Which listeners take it. Linux: bit 0x400.
    pub listeners: FastOpenListeners,
    /// The keys of the cookies that we give, which hosts of one name may share, so that a client
    /// may come to another of them; `None`: one of this host's own.
    pub keys: Option<CookieKeys>,
}

/// Whether text may go with a SYN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FastOpenUse {
    /// Never.
    Off,
    /// With a cookie that the server gave.
    #[default]
    WithCookie,
    /// With or without one.
    WithoutCookie,
}

/// Which listeners take text with a SYN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FastOpenListeners {
    /// Those whose owner has said so.
    #[default]
    Asking,
    /// All, as many at once as their backlog.
    All,
}
