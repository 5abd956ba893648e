//! Bits, most significant first, as the dependency descriptor has them.

/// Reads bits. Past the end there is nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bits read so far.
    pub const fn at(&self) -> usize {
        self.at
    }

    pub fn flag(&mut self) -> Option<bool> {
        Some(self.bits(1)? != 0)
    }

    /// `f(count)` of the specification; 32 bits at most.
    pub fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    /// `ns(limit)` of the specification: a value below `limit`, in as few bits as will do.
    pub fn below(&mut self, limit: u32) -> Option<u32> {
        let width = u32::BITS - limit.leading_zeros();
        let short = (1 << width) - limit;
        let value = self.bits(width.checked_sub(1)?)?;
        if value < short {
            return Some(value);
        }
        Some((value << 1) - short + self.bits(1)?)
    }
}

/// Writes bits.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    free: u32,
}

impl Writer {
    pub fn bits(&mut self, value: u32, count: u32) {
        for at in (0..count).rev() {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            self.free -= 1;
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> at & 1) as u8) << self.free;
            }
        }
    }

    /// As many bits as are between two places of another's.
    pub fn copy(&mut self, bytes: &[u8], from: usize, to: usize) {
        let mut reader = Reader { bytes, at: from };
        while reader.at < to {
            let Some(bit) = reader.bits(1) else { return };
            self.bits(bit, 1);
        }
    }

    /// What was written, zeros behind it to the end of its last byte.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        for (value, count) in [(1, 1), (0x2a, 6), (0xffff, 16), (0, 3), (5, 3)] {
            writer.bits(value, count);
        }
        let bytes = writer.finish();
        assert_eq!(bytes.len(), 4);
        let mut reader = Reader::new(&bytes);
        let read = [1, 6, 16, 3, 3].map(|count| reader.bits(count));
        assert_eq!(read, [Some(1), Some(0x2a), Some(0xffff), Some(0), Some(5)]);
        assert_eq!((reader.at(), reader.bits(3), reader.bits(1)), (29, Some(0), None));
        let mut copied = Writer::default();
        copied.copy(&bytes, 1, 7);
        assert_eq!(copied.finish(), [0x2a << 2]);
    }

    #[test]
    fn few_bits_do_for_few_values() {
        // Five values: 00, 01, 10, 110, 111.
        let mut reader = Reader::new(&[0b0001_1011, 0b0111_0000]);
        let read: Vec<_> = (0..5).map(|_| reader.below(5)).collect();
        assert_eq!(read, [0, 1, 2, 3, 4].map(Some));
        assert_eq!(Reader::new(&[]).below(1), Some(0), "one value needs no bit");
    }
}
