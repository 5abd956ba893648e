//! A cluster whose time can be moved, and the program run against it.

use heliograph_client::instruction::token::{create_token_account, mint_to};
use heliograph_client::send::{Options, send};
use heliograph_client::{RetryPolicy, Rpc, account};
use heliograph_localnet::{Config, GenesisProgram, Localnet};
use heliograph_migrations::Programs;
use heliograph_registry::state::Network;
use serde_json::Value;
use solana_instruction::Instruction;
use solana_keypair::{Keypair, read_keypair_file};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const SOL: u64 = 1_000_000_000;
pub const USDC: u64 = 1_000_000;
/// Decimals of the stake mint.
pub const TOKEN: u64 = 1_000_000_000;
pub const DAY_SECS: i64 = 86_400;

/// Where the programs' bytecode lies.
pub fn bytecode() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy")
}

/// Runs the program; its exit code and its JSON document.
pub fn heliograph(arguments: &[&str]) -> (i32, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_heliograph"))
        .args(arguments)
        .arg("--json")
        .env_remove("HELIOGRAPH_RPC_URL")
        .env_remove("HELIOGRAPH_KEYPAIR")
        .output()
        .unwrap();
    let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let [stdout, stderr] =
            [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        panic!("{arguments:?}: {error}\n{stdout}\n{stderr}");
    });
    (output.status.code().unwrap(), document)
}

/// A network nobody is on yet, with the parameters of a public one.
pub struct Cluster {
    localnet: Localnet,
    pub rpc: Rpc,
    pub network: Network,
    folder: TempDir,
}

impl Cluster {
    /// Starts it and runs `heliograph migrate`; `params` are TOML.
    pub async fn start(params: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let deployer = Keypair::new();
        let programs = Programs::load(&bytecode(), None).expect("run scripts/sbf/build.sh");
        let genesis = programs.0.iter().map(|program| {
            GenesisProgram::new(program.key.pubkey(), deployer.pubkey(), &program.elf)
        });
        let config = Config { programs: genesis.collect(), slot_ms: 100, ..Config::default() };
        let localnet = Localnet::start(config).await.unwrap();
        let rpc = Rpc::new(localnet.rpc_url(), RetryPolicy::INTERACTIVE);
        rpc.airdrop(&deployer.pubkey(), 1_000 * SOL).await.unwrap();
        write_key(&deployer, &folder.path().join("deployer.json"));
        let params_file = folder.path().join("params.toml");
        std::fs::write(&params_file, params).unwrap();
        let deploy = bytecode();
        let (code, _) = heliograph(&[
            "migrate",
            "--create-mints",
            "--programs",
            deploy.to_str().unwrap(),
            "--params",
            params_file.to_str().unwrap(),
            "--domain-id",
            &"07".repeat(32),
            "--rpc",
            localnet.rpc_url(),
            "--keypair",
            folder.path().join("deployer.json").to_str().unwrap(),
        ]);
        assert_eq!(code, 0);
        let network = account::network(&rpc).await.unwrap();
        Self { localnet, rpc, network, folder }
    }

    /// A file in the cluster's folder.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file there; its path.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// The keypair in a file there.
    pub fn keypair(&self, name: &str) -> Keypair {
        read_keypair_file(self.path(&format!("{name}.json"))).unwrap()
    }

    /// Makes a keypair file with lamports behind it; its public key.
    pub async fn wallet(&self, name: &str) -> Pubkey {
        let file = self.path(&format!("{name}.json"));
        let (code, made) = heliograph(&["key", "new", &file]);
        assert_eq!(code, 0);
        let key: Pubkey = made["pubkey"].as_str().unwrap().parse().unwrap();
        self.rpc.airdrop(&key, 10 * SOL).await.unwrap();
        key
    }

    /// Gives somebody tokens of both mints: units of stake, micro-USDC.
    pub async fn fund(&self, owner: &Pubkey, stake: u64, micro_usdc: u64) {
        let minter = self.keypair("deployer");
        let mut instructions = Vec::new();
        for (mint, units) in
            [(self.network.stake_mint, stake), (self.network.payment_mint, micro_usdc)]
        {
            instructions.push(create_token_account(&minter.pubkey(), owner, &mint));
            instructions.push(mint_to(&mint, owner, &minter.pubkey(), units).unwrap());
        }
        self.send(&minter, &[], &instructions).await;
    }

    /// Sends instructions that no command sends.
    pub async fn send(&self, payer: &Keypair, signers: &[&Keypair], instructions: &[Instruction]) {
        let signers: Vec<&(dyn Signer + Sync)> =
            signers.iter().map(|signer| *signer as &(dyn Signer + Sync)).collect();
        send(&self.rpc, payer, &signers, instructions, Options::default()).await.unwrap();
    }

    /// Runs a command as `name`; its exit code and JSON document.
    pub fn run(&self, name: &str, command: &[&str]) -> (i32, Value) {
        let keypair = self.path(&format!("{name}.json"));
        let global = ["--rpc", self.localnet.rpc_url(), "--keypair", &keypair];
        heliograph(&[command, &global].concat())
    }

    /// Runs a command that must succeed.
    pub fn ok(&self, name: &str, command: &[&str]) -> Value {
        let (code, document) = self.run(name, command);
        assert_eq!(code, 0, "{command:?}: {document:#}");
        document
    }

    /// Runs a command that must end with `code` and an error that has `words` in it.
    pub fn refused(&self, name: &str, command: &[&str], code: i32, words: &str) {
        let (found, document) = self.run(name, command);
        let message = document["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(found, code, "{command:?}: {document:#}");
        assert!(message.contains(words), "{command:?}: {message}");
    }

    /// Runs a command whose time has not come: it ends with 75 and sends nothing.
    pub fn early(&self, name: &str, command: &[&str]) -> Value {
        let (code, document) = self.run(name, command);
        assert_eq!((code, document.get("transaction")), (75, None), "{command:?}: {document:#}");
        document
    }

    /// The cluster's time.
    pub async fn now(&self) -> i64 {
        self.localnet.unix_secs().await.unwrap()
    }

    /// Lets `secs` pass.
    pub async fn travel(&self, secs: i64) {
        self.travel_to(self.now().await + secs).await;
    }

    /// Lets the time come to a little after `unix_secs`.
    pub async fn travel_to(&self, unix_secs: i64) {
        if self.now().await <= unix_secs {
            self.localnet.time_travel(unix_secs + 2).await.unwrap();
        }
        // Programs and commands read the clock of the last block.
        while self.clock().await <= unix_secs {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    async fn clock(&self) -> i64 {
        let account =
            self.rpc.get_account(&solana_sdk_ids::sysvar::clock::ID).await.unwrap().unwrap();
        i64::from_le_bytes(account.data[32..40].try_into().unwrap())
    }

    /// A registered node of `operator` with stake behind it, active; its node key.
    pub async fn node(&self, operator: &str, node: &str) -> String {
        let owner = self.wallet(operator).await;
        let key = self.wallet(node).await.to_string();
        self.fund(&owner, 2_000 * TOKEN, 0).await;
        let payout = Pubkey::new_unique().to_string();
        let file = self.path(&format!("{node}.json"));
        self.ok(
            operator,
            &[
                "node",
                "register",
                "--node-key",
                &file,
                "--payout",
                &payout,
                "--endpoint",
                "https://node.example",
                "--country",
                "DE",
            ],
        );
        self.ok(operator, &["stake", "deposit", &file, "1000"]);
        self.ok(operator, &["node", "activate", &file]);
        key
    }

    /// A registered keeper, active; its keeper key.
    pub async fn keeper(&self, role: &str, owner: &str, keeper: &str) -> String {
        let wallet = self.wallet(owner).await;
        let key = self.wallet(keeper).await.to_string();
        self.fund(&wallet, 1_000 * TOKEN, 1_000 * USDC).await;
        let file = self.path(&format!("{keeper}.json"));
        let payout = Pubkey::new_unique().to_string();
        self.ok(
            owner,
            &[
                "keeper",
                "register",
                "--role",
                role,
                "--keeper-key",
                &file,
                "--payout",
                &payout,
                "--endpoint",
                "https://keeper.example",
            ],
        );
        self.ok(owner, &["stake", "deposit", &key, "1000"]);
        self.ok(owner, &["keeper", "activate", &key]);
        key
    }
}

fn write_key(keypair: &Keypair, path: &Path) {
    solana_keypair::write_keypair_file(keypair, path).unwrap();
}
