use crate::error::SettlementError;
use crate::events::SessionOpened;
use crate::seeds;
use crate::state::{CLAIMS_MAX, Channel, Claim, Session, Totals, closable_at};
use anchor_lang::prelude::*;
use heliograph_protocol::jurisdiction;
use heliograph_protocol::price::Prices;
use heliograph_protocol::service::{SERVICE_COUNT, ServiceSet};
use heliograph_registry::state::{App, Network, Node, NodeStatus, pause};

/// What the app asks for.
#[derive(Clone, Copy, Debug, AnchorSerialize, AnchorDeserialize)]
pub struct OpenSessionArgs {
    /// Kinds, as a `ServiceSet`.
    pub services: u8,
    /// The most this session pays a minute, per kind: guards against a price raised meanwhile.
    pub price_ceilings_micro_usdc: [u64; SERVICE_COUNT],
    /// The most the session may cost in all.
    pub cap_micro_usdc: u64,
    /// Unix time at which service ends.
    pub expires_at: i64,
}

#[event_cpi]
#[derive(Accounts)]
pub struct OpenSession<'info> {
    /// Pays the rent and gets it back.
    #[account(mut)]
    pub authority: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    #[account(has_one = authority @ SettlementError::NotAppAuthority)]
    pub app: Box<Account<'info, App>>,
    pub node: Box<Account<'info, Node>>,
    #[account(
        mut,
        has_one = app @ SettlementError::OtherChannel,
        has_one = node @ SettlementError::OtherChannel,
        seeds = [
            seeds::CHANNEL,
            channel.app.as_ref(),
            channel.node.as_ref(),
            &channel.incarnation.to_le_bytes()
        ],
        bump = channel.bump
    )]
    pub channel: Box<Account<'info, Channel>>,
    #[account(
        init,
        payer = authority,
        space = Session::DISCRIMINATOR.len() + Session::INIT_SPACE,
        seeds = [
            seeds::SESSION,
            channel.key().as_ref(),
            &channel.next_ordinal.to_le_bytes()
        ],
        bump
    )]
    pub session: Box<Account<'info, Session>>,
    pub system_program: Program<'info, System>,
}

impl OpenSession<'_> {
    fn validate(&self, args: &OpenSessionArgs, now: i64) -> Result<()> {
        let (network, app, node) = (&self.network, &self.app, &self.node);
        require!(!network.is_paused(pause::SESSIONS), SettlementError::SessionsPaused);
        require!(
            node.status == NodeStatus::Active && node.stake >= network.params.node_stake_min,
            SettlementError::NodeNotActive
        );
        require!(node.serves_app(&app.key()), SettlementError::NodePrivate);
        let services = ServiceSet(args.services);
        require!(
            !services.is_invalid() && node.service_set().contains(services),
            SettlementError::ServicesNotSold
        );
        let prices = node.prices();
        require!(
            prices.within(&app.price_ceilings(), services)
                && prices.within(&Prices(args.price_ceilings_micro_usdc), services),
            SettlementError::PriceAboveCeiling
        );
        require!(
            jurisdiction::allows(&app.country_codes(), node.country_code()),
            SettlementError::CountryNotAllowed
        );
        require_gte!(
            self.channel.bond_micro_usdc,
            network.params.channel_bond_min_micro_usdc,
            SettlementError::BondBelowMinimum
        );
        require_gt!(args.cap_micro_usdc, 0, SettlementError::CapZero);
        let latest = now
            .checked_add(network.params.session_secs_max.into())
            .ok_or(SettlementError::Overflow)?;
        require!(
            args.expires_at > now && args.expires_at <= latest,
            SettlementError::ExpiryInvalid
        );
        require_gte!(
            app.voucher_signer_expires_at,
            args.expires_at,
            SettlementError::ExpiryAfterSigner
        );
        Ok(())
    }

    pub fn handle(ctx: Context<OpenSession>, args: OpenSessionArgs) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        ctx.accounts.validate(&args, now)?;
        let accounts = &mut *ctx.accounts;
        let params = &accounts.network.params;
        let ordinal = accounts.channel.next_ordinal;
        accounts.channel.next_ordinal = ordinal.checked_add(1).ok_or(SettlementError::Overflow)?;
        accounts.channel.sessions_open =
            accounts.channel.sessions_open.checked_add(1).ok_or(SettlementError::Overflow)?;
        let redeemable_until = args
            .expires_at
            .checked_add(params.redeem_grace_secs.into())
            .ok_or(SettlementError::Overflow)?;
        accounts.channel.back_until(redeemable_until);
        accounts.session.set_inner(Session {
            version: Session::VERSION,
            bump: ctx.bumps.session,
            services: args.services,
            spare: 0,
            operator_bps: params.operator_bps,
            settler_bps: params.settler_bps,
            channel: accounts.channel.key(),
            app: accounts.app.key(),
            node: accounts.node.key(),
            ordinal,
            prices_micro_usdc: accounts.node.prices_micro_usdc,
            cap_micro_usdc: args.cap_micro_usdc,
            voucher_signer: accounts.app.voucher_signer,
            opened_at: now,
            expires_at: args.expires_at,
            redeemable_until,
            closable_at: closable_at(
                redeemable_until,
                params.dispute_secs,
                params.challenge_response_secs,
            )?,
            totals: Totals::default(),
            proven_micro_usdc: 0,
            claims: [Claim::default(); CLAIMS_MAX],
            last_receipt_hash: [0; 32],
            last_sequence: 0,
            spare_after_sequence: [0; 4],
            rent_payer: accounts.authority.key(),
            reserved: [0; 48],
        });
        let session = &ctx.accounts.session;
        emit_cpi!(SessionOpened {
            session: session.key(),
            channel: session.channel,
            ordinal,
            services: session.services,
            prices_micro_usdc: session.prices_micro_usdc,
            cap_micro_usdc: session.cap_micro_usdc,
            voucher_signer: session.voucher_signer,
            opened_at: now,
            expires_at: session.expires_at,
        });
        Ok(())
    }
}
