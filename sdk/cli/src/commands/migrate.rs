//! `heliograph migrate`.

use crate::context::Context;
use crate::exit::usage;
use crate::output::{Outcome, fields, table};
use crate::progress;
use anyhow::{Context as _, Result};
use clap::Args;
use heliograph_migrations::{Domain, Params, Plan, Programs, Progress, Report, Tokens, run};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::path::{Path, PathBuf};

/// Deploy the programs and initialise the network, or check that this was done
#[derive(Debug, Args)]
#[command(
    long_about = "Deploy the programs and initialise the network, or check that this was done.\n\n\
    Numbered steps, each of which looks at the chain first: what is there is left alone, what is \
    half done is continued, and a state that contradicts the arguments is an error that changes \
    nothing. --keypair pays, becomes the programs' upgrade authority and the network's authority.\n\n\
    0001 deploys the programs over the upgradeable loader\n\
    0002 creates the mints (--create-mints) or checks those given\n\
    0003 creates the network with its parameters",
    after_long_help = "EXAMPLES\n  \
    A throw-away cluster:\n    \
    heliograph migrate --programs target/deploy --create-mints --rpc http://127.0.0.1:8899\n  \
    A public one:\n    \
    heliograph migrate --programs target/deploy --keys keys --payment-mint EPjF… --stake-mint … \\\n      \
      --treasury … --params network.toml --rpc https://rpc.example\n\n\
    PARAMETERS (--params, TOML; what is left out keeps its default)\n  \
    operator_bps = 7500\n  \
    settler_bps = 500\n  \
    voucher_grace_secs = 60\n  \
    redeem_grace_secs = 86400\n  \
    withdrawal_notice_secs = 172800\n  \
    unbonding_secs = 604800\n  \
    session_secs_max = 2592000\n  \
    node_stake_min_tokens = 1000\n  \
    timelock_secs = 259200\n  \
    observer_stake_min_tokens = 500\n  \
    settler_bond_min_micro_usdc = 1000000000\n  \
    challenge_window_secs = 3600\n  \
    challenge_response_secs = 21600\n  \
    dispute_secs = 86400\n  \
    challenge_bond_micro_usdc = 10000000\n  \
    batch_total_max_micro_usdc = 1000000000\n  \
    epoch_secs = 3600\n  \
    observer_quorum = 3\n  \
    case_window_secs = 28800\n  \
    case_bond_lamports = 50000000\n  \
    equivocation_slash_bps = 5000\n  \
    challenge_slash_bps = 2000\n  \
    downtime_slash_bps = 100\n  \
    observer_fraud_slash_bps = 2000\n  \
    downtime_epochs = 12\n  \
    downtime_window_epochs = 24\n  \
    score_min_ppm = 500000\n  \
    jail_secs = 604800\n  \
    reporter_bps = 1000\n  \
    victim_bps = 4000\n  \
    channel_bond_min_micro_usdc = 1000000"
)]
pub struct Migrate {
    /// Folder with the programs' bytecode: heliograph_{registry,staking,settlement}.so
    #[arg(long, value_name = "FOLDER")]
    pub programs: PathBuf,
    /// Folder with the programs' keypairs, heliograph_{registry,staking,settlement}.json
    /// [default: the well-known ones of throw-away clusters]
    #[arg(long, value_name = "FOLDER")]
    pub keys: Option<PathBuf>,
    /// Create payment and stake mint; --keypair becomes their mint authority
    #[arg(long, conflicts_with_all = ["payment_mint", "stake_mint", "treasury"])]
    pub create_mints: bool,
    /// Decimals of a stake mint that is created
    #[arg(long, default_value_t = 9, requires = "create_mints",
        value_parser = clap::value_parser!(u8).range(0..=9))]
    pub stake_decimals: u8,
    /// What apps pay in: an SPL mint with 6 decimals
    #[arg(long, value_name = "MINT", required_unless_present = "create_mints")]
    pub payment_mint: Option<Pubkey>,
    /// What operators stake
    #[arg(long, value_name = "MINT", required_unless_present = "create_mints")]
    pub stake_mint: Option<Pubkey>,
    /// Wallet whose token account receives the treasury's share [default: --keypair's]
    #[arg(long, value_name = "WALLET")]
    pub treasury: Option<Pubkey>,
    /// Key that may pause the network's ways in, and nothing else [default: nobody]
    #[arg(long, value_name = "KEY")]
    pub guardian: Option<Pubkey>,
    /// Domain id, 64 hex digits, where the genesis hash will not do: clusters that restart
    /// [default: the cluster's genesis hash]
    #[arg(long, value_name = "HEX", value_parser = parse_domain)]
    pub domain_id: Option<[u8; 32]>,
    /// Parameters of the network, TOML
    #[arg(long, value_name = "FILE")]
    pub params: Option<PathBuf>,
}

fn parse_domain(text: &str) -> Result<[u8; 32], String> {
    let mut id = [0; 32];
    hex::decode_to_slice(text, &mut id).map_err(|_| "a domain id has 64 hex digits".to_owned())?;
    Ok(id)
}

/// The parameters in a file; without one the defaults.
pub fn read_params(file: Option<&Path>) -> Result<Params> {
    let Some(path) = file else { return Ok(Params::default()) };
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).map_err(|error| usage(format!("{}: {error}", path.display())))
}

impl Migrate {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let deployer = context.signer()?;
        let programs = Programs::load(&self.programs, self.keys.as_deref())?;
        let tokens = match (self.payment_mint, self.stake_mint) {
            (Some(payment_mint), Some(stake_mint)) => Tokens::Given {
                payment_mint,
                stake_mint,
                treasury_owner: self.treasury.unwrap_or(deployer.pubkey()),
            },
            _ => Tokens::Create { stake_decimals: self.stake_decimals },
        };
        let params = read_params(self.params.as_deref())?;
        let plan = Plan {
            deployer: &deployer,
            programs: &programs,
            tokens,
            guardian: self.guardian,
            domain: self.domain_id.map_or(Domain::GenesisHash, Domain::Fixed),
            params,
        };
        let report = run_with_bars(context, &plan).await?;
        let text = describe(&report);
        Outcome::new(&report, text)
    }
}

/// Runs the migrations with a bar for each upload.
pub async fn run_with_bars(context: &Context, plan: &Plan<'_>) -> Result<Report> {
    let mut bar = None;
    let report = run(&context.rpc, plan, |progress| {
        let Progress::Uploading { program, done_bytes, total_bytes } = progress else {
            return;
        };
        let bar = bar.get_or_insert_with(|| progress::bytes(total_bytes, program));
        bar.set_message(program);
        bar.set_length(total_bytes as u64);
        bar.set_position(done_bytes as u64);
    })
    .await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(report?)
}

/// The report for people.
pub fn describe(report: &Report) -> String {
    let rows = report.applied.iter().flat_map(|applied| {
        applied.items.iter().map(|item| {
            vec![
                applied.migration.to_owned(),
                item.name.clone(),
                item.change.name().to_owned(),
                item.address.clone(),
            ]
        })
    });
    let mut text = table(&["migration", "what", "change", "address"], rows);
    if let Some(network) = &report.network {
        text.push('\n');
        text.push_str(&fields([
            ("domain id", network.domain_id.clone()),
            ("payment mint", network.payment_mint.clone()),
            ("stake mint", network.stake_mint.clone()),
            ("treasury", network.treasury.clone()),
        ]));
    }
    text
}
