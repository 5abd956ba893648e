//! Signing and checking the network's messages with Solana keys.

use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::evidence::Signed;
use solana_signature::Signature;
use solana_signer::{Signer, SignerError};

/// Signs a message's canonical bytes.
pub fn sign<M: Message>(
    message: &M,
    domain: &Domain,
    signer: &dyn Signer,
) -> Result<Signed, SignerError> {
    let bytes = message.signing_bytes(domain);
    let signature = signer.try_sign_message(&bytes)?;
    Ok(Signed { bytes, public_key: signer.try_pubkey()?.to_bytes(), signature: signature.into() })
}

/// Whether the signature is one of `signed.public_key` over `signed.bytes`.
pub fn is_genuine(signed: &Signed) -> bool {
    Signature::from(signed.signature).verify(&signed.public_key, &signed.bytes)
}
