//! Books: what a settler posts, when it may pay, and what its leaves come to.

use crate::finding::FindingKind;
use crate::replay::step::{Step, Stop};
use crate::replay::{Claimed, Effect};
use heliograph_client::pda;
use heliograph_protocol::batch::{BatchHeader, Leaf};
use heliograph_protocol::merkle;
use heliograph_protocol::settle::{SettleState, claims};
use heliograph_protocol::shares::Split;
use heliograph_registry::state::{Keeper, KeeperRole, KeeperStatus, Network, Node, pause};
use heliograph_settlement::events::{
    BatchClaimed, BatchPosted, BatchesReleased, BookClosed, BookOpened,
};
use heliograph_settlement::state::{
    BOOK_SLOTS_MIN, Book, Channel, Escrow, PostBatchArgs, RELEASED_AT_ONCE, Session, from_rules,
    to_rules,
};
use heliograph_settlement::{ClaimArgs, ClaimLeaf};
use solana_pubkey::Pubkey;

/// A settler, with the key that signs for it checked.
fn settler(step: &mut Step<'_>, key: Pubkey, address: &Pubkey) -> Result<Keeper, Stop> {
    let keeper: Keeper = step.get(address)?;
    step.address("keeper key", key, keeper.keeper_key);
    step.rule(keeper.role == KeeperRole::Settler, "a keeper that is no settler keeps a book");
    Ok(keeper)
}

pub(super) fn open_book(step: &mut Step<'_>) -> Result<(), Stop> {
    let [keeper_key, rent_payer, keeper, address] = step.accounts()?;
    settler(step, keeper_key, &keeper)?;
    step.address("book", address, pda::book(&keeper_key));
    step.vacant(&address);
    // How large the account was made is seen on chain alone; the event says it, and the accounts
    // are compared in full at the end.
    let slots = step
        .emitted::<BookOpened>()
        .map(|event| event.slots)
        .ok_or_else(|| step.stop(FindingKind::EventWrong, "a book is opened without its event"))?;
    step.rule(slots as usize >= BOOK_SLOTS_MIN, "a book is opened that is too small");
    step.world.create_book(address, &Book::new(keeper, rent_payer, slots, step.now));
    step.event(BookOpened { book: address, keeper, rent_payer, slots, opened_at: step.now });
    Ok(())
}

pub(super) fn close_book(step: &mut Step<'_>) -> Result<(), Stop> {
    let [owner, keeper, address, rent_payer] = step.accounts()?;
    let due = step.get::<Keeper>(&keeper)?.owner;
    step.address("owner", owner, due);
    let now = step.now;
    let book = step.with_book(&address, |ring| {
        ring.release(now, RELEASED_AT_ONCE)?;
        Ok(*ring.book)
    })?;
    step.address("keeper", keeper, book.keeper);
    step.address("rent payer", rent_payer, book.rent_payer);
    step.rule(book.is_over(), "a book is closed that is not over");
    step.world.close(address);
    step.event(BookClosed { book: address, keeper, chain: book.chain });
    Ok(())
}

pub(super) fn post(step: &mut Step<'_>, args: &PostBatchArgs) -> Result<(), Stop> {
    let [keeper_key, network, keeper_address, address] = step.accounts()?;
    step.address("network", network, pda::network());
    let network: Network = step.get(&network)?;
    let keeper = settler(step, keeper_key, &keeper_address)?;
    step.rule(!network.is_paused(pause::BATCHES), "a batch is posted while batches are paused");
    step.rule(
        keeper.status == KeeperStatus::Active
            && keeper.stake >= network.params.settler_bond_min_micro_usdc,
        "a batch is posted by a settler that is not active or not bonded",
    );
    let now = step.now;
    let book = step.with_book(&address, |ring| {
        ring.post(args, &network.params, &network.domain(), keeper.stake, now)?;
        Ok(*ring.book)
    })?;
    step.address("keeper", keeper_address, book.keeper);
    step.effects.push(Effect::Posted {
        header: BatchHeader {
            settler: book.keeper.to_bytes(),
            minute_index: args.minute_index,
            root: args.root,
            count: args.count,
            total_micro_usdc: args.total_micro_usdc,
        },
    });
    step.event(BatchPosted {
        book: address,
        keeper: book.keeper,
        minute_index: args.minute_index,
        root: args.root,
        count: args.count,
        total_micro_usdc: args.total_micro_usdc,
        posted_at: now,
        chain: book.chain,
        exposure_micro_usdc: book.exposure_micro_usdc,
    });
    Ok(())
}

pub(super) fn release(step: &mut Step<'_>) -> Result<(), Stop> {
    let [address] = step.accounts()?;
    let now = step.now;
    let (released, exposure_micro_usdc) = step.with_book(&address, |ring| {
        let released = ring.release(now, RELEASED_AT_ONCE)?;
        Ok((released as u32, ring.book.exposure_micro_usdc))
    })?;
    step.rule(released > 0, "nothing is released");
    step.event(BatchesReleased { book: address, released, exposure_micro_usdc });
    Ok(())
}

pub(super) fn claim(step: &mut Step<'_>, args: &ClaimArgs) -> Result<(), Stop> {
    let [
        network_address,
        keeper_address,
        book_address,
        node_address,
        escrow_address,
        vault,
        channel_address,
        payout,
        settler_payout,
        treasury,
    ] = step.accounts()?;
    step.address("network", network_address, pda::network());
    let network: Network = step.get(&network_address)?;
    let keeper: Keeper = step.get(&keeper_address)?;
    let node: Node = step.get(&node_address)?;
    let mut escrow: Escrow = step.get(&escrow_address)?;
    let mut channel: Channel = step.get(&channel_address)?;
    step.address("channel's node", node_address, channel.node);
    step.address("escrow", escrow_address, pda::escrow(&channel.app));
    step.address("vault", vault, pda::escrow_vault(&escrow_address));
    step.address("payout", payout, node.payout);
    step.address("settler's payout", settler_payout, keeper.payout);
    step.address("treasury", treasury, network.treasury);

    let now = step.now;
    let (book, slot) = step.with_book(&book_address, |ring| {
        let slot = *ring.claimable(args.minute_index, now)?;
        Ok((*ring.book, slot))
    })?;
    step.address("book's keeper", keeper_address, book.keeper);
    // After the program's own accounts, the event authority and the program.
    let sessions = step.accounts_after(13);
    step.rule(
        sessions.len() == args.leaves.len() && !sessions.is_empty(),
        "leaves are claimed that are not one for each session",
    );
    let mut terms = Terms {
        settler: keeper_address,
        period_secs: (now <= slot.disputable_until()).then(|| slot.liability_secs()),
        escrow_left: step.allowed(escrow.available_micro_usdc())?,
        batch_left: slot.total_micro_usdc.saturating_sub(slot.claimed_micro_usdc),
        channel: channel_address,
    };
    let (mut hashes, mut paid, mut parts) = (Vec::new(), 0, Split::default());
    for (address, leaf) in sessions.iter().zip(&args.leaves) {
        let (hash, amount, split) = claim_leaf(step, address, leaf, &mut terms)?;
        hashes.push(hash);
        paid += amount;
        parts.operator_micro_usdc += split.operator_micro_usdc;
        parts.settler_micro_usdc += split.settler_micro_usdc;
        parts.treasury_micro_usdc += split.treasury_micro_usdc;
    }
    step.about_none();
    let (first, count) = (args.first_index as usize, slot.count as usize);
    step.rule(
        merkle::verify_range(&mut hashes, first, count, &args.proof, &slot.root),
        "leaves are paid that are not in the batch",
    );
    step.allowed(channel.totals.settle_and_pay(paid))?;
    step.allowed(escrow.totals.settle_and_pay(paid))?;
    step.world.put(channel_address, &channel);
    step.world.put(escrow_address, &escrow);
    let batch_claimed_micro_usdc = step.with_book(&book_address, |ring| {
        let slot = ring.batch(args.minute_index)?;
        slot.claimed_micro_usdc += paid;
        Ok(slot.claimed_micro_usdc)
    })?;
    for (payee, amount) in [
        (payout, parts.operator_micro_usdc),
        (settler_payout, parts.settler_micro_usdc),
        (treasury, parts.treasury_micro_usdc),
    ] {
        step.pays(vault, payee, amount);
    }
    step.event(BatchClaimed {
        book: book_address,
        keeper: keeper_address,
        minute_index: args.minute_index,
        first_index: args.first_index,
        leaves: args.leaves.len() as u32,
        channel: channel_address,
        escrow: escrow_address,
        amount_micro_usdc: paid,
        operator_micro_usdc: parts.operator_micro_usdc,
        settler_micro_usdc: parts.settler_micro_usdc,
        treasury_micro_usdc: parts.treasury_micro_usdc,
        batch_claimed_micro_usdc,
        channel_paid_micro_usdc: channel.totals.paid_micro_usdc,
        escrow_paid_micro_usdc: escrow.totals.paid_micro_usdc,
        claimed_at: step.now,
    });
    Ok(())
}

/// What holds for all leaves of a claim; what is left shrinks from one to the next.
struct Terms {
    settler: Pubkey,
    period_secs: Option<i64>,
    escrow_left: u64,
    batch_left: u64,
    channel: Pubkey,
}

fn claim_leaf(
    step: &mut Step<'_>,
    address: &Pubkey,
    leaf: &ClaimLeaf,
    terms: &mut Terms,
) -> Result<([u8; 32], u64, Split), Stop> {
    step.about(*address, None);
    let mut session: Session = step.get(address)?;
    step.address("channel", session.channel, terms.channel);
    step.rule(step.now <= session.redeemable_until, "a leaf is paid after the grace time");
    let hash = Leaf {
        app: session.app.to_bytes(),
        node: session.node.to_bytes(),
        session: address.to_bytes(),
        cumulative_micro_usdc: leaf.cumulative_micro_usdc,
        evidence: leaf.evidence,
    }
    .hash();
    let state = SettleState {
        settled_micro_usdc: session.totals.settled_micro_usdc,
        cap_micro_usdc: session.cap_micro_usdc,
        escrow_available_micro_usdc: terms.escrow_left,
    };
    let amount = claims(&state, terms.batch_left, leaf.cumulative_micro_usdc)
        .map_err(|_| step.stop(FindingKind::RuleBroken, "a leaf is paid beyond the cap"))?;
    if amount == 0 {
        return Ok((hash, 0, Split::default()));
    }
    let before = session.totals;
    step.allowed(session.totals.settle_and_pay(amount))?;
    if let Some(period_secs) = terms.period_secs {
        let backed = before.settled_micro_usdc.max(session.proven_micro_usdc);
        let unproven = session.totals.settled_micro_usdc.saturating_sub(backed);
        let mut record = to_rules(&session.claims);
        if record.record(&terms.settler.to_bytes(), unproven, step.now, period_secs).is_err() {
            step.rule(false, "a third settler claims from a session with two unproven ones");
        }
        session.claims = from_rules(&record);
    }
    let split = session
        .shares()
        .split(before.paid_micro_usdc, session.totals.paid_micro_usdc, true)
        .ok_or_else(|| step.stop(FindingKind::RuleBroken, "the shares are more than one whole"))?;
    terms.escrow_left -= amount;
    terms.batch_left -= amount;
    step.world.put(*address, &session);
    step.effects.push(Effect::Claimed {
        session: *address,
        claim: Claimed {
            transaction: step.transaction().signature,
            leaf: *leaf,
            settled_micro_usdc: session.totals.settled_micro_usdc,
            split,
        },
    });
    Ok((hash, amount, split))
}
