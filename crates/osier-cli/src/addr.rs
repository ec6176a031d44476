//! How is an address with its network written on the command line?
//!
//! CIDR, as `ip address` has it: `10.71.0.2/24`, `fd71::2/64` (RFC 4632 §3.1, RFC 4291 §2.3). Only
//! an address that a host can have passes.

use osier_ip::Cidr;
use std::net::IpAddr;

/// Reads an address of a host with the length of its network's prefix.
///
/// # Errors
/// One sentence: what is wrong with the word, and how it is written.
pub(crate) fn cidr(word: &str) -> Result<Cidr, String> {
    let Some((address, prefix)) = word.split_once('/') else {
        return Err(match word.parse::<IpAddr>() {
            Ok(address) => {
                let usual = if address.is_ipv4() { 24 } else { 64 };
                format!("the length of the network's prefix is missing: write {word}/{usual}")
            }
            Err(_) => format!("`{word}` is no address: write 10.71.0.2/24 or fd71::2/64"),
        });
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return Err(format!("`{address}` is no address: write 10.71.0.2/24 or fd71::2/64"));
    };
    let (bits, version) = if address.is_ipv4() { (32, "IPv4") } else { (128, "IPv6") };
    match prefix.parse::<u8>() {
        Ok(prefix_len) if prefix_len <= bits && prefix.bytes().all(|b| b.is_ascii_digit()) => {
            of_a_host(address, prefix_len)
        }
        _ => Err(format!("`/{prefix}` is no prefix: in {version} it has /0 to /{bits} bits")),
    }
}

/// Refuses addresses that name a network, everybody or nobody.
fn of_a_host(address: IpAddr, prefix_len: u8) -> Result<Cidr, String> {
    let no_host = |what: &str| Err(format!("{address}/{prefix_len} is {what}, not of one host"));
    if address.is_unspecified() {
        return no_host("the address of nobody");
    }
    if address.is_multicast() {
        return no_host("a multicast address");
    }
    if let IpAddr::V4(v4) = address {
        // RFC 3021: in a network of two addresses both are hosts'.
        let host_bits = u32::MAX.checked_shr(u32::from(prefix_len)).unwrap_or(0);
        if prefix_len < 31 && v4.to_bits() & host_bits == 0 {
            return no_host("the address of the network itself");
        }
        if v4.is_broadcast() || (prefix_len < 31 && v4.to_bits() & host_bits == host_bits) {
            return no_host("the broadcast address");
        }
    }
    Ok(Cidr { address, prefix_len })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_hosts_are_read() {
        for (word, len) in
            [("10.71.0.2/24", 24), ("fd71::2/64", 64), ("10.0.0.0/31", 31), ("10.0.0.1/32", 32)]
        {
            let cidr = cidr(word).unwrap();
            assert_eq!(format!("{}/{}", cidr.address, cidr.prefix_len), word);
            assert_eq!(cidr.prefix_len, len);
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_how_it_is_written() {
        for (word, said) in [
            ("10.71.0.2", "write 10.71.0.2/24"),
            ("fd71::2", "write fd71::2/64"),
            ("", "`` is no address"),
            ("ten.seventy/24", "`ten.seventy` is no address"),
            ("10.71.0/24", "`10.71.0` is no address"),
            ("10.71.0.2/33", "IPv4 it has /0 to /32"),
            ("10.71.0.2/", "`/` is no prefix"),
            ("10.71.0.2/+4", "`/+4` is no prefix"),
            ("10.71.0.2/24/7", "`/24/7` is no prefix"),
            ("fd71::2/129", "IPv6 it has /0 to /128"),
        ] {
            let sentence = cidr(word).unwrap_err();
            assert!(sentence.contains(said), "{word}: {sentence}");
        }
    }

    #[test]
    fn an_address_that_no_host_can_have_is_refused() {
        for word in
            ["10.71.0.0/24", "10.71.0.255/24", "0.0.0.0/0", "::/64", "224.0.0.1/4", "ff02::1/64"]
        {
            assert!(cidr(word).unwrap_err().ends_with("not of one host"), "{word}");
        }
    }
}
