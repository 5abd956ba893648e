use super::payees::{KEEPER_PAYOUT_AT, NETWORK_TREASURY_AT, NODE_PAYOUT_AT, check_payee};
use crate::error::SettlementError;
use crate::events::BatchClaimed;
use crate::seeds;
use crate::state::{Book, Channel, ClaimTerms, Escrow, Ring, Session, view_mut};
use crate::tokens::pay_from_vault;
use anchor_lang::prelude::*;
use anchor_spl::token::Token;
use heliograph_protocol::merkle;
use heliograph_protocol::shares::Split;
use heliograph_registry::state::{Keeper, Network, Node};

/// The part of a leaf that no account says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub struct ClaimLeaf {
    pub cumulative_micro_usdc: u64,
    /// `batch::evidence` of receipt and voucher.
    pub evidence: [u8; 32],
}

/// Leaves of one batch that follow each other, all of one channel.
#[derive(Clone, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub struct ClaimArgs {
    pub minute_index: u64,
    /// Position in the batch of the first leaf.
    pub first_index: u32,
    pub leaves: Vec<ClaimLeaf>,
    /// `merkle::range_proof` of the leaves.
    pub proof: Vec<[u8; 32]>,
}

/// Pays what leaves of a batch say. Nobody has to sign: the root is the authority, and the accounts
/// say who is paid. The sessions follow as remaining accounts, writable, one for each leaf.
#[event_cpi]
#[derive(Accounts)]
pub struct Claim<'info> {
    /// CHECK: a registry account; says where the treasury is.
    pub network: UncheckedAccount<'info>,
    /// CHECK: a registry account; says where the settler's share goes.
    pub keeper: UncheckedAccount<'info>,
    #[account(mut)]
    pub book: AccountLoader<'info, Book>,
    /// CHECK: a registry account; says where the operator's share goes.
    pub node: UncheckedAccount<'info>,
    #[account(mut)]
    pub escrow: Box<Account<'info, Escrow>>,
    /// CHECK: the escrow's tokens; an address only this program can have made.
    #[account(
        mut,
        seeds = [seeds::VAULT, escrow.key().as_ref()],
        bump = escrow.vault_bump
    )]
    pub vault: UncheckedAccount<'info>,
    /// CHECK: a channel of this program; read and written as a `ChannelView`.
    #[account(mut)]
    pub channel: UncheckedAccount<'info>,
    /// CHECK: the node's registered payout account; the token program checks that it is one.
    #[account(mut)]
    pub payout: UncheckedAccount<'info>,
    /// CHECK: the settler's registered payout account.
    #[account(mut)]
    pub settler_payout: UncheckedAccount<'info>,
    /// CHECK: the network's treasury.
    #[account(mut)]
    pub treasury: UncheckedAccount<'info>,
    pub token_program: Program<'info, Token>,
}

/// What the leaves of one claim come to.
#[derive(Default)]
struct Sum {
    amount: u64,
    split: Split,
}

impl Sum {
    fn add(&mut self, amount: u64, split: &Split) -> Result<()> {
        let add = |sum: &mut u64, part: u64| {
            *sum = sum.checked_add(part).ok_or(SettlementError::Overflow)?;
            Result::Ok(())
        };
        add(&mut self.amount, amount)?;
        add(&mut self.split.operator_micro_usdc, split.operator_micro_usdc)?;
        add(&mut self.split.settler_micro_usdc, split.settler_micro_usdc)?;
        add(&mut self.split.treasury_micro_usdc, split.treasury_micro_usdc)
    }
}

impl<'info> Claim<'info> {
    fn validate(&self) -> Result<()> {
        let vault = self.vault.key;
        check_payee::<Node>(&self.node, NODE_PAYOUT_AT, self.payout.key, vault)?;
        check_payee::<Keeper>(&self.keeper, KEEPER_PAYOUT_AT, self.settler_payout.key, vault)?;
        check_payee::<Network>(&self.network, NETWORK_TREASURY_AT, self.treasury.key, vault)
    }

    pub fn handle(ctx: Context<'info, Claim<'info>>, args: ClaimArgs) -> Result<()> {
        ctx.accounts.validate()?;
        let now = Clock::get()?.unix_timestamp;
        let sessions = ctx.remaining_accounts;
        let accounts = &mut *ctx.accounts;
        let info = accounts.book.to_account_info();
        let mut data = info.try_borrow_mut_data()?;
        let mut ring = Ring::over(&mut data)?;
        require_keys_eq!(ring.book.keeper, *accounts.keeper.key, SettlementError::OtherKeeper);
        let slot = ring.claimable(args.minute_index, now)?;

        let mut channel = view_mut::<Channel>(&accounts.channel)?;
        require!(
            channel.app == accounts.escrow.app && channel.node == *accounts.node.key,
            SettlementError::OtherChannel
        );
        let mut terms = ClaimTerms {
            settler: *accounts.keeper.key,
            now,
            period_secs: (now <= slot.disputable_until()).then(|| slot.liability_secs()),
            escrow_available_micro_usdc: accounts.escrow.available_micro_usdc()?,
            batch_left_micro_usdc: slot
                .total_micro_usdc
                .checked_sub(slot.claimed_micro_usdc)
                .ok_or(SettlementError::Overflow)?,
        };
        require!(
            sessions.len() == args.leaves.len() && !sessions.is_empty(),
            SettlementError::LeavesNotSessions
        );
        let mut hashes = Vec::with_capacity(sessions.len());
        let mut sum = Sum::default();
        for (account, leaf) in sessions.iter().zip(&args.leaves) {
            let mut session = view_mut::<Session>(account)?;
            require!(session.channel == *accounts.channel.key, SettlementError::OtherSession);
            hashes.push(session.leaf_hash(account.key, leaf.cumulative_micro_usdc, &leaf.evidence));
            let (amount, split) = session.claim(leaf.cumulative_micro_usdc, &terms)?;
            // Both hold `amount`: it is the least of them and of what is owed.
            terms.escrow_available_micro_usdc -= amount;
            terms.batch_left_micro_usdc -= amount;
            sum.add(amount, &split)?;
        }
        require!(
            merkle::verify_range(
                &mut hashes,
                args.first_index as usize,
                slot.count as usize,
                &args.proof,
                &slot.root
            ),
            SettlementError::ProofInvalid
        );
        slot.claimed_micro_usdc =
            slot.claimed_micro_usdc.checked_add(sum.amount).ok_or(SettlementError::Overflow)?;
        channel.totals.settle_and_pay(sum.amount)?;
        accounts.escrow.totals.settle_and_pay(sum.amount)?;
        let event = BatchClaimed {
            book: info.key(),
            keeper: terms.settler,
            minute_index: args.minute_index,
            first_index: args.first_index,
            leaves: args.leaves.len() as u32,
            channel: *accounts.channel.key,
            escrow: accounts.escrow.key(),
            amount_micro_usdc: sum.amount,
            operator_micro_usdc: sum.split.operator_micro_usdc,
            settler_micro_usdc: sum.split.settler_micro_usdc,
            treasury_micro_usdc: sum.split.treasury_micro_usdc,
            batch_claimed_micro_usdc: slot.claimed_micro_usdc,
            channel_paid_micro_usdc: channel.totals.paid_micro_usdc,
            escrow_paid_micro_usdc: accounts.escrow.totals.paid_micro_usdc,
            claimed_at: now,
        };
        drop(channel);
        drop(data);
        accounts.pay(&accounts.payout, sum.split.operator_micro_usdc)?;
        accounts.pay(&accounts.settler_payout, sum.split.settler_micro_usdc)?;
        accounts.pay(&accounts.treasury, sum.split.treasury_micro_usdc)?;
        emit_cpi!(event);
        Ok(())
    }

    fn pay(&self, to: &UncheckedAccount<'info>, amount: u64) -> Result<()> {
        let (vault, to) = (self.vault.to_account_info(), to.to_account_info());
        pay_from_vault(&self.escrow, vault, to, None, &self.token_program, amount)
    }
}
