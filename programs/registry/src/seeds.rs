//! Seeds of every address this program derives.

/// `[NETWORK]`: the one network of this deployment.
pub const NETWORK: &[u8] = b"network";
/// `[NODE, node key]`.
pub const NODE: &[u8] = b"node";
/// `[APP, authority, id as u32 little-endian]`.
pub const APP: &[u8] = b"app";
/// `[KEEPER, role as u8, keeper key]`.
pub const KEEPER: &[u8] = b"keeper";
/// `[PARAMS_CHANGE]`: the one change of parameters that is under way.
pub const PARAMS_CHANGE: &[u8] = b"params_change";
/// `[STAKE_RECORDER]` of the staking program: the signer of `record_stake`.
pub const STAKE_RECORDER: &[u8] = b"stake_recorder";
/// `[JAILER]` of the slashing program: the signer of `jail`.
pub const JAILER: &[u8] = b"jailer";
