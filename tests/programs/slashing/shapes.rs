//! Accounts as they lie on chain.

use crate::slashing::trials::equivocation;
use anchor_lang::{Discriminator, Space};
use heliograph_client::pda;
use heliograph_slashing::state::{Case, CaseKind, Record};

#[test]
fn accounts_on_chain_have_their_size() {
    let (mut zoo, receipts) = equivocation();
    let (reporter, session) = (zoo.stranger.insecure_clone(), zoo.session);
    let case = zoo.open_equivocation_case(&reporter, &session, &receipts);
    let len = |address| zoo.account(&address).expect("made by the case").data.len();
    assert_eq!(len(case), Case::DISCRIMINATOR.len() + Case::INIT_SPACE);
    let record = pda::record(&zoo.node.address);
    assert_eq!(len(record), Record::DISCRIMINATOR.len() + Record::INIT_SPACE);
}

#[test]
fn kinds_have_the_numbers_of_the_protocol() {
    use heliograph_protocol::case::{KINDS, Kind};
    let kinds = [
        CaseKind::Equivocation,
        CaseKind::UnansweredChallenge,
        CaseKind::Downtime,
        CaseKind::ObserverFraud,
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        assert_eq!((Kind::from(kind) as usize, kind as usize), (number, number));
    }
    assert_eq!(kinds.len(), KINDS);
}
