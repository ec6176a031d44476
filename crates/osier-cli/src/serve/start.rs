//! What does `osier serve` say when it starts?
//!
//! The `ip` commands that were done or are left to do, where it serves, and a command to try.

use super::Services;
use crate::attach::{Fate, Network, Step};
use std::fmt::Display;
use std::net::IpAddr;

/// The port that a URL need not name.
const HTTP: u16 = 80;

/// What was done to the link.
pub(super) fn announce_link(network: &Network, steps: &[Step]) {
    println!("osier serve on {}; the kernel's side of it:", network.link);
    for step in steps {
        println!("  {step}");
    }
    if steps.iter().any(|step| step.fate == Fate::Needed) {
        println!("  (or start with --peer CIDR, and osier does it)");
    }
}

/// Where it serves, and what to try.
pub(super) fn announce_services(network: &Network, services: Services, mac: Option<impl Display>) {
    let addresses: Vec<String> =
        network.addresses.iter().map(|cidr| cidr.address.to_string()).collect();
    let at = mac.map_or(String::new(), |mac| format!(" at {mac}"));
    println!("serving on {}{at}: {}", addresses.join(" and "), names(services).join(", "));
    println!("try:");
    for cidr in &network.addresses {
        for command in commands(services, cidr.address) {
            println!("  {command}");
        }
    }
    println!("  osier ss");
    println!("Ctrl-C closes connections in order.");
}

fn names(services: Services) -> Vec<String> {
    [("http", services.http), ("echo", services.echo), ("discard", services.discard)]
        .into_iter()
        .filter_map(|(name, port)| port.map(|port| format!("{name} on port {port}")))
        .collect()
}

fn commands(services: Services, address: IpAddr) -> Vec<String> {
    let mut commands = Vec::new();
    if let Some(port) = services.http {
        commands.push(format!("curl {}", url(address, port)));
    }
    if let Some(port) = services.echo {
        commands.push(format!("echo willow | nc -N {address} {port}"));
    }
    if let Some(port) = services.discard {
        commands.push(format!("head -c 1000000 /dev/zero | nc -N {address} {port}"));
    }
    commands
}

fn url(address: IpAddr, port: u16) -> String {
    let host = match address {
        IpAddr::V4(v4) => v4.to_string(),
        // A shell would take the brackets for a pattern.
        IpAddr::V6(v6) => format!("[{v6}]"),
    };
    let port = if port == HTTP { String::new() } else { format!(":{port}") };
    match address {
        IpAddr::V4(_) => format!("http://{host}{port}/"),
        IpAddr::V6(_) => format!("-g 'http://{host}{port}/'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_try_can_be_pasted_into_a_shell() {
        assert_eq!(url("10.71.0.2".parse().unwrap(), 80), "http://10.71.0.2/");
        assert_eq!(url("10.71.0.2".parse().unwrap(), 8080), "http://10.71.0.2:8080/");
        assert_eq!(url("fd71::2".parse().unwrap(), 80), "-g 'http://[fd71::2]/'");
    }
}
