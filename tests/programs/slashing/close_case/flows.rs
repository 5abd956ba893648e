use crate::slashing::trials::equivocation;
use heliograph_client::pda;
use heliograph_slashing::events::CaseClosed;
use heliograph_slashing::state::Record;
use heliograph_tests::world::PARAMS;
use solana_signer::Signer;

#[test]
fn reporter_gets_rent_and_bond_of_a_conviction() {
    let (mut zoo, receipts) = equivocation();
    let (reporter, session, node) = (zoo.stranger.insecure_clone(), zoo.session, zoo.node.clone());
    let before = zoo.lamports(&reporter.pubkey());
    let case = zoo.open_equivocation_case(&reporter, &session, &receipts);
    zoo.decide(&case);
    let close = zoo.close_case_instruction(&case);

    let done = zoo.run(&[close], &[]);

    zoo.is_gone(&case);
    let record = pda::record(&node.address);
    let cost = before - zoo.lamports(&reporter.pubkey());
    assert_eq!(cost, zoo.lamports(&record), "the record's rent alone");
    assert_eq!(zoo.read::<Record>(&record).kinds[0].convictions, 1, "which keeps the verdict");
    done.emitted(&CaseClosed {
        case,
        subject: node.address,
        bond_to: reporter.pubkey(),
        bond_lamports: PARAMS.case_bond_lamports,
    });
}
