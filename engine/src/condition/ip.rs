//! IP addresses and ranges: parsed, never compared as text (SEMANTICS R5.34–R5.36).

use std::net::IpAddr;

/// An address range as policies write it: an address and, after a slash, how many of its bits count.
///
/// ```
/// use can_access_engine::condition::ip::Network;
/// let network = Network::parse("203.0.113.9/24").unwrap();
/// assert!(network.contains("203.0.113.200".parse().unwrap()));
/// assert!(!network.contains("2001:db8::1".parse().unwrap()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `address` or `address/prefix`; without a prefix all bits count.
    ///
    /// ```
    /// use can_access_engine::condition::ip::Network;
    /// assert!(Network::parse("10.0.0.0/33").is_none());
    /// assert!(Network::parse("010.0.0.1").is_none()); // no leading zeros
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) if crate::decimal::is_digits(prefix) => {
                prefix.parse().ok().filter(|&prefix| prefix <= bits)?
            }
            Some(_) => return None,
            None => bits,
        };
        Some(Self { address, prefix })
    }

    /// Whether the range holds `address`. The two families never hold each other's addresses (R5.35).
    ///
    /// ```
    /// use can_access_engine::condition::ip::Network;
    /// assert!(Network::parse("2001:DB8::1").unwrap().contains("2001:db8:0::1".parse().unwrap()));
    /// ```
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = u32::from(own) ^ u32::from(other);
                differing.leading_zeros() >= self.prefix.into()
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = u128::from(own) ^ u128::from(other);
                differing.leading_zeros() >= self.prefix.into()
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether the addresses are those of IPv4, and the first and the last of them as numbers.
    pub(crate) fn range(&self) -> (bool, (u128, u128)) {
        match self.address {
            IpAddr::V4(address) => {
                let host = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
                let address = u32::from(address);
                (true, ((address & !host).into(), (address | host).into()))
            }
            IpAddr::V6(address) => {
                let host = u128::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
                let address = u128::from(address);
                (false, (address & !host, address | host))
            }
        }
    }

    /// The first and the last address of the range, and its family's addresses on both sides of it, where there are any.
    pub(crate) fn edges(&self) -> Vec<IpAddr> {
        match self.address {
            IpAddr::V4(address) => {
                let host = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
                let (first, last) = (u32::from(address) & !host, u32::from(address) | host);
                let edges = [first.checked_sub(1), Some(first), Some(last), last.checked_add(1)];
                edges.into_iter().flatten().map(|bits| IpAddr::V4(bits.into())).collect()
            }
            IpAddr::V6(address) => {
                let host = u128::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
                let (first, last) = (u128::from(address) & !host, u128::from(address) | host);
                let edges = [first.checked_sub(1), Some(first), Some(last), last.checked_add(1)];
                edges.into_iter().flatten().map(|bits| IpAddr::V6(bits.into())).collect()
            }
        }
    }

    /// Whether the range is not wider than AWS takes as a fixed value in a public bucket policy: /8 for IPv4 and /32 for
    /// IPv6, unless it is private (R7.36). The private ranges of IPv4 are no wider than /8.
    pub(crate) fn is_fixed(&self) -> bool {
        match self.address {
            IpAddr::V4(_) => self.prefix >= 8,
            IpAddr::V6(address) => {
                let unique_local = address.segments()[0] & 0xFE00 == 0xFC00 && self.prefix >= 7;
                unique_local || self.prefix >= 32
            }
        }
    }
}
