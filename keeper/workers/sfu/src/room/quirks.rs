//! Allowances for releases of clients that are wrong in ways that we can see coming.

use livekit_protocol as proto;
use proto::client_info::Sdk;

/// Whether a client may take the answer to its last offer for one to an offer before.
///
/// livekit-client numbers its offers since 2.13 and drops answers that do not carry the last number.
/// Until 2.15.1 it counts one up as well where it makes no offer, since it waits for an answer: that
/// answer is dropped then, and the client waits in vain until it starts anew. It takes an answer
/// without a number, as servers used to send.
pub(super) fn counts_offers_never_made(client: &proto::ClientInfo) -> bool {
    let mut numbers = client.version.split('.').map_while(|part| part.parse().ok());
    let version: [u32; 3] = std::array::from_fn(|_| numbers.next().unwrap_or(0));
    client.sdk() == Sdk::Js && ([2, 13, 0]..=[2, 15, 1]).contains(&version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_releases_are_told_by_their_numbers() {
        let counts = |sdk: Sdk, version: &str| {
            let client = proto::ClientInfo {
                sdk: sdk as i32,
                version: version.into(),
                ..Default::default()
            };
            counts_offers_never_made(&client)
        };
        for version in ["2.13.0", "2.13.8", "2.14.0", "2.15.1"] {
            assert!(counts(Sdk::Js, version), "{version}");
            assert!(!counts(Sdk::Rust, version), "{version}");
        }
        for version in ["", "2", "2.9.12", "2.12.0", "2.15.2", "2.23.0", "3.13.8", "two.13.8"] {
            assert!(!counts(Sdk::Js, version), "{version}");
        }
    }
}
