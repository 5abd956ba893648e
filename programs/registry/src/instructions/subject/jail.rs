use crate::events::{KeeperStatusChanged, NodeStatusChanged, SubjectJailed};
use crate::seeds;
use crate::state::{Network, StatusChange, Subject};
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct Jail<'info> {
    /// A PDA that only the slashing program can sign for.
    #[account(seeds = [seeds::JAILER], bump, seeds::program = network.slashing_program)]
    pub jailer: Signer<'info>,
    #[account(seeds = [seeds::NETWORK], bump = network.bump)]
    pub network: Box<Account<'info, Network>>,
    /// CHECK: a node or a keeper; `Subject::load` tells which and refuses everything else.
    #[account(mut)]
    pub subject: UncheckedAccount<'info>,
}

impl Jail<'_> {
    /// Never fails for a registered subject: it must not be able to escape a verdict by its status.
    pub fn handle(ctx: Context<Jail>, until: i64) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let address = ctx.accounts.subject.key();
        let mut subject = Subject::load(&ctx.accounts.subject)?;
        let (old_jailed_until, stake) = (subject.jailed_until(), subject.stake());
        let change = subject.jail(until, now);
        subject.store(&ctx.accounts.subject)?;
        let jailed_until = subject.jailed_until();
        emit_cpi!(SubjectJailed { subject: address, old_jailed_until, jailed_until });
        match change {
            Some(StatusChange::Node(from, to)) => {
                emit_cpi!(NodeStatusChanged { node: address, from, to, stake, changed_at: now });
            }
            Some(StatusChange::Keeper(from, to)) => {
                let keeper = address;
                emit_cpi!(KeeperStatusChanged { keeper, from, to, stake, changed_at: now });
            }
            None => {}
        }
        Ok(())
    }
}
