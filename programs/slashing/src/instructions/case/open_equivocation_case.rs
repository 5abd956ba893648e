use crate::error::SlashingError;
use crate::evidence::{precompile_data, signed_by};
use crate::instructions::opening::*;
use crate::state::CaseKind;
use anchor_lang::prelude::*;
use heliograph_protocol::case::{NoEquivocation, equivocation};
use heliograph_registry::state::{App, Subject};
use heliograph_settlement::state::Session;

/// Two receipts of one node for one minute. The evidence is complete: nothing can refute it, so the
/// verdict may follow at once.
#[event_cpi]
#[derive(Accounts)]
pub struct OpenEquivocationCase<'info> {
    pub opening: Opening<'info>,
    #[account(
        constraint = session.node == opening.subject.key() @ SlashingError::OtherSession
    )]
    pub session: Box<Account<'info, Session>>,
    /// The app that was lied to: its authority is the victim.
    #[account(address = session.app @ SlashingError::OtherApp)]
    pub app: Box<Account<'info, App>>,
    /// CHECK: the sysvar that shows the transaction's other instructions.
    #[account(address = solana_sdk_ids::sysvar::instructions::ID)]
    pub instructions: UncheckedAccount<'info>,
}

impl OpenEquivocationCase<'_> {
    pub fn handle(ctx: Context<OpenEquivocationCase>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let Subject::Node(node) = accounts.opening.accused()? else {
            return err!(SlashingError::NotANode);
        };
        let data = precompile_data(&accounts.instructions)?;
        let [one, other] = signed_by(&data, &node.node_key)?;
        let domain = accounts.opening.network.domain();
        let found = equivocation(one, other, &domain).map_err(|why| match why {
            NoEquivocation::OtherMinute => error!(SlashingError::OtherMinute),
            NoEquivocation::Same => error!(SlashingError::ReceiptsAgree),
            _ => error!(SlashingError::NotAReceipt),
        })?;
        let evidence = accounts.session.key();
        require!(found.session == evidence.to_bytes(), SlashingError::OtherSession);
        let charge = Charge {
            kind: CaseKind::Equivocation,
            rewarded: accounts.opening.reporter.key(),
            victim: accounts.app.authority,
            evidence,
            sequence: found.sequence,
            epoch: 0,
            // Not what the receipts say: a date is the node's own word, an old one would protect it
            // and a future one have it punished again and again.
            done_at: accounts.session.opened_at,
            punishes_until: 0,
            windows: (0, 0),
            penalty_bps: accounts.opening.network.params.equivocation_slash_bps,
            holds_all: false,
            epochs: Vec::new(),
        };
        let event = accounts.opening.open(&ctx.bumps.opening, charge)?;
        emit_cpi!(event);
        Ok(())
    }
}
