//! Any sequence of operations, with the file closed, dropped or copied away in between, against a
//! model in memory.

use crate::fixtures::*;
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::receipt::ReceiptError;
use heliograph_store::{
    Error, Ledger, RedeemId, RedeemState, Session, SessionState, StoredSession, Written,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeMap;
use tempfile::TempDir;

const SESSIONS: u8 = 3;

#[derive(Clone, Debug)]
enum Step {
    Open(u8),
    Close(u8),
    /// The next minute.
    Receipt(u8, u64),
    /// A recorded minute once more.
    ReceiptAgain(u8, Index),
    /// Another receipt for a recorded minute.
    ReceiptOther(u8, Index),
    /// A receipt that leaves minutes out.
    ReceiptAhead(u8),
    /// The answer to a recorded minute.
    Voucher(u8, Index),
    /// An answer to a minute that was never recorded.
    VoucherAhead(u8),
    /// A redeem of a recorded voucher.
    Prepare(u8, Index),
    Sent(Index),
    /// Confirmed, with so many thousandths of what was missing settled.
    Confirmed(Index, u64),
    Failed(Index),
    Expired(Index),
    /// Somebody else brought vouchers up to this amount.
    Settled(u8, u64),
    /// The node stops in order and starts again.
    Restart,
    /// The process ends without closing the file.
    Drop,
    /// The machine is gone; its disk, as it was at this moment, is opened elsewhere.
    Move,
}

fn step() -> impl Strategy<Value = Step> {
    let session = || 1..=SESSIONS;
    let index = any::<Index>;
    prop_oneof![
        2 => session().prop_map(Step::Open),
        1 => session().prop_map(Step::Close),
        8 => (session(), 0..1_000u64).prop_map(|(s, salt)| Step::Receipt(s, salt)),
        2 => (session(), index()).prop_map(|(s, i)| Step::ReceiptAgain(s, i)),
        3 => (session(), index()).prop_map(|(s, i)| Step::ReceiptOther(s, i)),
        1 => session().prop_map(Step::ReceiptAhead),
        6 => (session(), index()).prop_map(|(s, i)| Step::Voucher(s, i)),
        1 => session().prop_map(Step::VoucherAhead),
        4 => (session(), index()).prop_map(|(s, i)| Step::Prepare(s, i)),
        2 => index().prop_map(Step::Sent),
        3 => (index(), 0..=1_000u64).prop_map(|(i, part)| Step::Confirmed(i, part)),
        1 => index().prop_map(Step::Failed),
        1 => index().prop_map(Step::Expired),
        1 => (session(), 0..CAP_MICRO_USDC).prop_map(|(s, amount)| Step::Settled(s, amount)),
        1 => Just(Step::Restart),
        1 => Just(Step::Drop),
        1 => Just(Step::Move),
    ]
}

#[derive(Default)]
struct Model {
    sessions: BTreeMap<u8, ModelSession>,
    redeems: BTreeMap<RedeemId, ModelRedeem>,
}

struct ModelSession {
    session: Session,
    closed: bool,
    receipts: Vec<ArchivedReceipt>,
    vouchers: BTreeMap<usize, Signed>,
    settled: u64,
}

#[derive(Clone, Copy)]
struct ModelRedeem {
    session: u8,
    cumulative: u64,
    state: RedeemState,
}

impl ModelSession {
    fn cumulative(&self, minutes: usize) -> u64 {
        minutes.checked_sub(1).map_or(0, |last| message(&self.receipts[last]).cumulative_micro_usdc)
    }

    fn receipted(&self) -> u64 {
        self.cumulative(self.receipts.len())
    }

    /// Number of minutes up to the newest voucher.
    fn answered(&self) -> usize {
        self.vouchers.last_key_value().map_or(0, |(sequence, _)| sequence + 1)
    }

    fn pick(&self, index: &Index) -> Option<usize> {
        (!self.receipts.is_empty()).then(|| index.index(self.receipts.len()))
    }
}

impl Model {
    fn pending(&self, number: u8) -> Option<RedeemId> {
        let is_pending = |redeem: &ModelRedeem| {
            redeem.session == number
                && matches!(redeem.state, RedeemState::Prepared | RedeemState::Sent)
        };
        self.redeems.iter().find(|(_, redeem)| is_pending(redeem)).map(|(id, _)| *id)
    }

    fn pick_redeem(&self, index: &Index) -> Option<RedeemId> {
        let ids: Vec<RedeemId> = self.redeems.keys().copied().collect();
        (!ids.is_empty()).then(|| ids[index.index(ids.len())])
    }
}

/// The ledger under test and where it lies.
struct World {
    folder: TempDir,
    ledger: Ledger,
    model: Model,
    transactions: u8,
}

impl World {
    async fn new() -> Self {
        let (folder, ledger) = ledger().await;
        Self { folder, ledger, model: Model::default(), transactions: 0 }
    }

    async fn apply(&mut self, step: Step) {
        match step {
            Step::Open(number) => self.open(number).await,
            Step::Close(number) => self.close(number).await,
            Step::Receipt(number, salt) => self.receipt(number, salt).await,
            Step::ReceiptAgain(number, index) => self.receipt_again(number, &index).await,
            Step::ReceiptOther(number, index) => self.receipt_other(number, &index).await,
            Step::ReceiptAhead(number) => self.ahead(number).await,
            Step::Voucher(number, index) => self.voucher(number, &index).await,
            Step::VoucherAhead(number) => self.voucher_ahead(number).await,
            Step::Prepare(number, index) => self.prepare(number, &index).await,
            Step::Sent(index) => self.decide(&index, RedeemState::Sent, 0).await,
            Step::Confirmed(index, part) => {
                self.decide(&index, RedeemState::Confirmed, part).await;
            }
            Step::Failed(index) => self.decide(&index, RedeemState::Failed, 0).await,
            Step::Expired(index) => self.decide(&index, RedeemState::Expired, 0).await,
            Step::Settled(number, amount) => self.settled(number, amount).await,
            Step::Restart => {
                self.ledger.clone().close().await;
                self.ledger = Ledger::open(file_in(&self.folder), DOMAIN).await.unwrap();
            }
            Step::Drop => {
                // Clones of the pools keep the old connections open beside the new ones.
                let old = self.ledger.clone();
                self.ledger = Ledger::open(file_in(&self.folder), DOMAIN).await.unwrap();
                drop(old);
            }
            Step::Move => {
                let elsewhere = tempfile::tempdir().unwrap();
                for entry in std::fs::read_dir(self.folder.path()).unwrap() {
                    let from = entry.unwrap().path();
                    // The index of the log lives in shared memory and dies with the machine.
                    if !from.to_str().unwrap().ends_with("-shm") {
                        std::fs::copy(&from, elsewhere.path().join(from.file_name().unwrap()))
                            .unwrap();
                    }
                }
                self.ledger = Ledger::open(file_in(&elsewhere), DOMAIN).await.unwrap();
                self.folder = elsewhere;
            }
        }
    }

    async fn open(&mut self, number: u8) {
        let session = session(number);
        let written = self.ledger.record_session(&session).await.unwrap();
        let known = self.model.sessions.contains_key(&number);
        assert_eq!(written, if known { Written::Already } else { Written::New });
        self.model.sessions.entry(number).or_insert_with(|| ModelSession {
            session,
            closed: false,
            receipts: Vec::new(),
            vouchers: BTreeMap::new(),
            settled: 0,
        });
    }

    async fn close(&mut self, number: u8) {
        let result = self.ledger.close_session(&session(number).terms.session).await;
        match self.model.sessions.get_mut(&number) {
            None => assert!(matches!(result, Err(Error::UnknownSession { .. }))),
            Some(model) => {
                let expected = if model.closed { Written::Already } else { Written::New };
                assert_eq!(result.unwrap(), expected);
                model.closed = true;
            }
        }
    }

    async fn receipt(&mut self, number: u8, salt: u64) {
        let last = self.model.sessions.get(&number).and_then(|model| model.receipts.last());
        let next = receipt(&session(number), last.map(tip_of).as_ref(), salt);
        let result = self.ledger.record_receipt(&next, NOW_UNIX_MS).await;
        let Some(model) = self.model.sessions.get_mut(&number) else {
            assert!(matches!(result, Err(Error::UnknownSession { .. })));
            return;
        };
        if model.closed {
            assert!(matches!(result, Err(Error::SessionClosed { .. })));
        } else if message(&next).cumulative_micro_usdc > CAP_MICRO_USDC {
            assert!(matches!(result, Err(Error::Receipt(ReceiptError::OverCap))));
        } else {
            assert_eq!(result.unwrap(), Written::New);
            model.receipts.push(next);
        }
    }

    async fn receipt_again(&mut self, number: u8, index: &Index) {
        let Some(model) = self.model.sessions.get(&number) else { return };
        let Some(at) = model.pick(index) else { return };
        let again = self.ledger.record_receipt(&model.receipts[at], NOW_UNIX_MS + 9).await;
        assert_eq!(again.unwrap(), Written::Already);
    }

    async fn receipt_other(&mut self, number: u8, index: &Index) {
        let Some(model) = self.model.sessions.get(&number) else { return };
        let Some(at) = model.pick(index) else { return };
        let before = at.checked_sub(1).map(|before| tip_of(&model.receipts[before]));
        let other = receipt(&model.session, before.as_ref(), 1_000);
        match self.ledger.record_receipt(&other, NOW_UNIX_MS).await {
            Err(Error::Equivocation { sequence, .. }) => assert_eq!(sequence as usize, at),
            result => panic!("{result:?}"),
        }
    }

    async fn ahead(&mut self, number: u8) {
        let Some(model) = self.model.sessions.get(&number) else { return };
        let last = model.receipts.last().map(tip_of);
        let skipped = tip_of(&receipt(&model.session, last.as_ref(), 1));
        let ahead = receipt(&model.session, Some(&skipped), 2);
        let result = self.ledger.record_receipt(&ahead, NOW_UNIX_MS).await;
        if model.closed {
            assert!(matches!(result, Err(Error::SessionClosed { .. })));
        } else {
            assert!(matches!(result, Err(Error::Receipt(ReceiptError::Sequence { .. }))));
        }
    }

    async fn voucher(&mut self, number: u8, index: &Index) {
        let Some(model) = self.model.sessions.get_mut(&number) else { return };
        let Some(at) = model.pick(index) else { return };
        let signed = voucher(&model.receipts[at]);
        let expected =
            if model.vouchers.contains_key(&at) { Written::Already } else { Written::New };
        assert_eq!(self.ledger.record_voucher(&signed, NOW_UNIX_MS).await.unwrap(), expected);
        model.vouchers.insert(at, signed);
    }

    async fn voucher_ahead(&mut self, number: u8) {
        let Some(model) = self.model.sessions.get(&number) else { return };
        let last = model.receipts.last().map(tip_of);
        let never_recorded = receipt(&model.session, last.as_ref(), 5_000);
        let result = self.ledger.record_voucher(&voucher(&never_recorded), NOW_UNIX_MS).await;
        assert!(matches!(result, Err(Error::UnknownReceipt { .. })));
    }

    async fn prepare(&mut self, number: u8, index: &Index) {
        let Some(model) = self.model.sessions.get(&number) else { return };
        let Some(at) = model.pick(index) else { return };
        self.transactions += 1;
        let new = redeem(&model.session, u32::try_from(at).unwrap(), self.transactions);
        let result = self.ledger.record_redeem_prepared(&new, NOW_UNIX_MS).await;
        let cumulative = model.cumulative(at + 1);
        if !model.vouchers.contains_key(&at) {
            assert!(matches!(result, Err(Error::UnknownVoucher { .. })));
        } else if cumulative <= model.settled {
            assert!(matches!(result, Err(Error::NothingToRedeem { .. })));
        } else if let Some(id) = self.model.pending(number) {
            assert!(matches!(result, Err(Error::RedeemPending { pending, .. }) if pending == id));
        } else {
            let state = RedeemState::Prepared;
            let redeem = ModelRedeem { session: number, cumulative, state };
            let id = result.unwrap();
            assert!(self.model.redeems.insert(id, redeem).is_none());
            // Once more, as after an unknown outcome.
            let again = self.ledger.record_redeem_prepared(&new, NOW_UNIX_MS).await;
            assert_eq!(again.unwrap(), id);
        }
    }

    async fn decide(&mut self, index: &Index, to: RedeemState, part: u64) {
        use RedeemState::{Confirmed, Expired, Failed, Prepared, Sent};
        let Some(id) = self.model.pick_redeem(index) else { return };
        let redeem = self.model.redeems[&id];
        let model = self.model.sessions.get_mut(&redeem.session).unwrap();
        let missing = redeem.cumulative.saturating_sub(model.settled);
        let settled = model.settled + missing * part / 1_000;
        let slot = u64::try_from(id.0).unwrap();
        let result = match to {
            Sent => self.ledger.mark_redeem_sent(id, NOW_UNIX_MS).await,
            Confirmed => self.ledger.mark_redeem_confirmed(id, slot, settled, NOW_UNIX_MS).await,
            Failed => self.ledger.mark_redeem_failed(id, None, "refused", NOW_UNIX_MS).await,
            _ => self.ledger.mark_redeem_expired(id, NOW_UNIX_MS).await,
        };
        let allowed = match redeem.state {
            Prepared => true,
            Sent => to != Sent,
            Failed | Expired => to == Confirmed,
            Confirmed => false,
        };
        if allowed {
            assert_eq!(result.unwrap(), Written::New);
            self.model.redeems.get_mut(&id).unwrap().state = to;
            if to == Confirmed {
                model.settled = settled;
            }
        } else if redeem.state == to && to != Confirmed {
            assert_eq!(result.unwrap(), Written::Already);
        } else if redeem.state != to {
            assert!(matches!(result, Err(Error::RedeemDecided { .. })), "{result:?}");
        } else {
            // Confirmed twice: the same figures are old news, others a contradiction.
            assert!(
                matches!(result, Ok(Written::Already) | Err(Error::RedeemDecided { .. })),
                "{result:?}"
            );
        }
    }

    async fn settled(&mut self, number: u8, amount: u64) {
        let Some(model) = self.model.sessions.get_mut(&number) else { return };
        self.ledger.record_settled(&model.session.terms.session, amount).await.unwrap();
        model.settled = model.settled.max(amount);
    }

    /// Every question the ledger answers, against the model.
    async fn compare(&self) {
        let mut outstanding = 0;
        let mut unsettled = Vec::new();
        let mut open = 0;
        for (number, model) in &self.model.sessions {
            let address = model.session.terms.session;
            let answered = model.answered();
            let vouchered = model.cumulative(answered);
            let state = if model.closed { SessionState::Closed } else { SessionState::Open };
            let expected = StoredSession {
                session: model.session,
                state,
                receipted_micro_usdc: model.receipted(),
                vouchered_micro_usdc: vouchered,
                settled_micro_usdc: model.settled,
            };
            assert_eq!(self.ledger.session(&address).await.unwrap(), Some(expected));
            open += usize::from(!model.closed);
            outstanding += model.receipted().saturating_sub(model.settled);
            if vouchered > model.settled {
                unsettled.push((address, vouchered, model.settled, self.model.pending(*number)));
            }

            let tip = self.ledger.session_tip(&address).await.unwrap();
            assert_eq!(tip, model.receipts.last().map(tip_of));
            let unvouchered = self.ledger.unvouchered(&address).await.unwrap();
            assert_eq!(unvouchered, model.receipts[answered..]);
            let newest = self.ledger.newest_voucher(&address).await.unwrap();
            let newest_expected = model.vouchers.last_key_value().map(|(_, signed)| signed);
            assert_eq!(newest.as_ref().map(|newest| &newest.signed), newest_expected);
        }
        assert_eq!(self.ledger.open_sessions().await.unwrap().len(), open);
        assert_eq!(self.ledger.outstanding_micro_usdc(&APP, 0).await.unwrap(), outstanding);

        let found: Vec<_> = self
            .ledger
            .unsettled_sessions()
            .await
            .unwrap()
            .into_iter()
            .map(|u| {
                let voucher = u.newest.voucher;
                let cumulative = voucher.cumulative_micro_usdc;
                (voucher.session, cumulative, u.settled_micro_usdc, u.pending)
            })
            .collect();
        assert_eq!(found, unsettled);

        let pending: Vec<_> = self.ledger.pending_redeems().await.unwrap();
        let pending: Vec<_> = pending.iter().map(|redeem| (redeem.id, redeem.state)).collect();
        let expected: Vec<_> = self
            .model
            .redeems
            .iter()
            .filter(|(_, r)| matches!(r.state, RedeemState::Prepared | RedeemState::Sent))
            .map(|(id, redeem)| (*id, redeem.state))
            .collect();
        assert_eq!(pending, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn ledger_behaves_as_its_model(steps in vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in steps {
                world.apply(step).await;
                world.compare().await;
            }
        });
    }
}
