//! Domain: which addresses may be called. Whoever may name a webhook must not reach what only this machine reaches. Pure.

use super::Settings;
use kernel::{Error, ErrorKind, Result};
use reqwest::Url;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{
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

/// What may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    allowed: Vec<Network>,
    ports: Vec<u16>,
}

/// Why an address may not be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl Guard {
    pub(crate) fn new(settings: &Settings) -> Guard {
        Guard { allowed: settings.allowed_networks.clone(), ports: settings.ports.clone() }
    }

    /// Reads the address that somebody wants to be called at. A name is looked up only when it is called, each time.
    ///
    /// # Errors
    /// `WEBHOOK_TARGET_REFUSED` naming the field `url`.
    pub(crate) fn read(&self, url: &str) -> Result<Url> {
        self.target(url).map_err(|Refused(why)| {
            let mut error = Error::field("url", why);
            (error.kind, error.reason) = (ErrorKind::InvalidArgument, "WEBHOOK_TARGET_REFUSED");
            error
        })
    }

    /// The same, for what was read before: settings may have changed since.
    pub(crate) fn target(&self, url: &str) -> Result<Url, Refused> {
        let refuse = |why: &str| Err(Refused(why.to_owned()));
        let Ok(url) = Url::parse(url) else {
            return refuse("must be a URL such as https://example.com/hook");
        };
        let open = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return refuse("must be an https URL"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("must not hold a user or a password; messages are signed instead");
        }
        if url.fragment().is_some() {
            return refuse("must not hold a fragment, which is never sent");
        }
        if open && self.allowed.is_empty() {
            return refuse("must be an https URL");
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if !self.ports.is_empty() && !self.ports.contains(&port) {
            let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
            return refuse(&format!("port {port} may not be called, only {}", ports.join(", ")));
        }
        // The URL's reader has turned every way of writing an IPv4 address into the usual one.
        let host = url.host_str().unwrap_or_default();
        match host.trim_matches(['[', ']']).parse() {
            Ok(address) => self.address(address, open)?,
            Err(_) if host.is_empty() => return refuse("must name a host"),
            Err(_) => {}
        }
        Ok(url)
    }

    /// Whether this very address may be called. Without TLS only what was allowed by name.
    pub(crate) fn address(&self, address: IpAddr, open: bool) -> Result<(), Refused> {
        let address = address.to_canonical();
        if self.allowed.iter().any(|network| network.0.contains(&address)) {
            return Ok(());
        }
        if open {
            return Err(Refused(format!("{address} may be called by https only")));
        }
        if is_public(address) { Ok(()) } else { Err(Refused(format!("{address} is no public address"))) }
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

    fn guard(allowed: &[&str], ports: &[u16]) -> Guard {
        let allowed = allowed.iter().map(|text| Network(text.parse().expect("a network"))).collect();
        Guard { allowed, ports: ports.to_vec() }
    }

    #[test]
    fn what_is_not_public_is_refused_however_it_is_written() {
        let guard = guard(&[], &[]);
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
            assert!(guard.target(&url).is_err(), "{url}");
        }
        for url in [
            "https://93.184.215.14/",
            "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
            "https://example.com/x?y=z",
        ] {
            assert!(guard.target(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn schemes_ports_and_credentials_are_checked() {
        let strict = guard(&[], &[443]);
        for url in [
            "",
            "example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "http://example.com/",
            "https://example.com:22/",
            "https://u@example.com/",
            "https://u:p@example.com/",
            "https://example.com/#f",
            "javascript:1",
        ] {
            let error = strict.read(url).expect_err(url);
            assert_eq!((error.reason, error.violations[0].field.as_str()), ("WEBHOOK_TARGET_REFUSED", "url"));
        }
        assert!(strict.read("https://example.com/").is_ok());
    }

    #[test]
    fn allowed_networks_may_be_called_and_only_they_without_tls() {
        let guard = guard(&["127.0.0.0/8", "fd00::/8"], &[]);
        assert!(guard.target("http://127.0.0.1:8080/").is_ok());
        assert!(guard.target("https://[::ffff:127.0.0.1]/").is_ok());
        assert!(guard.target("http://[fd00::1]/").is_ok());
        assert!(guard.target("http://93.184.215.14/").is_err());
        assert!(guard.target("https://10.0.0.1/").is_err());
    }

    proptest! {
        /// By the standard library's own words for what it names.
        #[test]
        fn nothing_that_std_calls_special_is_public(v4: [u8; 4], v6: [u16; 8]) {
            let v4 = Ipv4Addr::from(v4);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
                || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!special || !is_public(v4.into()));
            let mapped = guard(&[], &[]).address(v4.to_ipv6_mapped().into(), false);
            prop_assert_eq!(mapped.is_ok(), is_public(v4.into()));
            let v6 = Ipv6Addr::from(v6);
            let special = v6.is_loopback() || v6.is_multicast() || v6.is_unspecified() || v6.is_unique_local()
                || v6.is_unicast_link_local();
            prop_assert!(!special || !is_public(v6.into()));
        }
    }
}
