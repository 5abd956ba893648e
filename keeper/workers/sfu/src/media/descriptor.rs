//! The dependency descriptor: which frames a packet's frame needs, and which layers need it.
//!
//! A header extension, outside of what end-to-end encryption covers, so that layers of AV1 and VP9
//! can be left out without looking at a payload. Names are those of the specification:
//! <https://aomediacodec.github.io/av1-rtp-spec/#appendix-a-dependency-descriptor-rtp-header-extension>.
//! A *decode target* is what a receiver may decode: all frames up to a spatial and a temporal layer.
//! A stream's first frame tells the *structure*: its decode targets, and templates that most frames'
//! descriptions are taken from.

mod bits;
mod structure;
#[cfg(test)]
pub(super) mod tests;

use bits::{Reader, Writer};
use std::sync::Arc;
use str0m::rtp::{Extension, ExtensionSerializer, ExtensionValues};
pub(super) use structure::{Point, Structure};

/// The extension's name in SDP.
const URI: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
/// Its number until a client chooses another.
pub(super) const EXTENSION_ID: u8 = 12;
/// The longest that a two-byte header's length can tell; one-byte headers end at 16.
const BYTES_MAX: usize = 255;
const ONE_BYTE_FORM_MAX: usize = 16;
/// Bits of what every descriptor begins with, and of the flags that may follow.
const MANDATORY_BITS: u32 = 24;
const FLAG_BITS: u32 = 5;

/// A descriptor as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Raw(pub Vec<u8>);

/// What the WebRTC library is told about the extension: to leave its bytes alone.
#[derive(Debug)]
struct Carrier;

impl ExtensionSerializer for Carrier {
    fn write_to(&self, buffer: &mut [u8], values: &ExtensionValues) -> usize {
        let Some(Raw(bytes)) = values.user_values.get::<Raw>() else { return 0 };
        let Some(place) = buffer.get_mut(..bytes.len()) else { return 0 };
        place.copy_from_slice(bytes);
        bytes.len()
    }

    fn parse_value(&self, bytes: &[u8], values: &mut ExtensionValues) -> bool {
        if bytes.is_empty() {
            return false;
        }
        values.user_values.set(Raw(bytes.to_vec()));
        true
    }

    fn is_video(&self) -> bool {
        true
    }

    fn is_audio(&self) -> bool {
        false
    }

    fn requires_two_byte_form(&self, values: &ExtensionValues) -> bool {
        values.user_values.get::<Raw>().is_some_and(|Raw(bytes)| bytes.len() > ONE_BYTE_FORM_MAX)
    }
}

/// The extension, for the WebRTC library.
pub(super) fn extension() -> Extension {
    Extension::with_serializer(URI, Carrier)
}

/// What a frame is to a decode target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Indication {
    /// No part of it.
    NotPresent,
    /// Part of it, and nothing else of it needs this frame.
    Discardable,
    /// Part of it, and whoever can decode this frame can decode all that follows.
    Switch,
    /// Part of it.
    Required,
}

impl Indication {
    const fn of_bits(bits: u32) -> Self {
        match bits {
            0 => Self::NotPresent,
            1 => Self::Discardable,
            2 => Self::Switch,
            _ => Self::Required,
        }
    }
}

/// A packet's descriptor.
#[derive(Clone, Debug)]
pub(super) struct Descriptor {
    /// Last packet of its frame.
    pub ends_frame: bool,
    /// Counts frames, round.
    pub frame: u16,
    /// The frame's layers.
    pub point: Point,
    /// What the stream is made of; told here if `tells_structure`.
    pub structure: Arc<Structure>,
    /// Whether a new stream begins: a picture that needs no earlier one.
    pub tells_structure: bool,
    /// Decode targets that the encoder serves at the moment, a bit each; told here if
    /// `tells_active`.
    pub active: u32,
    /// Whether the encoder serves others than before.
    pub tells_active: bool,
    template: usize,
    indications: Option<Vec<Indication>>,
    differences: Option<Vec<u16>>,
    raw: Vec<u8>,
    /// Where the active targets stand, or would stand, in bits.
    active_at: usize,
    /// Where padding begins, in bits.
    end: usize,
}

impl Descriptor {
    /// Reads a descriptor. `known` is the stream's structure and its active targets as told so far.
    /// Nothing can be said of a packet whose structure has not come, nor of garbage.
    pub fn read(raw: &[u8], known: Option<(&Arc<Structure>, u32)>) -> Option<Self> {
        if raw.len() > BYTES_MAX {
            return None;
        }
        let mut bits = Reader::new(raw);
        let (_starts_frame, ends_frame) = (bits.flag()?, bits.flag()?);
        let template_id = bits.bits(6)?;
        let frame = bits.bits(16)? as u16;
        let mut flags = [false; FLAG_BITS as usize];
        if raw.len() * 8 > MANDATORY_BITS as usize {
            for flag in &mut flags {
                *flag = bits.flag()?;
            }
        }
        let [tells_structure, tells_active, own_indications, own_differences, own_chains] = flags;
        let (structure, mut active) = match tells_structure {
            true => {
                let structure = Structure::read(&mut bits)?;
                let all = structure.all_targets();
                (Arc::new(structure), all)
            }
            false => known.map(|(structure, active)| (structure.clone(), active))?,
        };
        let active_at = bits.at();
        if tells_active {
            active = bits.bits(structure.targets() as u32)?;
        }
        let template = structure.template_at(template_id)?;
        let mut indications = None;
        if own_indications {
            let each = (0..structure.targets()).map(|_| bits.bits(2).map(Indication::of_bits));
            indications = Some(each.collect::<Option<Vec<_>>>()?);
        }
        let mut differences = None;
        if own_differences {
            let mut own = Vec::new();
            loop {
                match bits.bits(2)? {
                    0 => break,
                    size => own.push(bits.bits(4 * size)? as u16 + 1),
                }
            }
            differences = Some(own);
        }
        if own_chains {
            for _ in 0..structure.chains() {
                bits.bits(8)?;
            }
        }
        let point = structure.template(template).point;
        Some(Self {
            ends_frame,
            frame,
            point,
            structure,
            tells_structure,
            active,
            tells_active,
            template,
            indications,
            differences,
            raw: raw.to_vec(),
            active_at,
            end: bits.at(),
        })
    }

    /// What the frame is to a decode target.
    pub fn indication(&self, target: usize) -> Indication {
        let own = self.indications.as_deref();
        let all = own.unwrap_or(&self.structure.template(self.template).indications);
        all.get(target).copied().unwrap_or(Indication::NotPresent)
    }

    /// How many frames back each frame is that this one needs.
    pub fn differences(&self) -> &[u16] {
        let own = self.differences.as_deref();
        own.unwrap_or(&self.structure.template(self.template).differences)
    }

    /// The descriptor with another frame number and, where given, other active targets.
    pub fn rewritten(&self, frame: u16, active: Option<u32>) -> Raw {
        let flags = MANDATORY_BITS as usize;
        let mut raw = self.raw.clone();
        if let Some(number) = raw.get_mut(1..3) {
            number.copy_from_slice(&frame.to_be_bytes());
        }
        let Some(active) = active else { return Raw(raw) };
        let mut writer = Writer::default();
        writer.copy(&raw, 0, flags);
        if raw.len() * 8 > flags {
            writer.copy(&raw, flags, flags + 1);
            writer.bits(1, 1);
            writer.copy(&raw, flags + 2, self.active_at);
        } else {
            writer.bits(0b01000, FLAG_BITS);
        }
        let targets = self.structure.targets();
        writer.bits(active, targets as u32);
        let told = if self.tells_active { targets } else { 0 };
        writer.copy(&raw, self.active_at + told, self.end);
        let written = writer.finish();
        // One that has no room for them goes without.
        Raw(if written.len() > BYTES_MAX { raw } else { written })
    }
}
