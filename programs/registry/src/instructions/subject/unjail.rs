use crate::error::RegistryError;
use crate::events::{KeeperStatusChanged, NodeStatusChanged, SubjectUnjailed};
use crate::seeds;
use crate::state::{Network, StatusChange, Subject};
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct Unjail<'info> {
    /// The node's operator or the keeper's owner.
    pub owner: Signer<'info>,
    #[account(seeds = [seeds::NETWORK], bump = network.bump)]
    pub network: Box<Account<'info, Network>>,
    /// CHECK: a node or a keeper; `Subject::load` tells which and refuses everything else.
    #[account(mut)]
    pub subject: UncheckedAccount<'info>,
}

impl Unjail<'_> {
    pub fn handle(ctx: Context<Unjail>) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let address = ctx.accounts.subject.key();
        let mut subject = Subject::load(&ctx.accounts.subject)?;
        let owner = ctx.accounts.owner.key();
        require_keys_eq!(subject.owner(), owner, RegistryError::NotSubjectOwner);
        let change = subject.unjail(&ctx.accounts.network, now)?;
        subject.store(&ctx.accounts.subject)?;
        let stake = subject.stake();
        let jailed_until = subject.jailed_until();
        emit_cpi!(SubjectUnjailed { subject: address, jailed_until });
        match change {
            StatusChange::Node(from, to) => {
                emit_cpi!(NodeStatusChanged { node: address, from, to, stake, changed_at: now });
            }
            StatusChange::Keeper(from, to) => {
                let keeper = address;
                emit_cpi!(KeeperStatusChanged { keeper, from, to, stake, changed_at: now });
            }
        }
        Ok(())
    }
}
