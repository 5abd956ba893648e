//! One history with every instruction in it, made once and read by all tests.

pub mod calls;
mod governance;
mod quality;
mod settler;
mod trials;

use crate::node::Serving;
use heliograph_audit::{Auditor, FindingKind, Options, Report, Snapshot};
use heliograph_client::instruction::{registry, settlement, staking, token};
use heliograph_client::rpc::Transaction;
use heliograph_client::send::{Options as SendOptions, send};
use heliograph_client::{RetryPolicy, Rpc, account, pda};
use heliograph_localnet::{Config, GenesisProgram, Localnet};
use heliograph_migrations::{Domain, Params, Plan, Programs, Tokens, run};
use heliograph_protocol::price::Prices;
use heliograph_registry::state::{Network, Node, NodeStatus};
use heliograph_registry::{AppPolicy, NodeProfile};
use heliograph_settlement::OpenSessionArgs;
use heliograph_settlement::state::{Channel, Escrow, Session};
use heliograph_store::{Archive, Error as StoreError};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;

const SOL: u64 = 1_000_000_000;
/// Of the stake mint, which has 9 decimals here.
const TOKEN: u64 = 1_000_000_000;
const GRACE_SECS: u32 = 3_600;
const NOTICE_SECS: u32 = 4_000;
const WINDOW_SECS: u32 = 600;
const RESPONSE_SECS: u32 = 600;
const DISPUTE_SECS: u32 = 1_200;
/// Behind the channel; less than a minute costs.
pub const BOND: u64 = 5_000;
/// Short, so that stake that leaves within the notice outlives the epochs it is judged by.
const EPOCH_SECS: u32 = 600;

const PROGRAMS: [Pubkey; 5] =
    [pda::REGISTRY, pda::STAKING, pda::SETTLEMENT, pda::REPUTATION, pda::SLASHING];

/// What the tests know of the history.
pub struct Scene {
    /// Kept: the cluster stops with it.
    _localnet: Localnet,
    archive: TempDir,
    pub rpc: Rpc,
    pub transactions: Vec<Transaction>,
    pub snapshot: Snapshot,
    pub node_key: Keypair,
    /// Five minutes, the last one without a voucher; closed.
    pub first: Pubkey,
    /// Terms of the first session, for messages made by the tests.
    pub first_terms: heliograph_protocol::receipt::Terms,
    /// Three minutes, open.
    pub second: Pubkey,
    /// Four minutes, settled in batches, open; the last one is given back.
    pub third: Pubkey,
    pub domain: heliograph_protocol::domain::Domain,
    /// The transaction that redeemed minutes 0 and 1 of the first session.
    pub redeem: Signature,
    /// The transaction that redeemed more than the escrow held; the bond paid too.
    pub short: Signature,
    /// The transaction that released the bond of the second channel.
    pub release: Signature,
    /// What changed nothing: a claim of what was paid already, samples written a second time.
    pub idle: [Signature; 2],
    pub network: Network,
    pub payout: Pubkey,
    pub escrow_vault: Pubkey,
}

/// The history, made by the first test that asks.
pub fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(Box::pin(make()))
        })
        .join()
        .unwrap()
    })
}

/// Who acts in the story, and on which cluster.
struct Cast {
    rpc: Rpc,
    localnet: Localnet,
    deployer: Keypair,
    operator: Keypair,
    node_key: Keypair,
    authority: Keypair,
    network: Network,
}

impl Cast {
    async fn send(&self, payer: &Keypair, instructions: &[Instruction]) -> Signature {
        self.send_with(payer, &[], instructions).await
    }

    async fn send_with(
        &self,
        payer: &Keypair,
        signers: &[&(dyn Signer + Sync)],
        instructions: &[Instruction],
    ) -> Signature {
        send(&self.rpc, payer, signers, instructions, SendOptions::default()).await.unwrap()
    }

    /// Lets the cluster's time pass.
    async fn wait(&self, secs: u32) {
        let now = self.localnet.unix_secs().await.unwrap();
        self.localnet.time_travel(now + i64::from(secs)).await.unwrap();
    }

    fn node(&self) -> Pubkey {
        pda::node(&self.node_key.pubkey())
    }

    fn app(&self) -> Pubkey {
        pda::app(&self.authority.pubkey(), 7)
    }

    fn payment(&self, owner: &Keypair) -> Pubkey {
        pda::token_account(&owner.pubkey(), &self.network.payment_mint)
    }

    fn stake(&self) -> Pubkey {
        pda::token_account(&self.operator.pubkey(), &self.network.stake_mint)
    }

    async fn policy(&self, voucher_signer: &Keypair) -> AppPolicy {
        AppPolicy {
            voucher_signer: voucher_signer.pubkey(),
            voucher_signer_expires_at: self.localnet.unix_secs().await.unwrap() + 100_000,
            price_ceilings_micro_usdc: [10_000; 4],
            countries: vec![*b"DE", *b"FR"],
        }
    }

    async fn set_up() -> Self {
        let deployer = Keypair::new();
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy");
        let programs =
            Programs::load(&deploy, None).expect("build the programs first: scripts/sbf/build.sh");
        let genesis = programs.0.iter().map(|program| {
            GenesisProgram::new(program.key.pubkey(), deployer.pubkey(), &program.elf)
        });
        let config = Config { slot_ms: 60, programs: genesis.collect(), ..Config::default() };
        let localnet = Localnet::start(config).await.unwrap();
        let rpc = Rpc::new(localnet.rpc_url(), RetryPolicy::INTERACTIVE);
        let (operator, authority) = (Keypair::new(), Keypair::new());
        for (key, sol) in [(&deployer, 100), (&operator, 10), (&authority, 10)] {
            rpc.airdrop(&key.pubkey(), sol * SOL).await.unwrap();
        }
        let params = Params {
            redeem_grace_secs: GRACE_SECS,
            withdrawal_notice_secs: NOTICE_SECS,
            unbonding_secs: NOTICE_SECS,
            timelock_secs: NOTICE_SECS,
            challenge_window_secs: WINDOW_SECS,
            challenge_response_secs: RESPONSE_SECS,
            dispute_secs: DISPUTE_SECS,
            epoch_secs: EPOCH_SECS,
            case_window_secs: DISPUTE_SECS / 3,
            downtime_epochs: 1,
            downtime_window_epochs: 1,
            node_stake_min_tokens: 10,
            observer_stake_min_tokens: 10,
            channel_bond_min_micro_usdc: BOND,
            ..Params::default()
        };
        let plan = Plan {
            deployer: &deployer,
            programs: &programs,
            tokens: Tokens::Create { stake_decimals: 9 },
            guardian: None,
            domain: Domain::Fixed([42; 32]),
            params,
        };
        run(&rpc, &plan, |_| {}).await.unwrap();
        let network = account::network(&rpc).await.unwrap();
        let node_key = Keypair::new();
        let cast = Self { rpc, localnet, deployer, operator, node_key, authority, network };
        cast.fund().await;
        cast
    }

    async fn fund(&self) {
        let minter = self.deployer.pubkey();
        let (payment, stake) = (self.network.payment_mint, self.network.stake_mint);
        let (operator, authority) = (self.operator.pubkey(), self.authority.pubkey());
        let create = |owner, mint| token::create_token_account(&minter, owner, mint);
        let instructions = [
            create(&operator, &payment),
            create(&operator, &stake),
            create(&authority, &payment),
            token::mint_to(&stake, &operator, &minter, 50 * TOKEN).unwrap(),
            token::mint_to(&payment, &authority, &minter, 1_000_000).unwrap(),
        ];
        self.send(&self.deployer, &instructions).await;
    }
}

fn profile(price_micro_usdc: u64, endpoint: &str) -> NodeProfile {
    NodeProfile {
        services: 0b1000,
        prices_micro_usdc: [0, 0, 0, price_micro_usdc],
        country: *b"DE",
        region: "eu-central".into(),
        endpoint: endpoint.into(),
        capacity: 4,
        private_app: Pubkey::default(),
    }
}

async fn make() -> Scene {
    let cast = Cast::set_up().await;
    let archive_folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(archive_folder.path().to_str().unwrap()).unwrap();
    let (first_signer, second_signer) = (Keypair::new(), Keypair::new());
    let (operator, authority) = (cast.operator.pubkey(), cast.authority.pubkey());
    let (node, app, mint) = (cast.node(), cast.app(), cast.network.payment_mint);

    node_begins(&cast).await;
    let policy = cast.policy(&first_signer).await;
    let start = [
        registry::create_app(authority, 7, policy),
        settlement::open_escrow(authority, app, mint),
        settlement::deposit(authority, app, mint, cast.payment(&cast.authority), 60_000),
        settlement::open_channel(authority, app, node, 0),
        settlement::deposit(authority, app, mint, cast.payment(&cast.authority), BOND),
    ];
    for instruction in start {
        cast.send(&cast.authority, &[instruction]).await;
    }
    let channel = pda::channel(&app, &node, 0);
    cast.send(&cast.authority, &[settlement::post_bond(authority, app, channel, BOND)]).await;

    // A first session with a price that does not divide evenly.
    let first = open_session(&cast, channel, 0).await;
    let mut serving = serve(&cast, &archive, &first_signer, first).await;
    let first_terms = serving.terms;
    serving.minute(60).await;
    let voucher = serving.minute(60).await;
    let redeem = redeem(&cast, first, &[voucher]).await;
    serving.minute(60).await;
    let voucher = serving.minute(31).await;
    self::redeem(&cast, first, &[voucher]).await;
    serving.serve(7).await;

    // Price, endpoint (shorter) and signer change; the open session keeps what it has.
    let payout = cast.payment(&cast.operator);
    let update = registry::update_node(operator, node, payout, profile(9_001, "wss://n"));
    cast.send(&cast.operator, &[update]).await;
    let policy = cast.policy(&second_signer).await;
    cast.send(&cast.authority, &[registry::update_app(authority, app, policy)]).await;
    let second = open_session(&cast, channel, 1).await;
    let mut serving = serve(&cast, &archive, &second_signer, second).await;
    let (one, two) = (serving.minute(60).await, serving.minute(59).await);
    self::redeem(&cast, second, &[one, two]).await;
    withdraw_most(&cast).await;
    // The escrow holds less than is owed: paid in part, from the bond too, and in full after a
    // deposit.
    let three = serving.minute(60).await;
    let short = self::redeem(&cast, second, std::slice::from_ref(&three)).await;
    let again = settlement::deposit(authority, app, mint, cast.payment(&cast.authority), 500_000);
    cast.send(&cast.authority, &[again]).await;
    self::redeem(&cast, second, &[three]).await;
    cast.send(&cast.authority, &[settlement::post_bond(authority, app, channel, BOND)]).await;

    let third = open_session(&cast, channel, 2).await;
    let serving = serve(&cast, &archive, &second_signer, third).await;
    // The same minute twice: the second time it is shorter, and only signed.
    let receipts = [serving.receipt(60).signed, serving.receipt(59).signed];
    let idle = settler::minutes_are_settled(&cast, serving, third).await;

    cast.wait(DISPUTE_SECS + RESPONSE_SECS).await;
    let close = settlement::close_session(first, channel, authority);
    cast.send(&cast.operator, &[close]).await;
    cast.send(&cast.authority, &[settlement::open_channel(authority, app, node, 1)]).await;
    let channel = pda::channel(&app, &node, 1);
    cast.send(&cast.authority, &[settlement::post_bond(authority, app, channel, 7)]).await;
    let release = settlement::release_bond(authority, app, channel);
    let release = cast.send(&cast.authority, &[release]).await;
    cast.send(&cast.authority, &[settlement::close_channel(authority, app, channel)]).await;
    node_leaves(&cast).await;
    governance::keepers_come_and_go(&cast).await;
    governance::stake_is_delegated(&cast).await;
    trials::node_is_tried(&cast, third, &receipts).await;
    governance::network_is_governed(&cast).await;
    let written_again = quality::node_is_observed(&cast).await;

    let transactions = history(&cast.rpc).await;
    let snapshot = snapshot(&cast.rpc, &transactions).await;
    Scene {
        archive: archive_folder,
        transactions,
        snapshot,
        first,
        first_terms,
        second,
        third,
        domain: cast.network.domain(),
        redeem,
        short,
        release,
        idle: [idle, written_again],
        payout,
        escrow_vault: pda::escrow_vault(&pda::escrow(&app)),
        rpc: cast.rpc,
        _localnet: cast.localnet,
        node_key: cast.node_key,
        network: cast.network,
    }
}

async fn node_begins(cast: &Cast) {
    let (operator, node) = (cast.operator.pubkey(), cast.node());
    let stake_mint = cast.network.stake_mint;
    let register = registry::register_node(
        operator,
        cast.node_key.pubkey(),
        cast.payment(&cast.operator),
        profile(5_003, "wss://node.example.com"),
    );
    cast.send_with(&cast.operator, &[&cast.node_key], &[register]).await;
    let steps = [
        staking::open_position(operator, node, stake_mint),
        staking::deposit(operator, node, stake_mint, cast.stake(), 12 * TOKEN),
        registry::set_node_status(operator, node, NodeStatus::Active),
    ];
    for instruction in steps {
        cast.send(&cast.operator, &[instruction]).await;
    }
}

/// Stake goes below the minimum in two steps and out.
async fn node_leaves(cast: &Cast) {
    let (operator, node) = (cast.operator.pubkey(), cast.node());
    cast.send(&cast.operator, &[staking::unbond(operator, node, TOKEN)]).await;
    cast.send(&cast.operator, &[staking::unbond(operator, node, 3 * TOKEN)]).await;
    cast.wait(NOTICE_SECS + 1).await;
    cast.send(&cast.operator, &[staking::unbond(operator, node, TOKEN)]).await;
    let withdraw = staking::withdraw(operator, node, cast.network.stake_mint, cast.stake());
    cast.send(&cast.operator, &[withdraw]).await;
}

/// A withdrawal is asked for, taken back, asked for again and carried out; 100 are left.
async fn withdraw_most(cast: &Cast) {
    let (authority, app) = (cast.authority.pubkey(), cast.app());
    let ask = |amount| settlement::request_withdrawal(authority, app, amount);
    cast.send(&cast.authority, &[ask(5)]).await;
    cast.send(&cast.authority, &[settlement::cancel_withdrawal(authority, app)]).await;
    let escrow: Escrow = account::get(&cast.rpc, &pda::escrow(&app)).await.unwrap();
    let left = escrow.available_micro_usdc().unwrap() - 100;
    cast.send(&cast.authority, &[ask(left)]).await;
    let first = pda::session(&pda::channel(&app, &cast.node(), 0), 0);
    cast.send(&cast.authority, &[settlement::end_session(authority, app, first)]).await;
    cast.wait(NOTICE_SECS + 1).await;
    let to = cast.payment(&cast.authority);
    let withdraw = settlement::withdraw(authority, app, cast.network.payment_mint, to);
    cast.send(&cast.authority, &[withdraw]).await;
}

async fn open_session(cast: &Cast, channel: Pubkey, ordinal: u64) -> Pubkey {
    let args = OpenSessionArgs {
        services: 0b1000,
        price_ceilings_micro_usdc: [10_000; 4],
        cap_micro_usdc: 40_000,
        expires_at: cast.localnet.unix_secs().await.unwrap() + 50_000,
    };
    let (authority, app) = (cast.authority.pubkey(), cast.app());
    let open = settlement::open_session(authority, app, cast.node(), channel, ordinal, args);
    cast.send(&cast.authority, &[open]).await;
    pda::session(&channel, ordinal)
}

async fn serve<'a>(
    cast: &'a Cast,
    archive: &'a Archive,
    voucher_signer: &'a Keypair,
    session: Pubkey,
) -> Serving<'a> {
    let account: Session = account::get(&cast.rpc, &session).await.unwrap();
    assert_ne!(account.terms(&session).prices, Prices::DEFAULT);
    Serving {
        terms: account.terms(&session),
        domain: cast.network.domain(),
        archive,
        node_key: &cast.node_key,
        voucher_signer,
        tip: None,
    }
}

/// Redeems vouchers in one transaction.
async fn redeem(
    cast: &Cast,
    session: Pubkey,
    vouchers: &[heliograph_protocol::evidence::Signed],
) -> Signature {
    let account: Session = account::get(&cast.rpc, &session).await.unwrap();
    let node: Node = account::get(&cast.rpc, &cast.node()).await.unwrap();
    let pairs: Vec<Instruction> = vouchers
        .iter()
        .flat_map(|voucher| {
            settlement::redeem_voucher(&cast.network, &node, session, &account, voucher)
        })
        .collect();
    cast.send(&cast.operator, &pairs).await
}

/// Every successful transaction that called one of the programs, in order of slots, read by the
/// tests themselves. Deployments name the programs and call the loader: they are left out.
async fn history(rpc: &Rpc) -> Vec<Transaction> {
    let mut listed = Vec::new();
    for program in PROGRAMS {
        for info in rpc.signatures_for_address(&program, None).await.unwrap() {
            if info.err.is_none() && !listed.contains(&(info.slot, info.signature)) {
                listed.push((info.slot, info.signature));
            }
        }
    }
    listed.sort_by_key(|(slot, _)| *slot);
    let mut transactions = Vec::new();
    for (_, signature) in listed {
        transactions.push(rpc.get_transaction(&signature).await.unwrap().unwrap());
    }
    transactions.retain(|t| t.instructions.iter().any(|i| PROGRAMS.contains(&i.program_id)));
    transactions
}

async fn snapshot(rpc: &Rpc, transactions: &[Transaction]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for program in PROGRAMS {
        for (address, account) in rpc.get_program_accounts(&program, Vec::new()).await.unwrap() {
            snapshot.accounts.insert(address, (account.owner, account.data));
        }
    }
    let mut auditor = Auditor::new(Options::default());
    auditor.carry_out(transactions);
    for vault in auditor.vaults() {
        if let Some(amount) = rpc.token_balance(&vault).await.unwrap() {
            snapshot.tokens.insert(vault, amount);
        }
    }
    snapshot
}

impl Scene {
    /// Where the archive is; for reading alone.
    pub fn archive_path(&self) -> &Path {
        self.archive.path()
    }

    /// A copy of the archive to tamper with.
    pub fn archive_copy(&self) -> TempDir {
        copied(self.archive.path())
    }

    /// Audits this history, these accounts and this archive.
    pub fn audit(
        &self,
        transactions: &[Transaction],
        snapshot: &Snapshot,
        archive: &Path,
    ) -> Report {
        audited(transactions, snapshot, archive)
    }

    /// The true chain with another archive.
    pub fn audit_archive(&self, archive: &Path) -> Report {
        self.audit(&self.transactions, &self.snapshot, archive)
    }

    /// Another history with the true accounts and archive.
    pub fn audit_history(&self, transactions: &[Transaction]) -> Report {
        self.audit(transactions, &self.snapshot, self.archive_path())
    }

    pub fn channel(&self) -> Channel {
        let session = &self.snapshot.accounts[&self.second].1;
        let session: Session = account::decode(&pda::SETTLEMENT, session).unwrap();
        let (owner, data) = &self.snapshot.accounts[&session.channel];
        account::decode(owner, data).unwrap()
    }
}

/// A folder's copy.
pub fn copied(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in files(folder) {
        let to = copy.path().join(file.strip_prefix(folder).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(&file, &to).unwrap();
    }
    copy
}

/// The report on a history, accounts and an archive.
fn audited(transactions: &[Transaction], snapshot: &Snapshot, archive: &Path) -> Report {
    let mut auditor = Auditor::new(Options::default());
    auditor.carry_out(transactions);
    let archive = Archive::open(archive.to_str().unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(file_all(&archive, &mut auditor));
    auditor.finish(snapshot)
}

async fn file_all(archive: &Archive, auditor: &mut Auditor) {
    use futures_util::StreamExt;
    let mut names = archive.list_receipts();
    while let Some(name) = names.next().await {
        let name = name.unwrap();
        let object = archive.receipt(&name).await.map(|object| object.unwrap());
        auditor.file_receipt(name, object.map_err(undecoded));
    }
    let mut names = archive.list_vouchers();
    while let Some(name) = names.next().await {
        let name = name.unwrap();
        let object = archive.voucher(&name).await.map(|object| object.unwrap());
        auditor.file_voucher(name, object.map_err(undecoded));
    }
}

fn undecoded(error: StoreError) -> String {
    assert!(matches!(error, StoreError::ArchiveDecode { .. }), "{error}");
    error.to_string()
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The findings of a kind.
pub fn of(report: &Report, what: FindingKind) -> Vec<&heliograph_audit::Finding> {
    report.findings.iter().filter(|finding| finding.what == what).collect()
}
