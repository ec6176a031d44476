//! Is the kernel's side set up, and its state told, as promised?

use super::frames::*;
use osier_device::netns::enter_private_network;
use osier_device::sock_diag::{self, KernelState};
use osier_device::tuntap::Config;
use osier_device::{ErrorKind, Medium, interface};
use osier_wire::tcp::{CHECKSUM_OFFSET, Flags, Header};
use osier_wire::{MacAddr, Protocol, SeqNumber};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

pub(crate) fn addresses() {
    let _tap = link_up(&Config::tap("osier0", MAC));
    // An address that is still being checked for duplicates cannot be bound.
    UdpSocket::bind((KERNEL6, 0)).expect("an IPv6 address works at once");
    let addresses = interface::addresses("osier0").unwrap();
    assert!(addresses.contains(&(KERNEL.into(), 24)), "{addresses:?}");
    assert!(addresses.contains(&(KERNEL6.into(), 64)), "{addresses:?}");
    assert!(!addresses.contains(&(IpAddr::from([127, 0, 0, 1]), 8)));
    for (address, prefix) in [(KERNEL.into(), 24), (IpAddr::from(KERNEL6), 64)] {
        assert!(interface::is_in_use(address).unwrap());
        let error = interface::add_address("osier0", address, prefix).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddressInUse, "{error}");
    }
    assert!(!interface::is_in_use(US.into()).unwrap());
    assert!(!interface::is_in_use(IpAddr::from([9, 9, 9, 9])).unwrap());
    assert!(interface::find("lo").unwrap().unwrap().up);
}

/// A SYN has come, its SYN+ACK is not acknowledged: no full socket exists yet.
pub(crate) fn half_open() {
    let mut tun = link_up(&Config::tun("osier0"));
    for (us, kernel) in [(IpAddr::from(US), IpAddr::from(KERNEL)), (US6.into(), KERNEL6.into())] {
        let listener = TcpListener::bind((kernel, 0)).unwrap();
        let server = listener.local_addr().unwrap();
        let client = SocketAddr::new(us, 7171);
        assert_eq!(sock_diag::find(server, client).unwrap(), None);
        let syn = Header {
            src_port: client.port(),
            dst_port: server.port(),
            seq: SeqNumber(1),
            flags: Flags::SYN,
            window: 1000,
            ..Header::default()
        };
        let mut bytes = vec![0; syn.len()];
        syn.emit(&mut bytes);
        let transport = (bytes, CHECKSUM_OFFSET as u16);
        let protocol = Protocol::TCP;
        let packet = Packet { from: us, to: kernel, protocol, transport, payload: Vec::new() };
        send(&mut tun, packet.frame(Medium::Ip, MacAddr::UNSPECIFIED));
        let until = Instant::now() + Duration::from_secs(5);
        let found = loop {
            let found = sock_diag::find(server, client).unwrap();
            if found.is_some() || Instant::now() > until {
                break found;
            }
        };
        assert_eq!(found.map(|socket| socket.state), Some(KernelState::SynReceived));
    }
}

pub(crate) fn threads() {
    let refused = std::thread::spawn(enter_private_network).join().unwrap().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    assert!(refused.to_string().starts_with("a process with 2 threads cannot move"), "{refused}");
}
