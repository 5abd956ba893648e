//! 0003: the network account with its parameters, and the treasury's token account.

use crate::error::During;
use crate::m0002_create_mints::Mints;
use crate::report::{Applied, Change, NetworkSummary, Progress};
use crate::{Domain, Error, Plan};
use heliograph_client::instruction::registry::{NetworkTokens, initialize_network};
use heliograph_client::instruction::token::create_token_account;
use heliograph_client::send::{Options, send};
use heliograph_client::{Rpc, account, pda};
use heliograph_registry::InitializeNetworkArgs;
use heliograph_registry::state::{Network, NetworkParams};

/// Number and name.
pub const NAME: &str = "0003_initialize_network";

const STEP: &str = "initialising the network";

/// Creates the network, or compares the one that exists with the plan.
pub async fn run(
    rpc: &Rpc,
    plan: &Plan<'_>,
    mints: &Mints,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Applied, NetworkSummary), Error> {
    progress(Progress::Step { migration: NAME });
    let mut applied = Applied::new(NAME);
    let domain_id = match plan.domain {
        Domain::Fixed(id) => id,
        Domain::GenesisHash => rpc.genesis_hash().await.during(STEP)?.to_bytes(),
    };
    let params = plan.params.to_network(mints.stake_decimals)?;
    params
        .validate()
        .map_err(|error| Error::Param { name: "network", reason: error.to_string() })?;
    let address = pda::network();
    let existing: Option<Network> = account::find(rpc, &address).await.during(STEP)?;
    if let Some(network) = existing {
        compare(&network, domain_id, mints, &params)?;
        applied.item("network", address, Change::Unchanged);
    } else {
        let deployer = plan.deployer.pubkey();
        let tokens = NetworkTokens {
            payment_mint: mints.payment,
            stake_mint: mints.stake,
            treasury: mints.treasury,
        };
        let args = InitializeNetworkArgs {
            domain_id,
            guardian: plan.guardian.unwrap_or_default(),
            staking_program: pda::STAKING,
            settlement_program: pda::SETTLEMENT,
            slashing_program: pda::SLASHING,
            reputation_program: pda::REPUTATION,
            params,
        };
        let instructions = [
            create_token_account(&deployer, &mints.treasury_owner, &mints.payment),
            initialize_network(deployer, tokens, args),
        ];
        send(rpc, plan.deployer, &[], &instructions, Options::default()).await.during(STEP)?;
        applied.item("network", address, Change::Created);
    }
    let summary = NetworkSummary {
        network: address.to_string(),
        domain_id: domain_id.iter().map(|byte| format!("{byte:02x}")).collect(),
        payment_mint: mints.payment.to_string(),
        stake_mint: mints.stake.to_string(),
        treasury: mints.treasury.to_string(),
        node_stake_min: params.node_stake_min,
    };
    Ok((applied, summary))
}

/// A network changes by its own timelocked instructions, never by a migration: a difference is the
/// plan's mistake. The guardian is not compared, it may change at any time.
fn compare(
    network: &Network,
    domain_id: [u8; 32],
    mints: &Mints,
    params: &NetworkParams,
) -> Result<(), Error> {
    let mut differences = Vec::new();
    let mut check = |name: &str, found: String, planned: String| {
        if found != planned {
            differences.push(format!("{name} is {found}, planned is {planned}"));
        }
    };
    let hex = |id: &[u8]| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    check("domain id", hex(&network.domain_id), hex(&domain_id));
    check("payment mint", network.payment_mint.to_string(), mints.payment.to_string());
    check("stake mint", network.stake_mint.to_string(), mints.stake.to_string());
    check("treasury", network.treasury.to_string(), mints.treasury.to_string());
    for (name, found, planned) in [
        ("staking program", network.staking_program, pda::STAKING),
        ("settlement program", network.settlement_program, pda::SETTLEMENT),
        ("slashing program", network.slashing_program, pda::SLASHING),
        ("reputation program", network.reputation_program, pda::REPUTATION),
    ] {
        check(name, found.to_string(), planned.to_string());
    }
    check("parameters", format!("{:?}", network.params), format!("{params:?}"));
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::Conflict { what: "the network", difference: differences.join("; ") })
}
