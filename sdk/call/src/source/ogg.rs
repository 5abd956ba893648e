//! Opus packets out of an Ogg file (RFC 3533, RFC 7845).

use crate::Error;
use bytes::Bytes;

const HEADER_BYTES: usize = 27;

/// The audio packets of the file's one stream, in order. Page checksums are not looked at.
pub fn packets(file: &[u8]) -> Result<Vec<Bytes>, Error> {
    let mut packets = Vec::new();
    let mut packet = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let wrong = |what: &str| Error::Source(format!("not an Ogg file: {what}"));
        if !rest.starts_with(b"OggS") {
            return Err(wrong("no page where one should begin"));
        }
        let segments = *rest.get(HEADER_BYTES - 1).ok_or_else(|| wrong("cut short"))?;
        let table_end = HEADER_BYTES + usize::from(segments);
        let table = rest.get(HEADER_BYTES..table_end).ok_or_else(|| wrong("cut short"))?;
        let mut at = table_end;
        for length in table {
            let end = at + usize::from(*length);
            packet.extend_from_slice(rest.get(at..end).ok_or_else(|| wrong("cut short"))?);
            at = end;
            // A segment of 255 bytes goes on in the next one.
            if *length < 255 {
                packets.push(Bytes::from(std::mem::take(&mut packet)));
            }
        }
        rest = &rest[at..];
    }
    let headers = packets.len().min(2);
    let (head, tags) = (packets.first(), packets.get(1));
    if !head.is_some_and(|packet| packet.starts_with(b"OpusHead"))
        || !tags.is_some_and(|packet| packet.starts_with(b"OpusTags"))
    {
        return Err(Error::Source("the Ogg file holds no Opus".to_string()));
    }
    packets.drain(..headers);
    packets.retain(|packet| super::opus::samples(packet).is_some());
    Ok(packets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(packets: &[&[u8]]) -> Vec<u8> {
        let mut table = Vec::new();
        for packet in packets {
            table.extend(std::iter::repeat_n(255, packet.len() / 255));
            table.push((packet.len() % 255) as u8);
        }
        let header = [b"OggS".as_slice(), &[0; HEADER_BYTES - 5], &[table.len() as u8]].concat();
        [header, table, packets.concat()].concat()
    }

    #[test]
    fn packets_are_those_after_the_headers() {
        let long = [vec![0xf8], vec![1; 600]].concat();
        let file = [page(&[b"OpusHead.."]), page(&[b"OpusTags.."]), page(&[&[0xf8, 2], &long])];
        assert_eq!(packets(&file.concat()).unwrap(), [Bytes::from_static(&[0xf8, 2]), long.into()]);
    }

    #[test]
    fn other_files_are_refused() {
        assert!(packets(b"RIFF").unwrap_err().to_string().contains("not an Ogg file"));
        assert!(packets(&page(&[b"vorbis"])).unwrap_err().to_string().contains("holds no Opus"));
        let mut cut = page(&[b"OpusHead"]);
        cut.pop();
        assert!(packets(&cut).unwrap_err().to_string().contains("cut short"));
    }
}
