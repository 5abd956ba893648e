use crate::world::free_port;
use crate::{Gate, Keeper, Network, eventually};
use heliograph_client::instruction::{registry, settlement, staking, token};
use heliograph_client::{account, pda};
use heliograph_registry::state::{KeeperRole, KeeperStatus};
use heliograph_settlement::state::{Book, Challenge, Slot, SlotStatus};
use serde_json::Value;
use solana_keypair::{Keypair, write_keypair_file};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::path::PathBuf;
use std::time::Duration;

const SOL: u64 = 1_000_000_000;
const USDC: u64 = 1_000_000;

/// A settler: registered, bonded and active on chain, and a keeper process that runs the role.
#[derive(Debug)]
pub struct Settler {
    /// The keeper process, and its way to the cluster.
    pub keeper: Keeper,
    /// Its way to the cluster.
    pub gate: Gate,
    /// The registry account.
    pub address: Pubkey,
    /// Its book.
    pub book: Pubkey,
    /// Where its share goes.
    pub payout: Pubkey,
    /// Where it serves batches.
    pub endpoint: String,
    config: PathBuf,
}

impl Settler {
    /// Registers a settler with a bond of 1,000 USDC and starts it. `gate` is its way to the
    /// cluster, `nodes` where it collects from besides the network's node.
    pub async fn start(net: &Network, name: &str, gate: Gate, nodes: &[String]) -> Self {
        let (owner, key) = (Keypair::new(), Keypair::new());
        let mint = net.network.payment_mint;
        for key in [owner.pubkey(), key.pubkey()] {
            net.rpc.airdrop(&key, 10 * SOL).await.expect("airdrop");
        }
        let minter = net.deployer.pubkey();
        let wallet = pda::token_account(&owner.pubkey(), &mint);
        let funded = [
            token::create_token_account(&minter, &owner.pubkey(), &mint),
            token::mint_to(&mint, &owner.pubkey(), &minter, 1_000 * USDC).expect("mints"),
        ];
        net.send(&net.deployer, &[], &funded).await;
        // What it earns goes to an account that holds nothing else.
        let earner = Keypair::new().pubkey();
        let payout = pda::token_account(&earner, &mint);
        let account = token::create_token_account(&minter, &earner, &mint);
        net.send(&net.deployer, &[], &[account]).await;

        let listen = format!("127.0.0.1:{}", free_port());
        let endpoint = format!("http://{listen}");
        let address = pda::keeper(KeeperRole::Settler, &key.pubkey());
        let role = KeeperRole::Settler;
        let register =
            registry::register_keeper(owner.pubkey(), key.pubkey(), payout, role, endpoint.clone());
        net.send(&owner, &[&key], &[register]).await;
        let active = [
            staking::open_position(owner.pubkey(), address, mint),
            staking::deposit(owner.pubkey(), address, mint, wallet, 1_000 * USDC),
            registry::set_keeper_status(owner.pubkey(), address, KeeperStatus::Active),
        ];
        net.send(&owner, &[], &active).await;

        let folder = net.folder.path().join(name);
        std::fs::create_dir(&folder).expect("a folder of its own");
        write_keypair_file(&key, folder.join("settler.json")).expect("key written");
        let config = folder.join("keeper.toml");
        let toml = format!(
            "rpc_url = \"{}\"\n\
             [settle]\nkeypair = \"settler.json\"\nlisten = \"{listen}\"\n\
             open_book = true\nclaim_always = true\nnodes = {nodes:?}\n",
            gate.url()
        );
        std::fs::write(&config, toml).expect("configuration written");
        let keeper = Keeper::start(&config);
        let book = pda::book(&key.pubkey());
        Self { keeper, gate, address, book, payout, endpoint, config }
    }

    /// Starts it again with what is on its disk.
    pub fn restart(&mut self) {
        self.keeper = Keeper::start(&self.config);
    }

    /// Deletes what it remembers, as a lost disk does.
    pub fn forget(&self) {
        let folder = self.config.parent().expect("a folder");
        for file in ["settle.db", "settle.db-wal", "settle.db-shm"] {
            let _ = std::fs::remove_file(folder.join(file));
        }
        std::fs::remove_dir_all(folder.join("archive")).expect("an archive");
    }

    /// The batches in its book, oldest first; none while there is no book.
    pub async fn posted(&self, net: &Network) -> Vec<Slot> {
        let found = account::find_book(&net.rpc, &self.book).await.expect("read");
        let slots = found.map(|(_, slots)| slots).unwrap_or_default();
        let mut posted: Vec<Slot> =
            slots.into_iter().filter(|slot| slot.status != SlotStatus::Empty as u8).collect();
        posted.sort_by_key(|slot| slot.minute_index);
        posted
    }

    /// The book's header.
    pub async fn header(&self, net: &Network) -> Book {
        let found = account::find_book(&net.rpc, &self.book).await.expect("read");
        found.expect("a book").0
    }

    /// Waits until it has posted `count` batches, letting minutes go by.
    pub async fn posts(&self, net: &Network, count: usize) -> Vec<Slot> {
        // Opened first: the minute of its opening is over for it.
        eventually("book", Duration::from_secs(60), async || {
            account::find_book(&net.rpc, &self.book).await.expect("read")
        })
        .await;
        for _ in 0..8 {
            net.travel(60).await;
            for _ in 0..15 {
                let posted = self.posted(net).await;
                if posted.len() >= count {
                    return posted;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        panic!("{count} batches: not within 8 minutes of the cluster");
    }

    /// What it serves at a path, as JSON.
    pub async fn serves(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.endpoint);
        let answer = reqwest::get(&url).await.expect("the settler answers");
        assert!(answer.status().is_success(), "{url}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    /// Bytes it serves at a path.
    pub async fn serves_bytes(&self, path: &str) -> Vec<u8> {
        let url = format!("{}{path}", self.endpoint);
        let answer = reqwest::get(&url).await.expect("the settler answers");
        assert!(answer.status().is_success(), "{url}: {}", answer.status());
        answer.bytes().await.expect("bytes").to_vec()
    }

    /// Challenges a leaf of it as somebody with enough money.
    pub async fn challenge(&self, net: &Network, minute_index: u64, index: u32) -> Pubkey {
        let challenger = Keypair::new();
        net.rpc.airdrop(&challenger.pubkey(), 10 * SOL).await.expect("airdrop");
        let (minter, mint) = (net.deployer.pubkey(), net.network.payment_mint);
        let source = pda::token_account(&challenger.pubkey(), &mint);
        let funded = [
            token::create_token_account(&minter, &challenger.pubkey(), &mint),
            token::mint_to(&mint, &challenger.pubkey(), &minter, 100 * USDC).expect("mints"),
        ];
        net.send(&net.deployer, &[], &funded).await;
        let open = settlement::open_challenge(
            challenger.pubkey(),
            &net.network,
            self.book,
            minute_index,
            index,
            source,
        );
        net.send(&challenger, &[], &[open]).await;
        pda::challenge(&self.book, minute_index, index)
    }

    /// Declares a challenge failed, as anybody may.
    pub async fn fail(&self, net: &Network, challenge: Pubkey) {
        let account: Challenge = account::get(&net.rpc, &challenge).await.expect("a challenge");
        let fail = settlement::fail_challenge((challenge, &account));
        net.send(&net.deployer, &[], &[fail]).await;
    }
}
