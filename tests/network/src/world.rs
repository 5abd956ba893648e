use crate::{Hosting, Keeper, Proxy, SpeechHosting, cache, installed};
use heliograph_client::call::{CALL_SERVICES, CallConfig, Captions, PaidCallMinute};
use heliograph_client::instruction::{registry, settlement, staking, token};
use heliograph_client::send::{Options, send};
use heliograph_client::speech::SpeechConfig;
use heliograph_client::stream::{Stream, StreamConfig, StreamError};
use heliograph_client::{RetryPolicy, Rpc, account, pda};
use heliograph_localnet::{Config, GenesisProgram, Localnet};
use heliograph_migrations::{Domain, Params, Plan, Programs, Tokens};
use heliograph_protocol::price::Prices;
use heliograph_protocol::receipt::Tip;
use heliograph_protocol::service::{Service, ServiceSet};
use heliograph_registry::state::{Network as NetworkAccount, NodeStatus};
use heliograph_registry::{AppPolicy, NodeProfile};
use heliograph_settlement::OpenSessionArgs;
use heliograph_settlement::state::{Escrow, Session};
use solana_instruction::Instruction;
use solana_keypair::{Keypair, write_keypair_file};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const SOL: u64 = 1_000_000_000;
const STAKE: u64 = 1_000_000_000;

/// What a scenario may choose.
#[derive(Clone, Debug)]
pub struct Setup {
    /// What the app deposits.
    pub deposit_micro_usdc: u64,
    /// The network's parameters.
    pub params: Params,
    /// The speech model's file name.
    pub model: &'static str,
    /// For how long the node leaves a voucher to settlers; not at all if absent.
    pub redeem_after_secs: Option<u64>,
    /// Calls are served too, with a receipt every so many seconds.
    pub calls_every_secs: Option<u32>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            deposit_micro_usdc: 1_000_000,
            // Most scenarios are about what the escrow pays; those about bonds ask for them.
            params: Params {
                node_stake_min_tokens: 1_000,
                channel_bond_min_micro_usdc: 0,
                ..Params::default()
            },
            model: "ggml-tiny.en-q8_0.bin",
            redeem_after_secs: None,
            calls_every_secs: None,
        }
    }
}

/// The network, ready for streams.
pub struct Network {
    /// The keeper process.
    pub keeper: Keeper,
    /// The keeper's way to the cluster.
    pub proxy: Proxy,
    /// A way of the test's own.
    pub rpc: Rpc,
    /// The network's account.
    pub network: NetworkAccount,
    /// The node's key.
    pub node_key: Pubkey,
    /// Where it is reached.
    pub endpoint: String,
    /// Signs the app's vouchers.
    pub voucher_signer: Keypair,
    /// The app's registry account.
    pub app: Pubkey,
    app_authority: Keypair,
    operator: Keypair,
    pub(crate) deployer: Keypair,
    pub(crate) folder: TempDir,
    localnet: Localnet,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// A session that has been opened.
#[derive(Clone, Copy, Debug)]
pub struct OpenSession {
    /// Its account.
    pub address: Pubkey,
}

impl Network {
    /// Starts everything; about 15 s.
    pub async fn start(setup: Setup) -> Self {
        let deployer = Keypair::new();
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy");
        let programs = Programs::load(&deploy, None).expect("run scripts/sbf/build.sh");
        let authority = deployer.pubkey();
        // Migrations find them unchanged.
        let genesis = programs
            .0
            .iter()
            .map(|program| GenesisProgram::new(program.key.pubkey(), authority, &program.elf));
        let config = Config { programs: genesis.collect(), ..Config::default() };
        let localnet = Localnet::start(config).await.expect("cluster starts");
        let rpc = Rpc::new(localnet.rpc_url(), RetryPolicy::INTERACTIVE);
        rpc.airdrop(&deployer.pubkey(), 1_000 * SOL).await.expect("airdrop");
        let plan = Plan {
            deployer: &deployer,
            programs: &programs,
            tokens: Tokens::Create { stake_decimals: 6 },
            guardian: None,
            domain: Domain::Fixed([7; 32]),
            params: setup.params,
        };
        heliograph_migrations::run(&rpc, &plan, |_| {}).await.expect("migrations run");
        let network = account::network(&rpc).await.expect("network exists");

        let folder = TempDir::new().expect("temporary folder");
        let target: SocketAddr =
            localnet.rpc_url().trim_start_matches("http://").parse().expect("an address");
        let proxy = Proxy::start(target).await;
        let node = Keypair::new();
        let endpoint = format!("127.0.0.1:{}", free_port());
        write_keypair_file(&node, folder.path().join("node.json")).expect("key written");
        let config = folder.path().join("keeper.toml");
        std::fs::write(&config, keeper_toml(&proxy.url(), &endpoint, &setup))
            .expect("configuration written");

        let keeper = Keeper::start(&config);
        let endpoint = format!("http://{endpoint}");
        let (operator, app_authority) = (Keypair::new(), Keypair::new());
        let voucher_signer = Keypair::new();
        for key in [operator.pubkey(), app_authority.pubkey(), node.pubkey()] {
            rpc.airdrop(&key, 10 * SOL).await.expect("airdrop");
        }
        let world = Self {
            app: pda::app(&app_authority.pubkey(), 0),
            keeper,
            proxy,
            rpc,
            network,
            node_key: node.pubkey(),
            endpoint,
            voucher_signer,
            app_authority,
            operator,
            deployer,
            folder,
            localnet,
        };
        let services = match setup.calls_every_secs {
            Some(_) => CALL_SERVICES.with(ServiceSet::of(Service::Transcription)),
            None => ServiceSet::of(Service::Transcription),
        };
        world.register(&world.deployer, &node, services).await;
        world.fund(&world.deployer, setup.deposit_micro_usdc).await;
        world.keeper.healthy(&world.endpoint).await;
        world
    }

    pub(crate) async fn send(
        &self,
        payer: &Keypair,
        signers: &[&Keypair],
        instructions: &[Instruction],
    ) {
        let signers: Vec<&(dyn Signer + Sync)> =
            signers.iter().map(|key| *key as &(dyn Signer + Sync)).collect();
        send(&self.rpc, payer, &signers, instructions, Options::default())
            .await
            .unwrap_or_else(|error| panic!("transaction of a scenario's set-up: {error}"));
    }

    async fn register(&self, deployer: &Keypair, node_key: &Keypair, services: ServiceSet) {
        let (operator, node) = (self.operator.pubkey(), pda::node(&self.node_key));
        let (stake, payment) = (self.network.stake_mint, self.network.payment_mint);
        let profile = NodeProfile {
            services: services.0,
            prices_micro_usdc: Prices::DEFAULT.0,
            country: *b"DE",
            region: "eu".into(),
            endpoint: self.endpoint.clone(),
            capacity: 4,
            private_app: Pubkey::default(),
        };
        let accounts = [
            token::create_token_account(&deployer.pubkey(), &operator, &payment),
            token::create_token_account(&deployer.pubkey(), &operator, &stake),
            token::mint_to(&stake, &operator, &deployer.pubkey(), STAKE).expect("mints"),
        ];
        self.send(deployer, &[], &accounts).await;
        let payout = self.payout();
        let register = registry::register_node(operator, self.node_key, payout, profile);
        self.send(&self.operator, &[node_key], &[register]).await;
        let source = pda::token_account(&operator, &stake);
        let active = [
            staking::open_position(operator, node, stake),
            staking::deposit(operator, node, stake, source, STAKE),
            registry::set_node_status(operator, node, NodeStatus::Active),
        ];
        self.send(&self.operator, &[], &active).await;
    }

    async fn fund(&self, deployer: &Keypair, deposit_micro_usdc: u64) {
        let (authority, payment) = (self.app_authority.pubkey(), self.network.payment_mint);
        let policy = AppPolicy {
            voucher_signer: self.voucher_signer.pubkey(),
            voucher_signer_expires_at: unix_secs() + 86_400,
            price_ceilings_micro_usdc: Prices::DEFAULT.0,
            countries: vec![],
        };
        let amount = 10 * deposit_micro_usdc + 20_000_000;
        let minted = [
            token::create_token_account(&deployer.pubkey(), &authority, &payment),
            token::mint_to(&payment, &authority, &deployer.pubkey(), amount).expect("mints"),
        ];
        self.send(deployer, &[], &minted).await;
        let opened = [
            registry::create_app(authority, 0, policy),
            settlement::open_escrow(authority, self.app, payment),
        ];
        self.send(&self.app_authority, &[], &opened).await;
        self.deposit(deposit_micro_usdc).await;
    }

    /// Adds to the app's escrow.
    pub async fn deposit(&self, micro_usdc: u64) {
        let (authority, payment) = (self.app_authority.pubkey(), self.network.payment_mint);
        let source = pda::token_account(&authority, &payment);
        let deposit = settlement::deposit(authority, self.app, payment, source, micro_usdc);
        self.send(&self.app_authority, &[], &[deposit]).await;
    }

    /// Opens a session of an hour for transcription with a cap.
    pub async fn open_session(&self, cap_micro_usdc: u64) -> OpenSession {
        self.open_session_for(ServiceSet::of(Service::Transcription), cap_micro_usdc).await
    }

    /// Opens a session of an hour for some kinds with a cap, on a channel of its own with the bond
    /// that the network asks for.
    pub async fn open_session_for(&self, services: ServiceSet, cap_micro_usdc: u64) -> OpenSession {
        let (authority, node) = (self.app_authority.pubkey(), pda::node(&self.node_key));
        let escrow: Escrow =
            account::get(&self.rpc, &pda::escrow(&self.app)).await.expect("escrow");
        let incarnation = escrow.next_incarnation;
        let channel = pda::channel(&self.app, &node, incarnation);
        let args = OpenSessionArgs {
            services: services.0,
            price_ceilings_micro_usdc: Prices::DEFAULT.0,
            cap_micro_usdc,
            expires_at: unix_secs() + 3_600,
        };
        let mut opened = vec![settlement::open_channel(authority, self.app, node, incarnation)];
        let bond = self.network.params.channel_bond_min_micro_usdc;
        if bond > 0 {
            // Besides what the scenario has deposited.
            self.deposit(bond).await;
            opened.push(settlement::post_bond(authority, self.app, channel, bond));
        }
        opened.push(settlement::open_session(authority, self.app, node, channel, 0, args));
        self.send(&self.app_authority, &[], &opened).await;
        OpenSession { address: pda::session(&channel, 0) }
    }

    /// Opens one more channel and puts all that the escrow has available behind it, where the first
    /// session's vouchers cannot reach it.
    pub async fn move_escrow_away(&self) {
        let (authority, node) = (self.app_authority.pubkey(), pda::node(&self.node_key));
        let escrow: Escrow =
            account::get(&self.rpc, &pda::escrow(&self.app)).await.expect("escrow");
        let available = escrow.available_micro_usdc().expect("an amount");
        let incarnation = escrow.next_incarnation;
        let channel = pda::channel(&self.app, &node, incarnation);
        let moved = [
            settlement::open_channel(authority, self.app, node, incarnation),
            settlement::post_bond(authority, self.app, channel, available),
        ];
        self.send(&self.app_authority, &[], &moved).await;
    }

    /// Ends a session as the app.
    pub async fn end_session(&self, session: OpenSession) {
        let end = settlement::end_session(self.app_authority.pubkey(), self.app, session.address);
        self.send(&self.app_authority, &[], &[end]).await;
    }

    /// The session's account.
    pub async fn session(&self, session: OpenSession) -> Session {
        account::get(&self.rpc, &session.address).await.expect("session")
    }

    /// What is needed to stream; `tip` where the session is continued.
    pub async fn stream_config(&self, session: OpenSession, tip: Option<Tip>) -> StreamConfig {
        StreamConfig {
            endpoint: self.endpoint.clone(),
            node_key: self.node_key,
            domain: self.network.domain(),
            terms: self.session(session).await.terms(&session.address),
            language: None,
            live: false,
            tip,
        }
    }

    /// Opens a stream as the app.
    pub async fn stream(
        &self,
        session: OpenSession,
        tip: Option<Tip>,
    ) -> Result<Stream<'_>, StreamError> {
        Stream::open(self.stream_config(session, tip).await, &self.voucher_signer).await
    }

    /// Hosts calls as the app, after the minutes that were paid before.
    pub async fn host(
        &self,
        session: OpenSession,
        paid: &[PaidCallMinute],
        is_miser: bool,
    ) -> Result<Hosting, StreamError> {
        let config = self.host_config(session, paid).await;
        Hosting::start(config, self.voucher_signer.insecure_clone(), is_miser).await
    }

    /// The same with captions, and with webhooks to this URL.
    pub async fn host_with(
        &self,
        session: OpenSession,
        captions: Option<Captions>,
        webhook: Option<String>,
    ) -> Result<Hosting, StreamError> {
        let config = CallConfig { captions, webhook, ..self.host_config(session, &[]).await };
        Hosting::start(config, self.voucher_signer.insecure_clone(), false).await
    }

    async fn host_config(&self, session: OpenSession, paid: &[PaidCallMinute]) -> CallConfig {
        let account = self.session(session).await;
        let opened_at = u64::try_from(account.opened_at).expect("after 1970") * 1_000;
        let last = paid.last();
        CallConfig {
            endpoint: self.endpoint.clone(),
            node_key: self.node_key,
            domain: self.network.domain(),
            terms: account.terms(&session.address),
            tip: last.map(|minute| minute.receipt.tip(minute.archived.signed.hash())),
            since_unix_ms: last.map_or(opened_at, |minute| minute.receipt.closed_at_unix_ms),
            webhook: None,
            captions: None,
        }
    }

    /// Hosts a session for who carries its keys, after the minutes that were paid before.
    pub async fn host_speech(
        &self,
        session: OpenSession,
        before: Option<&SpeechHosting>,
    ) -> Result<SpeechHosting, StreamError> {
        let paid = before.map(SpeechHosting::paid).unwrap_or_default();
        let config = SpeechConfig {
            endpoint: self.endpoint.clone(),
            node_key: self.node_key,
            domain: self.network.domain(),
            terms: self.session(session).await.terms(&session.address),
            authority: self.app_authority.pubkey().to_bytes(),
            tip: paid.last().map(|minute| minute.receipt.tip(minute.archived.signed.hash())),
            tallies: before.map(SpeechHosting::tallies).unwrap_or_default(),
        };
        SpeechHosting::start(config, self.voucher_signer.insecure_clone()).await
    }

    /// A key of the voucher signer's.
    pub fn session_key(&self, session: OpenSession, id: &str, seconds: u32) -> String {
        crate::session_key(&self.voucher_signer, session.address.to_bytes(), id, seconds)
    }

    /// The app's wallet.
    pub const fn app_authority(&self) -> &Keypair {
        &self.app_authority
    }

    /// The operator's payout account.
    pub fn payout(&self) -> Pubkey {
        pda::token_account(&self.operator.pubkey(), &self.network.payment_mint)
    }

    /// Micro-USDC in a token account.
    pub async fn balance(&self, account: &Pubkey) -> u64 {
        self.rpc.token_balance(account).await.expect("balance").unwrap_or(0)
    }

    /// The cluster's RPC, past the keeper's way to it.
    pub fn rpc_url(&self) -> &str {
        self.localnet.rpc_url()
    }

    /// Moves the cluster's time forward. The node's clock stays where it is.
    pub async fn travel(&self, secs: i64) {
        let now = self.localnet.unix_secs().await.expect("the cluster runs");
        self.localnet.time_travel(now + secs).await.expect("forward");
    }

    /// The keeper's configuration file.
    pub fn keeper_config(&self) -> PathBuf {
        self.folder.path().join("keeper.toml")
    }

    /// The node's archive.
    pub fn archive(&self) -> PathBuf {
        self.folder.path().join("archive")
    }

    /// Waits until the chain has settled `micro_usdc` for the session.
    pub async fn settled(&self, session: OpenSession, micro_usdc: u64) {
        crate::eventually("settlement", std::time::Duration::from_secs(90), async || {
            let settled = self.session(session).await.totals.settled_micro_usdc;
            (settled >= micro_usdc).then_some(())
        })
        .await;
    }

    /// Audits chain and archive; panics with the report unless it is clean.
    pub async fn audit_is_clean(&self) {
        let archive = self.archive();
        let report = heliograph_audit::audit(
            &self.rpc,
            &archive.to_string_lossy(),
            heliograph_audit::Options::default(),
        )
        .await
        .expect("audit runs");
        assert!(report.is_clean(), "{report}");
    }
}

/// One thread for inference: several spin while they wait for each other, which would slow every
/// test beside this one.
fn keeper_toml(rpc_url: &str, listen: &str, setup: &Setup) -> String {
    let models = cache().join("models");
    let model = installed(models.join(setup.model), "scripts/setup.sh");
    let redeem = match setup.redeem_after_secs {
        None => "redeem = \"always\"".to_owned(),
        Some(secs) => format!("redeem = \"late\"\nredeem_after_secs = {secs}"),
    };
    let vad = installed(models.join("ggml-silero-v6.2.0.bin"), "scripts/setup.sh");
    let calls = match setup.calls_every_secs {
        None => String::new(),
        Some(secs) => format!(
            "[node.calls]\nlisten = \"127.0.0.1:{}\"\nudp = \"127.0.0.1:0\"\nthreads = 1\n\
             receipt_every_secs = {secs}\n",
            free_port()
        ),
    };
    format!(
        "rpc_url = \"{rpc_url}\"\n\
         [node]\nkeypair = \"node.json\"\nlisten = \"{listen}\"\n\
         {redeem}\n\
         [node.transcription]\nmodel = \"{}\"\nvad_model = \"{}\"\nthreads = 1\n{calls}",
        model.display(),
        vad.display()
    )
}

/// A port nothing listens on now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("bound").port()
}

fn unix_secs() -> i64 {
    i64::try_from(crate::unix_ms() / 1_000).expect("before the end of time")
}
