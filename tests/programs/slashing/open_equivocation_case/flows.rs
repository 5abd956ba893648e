use crate::slashing::trials::equivocation;
use heliograph_client::pda;
use heliograph_settlement::state::Session;
use heliograph_slashing::events::CaseOpened;
use heliograph_slashing::state::{Case, CaseKind, CaseStatus, KindRecord, Record};
use heliograph_staking::events::StakeHeld;
use heliograph_staking::state::Position;
use heliograph_tests::events::Emitted;
use heliograph_tests::world::{PARAMS, STAKE_MIN};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn two_receipts_for_one_minute_open_a_case() {
    let (mut zoo, receipts) = equivocation();
    let reporter = zoo.stranger.insecure_clone();
    let (node, session, app) = (zoo.node.clone(), zoo.session, zoo.app.clone());
    let lamports = zoo.lamports(&reporter.pubkey());
    let open = zoo.equivocation_instructions(&reporter.pubkey(), &session, &receipts);

    let done = zoo.run(&open, &[&reporter]);

    let address = pda::case(&node.address, 0);
    let seeds = [b"case".as_slice(), node.address.as_ref(), &[0; 4]];
    let bump = Pubkey::find_program_address(&seeds, &pda::SLASHING).1;
    // Half of what the zoo's node has, with what is delegated to it.
    let held = (STAKE_MIN + 1_000) / 2;
    let now = zoo.now();
    let case = Case {
        version: 1,
        bump,
        kind: CaseKind::Equivocation,
        status: CaseStatus::Open,
        number: 0,
        subject: node.address,
        owner: node.operator.pubkey(),
        mint: zoo.stake_mint,
        reporter: reporter.pubkey(),
        rewarded: reporter.pubkey(),
        victim: app.authority.pubkey(),
        evidence: session.address,
        sequence: 4,
        epoch: 0,
        done_at: zoo.read::<Session>(&session.address).opened_at,
        punishes_until: 0,
        opened_at: now,
        restorable_at: now,
        decidable_at: now,
        decided_at: 0,
        kept_until: 0,
        bond_lamports: PARAMS.case_bond_lamports,
        penalty: held,
        held,
        restored_micro_usdc: 0,
        epochs: Vec::new(),
        reserved: [0; 64],
    };
    zoo.holds(&address, &case);
    let record_address = pda::record(&node.address);
    let bump = Pubkey::find_program_address(&[b"record", node.address.as_ref()], &pda::SLASHING).1;
    let mut record = Record::new(node.address, bump);
    record.cases = 1;
    record.kinds[0] = KindRecord { open_case: address, ..KindRecord::default() };
    zoo.holds(&record_address, &record);
    let position: Position = zoo.read(&node.position());
    assert_eq!(position.held_total(), held);
    let paid = lamports - zoo.lamports(&reporter.pubkey());
    let kept = zoo.lamports(&address) + zoo.lamports(&record_address);
    assert_eq!(paid, kept, "rent and bond, and nothing else");
    let case_len = zoo.account(&address).expect("a case").data.len();
    let rent = zoo.svm().minimum_balance_for_rent_exemption(case_len);
    assert_eq!(zoo.lamports(&address), rent + PARAMS.case_bond_lamports);
    done.emitted_all(&[
        Emitted::of(&StakeHeld {
            position: node.position(),
            requested: held,
            amount: held,
            held: position.held,
            held_delegated: position.held_delegated,
        }),
        Emitted::of(&CaseOpened {
            case: address,
            number: 0,
            kind: CaseKind::Equivocation,
            subject: node.address,
            owner: case.owner,
            mint: case.mint,
            reporter: case.reporter,
            rewarded: case.rewarded,
            victim: case.victim,
            evidence: case.evidence,
            sequence: 4,
            epoch: 0,
            done_at: case.done_at,
            punishes_until: 0,
            opened_at: now,
            restorable_at: now,
            decidable_at: now,
            bond_lamports: PARAMS.case_bond_lamports,
            penalty: held,
            held,
            epochs: Vec::new(),
        }),
    ]);
}

#[test]
fn jailed_and_exited_nodes_are_tried_too() {
    use heliograph_registry::state::NodeStatus;
    let (mut zoo, receipts) = equivocation();
    let (node, session) = (zoo.node.clone(), zoo.session);
    let reporter = zoo.stranger.insecure_clone();
    zoo.set_status(&node, NodeStatus::Draining);
    zoo.set_status(&node, NodeStatus::Exited);
    zoo.unbond(&node, STAKE_MIN / 2);
    let case = zoo.open_equivocation_case(&reporter, &session, &receipts);
    zoo.decide(&case);
    let position: Position = zoo.read(&node.position());
    assert_eq!(position.total(), (STAKE_MIN + 1_000) / 2);
}

/// Evidence of this size needs a lookup table; with one it fits.
#[test]
fn evidence_fits_into_a_transaction_with_a_lookup_table() {
    let (mut zoo, receipts) = equivocation();
    let reporter = zoo.stranger.insecure_clone();
    let open = zoo.equivocation_instructions(&reporter.pubkey(), &zoo.session, &receipts);
    assert!(zoo.world().clone().cost(&open, &[&reporter]).is_none(), "too large without a table");
    let (_, bytes) = zoo.cost_with_table(&open, &[&reporter]).expect("fits");
    println!("{bytes} bytes");
    assert!(bytes <= 1_232);
}
