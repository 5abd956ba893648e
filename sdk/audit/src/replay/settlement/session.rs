//! Opening, ending and closing sessions. What is agreed is taken from the accounts as they were
//! rebuilt up to that moment.

use super::own_app;
use crate::replay::Effect;
use crate::replay::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_protocol::jurisdiction;
use heliograph_protocol::price::Prices;
use heliograph_protocol::service::ServiceSet;
use heliograph_registry::state::{App, Network, Node, NodeStatus, pause};
use heliograph_settlement::events::{SessionClosed, SessionEnded, SessionOpened};
use heliograph_settlement::state::{CLAIMS_MAX, Channel, Claim, Session, Totals, closable_at};
use heliograph_settlement::{OpenSessionArgs, seeds};
use solana_pubkey::Pubkey;

pub(super) fn open(step: &mut Step<'_>, args: OpenSessionArgs) -> Result<(), Stop> {
    let [authority, network_address, app_address, node_address, channel_address, address] =
        step.accounts()?;
    step.about(address, None);
    step.address("network", network_address, pda::network());
    let network: Network = step.get(&network_address)?;
    let app = own_app(step, authority, &app_address)?;
    let node: Node = step.get(&node_address)?;
    let mut channel: Channel = step.get(&channel_address)?;
    step.address("app", app_address, channel.app);
    step.address("node", node_address, channel.node);
    check_offer(step, &args, &network, (&app_address, &app), &node);
    step.rule(
        channel.bond_micro_usdc >= network.params.channel_bond_min_micro_usdc,
        "a session is opened on a channel whose bond is below the minimum",
    );

    let ordinal = channel.next_ordinal;
    let seeds = [seeds::SESSION, channel_address.as_ref(), &ordinal.to_le_bytes()];
    let (expected, bump) = Pubkey::find_program_address(&seeds, &pda::SETTLEMENT);
    step.address("session", address, expected);
    step.vacant(&address);
    channel.next_ordinal += 1;
    channel.sessions_open += 1;
    let redeemable_until = args.expires_at.saturating_add(network.params.redeem_grace_secs.into());
    channel.back_until(redeemable_until);
    step.world.put(channel_address, &channel);
    let session = Session {
        version: Session::VERSION,
        bump,
        services: args.services,
        spare: 0,
        operator_bps: network.params.operator_bps,
        settler_bps: network.params.settler_bps,
        channel: channel_address,
        app: app_address,
        node: node_address,
        ordinal,
        prices_micro_usdc: node.prices_micro_usdc,
        cap_micro_usdc: args.cap_micro_usdc,
        voucher_signer: app.voucher_signer,
        opened_at: step.now,
        expires_at: args.expires_at,
        redeemable_until,
        closable_at: step.allowed(closable_at(
            redeemable_until,
            network.params.dispute_secs,
            network.params.challenge_response_secs,
        ))?,
        totals: Totals::default(),
        proven_micro_usdc: 0,
        claims: [Claim::default(); CLAIMS_MAX],
        last_receipt_hash: [0; 32],
        last_sequence: 0,
        spare_after_sequence: [0; 4],
        rent_payer: authority,
        reserved: [0; 48],
    };
    step.world.create(address, &session);
    step.event(SessionOpened {
        session: address,
        channel: channel_address,
        ordinal,
        services: session.services,
        prices_micro_usdc: session.prices_micro_usdc,
        cap_micro_usdc: session.cap_micro_usdc,
        voucher_signer: session.voucher_signer,
        opened_at: step.now,
        expires_at: session.expires_at,
    });
    step.effects.push(Effect::Opened {
        session: address,
        node_key: node.node_key,
        terms: Box::new(session),
    });
    Ok(())
}

/// Whether the app could have what it asked for, at that moment and from that node.
fn check_offer(
    step: &mut Step<'_>,
    args: &OpenSessionArgs,
    network: &Network,
    (app_address, app): (&Pubkey, &App),
    node: &Node,
) {
    step.rule(!network.is_paused(pause::SESSIONS), "a session is opened while sessions are paused");
    step.rule(
        node.status == NodeStatus::Active && node.stake >= network.params.node_stake_min,
        "a session is opened with a node that is not active or not staked",
    );
    step.rule(node.serves_app(app_address), "a session is opened with another app's private node");
    let services = ServiceSet(args.services);
    step.rule(
        !services.is_invalid() && node.service_set().contains(services),
        "a session buys what the node does not sell",
    );
    let prices = node.prices();
    step.rule(
        prices.within(&app.price_ceilings(), services)
            && prices.within(&Prices(args.price_ceilings_micro_usdc), services),
        "a session costs more than the app's ceilings allow",
    );
    step.rule(
        jurisdiction::allows(&app.country_codes(), node.country_code()),
        "a session is opened in a country that the app does not allow",
    );
    step.rule(args.cap_micro_usdc > 0, "a session is opened without a cap");
    let latest = step.now.saturating_add(network.params.session_secs_max.into());
    step.rule(
        args.expires_at > step.now && args.expires_at <= latest,
        "a session is opened for longer than the network allows, or for no time",
    );
    step.rule(
        app.voucher_signer_expires_at >= args.expires_at,
        "a session is opened that outlives its voucher signer",
    );
}

pub(super) fn end(step: &mut Step<'_>) -> Result<(), Stop> {
    let [authority, network, app, address] = step.accounts()?;
    step.about(address, None);
    step.address("network", network, pda::network());
    let grace_secs = step.get::<Network>(&network)?.params.redeem_grace_secs;
    own_app(step, authority, &app)?;
    let mut session: Session = step.get(&address)?;
    step.address("app", app, session.app);
    let old_expires_at = session.expires_at;
    step.allowed(session.end(step.now, grace_secs))?;
    step.world.put(address, &session);
    step.event(SessionEnded {
        session: address,
        old_expires_at,
        expires_at: session.expires_at,
        redeemable_until: session.redeemable_until,
    });
    Ok(())
}

pub(super) fn close(step: &mut Step<'_>) -> Result<(), Stop> {
    let [rent_payer, channel_address, address] = step.accounts()?;
    step.about(address, None);
    let session: Session = step.get(&address)?;
    step.address("rent payer", rent_payer, session.rent_payer);
    step.address("channel", channel_address, session.channel);
    step.allowed(session.check_closable(step.now))?;
    let mut channel: Channel = step.get(&session.channel)?;
    step.rule(channel.sessions_open > 0, "a channel without sessions loses one");
    channel.sessions_open = channel.sessions_open.saturating_sub(1);
    step.world.put(session.channel, &channel);
    step.world.close(address);
    step.event(SessionClosed {
        session: address,
        channel: session.channel,
        settled_micro_usdc: session.totals.settled_micro_usdc,
        paid_micro_usdc: session.totals.paid_micro_usdc,
    });
    Ok(())
}
