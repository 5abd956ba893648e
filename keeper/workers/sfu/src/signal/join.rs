//! What a client asks for in the URL.

use super::admission::Refused;
use crate::access::Admission;
use crate::room::Transport;
use crate::rooms::Entry;
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::GzDecoder;
use livekit_protocol as proto;
use prost::Message;
use proto::wrapped_join_request::Compression;
use serde::Deserialize;
use std::io::Read;

/// Bytes of a join request, unpacked. A first offer is some 10 kB.
pub const JOIN_REQUEST_BYTES_MAX: usize = 1 << 20;

/// Clients pad, or do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The query of `/rtc` and `/rtc/v1`. Whatever else clients say there is for statistics.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Parameters {
    pub access_token: Option<String>,
    // Two connections:
    reconnect: Option<String>,
    sid: Option<String>,
    auto_subscribe: Option<String>,
    sdk: Option<String>,
    version: Option<String>,
    protocol: Option<String>,
    client_protocol: Option<String>,
    // One:
    join_request: Option<String>,
}

/// What is asked for, with a good token.
#[derive(Debug)]
pub(super) enum Asked {
    /// To come in.
    Join(Box<Entry>),
    /// To come back.
    Resume { admission: Box<Admission>, sid: String, sync: Option<Box<proto::SyncState>> },
}

impl Asked {
    pub(super) fn admission(&self) -> &Admission {
        match self {
            Self::Join(entry) => &entry.admission,
            Self::Resume { admission, .. } => admission,
        }
    }

    pub(super) const fn resumes(&self) -> bool {
        matches!(self, Self::Resume { .. })
    }

    pub(super) fn read(
        admission: Admission,
        transport: Transport,
        parameters: Parameters,
    ) -> Result<Self, Refused> {
        match transport {
            Transport::Dual => Ok(Self::dual(admission, parameters)),
            Transport::Single => Self::single(admission, parameters),
        }
    }

    fn dual(admission: Admission, parameters: Parameters) -> Self {
        if is_set(parameters.reconnect.as_deref()) == Some(true) {
            let sid = parameters.sid.unwrap_or_default();
            return Self::Resume { admission: Box::new(admission), sid, sync: None };
        }
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or(0);
        let client = proto::ClientInfo {
            sdk: sdk(parameters.sdk.as_deref().unwrap_or_default()) as i32,
            version: parameters.version.unwrap_or_default(),
            protocol: number(parameters.protocol),
            client_protocol: number(parameters.client_protocol),
            ..Default::default()
        };
        Self::Join(Box::new(Entry {
            admission,
            transport: Transport::Dual,
            auto_subscribe: is_set(parameters.auto_subscribe.as_deref()).unwrap_or(true),
            client,
            metadata: String::new(),
            attributes: Vec::new(),
            add_tracks: Vec::new(),
            offer: None,
        }))
    }

    fn single(admission: Admission, parameters: Parameters) -> Result<Self, Refused> {
        let request = match parameters.join_request {
            Some(packed) => unpack(&packed).map_err(Refused::bad_request)?,
            None => return Err(Refused::bad_request("no join_request")),
        };
        if request.reconnect {
            return Ok(Self::Resume {
                admission: Box::new(admission),
                sid: request.participant_sid,
                sync: request.sync_state.map(Box::new),
            });
        }
        let settings = request.connection_settings;
        Ok(Self::Join(Box::new(Entry {
            admission,
            transport: Transport::Single,
            auto_subscribe: settings.is_none_or(|settings| settings.auto_subscribe),
            client: request.client_info.unwrap_or_default(),
            metadata: request.metadata,
            attributes: request.participant_attributes.into_iter().collect(),
            add_tracks: request.add_track_requests,
            offer: request.publisher_offer,
        })))
    }
}

/// A join request out of the URL.
fn unpack(packed: &str) -> Result<proto::JoinRequest, &'static str> {
    let wrapped = BASE64.decode(packed).map_err(|_| "join_request is not base64")?;
    let wrapped =
        proto::WrappedJoinRequest::decode(&wrapped[..]).map_err(|_| "join_request is garbled")?;
    let plain = match wrapped.compression() {
        Compression::None => wrapped.join_request,
        Compression::Gzip => {
            let mut plain = Vec::new();
            // One byte more than allowed, to tell the longest allowed from what is longer.
            let max = JOIN_REQUEST_BYTES_MAX as u64 + 1;
            GzDecoder::new(&wrapped.join_request[..])
                .take(max)
                .read_to_end(&mut plain)
                .map_err(|_| "join_request is not gzip")?;
            plain
        }
    };
    if plain.len() > JOIN_REQUEST_BYTES_MAX {
        return Err("join_request is too long");
    }
    proto::JoinRequest::decode(&plain[..]).map_err(|_| "join_request is garbled")
}

fn is_set(value: Option<&str>) -> Option<bool> {
    match value? {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

fn sdk(name: &str) -> proto::client_info::Sdk {
    use proto::client_info::Sdk;
    match name {
        "js" => Sdk::Js,
        "swift" | "ios" => Sdk::Swift,
        "android" => Sdk::Android,
        "flutter" => Sdk::Flutter,
        "go" => Sdk::Go,
        "unity" => Sdk::Unity,
        "reactnative" => Sdk::ReactNative,
        "rust" => Sdk::Rust,
        "python" => Sdk::Python,
        "cpp" => Sdk::Cpp,
        "node" => Sdk::Node,
        _ => Sdk::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression as Level;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn packed(compression: Compression, join_request: Vec<u8>) -> String {
        let compression = compression as i32;
        BASE64.encode(proto::WrappedJoinRequest { compression, join_request }.encode_to_vec())
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn join_request_is_read_plain_zipped_and_without_padding() {
        let request = proto::JoinRequest { metadata: "m".to_owned(), ..Default::default() };
        let bytes = request.encode_to_vec();
        assert_eq!(unpack(&packed(Compression::None, bytes.clone())), Ok(request.clone()));
        let zipped = packed(Compression::Gzip, gzip(&bytes));
        assert_eq!(unpack(&zipped), Ok(request.clone()));
        assert_eq!(unpack(zipped.trim_end_matches('=')), Ok(request));
    }

    #[test]
    fn zip_bomb_is_refused() {
        let bomb = gzip(&vec![0; 64 << 20]);
        assert!(bomb.len() < JOIN_REQUEST_BYTES_MAX);
        assert_eq!(
            unpack(&packed(Compression::Gzip, bomb)).unwrap_err(),
            "join_request is too long"
        );
    }

    #[test]
    fn garbage_is_refused() {
        assert!(unpack("%%").is_err());
        assert!(unpack(&packed(Compression::Gzip, b"not gzip".to_vec())).is_err());
        assert!(unpack(&packed(Compression::None, vec![0xff; 9])).is_err());
    }
}
