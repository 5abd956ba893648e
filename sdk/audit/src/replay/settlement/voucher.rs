//! Vouchers: whose signature over what, what it settles, and who gets which part.

use crate::finding::FindingKind;
use crate::replay::step::{Step, Stop};
use crate::replay::{Effect, Redeem};
use heliograph_client::evidence::is_genuine;
use heliograph_client::pda;
use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::ed25519;
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::settle::{SettleError, SettleState, draws};
use heliograph_protocol::voucher::Voucher;
use heliograph_registry::state::{Network, Node};
use heliograph_settlement::events::{VoucherProven, VoucherRedeemed};
use heliograph_settlement::state::{Channel, Escrow, Session};
use solana_pubkey::Pubkey;

pub(super) fn redeem(step: &mut Step<'_>) -> Result<(), Stop> {
    let [
        network_address,
        node_address,
        escrow_address,
        vault,
        channel_address,
        session_address,
        payout,
        treasury,
        payment_mint,
    ] = step.accounts()?;
    step.about(session_address, None);
    step.address("network", network_address, pda::network());
    let network: Network = step.get(&network_address)?;
    let mut session: Session = step.get(&session_address)?;
    let (signed, voucher) = signed_voucher(step, &network.domain(), &session)?;
    step.about(session_address, Some(voucher.sequence));

    step.address("node", node_address, session.node);
    step.address("channel", channel_address, session.channel);
    step.address("escrow", escrow_address, pda::escrow(&session.app));
    step.address("vault", vault, pda::escrow_vault(&escrow_address));
    step.address("payment mint", payment_mint, network.payment_mint);
    step.address("treasury", treasury, network.treasury);
    let node: Node = step.get(&session.node)?;
    step.address("payout", payout, node.payout);
    step.address("voucher's channel", voucher.channel.into(), session.channel);
    step.address("voucher's session", voucher.session.into(), session_address);
    step.rule(step.now <= session.redeemable_until, "a voucher is paid after the grace time");

    let mut escrow: Escrow = step.get(&escrow_address)?;
    let mut channel: Channel = step.get(&session.channel)?;
    let state = SettleState {
        settled_micro_usdc: session.totals.settled_micro_usdc,
        cap_micro_usdc: session.cap_micro_usdc,
        escrow_available_micro_usdc: step.allowed(escrow.available_micro_usdc())?,
    };
    let drawn = draws(&state, channel.bond_micro_usdc, &voucher)
        .map_err(|error| step.stop(FindingKind::RuleBroken, refused(error)))?;
    let amount = drawn.micro_usdc();
    step.allowed(escrow.draw_bond(&mut channel, drawn.bond_micro_usdc))?;
    let before = session.totals.paid_micro_usdc;
    step.allowed(session.totals.settle_and_pay(amount))?;
    step.allowed(channel.totals.settle_and_pay(amount))?;
    step.allowed(escrow.totals.settle_and_pay(amount))?;
    session.prove(voucher.cumulative_micro_usdc);
    session.last_sequence = voucher.sequence;
    session.last_receipt_hash = voucher.receipt_hash;
    let split = session
        .shares()
        .split(before, session.totals.paid_micro_usdc, false)
        .ok_or_else(|| step.stop(FindingKind::RuleBroken, "the shares are more than one whole"))?;

    step.world.put(session_address, &session);
    step.world.put(session.channel, &channel);
    step.world.put(escrow_address, &escrow);
    step.pays(vault, node.payout, split.operator_micro_usdc);
    step.pays(vault, network.treasury, split.treasury_micro_usdc);
    step.event(VoucherRedeemed {
        session: session_address,
        channel: session.channel,
        escrow: escrow_address,
        sequence: voucher.sequence,
        receipt_hash: voucher.receipt_hash,
        voucher_micro_usdc: voucher.cumulative_micro_usdc,
        amount_micro_usdc: amount,
        operator_micro_usdc: split.operator_micro_usdc,
        treasury_micro_usdc: split.treasury_micro_usdc,
        session_paid_micro_usdc: session.totals.paid_micro_usdc,
        channel_paid_micro_usdc: channel.totals.paid_micro_usdc,
        escrow_paid_micro_usdc: escrow.totals.paid_micro_usdc,
        from_bond_micro_usdc: drawn.bond_micro_usdc,
        channel_bond_micro_usdc: channel.bond_micro_usdc,
        escrow_bonded_micro_usdc: escrow.bonded_micro_usdc,
    });
    step.effects.push(Effect::Redeemed {
        session: session_address,
        redeem: Redeem {
            transaction: step.transaction().signature,
            voucher_hash: signed.hash(),
            sequence: voucher.sequence,
            receipt_hash: voucher.receipt_hash,
            settled_micro_usdc: session.totals.settled_micro_usdc,
            operator_micro_usdc: split.operator_micro_usdc,
            treasury_micro_usdc: split.treasury_micro_usdc,
        },
    });
    Ok(())
}

pub(super) fn prove(step: &mut Step<'_>) -> Result<(), Stop> {
    let [network, address] = step.accounts()?;
    step.about(address, None);
    step.address("network", network, pda::network());
    let domain = step.get::<Network>(&network)?.domain();
    let mut session: Session = step.get(&address)?;
    let (_, voucher) = signed_voucher(step, &domain, &session)?;
    step.about(address, Some(voucher.sequence));
    step.address("voucher's channel", voucher.channel.into(), session.channel);
    step.address("voucher's session", voucher.session.into(), address);
    step.rule(
        voucher.cumulative_micro_usdc > session.proven_micro_usdc,
        "a voucher is shown that had been shown",
    );
    session.prove(voucher.cumulative_micro_usdc);
    step.world.put(address, &session);
    step.event(VoucherProven {
        session: address,
        sequence: voucher.sequence,
        receipt_hash: voucher.receipt_hash,
        proven_micro_usdc: session.proven_micro_usdc,
    });
    Ok(())
}

/// The voucher in the ed25519 instruction before; its signature is verified here once more.
pub(super) fn signed_voucher(
    step: &Step<'_>,
    domain: &Domain,
    session: &Session,
) -> Result<(Signed, Voucher), Stop> {
    let wrong = |detail: &str| step.stop(FindingKind::SignatureWrong, detail);
    let before = step
        .instruction_before()
        .filter(|before| before.program_id == solana_sdk_ids::ed25519_program::ID)
        .ok_or_else(|| wrong("no ed25519 instruction before this one"))?;
    let verified = ed25519::single_signature(&before.data)
        .ok_or_else(|| wrong("the ed25519 instruction holds other than one signature"))?;
    let signed = Signed {
        bytes: verified.message.to_vec(),
        public_key: *verified.public_key,
        signature: *verified.signature,
    };
    if !is_genuine(&signed) {
        return Err(wrong("the voucher's signature does not verify"));
    }
    if Pubkey::from(signed.public_key) != session.voucher_signer {
        return Err(wrong("the voucher is signed by another key than the session's"));
    }
    let voucher = Voucher::from_signing_bytes(&signed.bytes, domain)
        .map_err(|error| wrong(&format!("the signed bytes are no voucher: {error}")))?;
    Ok((signed, voucher))
}

fn refused(error: SettleError) -> &'static str {
    match error {
        SettleError::Stale => "a voucher is paid that had been settled",
        SettleError::OverCap => "a voucher is paid beyond the session's cap",
        SettleError::EscrowEmpty => "a voucher is paid from an empty escrow",
        _ => "a voucher is paid that settles nothing",
    }
}
