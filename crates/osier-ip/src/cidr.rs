//! How is an address with the length of its prefix written? As `10.71.0.2/24` (RFC 4632 §3.1,
//! RFC 4291 §2.3).

use crate::packet::Cidr;
use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

/// What is wrong with a text that should have been a [`Cidr`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CidrError {
    /// There is no `/` with the length of the prefix.
    NoPrefix,
    /// In front of the `/` stands no IP address.
    NoAddress,
    /// Behind the `/` stands no number that such an address can have.
    BadPrefix {
        /// The longest prefix: 32 or 128.
        max: u8,
    },
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Cidr, CidrError> {
        let (address, prefix_len) = text.split_once('/').ok_or(CidrError::NoPrefix)?;
        let address: IpAddr = address.parse().map_err(|_| CidrError::NoAddress)?;
        let max = match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        // `parse` alone would take "+24".
        let digits = prefix_len.bytes().all(|b| b.is_ascii_digit());
        let prefix_len = prefix_len.parse().ok().filter(|len| digits && *len <= max);
        Ok(Cidr { address, prefix_len: prefix_len.ok_or(CidrError::BadPrefix { max })? })
    }
}

impl fmt::Display for CidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CidrError::NoPrefix => f.write_str("no prefix length: write it like 10.71.0.2/24"),
            CidrError::NoAddress => f.write_str("no IP address in front of the `/`"),
            CidrError::BadPrefix { max } => write!(f, "the prefix length must be 0 to {max}"),
        }
    }
}

impl core::error::Error for CidrError {}

#[cfg(test)]
mod tests {
    use super::CidrError;
    use crate::packet::Cidr;

    #[test]
    fn an_address_with_its_prefix_is_read() {
        let cidr: Cidr = "10.71.0.2/24".parse().unwrap();
        assert_eq!((cidr.address, cidr.prefix_len), ("10.71.0.2".parse().unwrap(), 24));
        let cidr: Cidr = "fd71::2/64".parse().unwrap();
        assert_eq!((cidr.address, cidr.prefix_len), ("fd71::2".parse().unwrap(), 64));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let wrong = |text: &str| text.parse::<Cidr>().unwrap_err();
        assert_eq!(wrong("10.71.0.2"), CidrError::NoPrefix);
        assert_eq!(wrong("osier/24"), CidrError::NoAddress);
        for text in ["10.71.0.2/33", "10.71.0.2/", "10.71.0.2/+4", "10.71.0.2/300"] {
            assert_eq!(wrong(text), CidrError::BadPrefix { max: 32 }, "{text}");
        }
        assert_eq!(wrong("fd71::2/129"), CidrError::BadPrefix { max: 128 });
    }
}
