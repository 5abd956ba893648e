//! Bounds of a room, and what is set for one.

/// What a room's life is like. Rooms that open by themselves have the worker's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomOptions {
    /// How long nobody needs to have come.
    pub empty_timeout_ms: u64,
    /// How long the room outlives its last participant.
    pub departure_timeout_ms: u64,
    /// Participants at most; 0 for as many as the worker holds.
    pub participants_max: usize,
    /// The room's metadata.
    pub metadata: String,
}

impl Default for RoomOptions {
    /// LiveKit's.
    fn default() -> Self {
        Self {
            empty_timeout_ms: 300_000,
            departure_timeout_ms: 20_000,
            participants_max: 0,
            metadata: String::new(),
        }
    }
}

/// Bounds that hold for every room: what one participant can make the worker remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tracks that one participant may publish, announced ones included.
    pub tracks_max: usize,
    /// Data tracks that one participant may publish.
    pub data_tracks_max: usize,
    /// Bytes of a participant's or a room's metadata.
    pub metadata_max: usize,
    /// Bytes of a participant's attributes, names and values together.
    pub attributes_max: usize,
    /// Bytes of a name.
    pub name_max: usize,
    /// Bytes of an SDP.
    pub sdp_max: usize,
    /// Bytes of a data message. LiveKit's clients send no more than 64 KiB, and a few for the
    /// envelope.
    pub data_max: usize,
    /// Offers of one client that may wait for their answers.
    pub offers_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tracks_max: 32,
            data_tracks_max: 32,
            metadata_max: 64 << 10,
            attributes_max: 64 << 10,
            name_max: 256,
            sdp_max: 1 << 20,
            data_max: (64 << 10) + 1_024,
            offers_max: 8,
        }
    }
}
