//! One RPC endpoint: typed requests at `confirmed` commitment, retried while it does not answer.
//!
//! Only silence is retried (refused connections, time-outs, rate limits, a node that says it is
//! behind). An answer, however unwelcome, is returned at once.

mod history;
mod retry;

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use solana_account::Account;
use solana_account_decoder_client_types::{UiAccount, UiAccountEncoding};
use solana_commitment_config::CommitmentConfig;
use solana_hash::Hash;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::config::{RpcAccountInfoConfig, RpcProgramAccountsConfig};
use solana_rpc_client_api::request::RpcRequest;
use solana_rpc_client_api::response::{Response, RpcBlockhash, RpcKeyedAccount};
use solana_signature::Signature;

use crate::Error;
pub use history::{Instruction, SignatureInfo, TokenBalance, Transaction};
pub use retry::RetryPolicy;
pub(crate) use retry::TRANSIENT_RPC_CODES;
pub use solana_rpc_client_api::filter::{Memcmp, RpcFilterType as Filter};

/// Accounts per `getMultipleAccounts`, the network's limit.
const ACCOUNTS_PER_REQUEST: usize = 100;

/// Where an SPL token account keeps its amount, in Token and Token-2022 alike: after mint and owner.
const TOKEN_AMOUNT: std::ops::Range<usize> = 64..72;

/// Where the clock sysvar keeps the Unix time: after slot, epoch start, epoch and the epoch of the
/// next leader schedule.
const CLOCK_UNIX_SECS: std::ops::Range<usize> = 32..40;

/// An RPC endpoint. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Rpc {
    client: Arc<RpcClient>,
    display_url: Arc<str>,
    policy: RetryPolicy,
}

impl Rpc {
    /// Connects lazily: a wrong URL shows at the first request.
    pub fn new(url: impl Into<String>, policy: RetryPolicy) -> Self {
        let url = url.into();
        let display_url = retry::redact(&url).into();
        let client = RpcClient::new_with_timeout_and_commitment(
            url,
            policy.request_timeout,
            Self::commitment(),
        );
        Self { client: Arc::new(client), display_url, policy }
    }

    /// Everything here reads and confirms at this commitment: votes of two thirds of the stake.
    pub fn commitment() -> CommitmentConfig {
        CommitmentConfig::confirmed()
    }

    /// The address as given, secrets included.
    pub fn url(&self) -> String {
        self.client.url()
    }

    /// The address without path, query and credentials: fit for messages and logs.
    pub fn display_url(&self) -> &str {
        &self.display_url
    }

    /// The policy this endpoint was made with.
    pub fn policy(&self) -> RetryPolicy {
        self.policy
    }

    /// The same endpoint with another patience. Shares its connections, and with them the time-out
    /// of a single request.
    pub fn with_policy(&self, policy: RetryPolicy) -> Self {
        Self { policy, ..self.clone() }
    }

    /// An account, `None` when it does not exist.
    pub async fn get_account(&self, address: &Pubkey) -> Result<Option<Account>, Error> {
        let config = account_config();
        let params = json!([address.to_string(), config]);
        let answer: Response<Option<UiAccount>> =
            self.request(RpcRequest::GetAccountInfo, "getAccountInfo", params).await?;
        answer.value.as_ref().map(decode_account).transpose()
    }

    /// Accounts in the order asked for, `None` where one does not exist. Any number of them; more
    /// than 100 are read in several requests, so not all at one slot.
    pub async fn get_accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, Error> {
        let mut accounts = Vec::with_capacity(addresses.len());
        for chunk in addresses.chunks(ACCOUNTS_PER_REQUEST) {
            let keys: Vec<String> = chunk.iter().map(Pubkey::to_string).collect();
            let params = json!([keys, account_config()]);
            let answer: Response<Vec<Option<UiAccount>>> = self
                .request(RpcRequest::GetMultipleAccounts, "getMultipleAccounts", params)
                .await?;
            if answer.value.len() != chunk.len() {
                return Err(Error::decode("accounts", "not as many as were asked for"));
            }
            for account in &answer.value {
                accounts.push(account.as_ref().map(decode_account).transpose()?);
            }
        }
        Ok(accounts)
    }

    /// All accounts a program owns that pass every filter, in no particular order.
    pub async fn get_program_accounts(
        &self,
        program_id: &Pubkey,
        filters: Vec<Filter>,
    ) -> Result<Vec<(Pubkey, Account)>, Error> {
        let config = RpcProgramAccountsConfig {
            filters: Some(filters),
            account_config: account_config(),
            with_context: Some(false),
            sort_results: None,
        };
        let params = json!([program_id.to_string(), config]);
        let answer: Vec<RpcKeyedAccount> =
            self.request(RpcRequest::GetProgramAccounts, "getProgramAccounts", params).await?;
        answer
            .iter()
            .map(|keyed| {
                let address = parse_pubkey(&keyed.pubkey)?;
                Ok((address, decode_account(&keyed.account)?))
            })
            .collect()
    }

    /// Lamports of an account, 0 when it does not exist.
    pub async fn balance_lamports(&self, address: &Pubkey) -> Result<u64, Error> {
        let params = json!([address.to_string(), Self::commitment()]);
        let answer: Response<u64> =
            self.request(RpcRequest::GetBalance, "getBalance", params).await?;
        Ok(answer.value)
    }

    /// The amount in an SPL token account in the mint's smallest unit, `None` when the account
    /// does not exist. Fails when the address holds something else.
    pub async fn token_balance(&self, token_account: &Pubkey) -> Result<Option<u64>, Error> {
        let Some(account) = self.get_account(token_account).await? else {
            return Ok(None);
        };
        let is_token = [spl_token_interface::ID, TOKEN_2022_ID].contains(&account.owner);
        let amount = account.data.get(TOKEN_AMOUNT).and_then(|bytes| bytes.try_into().ok());
        match amount {
            Some(amount) if is_token => Ok(Some(u64::from_le_bytes(amount))),
            _ => Err(Error::decode("token account", format!("{token_account} is not one"))),
        }
    }

    /// A blockhash to sign with, and the last block height a transaction with it can be in.
    pub async fn latest_blockhash(&self) -> Result<(Hash, u64), Error> {
        let params = json!([Self::commitment()]);
        let answer: Response<RpcBlockhash> =
            self.request(RpcRequest::GetLatestBlockhash, "getLatestBlockhash", params).await?;
        let hash = answer.value.blockhash.parse().map_err(|e| Error::decode("blockhash", e))?;
        Ok((hash, answer.value.last_valid_block_height))
    }

    /// The chain's identity.
    pub async fn genesis_hash(&self) -> Result<Hash, Error> {
        let text: String =
            self.request(RpcRequest::GetGenesisHash, "getGenesisHash", Value::Null).await?;
        text.parse().map_err(|e| Error::decode("genesis hash", e))
    }

    /// The current slot.
    pub async fn slot(&self) -> Result<u64, Error> {
        self.request(RpcRequest::GetSlot, "getSlot", json!([Self::commitment()])).await
    }

    /// The chain's time in seconds since the Unix epoch, as programs read it: what decides whether
    /// something is due.
    pub async fn unix_secs(&self) -> Result<i64, Error> {
        let clock = self.get_account(&solana_sdk_ids::sysvar::clock::ID).await?;
        clock
            .as_ref()
            .and_then(|clock| clock.data.get(CLOCK_UNIX_SECS)?.try_into().ok())
            .map(i64::from_le_bytes)
            .ok_or_else(|| Error::decode("clock", "the cluster has none"))
    }

    /// Lamports that keep an account of `data_len` bytes alive.
    pub async fn rent_lamports(&self, data_len: usize) -> Result<u64, Error> {
        self.request(
            RpcRequest::GetMinimumBalanceForRentExemption,
            "getMinimumBalanceForRentExemption",
            json!([data_len, Self::commitment()]),
        )
        .await
    }

    /// Asks the cluster's faucet for lamports and waits until they are there. Real networks have
    /// none or ration it.
    pub async fn airdrop(&self, address: &Pubkey, lamports: u64) -> Result<Signature, Error> {
        let params = json!([address.to_string(), lamports, Self::commitment()]);
        let text: String =
            self.request(RpcRequest::RequestAirdrop, "requestAirdrop", params).await?;
        let signature = text.parse().map_err(|e| Error::decode("signature", e))?;
        crate::send::wait(self, &signature, None).await?;
        Ok(signature)
    }

    /// One JSON-RPC request under the retry policy. `method` is `request`'s name on the wire.
    pub(crate) async fn request<T: DeserializeOwned>(
        &self,
        request: RpcRequest,
        method: &'static str,
        params: Value,
    ) -> Result<T, Error> {
        let send = || self.client.send::<T>(request, params.clone());
        retry::run(&self.display_url, method, self.policy, send).await
    }
}

impl fmt::Debug for Rpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rpc")
            .field("url", &self.display_url)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// Token-2022, whose accounts begin like those of the token program.
const TOKEN_2022_ID: Pubkey = Pubkey::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");

fn account_config() -> RpcAccountInfoConfig {
    RpcAccountInfoConfig {
        encoding: Some(UiAccountEncoding::Base64),
        commitment: Some(Rpc::commitment()),
        ..RpcAccountInfoConfig::default()
    }
}

fn decode_account(account: &UiAccount) -> Result<Account, Error> {
    account.to_account().ok_or_else(|| Error::decode("account", "its data is not base64"))
}

fn parse_pubkey(text: &str) -> Result<Pubkey, Error> {
    text.parse().map_err(|error| Error::decode("address", format!("{text}: {error}")))
}
