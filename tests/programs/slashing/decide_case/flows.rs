use crate::slashing::trials::{Robbery, equivocation, watched};
use heliograph_client::instruction::slashing::open_downtime_case;
use heliograph_client::pda;
use heliograph_registry::state::{Keeper, KeeperStatus, Node, NodeStatus};
use heliograph_slashing::events::CaseConvicted;
use heliograph_slashing::state::{Case, CaseKind, CaseStatus, Record};
use heliograph_staking::state::Position;
use heliograph_tests::events::Emitted;
use heliograph_tests::world::{PARAMS, SETTLER_BOND_MIN, STAKE_MIN};
use solana_signer::Signer;

#[test]
fn equivocation_pays_reporter_and_victim_and_burns_the_rest() {
    let (mut zoo, receipts) = equivocation();
    let (reporter, session, node) = (zoo.stranger.insecure_clone(), zoo.session, zoo.node.clone());
    let (mint, victim) = (zoo.stake_mint, zoo.app.authority.pubkey());
    let (reward, damages) =
        (pda::token_account(&reporter.pubkey(), &mint), pda::token_account(&victim, &mint));
    let address = zoo.open_equivocation_case(&reporter, &session, &receipts);
    let penalty = zoo.read::<Case>(&address).penalty;
    let before = (zoo.tokens(&reward), zoo.tokens(&damages), zoo.supply(&mint));
    let stake = zoo.tokens(&node.stake_vault());

    let done = zoo.decide(&address);

    let parts = (penalty / 10, penalty * 4 / 10);
    let rest = penalty - parts.0 - parts.1;
    assert_eq!(zoo.tokens(&reward) - before.0, parts.0);
    assert_eq!(zoo.tokens(&damages) - before.1, parts.1);
    assert_eq!(before.2 - zoo.supply(&mint), rest, "burned");
    assert_eq!(stake - zoo.tokens(&node.stake_vault()), penalty);
    assert_eq!(zoo.tokens(&pda::pot(&mint)), 0);
    let now = zoo.now();
    let case: Case = zoo.read(&address);
    assert_eq!((case.status, case.decided_at, case.held), (CaseStatus::Guilty, now, 0));
    assert_eq!(case.kept_until, now);
    let record: Record = zoo.read(&pda::record(&node.address));
    assert_eq!((record.kinds[0].convictions, record.kinds[0].punished_until), (1, now));
    assert_eq!(record.kinds[0].open_case, Default::default());
    let position: Position = zoo.read(&node.position());
    assert_eq!((position.held_total(), position.total()), (0, stake - penalty));
    let state: Node = zoo.read(&node.address);
    let jailed_until = now + i64::from(PARAMS.jail_secs);
    assert_eq!((state.status, state.jailed_until), (NodeStatus::Jailed, jailed_until));
    assert_eq!(state.stake, position.bonded, "the registry knows");
    assert_eq!(
        done.events.last(),
        Some(&Emitted::of(&CaseConvicted {
            case: address,
            subject: node.address,
            kind: CaseKind::Equivocation,
            penalty,
            reporter_amount: parts.0,
            victim_amount: parts.1,
            rest_amount: rest,
            released: 0,
            punished_until: now,
            jailed_until,
            decided_at: now,
        }))
    );
}

#[test]
fn settler_pays_challenger_and_treasury() {
    let mut robbery = Robbery::new();
    let address = robbery.open();
    let (settler, challenger) = (robbery.settler.clone(), robbery.challenger.pubkey());
    let zoo = &mut robbery.zoo;
    zoo.pass(2 * PARAMS.case_window_secs);
    let mint = zoo.payment_mint;
    let (reward, treasury) = (pda::token_account(&challenger, &mint), zoo.treasury);
    let before = (zoo.tokens(&reward), zoo.tokens(&treasury), zoo.supply(&mint));
    zoo.decide(&address);
    let penalty = SETTLER_BOND_MIN / 5;
    assert_eq!(zoo.tokens(&reward) - before.0, penalty / 10);
    assert_eq!(zoo.tokens(&treasury) - before.1, penalty - penalty / 10);
    assert_eq!(zoo.supply(&mint), before.2, "what apps pay in is not burned");
    let position: Position = zoo.read(&settler.position());
    assert_eq!((position.held, position.own()), (0, SETTLER_BOND_MIN - penalty));
    let record: Record = zoo.read(&pda::record(&settler.address));
    let case: Case = zoo.read(&address);
    assert_eq!(record.kinds[1].punished_until, case.punishes_until);
    let keeper: Keeper = zoo.read(&settler.address);
    assert_eq!(keeper.status, KeeperStatus::Jailed);
}

#[test]
fn downtime_costs_owner_and_delegators_their_parts() {
    let (mut panel, _) = watched(&[false, false, false]);
    // The same party once more: its keys come from its label.
    let node = panel.operator("node");
    let party = panel.delegator("a", &node);
    panel.delegate(&party, STAKE_MIN);
    let node = node.address;
    let reporter = panel.wallet("reporter");
    let mint = panel.stake_mint;
    panel.create_tokens(&reporter.pubkey(), &mint);
    let open = open_downtime_case(&panel.accusation(&reporter.pubkey(), &node));
    let address = open.accounts[5].pubkey;
    panel.run(&[open], &[&reporter]);
    panel.pass(PARAMS.case_window_secs);
    let supply = panel.supply(&mint);
    panel.decide(&address);
    let position: Position = panel.read(&panel.node.position());
    let each = STAKE_MIN / 100;
    assert_eq!((position.own(), position.delegated), (STAKE_MIN - each, STAKE_MIN - each));
    assert_eq!(panel.tokens(&pda::token_account(&reporter.pubkey(), &mint)), 2 * each / 10);
    assert_eq!(supply - panel.supply(&mint), 2 * each - 2 * each / 10, "nobody was harmed most");
    let record: Record = panel.read(&pda::record(&node));
    let in_jail = panel.now() + i64::from(PARAMS.jail_secs);
    assert_eq!(record.kinds[2].punished_until, in_jail);
}

/// Two kinds against one node at once: both hold, and both take what they hold.
#[test]
fn cases_of_two_kinds_add_up() {
    let (mut panel, _) = watched(&[false, false, false]);
    let reporter = panel.wallet("reporter");
    let app = panel.funded_app("app", 1_000);
    let (node_address, node_key) = (panel.node.address, panel.node.node_key.insecure_clone());
    let channel = {
        let node = panel.node.address;
        let (channel, open) = {
            let next = 0;
            let open = heliograph_client::instruction::settlement::open_channel(
                app.authority.pubkey(),
                app.address,
                node,
                next,
            );
            (pda::channel(&app.address, &node, next), open)
        };
        panel.act(open, &app.authority);
        channel
    };
    let session = panel.open_session(&app, &channel, 100);
    let open = open_downtime_case(&panel.accusation(&reporter.pubkey(), &node_address));
    let downtime = open.accounts[5].pubkey;
    panel.run(&[open], &[&reporter]);
    let receipts = [1, 2].map(|amount| {
        heliograph_tests::cases::sign(&panel.receipt(&session, 0, amount), &node_key)
    });
    let equivocation = panel.open_equivocation_case(&reporter, &session, &receipts);
    let position: Position = panel.read(&pda::position(&node_address));
    assert_eq!(position.held_total(), STAKE_MIN / 100 + STAKE_MIN / 2);
    panel.decide(&equivocation);
    let position: Position = panel.read(&pda::position(&node_address));
    assert_eq!((position.held_total(), position.own()), (STAKE_MIN / 100, STAKE_MIN / 2));
    panel.pass(PARAMS.case_window_secs);
    panel.decide(&downtime);
    let position: Position = panel.read(&pda::position(&node_address));
    assert_eq!((position.held_total(), position.own()), (0, STAKE_MIN / 2 - STAKE_MIN / 100));
}
