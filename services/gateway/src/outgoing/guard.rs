//! Domain: which addresses may be called. Whoever may name one must not reach what only this machine reaches. Pure.

use reqwest::Url;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{
    error::Error as StdError,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A range of addresses, such as `10.1.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network(ipnet::IpNet);

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let net = text
            .parse()
            .map_err(|_| D::Error::custom(format!("{text} is no network such as 10.1.0.0/16")))?;
        Ok(Network(net))
    }
}

/// What may be called: public addresses by TLS, and what operations allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    allowed: Vec<Network>,
    /// The setting that allows more.
    setting: &'static str,
}

/// Why an address may not be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Refused {}

impl Refused {
    /// The one that an error goes back to.
    pub(crate) fn behind<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e Refused> {
        let mut error = Some(error);
        while let Some(here) = error {
            if let Some(refused) = here.downcast_ref() {
                return Some(refused);
            }
            error = here.source();
        }
        None
    }
}

impl Guard {
    /// Lets in what is public, and these networks, which a setting of this name holds.
    pub(crate) fn new(allowed: &[Network], setting: &'static str) -> Guard {
        Guard { allowed: allowed.to_vec(), setting }
    }

    /// And this machine.
    pub(crate) fn with_this_machine(mut self) -> Guard {
        let own = [IpAddr::from([127, 0, 0, 0]), Ipv6Addr::LOCALHOST.into()].into_iter().zip([8, 128]);
        self.allowed.extend(own.filter_map(|(net, bits)| ipnet::IpNet::new(net, bits).ok()).map(Network));
        self
    }

    /// Whether anything may be called without TLS.
    pub(crate) fn allows_some(&self) -> bool {
        !self.allowed.is_empty()
    }

    /// Whether this very address may be called. Without TLS only what was allowed by name.
    pub(crate) fn address(&self, address: IpAddr, open: bool) -> Result<(), Refused> {
        let address = address.to_canonical();
        if self.allowed.iter().any(|network| network.0.contains(&address)) {
            return Ok(());
        }
        let why = match open {
            true => "may be called by https only",
            false if is_public(address) => return Ok(()),
            false => "is no public address",
        };
        Err(Refused(format!("{address} {why}; operations can allow it by the setting {}", self.setting)))
    }

    /// The same for an address that stands in a URL; a name is looked up, and checked, when it is called. The URL's reader
    /// has turned every way of writing an IPv4 address into the usual one.
    pub(crate) fn url(&self, url: &Url) -> Result<(), Refused> {
        match url.host_str().unwrap_or_default().trim_matches(['[', ']']).parse() {
            Ok(address) => self.address(address, url.scheme() != "https"),
            Err(_) => Ok(()),
        }
    }
}

/// Whether the whole internet takes this for one and the same address.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// After IANA's registry of special-purpose addresses.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0 | 10 | 127, ..] => true,
        [100, 64..=127, ..] => true, // carriers' NAT
        [169, 254, ..] => true,      // link-local, where clouds keep metadata
        [172, 16..=31, ..] => true,
        [192, 168, ..] => true,
        [192, 0, 0 | 2, _] => true, // protocols, documentation
        [192, 88, 99, _] => true,   // 6to4 relays
        [198, 18 | 19, ..] => true, // benchmarks
        [198, 51, 100, _] | [203, 0, 113, _] => true,
        [168, 63, 129, 16] => true, // Azure's wire server
        [224..=255, ..] => true,    // multicast, reserved, broadcast
        _ => false,
    };
    !special
}

/// Global unicast, without what holds another address (6to4, Teredo; NAT64 and mapped ones lie outside) or is reserved.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, 0x0000..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x2002, ..] | [0x3fff, ..0x1000, ..] => false,
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn guard(allowed: &[&str]) -> Guard {
        let allowed: Vec<Network> =
            allowed.iter().map(|text| Network(text.parse().expect("a network"))).collect();
        Guard::new(&allowed, "x.allowed_networks")
    }

    fn may(guard: &Guard, url: &str) -> bool {
        guard.url(&Url::parse(url).expect("a URL")).is_ok()
    }

    #[test]
    fn what_is_not_public_is_refused_however_it_is_written() {
        let guard = guard(&[]);
        for host in [
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "0.0.0.0",
            "10.0.0.7",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "168.63.129.16",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.88.99.1",
            "203.0.113.9",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[::127.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2001:0:1::]",
            "[fe80::1]",
            "[fec0::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[2001:db8::1]",
            "[3fff::1]",
            "[5f00::1]",
            "[100::1]",
            "\u{ff11}27.0.0.1",
            "127\u{3002}0.0.1",
        ] {
            let url = format!("https://{host}/hook");
            assert!(!may(&guard, &url), "{url}");
        }
        for url in [
            "https://93.184.215.14/",
            "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
            "https://example.com/x?y=z",
        ] {
            assert!(may(&guard, url), "{url}");
        }
    }

    #[test]
    fn allowed_networks_may_be_called_and_only_they_without_tls() {
        let guard = guard(&["127.0.0.0/8", "fd00::/8"]);
        assert!(may(&guard, "http://127.0.0.1:8080/") && may(&guard, "http://[fd00::1]/"));
        assert!(may(&guard, "https://[::ffff:127.0.0.1]/"));
        assert!(!may(&guard, "http://93.184.215.14/") && !may(&guard, "https://10.0.0.1/"));
        let refused = guard.address([10, 0, 0, 1].into(), false).expect_err("private");
        assert_eq!(
            refused.to_string(),
            "10.0.0.1 is no public address; operations can allow it by the setting x.allowed_networks"
        );
    }

    #[test]
    fn this_machine_is_allowed_where_it_is_said() {
        let (strict, local) = (guard(&[]), guard(&[]).with_this_machine());
        for url in ["http://127.0.0.1/", "https://[::1]/", "http://127.9.9.9/"] {
            assert!(!may(&strict, url) && may(&local, url), "{url}");
        }
        assert!(!may(&local, "http://10.0.0.1/") && !may(&local, "https://[fe80::1]/"));
    }

    proptest! {
        /// By the standard library's own words for what it names.
        #[test]
        fn nothing_that_std_calls_special_is_public(v4: [u8; 4], v6: [u16; 8]) {
            let v4 = Ipv4Addr::from(v4);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
                || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!special || !is_public(v4.into()));
            let mapped = guard(&[]).address(v4.to_ipv6_mapped().into(), false);
            prop_assert_eq!(mapped.is_ok(), is_public(v4.into()));
            let v6 = Ipv6Addr::from(v6);
            let special = v6.is_loopback() || v6.is_multicast() || v6.is_unspecified() || v6.is_unique_local()
                || v6.is_unicast_link_local();
            prop_assert!(!special || !is_public(v6.into()));
        }
    }
}
