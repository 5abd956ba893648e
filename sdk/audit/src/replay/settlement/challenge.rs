//! Challenges: who must show what, what happens if nobody does, and what is given back.

use super::voucher::signed_voucher;
use crate::history::Move;
use crate::replay::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_protocol::batch::{Leaf, evidence};
use heliograph_protocol::merkle;
use heliograph_registry::state::{Keeper, Network};
use heliograph_settlement::events::{
    ChallengeAnswered, ChallengeClosed, ChallengeFailed, ChallengeOpened, ClaimRestored,
};
use heliograph_settlement::seeds;
use heliograph_settlement::state::{Challenge, ChallengeStatus, Escrow, Session};
use solana_pubkey::Pubkey;

pub(super) fn open(step: &mut Step<'_>, minute_index: u64, index: u32) -> Result<(), Stop> {
    let [challenger, network, book, address, payment_mint, bond, source] = step.accounts()?;
    step.address("network", network, pda::network());
    let network: Network = step.get(&network)?;
    step.address("payment mint", payment_mint, network.payment_mint);
    let (minute, leaf) = (minute_index.to_le_bytes(), index.to_le_bytes());
    let seeds = [seeds::CHALLENGE, book.as_ref(), &minute, &leaf];
    let (expected, bump) = Pubkey::find_program_address(&seeds, &pda::SETTLEMENT);
    step.address("challenge", address, expected);
    let seeds = [seeds::BOND, address.as_ref()];
    let (expected, bond_bump) = Pubkey::find_program_address(&seeds, &pda::SETTLEMENT);
    step.address("bond", bond, expected);
    step.vacant(&address);
    let now = step.now;
    let (keeper, deadline, liability_secs, posted_at) = step.with_book(&book, |ring| {
        let deadline = ring.challenge(minute_index, index, now)?;
        let slot = ring.batch(minute_index)?;
        let (liability_secs, posted_at) = (slot.liability_secs(), slot.posted_at);
        Ok((ring.book.keeper, deadline, liability_secs, posted_at))
    })?;
    let bond_micro_usdc = network.params.challenge_bond_micro_usdc;
    step.world.create(
        address,
        &Challenge {
            version: Challenge::VERSION,
            bump,
            bond_bump,
            status: ChallengeStatus::Open,
            book,
            keeper,
            minute_index,
            index,
            challenger,
            refund: source,
            bond_micro_usdc,
            opened_at: now,
            deadline,
            failed_at: 0,
            claimed_micro_usdc: 0,
            liability_secs,
            posted_at,
            reserved: [0; 56],
        },
    );
    step.moves.push(Move::transfer(source, bond, bond_micro_usdc));
    step.event(ChallengeOpened {
        challenge: address,
        book,
        keeper,
        minute_index,
        index,
        challenger,
        bond_micro_usdc,
        opened_at: now,
        deadline,
    });
    Ok(())
}

/// What a bond's account pays when it is closed: the bond, and what strangers have sent to it,
/// which the transfer alone tells.
fn bond_paid(step: &mut Step<'_>, bond: Pubkey, payee: Pubkey, due: u64) -> u64 {
    let paid = step.moved().first().map_or(due, |moved| moved.amount);
    step.rule(paid >= due, "a challenger's bond is paid in part");
    step.moves.push(Move::transfer(bond, payee, paid));
    paid
}

pub(super) fn answer(step: &mut Step<'_>, proof: &[[u8; 32]]) -> Result<(), Stop> {
    let [network, book, address, challenger, bond, keeper, settler_payout, session_address] =
        step.accounts()?;
    step.about(session_address, None);
    step.address("network", network, pda::network());
    let domain = step.get::<Network>(&network)?.domain();
    let challenge: Challenge = step.get(&address)?;
    step.address("book", book, challenge.book);
    step.address("challenger", challenger, challenge.challenger);
    step.address("bond", bond, pda::challenge_bond(&address));
    step.address("keeper", keeper, challenge.keeper);
    let payout = step.get::<Keeper>(&keeper)?.payout;
    step.address("settler's payout", settler_payout, payout);
    step.rule(challenge.status == ChallengeStatus::Open, "a failed challenge is answered");

    let mut session: Session = step.get(&session_address)?;
    let (signed, voucher) = signed_voucher(step, &domain, &session)?;
    step.about(session_address, Some(voucher.sequence));
    step.address("voucher's channel", voucher.channel.into(), session.channel);
    step.address("voucher's session", voucher.session.into(), session_address);
    let leaf = Leaf {
        app: session.app.to_bytes(),
        node: session.node.to_bytes(),
        session: session_address.to_bytes(),
        cumulative_micro_usdc: voucher.cumulative_micro_usdc,
        evidence: evidence(&voucher.receipt_hash, &signed.hash()),
    };
    let slot = step.with_book(&book, |ring| {
        let slot = *ring.batch(challenge.minute_index)?;
        ring.answered(challenge.minute_index)?;
        Ok(slot)
    })?;
    let (index, count) = (challenge.index as usize, slot.count as usize);
    step.rule(
        merkle::verify(&leaf.hash(), index, count, proof, &slot.root),
        "a challenge is answered with another leaf",
    );
    let bond_micro_usdc = bond_paid(step, bond, settler_payout, challenge.bond_micro_usdc);
    session.prove(voucher.cumulative_micro_usdc);
    step.world.put(session_address, &session);
    step.world.close(address);
    step.event(ChallengeAnswered {
        challenge: address,
        book,
        minute_index: challenge.minute_index,
        index: challenge.index,
        session: session_address,
        sequence: voucher.sequence,
        receipt_hash: voucher.receipt_hash,
        cumulative_micro_usdc: voucher.cumulative_micro_usdc,
        proven_micro_usdc: session.proven_micro_usdc,
        bond_micro_usdc,
    });
    Ok(())
}

pub(super) fn fail(step: &mut Step<'_>) -> Result<(), Stop> {
    let [book, address, challenger, bond, refund] = step.accounts()?;
    let mut challenge: Challenge = step.get(&address)?;
    step.address("book", book, challenge.book);
    step.address("challenger", challenger, challenge.challenger);
    step.address("bond", bond, pda::challenge_bond(&address));
    step.address("refund", refund, challenge.refund);
    step.rule(challenge.status == ChallengeStatus::Open, "a challenge fails twice");
    step.rule(step.now > challenge.deadline, "a challenge fails before its deadline");
    let now = step.now;
    let claimed_micro_usdc =
        step.with_book(&book, |ring| ring.void(challenge.minute_index, now))?;
    let bond_micro_usdc = bond_paid(step, bond, refund, challenge.bond_micro_usdc);
    challenge.status = ChallengeStatus::Failed;
    challenge.failed_at = now;
    challenge.claimed_micro_usdc = claimed_micro_usdc;
    step.world.put(address, &challenge);
    step.event(ChallengeFailed {
        challenge: address,
        book,
        keeper: challenge.keeper,
        minute_index: challenge.minute_index,
        index: challenge.index,
        challenger: challenge.challenger,
        failed_at: now,
        claimed_micro_usdc,
        bond_micro_usdc,
    });
    Ok(())
}

pub(super) fn close(step: &mut Step<'_>) -> Result<(), Stop> {
    let [address, challenger] = step.accounts()?;
    let challenge: Challenge = step.get(&address)?;
    step.address("challenger", challenger, challenge.challenger);
    step.allowed(challenge.check_closable(step.now))?;
    step.world.close(address);
    step.event(ChallengeClosed { challenge: address });
    Ok(())
}

pub(super) fn restore(
    step: &mut Step<'_>,
    settler: Pubkey,
    amount_micro_usdc: u64,
) -> Result<(), Stop> {
    let [restorer, network, address, escrow_address, vault, _payment_mint, source] =
        step.accounts()?;
    step.about(address, None);
    step.address("network", network, pda::network());
    let program = step.get::<Network>(&network)?.slashing_program;
    let (expected, _) = Pubkey::find_program_address(&[seeds::RESTORER], &program);
    step.address("restorer", restorer, expected);
    let mut session: Session = step.get(&address)?;
    step.address("escrow", escrow_address, pda::escrow(&session.app));
    step.address("vault", vault, pda::escrow_vault(&escrow_address));
    let mut escrow: Escrow = step.get(&escrow_address)?;
    step.allowed(session.restore(&settler, amount_micro_usdc))?;
    step.allowed(escrow.deposit(amount_micro_usdc))?;
    step.world.put(address, &session);
    step.world.put(escrow_address, &escrow);
    step.moves.push(Move::transfer(source, vault, amount_micro_usdc));
    step.event(ClaimRestored {
        session: address,
        escrow: escrow_address,
        settler,
        amount_micro_usdc,
        deposited_micro_usdc: escrow.deposited_micro_usdc,
    });
    Ok(())
}
