//! What must be said before a stack can start?
//!
//! Nothing, for one that talks to itself; else a device, addresses, perhaps a gateway. Secrets
//! come from the operating system unless a seed is given.

use crate::capture::{Capture, Interfaces};
use crate::capture_status::CaptureStatus;
use crate::driver::Driver;
use crate::shared::Shared;
use crate::stack::Stack;
use crate::watchers::Watchers;
use osier_device::{Device, Properties, Readiness};
use osier_host::{Config, CookieKeys, Host, Keys};
use osier_ip::{Cidr, Claim, LinkConfig, LinkId, Route};
use osier_tcp::Profile;
use osier_wire::link::Medium;
use osier_wire::{Frame, Received};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Settings for a new [`Stack`], made by [`Stack::builder`].
#[derive(Debug)]
pub struct Builder<D> {
    device: D,
    addresses: Vec<Cidr>,
    gateways: Vec<IpAddr>,
    config: Config,
    claim: Claim,
    fast_open_keys: Option<CookieKeys>,
    seed: Option<u64>,
    capture: CaptureTo,
    on_capture_stopped: Option<Warn>,
    #[cfg(feature = "metrics")]
    host_label: Option<String>,
}

/// Called once with what went wrong.
type Warning = Box<dyn FnOnce(&io::Error) + Send>;

/// A [`Warning`] that can be printed.
pub(crate) struct Warn(pub(crate) Warning);

impl std::fmt::Debug for Warn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Warn(…)")
    }
}

/// Where a capture goes.
enum CaptureTo {
    Nowhere,
    File(PathBuf),
    Sink(Box<dyn Write + Send>),
}

impl std::fmt::Debug for CaptureTo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CaptureTo::Nowhere => f.write_str("Nowhere"),
            CaptureTo::File(path) => f.debug_tuple("File").field(path).finish(),
            CaptureTo::Sink(_) => f.write_str("Sink(…)"),
        }
    }
}

impl Builder<NoDevice> {
    pub(crate) fn new() -> Self {
        Builder {
            device: NoDevice,
            addresses: Vec::new(),
            gateways: Vec::new(),
            config: Config::default(),
            claim: Claim::Nothing,
            fast_open_keys: None,
            seed: None,
            capture: CaptureTo::Nowhere,
            on_capture_stopped: None,
            #[cfg(feature = "metrics")]
            host_label: None,
        }
    }
}

impl<D: Device + 'static> Builder<D> {
    /// The link to the world: a TAP, a TUN, a packet or AF_XDP socket, one end of a pair in memory.
    /// Without one the stack talks to itself only.
    pub fn device<E: Device + 'static>(self, device: E) -> Builder<E> {
        Builder {
            device,
            addresses: self.addresses,
            gateways: self.gateways,
            config: self.config,
            claim: self.claim,
            fast_open_keys: self.fast_open_keys,
            seed: self.seed,
            capture: self.capture,
            on_capture_stopped: self.on_capture_stopped,
            #[cfg(feature = "metrics")]
            host_label: self.host_label,
        }
    }

    /// An address of ours, with the length of its network's prefix: `"10.71.0.2/24".parse()?`.
    /// Call it again for more, of either version.
    #[must_use]
    pub fn address(mut self, address: Cidr) -> Self {
        self.addresses.push(address);
        self
    }

    /// The next hop for what is not on the link; one for each version of IP.
    #[must_use]
    pub fn gateway(mut self, gateway: IpAddr) -> Self {
        self.gateways.push(gateway);
        self
    }

    /// Settings of the host and of its connections.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Whom to follow where Linux and the RFCs part; without it Linux. Sets all settings: call
    /// [`Builder::config`] with `Config::of(profile)` to change some of them.
    #[must_use]
    pub fn profile(self, profile: Profile) -> Self {
        self.config(Config::of(profile))
    }

    /// Draws all secrets from this number: sequence numbers and ports can then be predicted by
    /// anybody who knows it. For laboratories and tests only.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Writes every frame to a pcapng file, each with a comment that says what the stack made of
    /// it. An existing file is replaced.
    #[must_use]
    pub fn capture(mut self, path: impl AsRef<Path>) -> Self {
        self.capture = CaptureTo::File(path.as_ref().to_owned());
        self
    }

    /// As [`Builder::capture`], to any writer. It is buffered here, and must not block for long.
    #[must_use]
    pub fn capture_to(mut self, sink: impl Write + Send + 'static) -> Self {
        self.capture = CaptureTo::Sink(Box::new(sink));
        self
    }

    /// Called once if the capture cannot be written any further (a full disk). The capture ends
    /// there, and traffic goes on. [`Stack::capture_status`] says so too.
    #[must_use]
    pub fn on_capture_stopped(mut self, warn: impl FnOnce(&io::Error) + Send + 'static) -> Self {
        self.on_capture_stopped = Some(Warn(Box::new(warn)));
        self
    }

    /// For whom the stack takes packets besides itself. With [`Claim::Everybody`] it stands in for
    /// every other host whose packets reach it, and sockets may speak as them: a gateway that ends
    /// the connections of others. Listeners take those only where they say so
    /// ([`TcpSocket::set_reach`](crate::TcpSocket::set_reach)).
    #[must_use]
    pub fn claim(mut self, claim: Claim) -> Self {
        self.claim = claim;
        self
    }

    /// The keys of the cookies that the stack gives for TCP Fast Open, where other stacks are to
    /// believe them too; without, they are drawn anew for each stack. See
    /// [`Stack::set_fast_open_keys`].
    #[must_use]
    pub fn fast_open_keys(mut self, keys: CookieKeys) -> Self {
        self.fast_open_keys = Some(keys);
        self
    }

    /// Gives the counters of this stack the label `host`, so that several stacks of a process can
    /// be told apart (feature `metrics`, see [`counts`](crate::counts)). Without it they have none.
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn metrics_host(mut self, name: impl Into<String>) -> Self {
        self.host_label = Some(name.into());
        self
    }

    /// Starts the stack: its driver is spawned on the current tokio runtime, which must have time
    /// enabled, and I/O for a device of the kernel.
    ///
    /// # Errors
    /// There is no current runtime; the capture cannot be created; the operating system gives no
    /// secret; the device has no file descriptor left.
    ///
    /// # Panics
    /// Where the runtime has neither time nor I/O enabled, as tokio does.
    pub fn build(self) -> io::Result<Stack> {
        let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let epoch = tokio::time::Instant::now();
        let keys = Keys { fast_open: self.fast_open_keys, ..keys(self.seed)? };
        let mut host = Host::new(self.config, keys);
        host.set_claim(self.claim);
        let interfaces = interfaces(&self.device, &mut host);
        let shared = Arc::new(Shared::new(host, epoch));
        let capture = open_capture(self.capture, self.on_capture_stopped, &interfaces)?;
        let capturing = capture.is_some();
        let watchers = Watchers::new(capture);
        #[cfg(feature = "metrics")]
        let watchers = watchers.with_label(self.host_label);
        {
            let now = shared.now();
            let mut inner = shared.lock();
            inner.host.set_recording(watchers.recording());
            if capturing {
                inner.capture = CaptureStatus::Writing;
            }
            let link = interfaces.device;
            self.addresses.iter().for_each(|cidr| inner.host.add_address(now, link, *cidr));
            let routes = self.gateways.iter().map(|gateway| default_route(*gateway, link));
            routes.for_each(|route| inner.host.add_route(route));
        }
        let driver = Driver::new(shared.clone(), self.device, interfaces.device, watchers)?;
        runtime.spawn(driver.run());
        Ok(Stack::of(shared))
    }
}

fn keys(seed: Option<u64>) -> io::Result<Keys> {
    if let Some(seed) = seed {
        return Ok(Keys::from_seed(seed));
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    Ok(Keys { secret, cookies: None, fast_open: None })
}

fn interfaces(device: &impl Device, host: &mut Host) -> Interfaces {
    let Properties { medium, mtu, offloads } = device.properties();
    Interfaces { device: host.add_link(LinkConfig { medium, mtu, offloads }), medium }
}

fn default_route(gateway: IpAddr, link: LinkId) -> Route {
    let address = match gateway {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    Route { network: Cidr { address, prefix_len: 0 }, gateway: Some(gateway), link }
}

fn open_capture(
    to: CaptureTo,
    warn: Option<Warn>,
    interfaces: &Interfaces,
) -> io::Result<Option<Capture>> {
    let sink: Box<dyn Write + Send> = match to {
        CaptureTo::Nowhere => return Ok(None),
        CaptureTo::File(path) => Box::new(File::create(&path).map_err(|error| {
            let text = format!("cannot create the capture {}: {error}", path.display());
            io::Error::new(error.kind(), text)
        })?),
        CaptureTo::Sink(sink) => sink,
    };
    let unix_time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let sink = BufWriter::with_capacity(CAPTURE_BUFFER, sink);
    Capture::new(sink, unix_time.into(), interfaces, warn).map(Some)
}

/// Bytes of the capture that are written to the file at once: few system calls for a fast flow,
/// and little enough that the driver is not held up.
const CAPTURE_BUFFER: usize = 64 * 1024;

/// The device of a stack that talks to itself only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoDevice;

impl Device for NoDevice {
    fn properties(&self) -> Properties {
        Properties::plain(Medium::Ip, 1_500)
    }

    fn receive(&mut self, _into: &mut Vec<Received>, _budget: usize) -> io::Result<usize> {
        Ok(0)
    }

    fn room(&mut self) -> usize {
        1
    }

    fn transmit(&mut self, _frame: Frame) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn readiness(&self) -> Readiness<'_> {
        Readiness::Waker
    }
}
