//! Addresses as policies tell them apart: those in the same networks are the same to them.

use crate::condition::ip::Network;
use crate::policy::Policy;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

/// The condition keys that hang on the address that an access log tells of: on whether it is one of the public internet,
/// and the first two on its networks, too.
pub(super) const KEYS: [&str; 4] = ["aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce"];
const WITH_ADDRESS: &[&str] = KEYS.split_at(2).0;

/// The networks that are not of the public internet (RFC 1918, 3927, 4193, 4291, 6598).
static PRIVATE: LazyLock<Vec<Network>> = LazyLock::new(|| {
    const PRIVATE: [&str; 9] = [
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "100.64.0.0/10",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    ];
    PRIVATE.iter().filter_map(|text| Network::parse(text)).collect()
});

/// Whether an address is not one of the public internet.
pub(super) fn is_private(address: IpAddr) -> bool {
    PRIVATE.iter().any(|network| network.contains(address))
}

/// The addresses at which networks that policies name begin, or end just before, in order.
#[derive(Debug)]
pub struct Addresses {
    v4: Vec<u128>,
    v6: Vec<u128>,
}

/// The first number for addresses of IPv6.
const V6: u32 = 1 << 31;

impl Addresses {
    /// `None` if the policies look at more of an address than in which networks it is.
    pub(super) fn of<'p>(policies: impl Iterator<Item = &'p Arc<Policy>>) -> Option<Self> {
        let mut addresses = Self { v4: Vec::new(), v6: Vec::new() };
        PRIVATE.iter().for_each(|network| addresses.add(network));
        for statement in policies.flat_map(|policy| policy.statements()) {
            if statement.variables().any(|key| KEYS.contains(&key.folded())) {
                return None;
            }
            let tests = statement.conditions().tests().iter();
            for test in tests.filter(|test| WITH_ADDRESS.contains(&test.key().folded())) {
                test.networks()?.iter().for_each(|network| addresses.add(network));
            }
        }
        for bounds in [&mut addresses.v4, &mut addresses.v6] {
            bounds.sort_unstable();
            bounds.dedup();
        }
        Some(addresses)
    }

    fn add(&mut self, network: &Network) {
        let (is_v4, (first, last)) = network.range();
        let bounds = if is_v4 { &mut self.v4 } else { &mut self.v6 };
        bounds.push(first);
        bounds.extend(last.checked_add(1));
    }

    /// A number that an address has in common with those that are in the same networks, and with no others; 0 for what is
    /// no address.
    #[must_use]
    pub fn number(&self, address: &[u8]) -> u32 {
        let before = |bounds: &[u128], address: u128| {
            u32::try_from(bounds.partition_point(|bound| *bound <= address)).unwrap_or_default()
        };
        match std::str::from_utf8(address).ok().and_then(|text| text.parse().ok()) {
            Some(IpAddr::V4(address)) => 1 + before(&self.v4, u32::from(address).into()),
            Some(IpAddr::V6(address)) => V6 + before(&self.v6, address.into()),
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::policy_with;

    fn addresses(conditions: &str) -> Option<Addresses> {
        Addresses::of([&policy_with(conditions)].into_iter())
    }

    #[test]
    fn addresses_have_a_number_in_common_if_they_are_in_the_same_networks() {
        let networks = ["203.0.113.0/24", "203.0.113.64/26", "0.0.0.0/1", "255.255.255.255", "2001:db8::/32", "::/0"];
        let quoted = networks.map(|network| format!("\"{network}\"")).join(", ");
        let known = addresses(&format!(r#""NotIpAddress": {{ "aws:SourceIp": [{quoted}] }}"#)).unwrap();
        let networks = networks.map(|network| Network::parse(network).unwrap());
        let mut texts: Vec<String> =
            ["0.0.0.0", "9.255.255.255", "128.0.0.0", "203.0.113.63", "203.0.113.127", "8.8.8.8"]
                .map(str::to_owned)
                .to_vec();
        texts.extend(["::", "::2", "2001:db8::1", "2001:db9::", "fe80::1", "fd00::1"].map(str::to_owned));
        for network in networks.iter().chain(&*PRIVATE) {
            let (is_v4, (first, last)) = network.range();
            for at in [first.wrapping_sub(1), first, last, last.wrapping_add(1)] {
                texts.push(match u32::try_from(at) {
                    Ok(at) if is_v4 => std::net::Ipv4Addr::from(at).to_string(),
                    _ => std::net::Ipv6Addr::from(at).to_string(),
                });
            }
        }
        let within = |text: &str| {
            let address: IpAddr = text.parse().unwrap();
            let named = networks.map(|network| network.contains(address));
            (address.is_ipv4(), named, PRIVATE.iter().map(|network| network.contains(address)).collect::<Vec<_>>())
        };
        for one in &texts {
            assert_ne!(known.number(one.as_bytes()), 0);
            for other in &texts {
                if known.number(one.as_bytes()) == known.number(other.as_bytes()) {
                    assert_eq!(within(one), within(other), "{one} {other}");
                }
            }
        }
        assert_eq!(known.number(b"203.0.113.1"), known.number(b"203.0.113.2"));
        for other in [&b"-"[..], b"", b"203.0.113.01", b"\xFF"] {
            assert_eq!(known.number(other), 0);
        }
    }

    #[test]
    fn what_hangs_on_more_than_networks_is_told() {
        for (conditions, wanted) in [
            (r#""IpAddress": { "aws:SourceIp": "10.0.0.0/8" }"#, true),
            (r#""Null": { "aws:SourceIp": "true" }"#, true),
            (r#""StringEquals": { "aws:SourceVpce": "vpce-1" }"#, true),
            (r#""StringEquals": { "aws:SourceIp": "10.0.0.1" }"#, false),
            (r#""IpAddress": { "aws:SourceIp": "nonsense" }"#, false),
            (r#""StringLike": { "s3:prefix": "${aws:SourceIp}/*" }"#, false),
        ] {
            assert_eq!(addresses(conditions).is_some(), wanted, "{conditions}");
        }
    }
}
