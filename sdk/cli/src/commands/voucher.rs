//! `heliograph voucher`: vouchers on their way to the chain.

mod prove;
mod redeem;
mod show;

use crate::amount::usdc;
use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;
use heliograph_client::account;
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::settle::{SettleError, SettleState, draws};
use heliograph_protocol::voucher;
use heliograph_registry::state::Network;
use heliograph_settlement::state::{Channel, Session};
use solana_pubkey::Pubkey;

/// Bring vouchers on chain
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Bring vouchers on chain.\n\n\
    A voucher is an app's signed promise to pay for a session up to an amount. The keeper redeems \
    them by itself; these commands are for whoever has a voucher and no keeper. Anybody can send one: \
    it pays the node that it names, --keypair only pays the fee. Vouchers are read from files as \
    archives keep them, or from an archive by their hash.",
    after_long_help = "EXAMPLES\n  \
    heliograph voucher show archive/vouchers/3f/3f2d…\n  \
    heliograph voucher redeem 3f2dd06b… --archive s3://bucket/prefix\n  \
    heliograph voucher prove archive/vouchers/3f/3f2d…"
)]
pub enum Voucher {
    /// Show what a voucher says, and whether it would be paid
    Show(show::Show),
    /// Pay what a voucher promises beyond what is settled
    Redeem(redeem::Redeem),
    /// Show a voucher to the chain without paying it: settlers' claims up to it are beyond doubt then
    Prove(prove::Prove),
}

impl Voucher {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Show(show) => show.execute(context).await,
            Self::Redeem(redeem) => redeem.execute(context).await,
            Self::Prove(prove) => prove.execute(context).await,
        }
    }
}

/// What a voucher says, and the session it is about.
struct Read {
    message: voucher::Voucher,
    address: Pubkey,
    session: Session,
}

/// Reads a voucher's message and its session; the signature must be its signer's.
async fn read(context: &Context, network: &Network, signed: &Signed) -> Result<Read> {
    let message: voucher::Voucher = signed
        .message(&network.domain())
        .map_err(|error| usage(format!("this is no voucher of this network: {error}")))?;
    if !heliograph_client::evidence::is_genuine(signed) {
        return Err(usage("the signature is not one over this voucher"));
    }
    let address = Pubkey::new_from_array(message.session);
    let session: Option<Session> = account::find(&context.rpc, &address).await?;
    let session = session.ok_or_else(|| usage(format!("session {address} is closed")))?;
    Ok(Read { message, address, session })
}

/// What a redeem of it would settle now, or the refusal in words; micro-USDC.
async fn settles(context: &Context, read: &Read, signed: &Signed) -> Result<Result<u64, String>> {
    let Read { message, session, .. } = read;
    if session.voucher_signer.to_bytes() != signed.public_key {
        let (signer, found) = (session.voucher_signer, Pubkey::new_from_array(signed.public_key));
        return Ok(Err(format!("signed by {found}; the session's signer is {signer}")));
    }
    let now = chain::unix_secs(&context.rpc).await?;
    if now > session.redeemable_until {
        let until = session.redeemable_until;
        return Ok(Err(format!("the session's vouchers were redeemable until Unix time {until}")));
    }
    let escrow = chain::escrow(&context.rpc, &session.app).await?;
    let state = SettleState {
        settled_micro_usdc: session.totals.settled_micro_usdc,
        cap_micro_usdc: session.cap_micro_usdc,
        escrow_available_micro_usdc: escrow.available_micro_usdc()?,
    };
    let channel: Channel = account::get(&context.rpc, &session.channel).await?;
    let drawn = draws(&state, channel.bond_micro_usdc, message);
    Ok(drawn.map(|drawn| drawn.micro_usdc()).map_err(|error| match error {
        SettleError::Stale => {
            format!("{} are settled already", usdc(session.totals.settled_micro_usdc))
        }
        SettleError::OverCap => format!("the session's cap is {}", usdc(session.cap_micro_usdc)),
        SettleError::EscrowEmpty => "the app's escrow and the channel's bond are empty".to_owned(),
        other => format!("{other:?}"),
    }))
}
