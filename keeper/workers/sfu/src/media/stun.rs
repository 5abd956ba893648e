//! Whom a STUN message is for, without taking it apart.

/// Type of a binding request (RFC 8489, 5).
const BINDING_REQUEST: u16 = 0x0001;
const MAGIC_COOKIE: u32 = 0x2112_a442;
const USERNAME: u16 = 0x0006;
const HEADER_BYTES: usize = 20;

/// Whether a datagram is STUN at all (RFC 7983).
pub(super) fn is_stun(datagram: &[u8]) -> bool {
    datagram.len() >= HEADER_BYTES
        && datagram[0] < 2
        && datagram[4..8] == MAGIC_COOKIE.to_be_bytes()
}

/// Our half of a binding request's user name, `ours:theirs` (RFC 8445, 7.1.1).
pub(super) fn local_ufrag(datagram: &[u8]) -> Option<&str> {
    let number = |at: usize| -> Option<u16> {
        Some(u16::from_be_bytes(datagram.get(at..at + 2)?.try_into().ok()?))
    };
    if !is_stun(datagram) || number(0)? != BINDING_REQUEST {
        return None;
    }
    let mut at = HEADER_BYTES;
    loop {
        let (kind, bytes) = (number(at)?, usize::from(number(at + 2)?));
        let value = datagram.get(at + 4..at + 4 + bytes)?;
        if kind == USERNAME {
            return std::str::from_utf8(value).ok()?.split_once(':').map(|(local, _)| local);
        }
        at += 4 + bytes.next_multiple_of(4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(username: &str) -> Vec<u8> {
        let mut message = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        message.extend([7; 12]);
        message.extend([0x80, 0x22, 0, 3, b'a', b'b', b'c', 0]);
        message.extend([0, 6, 0, username.len() as u8]);
        message.extend(username.as_bytes());
        message
    }

    #[test]
    fn the_name_is_found_behind_other_attributes() {
        assert_eq!(local_ufrag(&request("mine:yours")), Some("mine"));
        assert_eq!(local_ufrag(&request("mine")), None);
        let mut response = request("mine:yours");
        response[0] = 1;
        assert_eq!(local_ufrag(&response), None);
    }

    proptest! {
        #[test]
        fn no_datagram_is_too_strange(mut noise in proptest::collection::vec(any::<u8>(), 0..200)) {
            local_ufrag(&noise);
            let mut start = request("");
            start.truncate(HEADER_BYTES);
            start.append(&mut noise);
            local_ufrag(&start);
        }
    }
}
