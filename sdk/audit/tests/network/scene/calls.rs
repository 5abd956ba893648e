//! A session of calls with captions, on a chain of its own: media of several people at once, and
//! more speech in a minute than one receipt holds.

use super::{BOND, Cast, audited, copied, history, node_begins, redeem, serve, snapshot};
use crate::node::Serving;
use heliograph_audit::{Report, Snapshot};
use heliograph_client::instruction::{registry, settlement};
use heliograph_client::rpc::Transaction;
use heliograph_client::{account, pda};
use heliograph_localnet::Localnet;
use heliograph_protocol::domain::Domain;
use heliograph_protocol::evidence::ArchivedReceipt;
use heliograph_protocol::receipt::{Receipt, Terms, Tip};
use heliograph_settlement::OpenSessionArgs;
use heliograph_settlement::state::Session;
use heliograph_store::Archive;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::path::Path;
use tempfile::TempDir;

/// Micro-USDC a minute of audio, video, data and transcription: none divides evenly.
pub const PRICES: [u64; 4] = [301, 907, 53, 5_003];
const SERVICES: u8 = 0b1111;
const SECOND: u64 = 16_000;

/// The first minute: four people who see and hear each other, three of whom speak, in two receipts.
/// The second: nobody speaks.
pub const MINUTES: [[u32; 4]; 3] = [[240, 237, 3, 60], [0, 0, 0, 31], [120, 0, 0, 0]];

/// What the tests know of it.
pub struct CallScene {
    _localnet: Localnet,
    archive: TempDir,
    transactions: Vec<Transaction>,
    snapshot: Snapshot,
    node_key: Keypair,
    voucher_signer: Keypair,
    domain: Domain,
    terms: Terms,
    pub session: Pubkey,
    /// Of each minute.
    pub tips: Vec<Tip>,
}

impl CallScene {
    pub async fn make() -> Self {
        let cast = Cast::set_up().await;
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path().to_str().unwrap()).unwrap();
        let voucher_signer = Keypair::new();
        let session = cast_session(&cast, &voucher_signer).await;
        let mut serving = serve(&cast, &archive, &voucher_signer, session).await;
        let terms = serving.terms;
        let mut tips = Vec::new();
        let mut vouchers = Vec::new();
        for secs in MINUTES {
            let archived = true_receipt(&serving, secs);
            serving.archive(&archived).await;
            tips.extend(serving.tip);
            vouchers.push(serving.voucher().await);
        }
        redeem(&cast, session, &vouchers[..1]).await;
        redeem(&cast, session, &vouchers[2..]).await;
        let transactions = history(&cast.rpc).await;
        let snapshot = snapshot(&cast.rpc, &transactions).await;
        Self {
            archive: folder,
            transactions,
            snapshot,
            domain: cast.network.domain(),
            terms,
            session,
            tips,
            voucher_signer,
            node_key: cast.node_key,
            _localnet: cast.localnet,
        }
    }

    /// The true chain and archive.
    pub fn audit(&self) -> Report {
        audited(&self.transactions, &self.snapshot, self.archive.path())
    }

    /// The true chain, and an archive in which another receipt follows the last one, with its
    /// voucher.
    pub fn audit_with(&self, secs: [u32; 4], spans: &[(u64, u64)]) -> Report {
        let copy = copied(self.archive.path());
        self.add(copy.path(), secs, spans);
        audited(&self.transactions, &self.snapshot, copy.path())
    }

    fn add(&self, folder: &Path, secs: [u32; 4], spans: &[(u64, u64)]) {
        let archive = Archive::open(folder.to_str().unwrap()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut serving = Serving {
                terms: self.terms,
                domain: self.domain,
                archive: &archive,
                node_key: &self.node_key,
                voucher_signer: &self.voucher_signer,
                tip: self.tips.last().copied(),
            };
            serving.archive(&serving.receipt_of(secs, spans)).await;
            serving.voucher().await;
        });
    }
}

/// Records of two people in what was transcribed, one of them over the receipt's beginning.
fn true_receipt(serving: &Serving<'_>, secs: [u32; 4]) -> ArchivedReceipt {
    let start = serving.tip.map_or(0, |tip| tip.media_end_sample);
    let end = start + u64::from(secs[3]) * SECOND;
    let middle = start + 4 * SECOND;
    let spans = [(start.saturating_sub(90), middle), (middle + 1_000, end - 100)];
    let spans = if secs[3] == 0 { &spans[..0] } else { &spans[..] };
    let archived = serving.receipt_of(secs, spans);
    let receipt: Receipt = archived.signed.message(&serving.domain).unwrap();
    receipt.check(&serving.terms, serving.tip.as_ref()).unwrap();
    archived
}

/// A node that sells everything, and a session that has bought it.
async fn cast_session(cast: &Cast, voucher_signer: &Keypair) -> Pubkey {
    let (operator, authority) = (cast.operator.pubkey(), cast.authority.pubkey());
    let (node, app, mint) = (cast.node(), cast.app(), cast.network.payment_mint);
    node_begins(cast).await;
    let mut profile = super::profile(0, "wss://node.example.com");
    (profile.services, profile.prices_micro_usdc) = (SERVICES, PRICES);
    let payout = cast.payment(&cast.operator);
    let update = registry::update_node(operator, node, payout, profile);
    cast.send(&cast.operator, &[update]).await;
    let policy = cast.policy(voucher_signer).await;
    let channel = pda::channel(&app, &node, 0);
    let args = OpenSessionArgs {
        services: SERVICES,
        price_ceilings_micro_usdc: [10_000; 4],
        cap_micro_usdc: 40_000,
        expires_at: cast.localnet.unix_secs().await.unwrap() + 50_000,
    };
    let steps = [
        registry::create_app(authority, 7, policy),
        settlement::open_escrow(authority, app, mint),
        settlement::deposit(authority, app, mint, cast.payment(&cast.authority), 60_000 + BOND),
        settlement::open_channel(authority, app, node, 0),
        settlement::post_bond(authority, app, channel, BOND),
        settlement::open_session(authority, app, node, channel, 0, args),
    ];
    for instruction in steps {
        cast.send(&cast.authority, &[instruction]).await;
    }
    let session = pda::session(&channel, 0);
    let account: Session = account::get(&cast.rpc, &session).await.unwrap();
    assert_eq!(account.terms(&session).prices.0, PRICES);
    session
}
