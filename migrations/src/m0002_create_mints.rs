//! 0002: payment and stake mint, on throw-away clusters only.
//!
//! Real networks pay in USDC and stake a token that exists; there this step only checks them.

use crate::error::During;
use crate::report::{Applied, Change, Progress};
use crate::{Error, Plan, Tokens};
use heliograph_client::send::{Options, send};
use heliograph_client::{Rpc, pda};
use solana_program_pack::Pack;
use solana_pubkey::Pubkey;
use solana_system_interface::instruction::create_account_with_seed;
use spl_token_interface::state::Mint;

/// Number and name.
pub const NAME: &str = "0002_create_mints";

/// Decimals of the payment mint; the registry insists on them.
pub const PAYMENT_DECIMALS: u8 = 6;

const PAYMENT_SEED: &str = "heliograph-payment";
const STAKE_SEED: &str = "heliograph-stake";

/// The mints, and where the treasury's share goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mints {
    /// What apps pay in.
    pub payment: Pubkey,
    /// What operators stake.
    pub stake: Pubkey,
    /// Decimals of the stake mint.
    pub stake_decimals: u8,
    /// Wallet of the treasury.
    pub treasury_owner: Pubkey,
    /// Its standard token account for the payment mint.
    pub treasury: Pubkey,
}

/// Creates the mints, or checks those given.
pub async fn run(
    rpc: &Rpc,
    plan: &Plan<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Applied, Mints), Error> {
    progress(Progress::Step { migration: NAME });
    let mut applied = Applied::new(NAME);
    let deployer = plan.deployer.pubkey();
    let (payment, stake, treasury_owner) = match plan.tokens {
        Tokens::Given { payment_mint, stake_mint, treasury_owner } => {
            (payment_mint, stake_mint, treasury_owner)
        }
        Tokens::Create { stake_decimals } => {
            let payment = create(rpc, plan, PAYMENT_SEED, PAYMENT_DECIMALS, &mut applied).await?;
            let stake = create(rpc, plan, STAKE_SEED, stake_decimals, &mut applied).await?;
            (payment, stake, deployer)
        }
    };
    let payment_decimals = decimals(rpc, "payment mint", &payment).await?;
    if payment_decimals != PAYMENT_DECIMALS {
        let reason = format!("it has {payment_decimals} decimals, not {PAYMENT_DECIMALS}");
        return Err(Error::Token { role: "payment mint", address: payment, reason });
    }
    let stake_decimals = decimals(rpc, "stake mint", &stake).await?;
    if let Tokens::Given { .. } = plan.tokens {
        applied.item("payment mint", payment, Change::Unchanged);
        applied.item("stake mint", stake, Change::Unchanged);
    }
    let treasury = pda::token_account(&treasury_owner, &payment);
    Ok((applied, Mints { payment, stake, stake_decimals, treasury_owner, treasury }))
}

async fn create(
    rpc: &Rpc,
    plan: &Plan<'_>,
    seed: &str,
    decimals: u8,
    applied: &mut Applied,
) -> Result<Pubkey, Error> {
    let step = "creating a mint";
    let deployer = plan.deployer.pubkey();
    let role = if seed == PAYMENT_SEED { "payment mint" } else { "stake mint" };
    let mint = Pubkey::create_with_seed(&deployer, seed, &spl_token_interface::ID)
        .map_err(|error| Error::Token { role, address: deployer, reason: error.to_string() })?;
    if let Some(existing) = find(rpc, role, &mint).await? {
        if existing.decimals != decimals {
            let difference = format!("{} decimals, not {decimals}", existing.decimals);
            return Err(Error::Conflict { what: role, difference });
        }
        applied.item(role, mint, Change::Unchanged);
        return Ok(mint);
    }
    let rent = rpc.rent_lamports(Mint::LEN).await.during(step)?;
    let initialize = spl_token_interface::instruction::initialize_mint2(
        &spl_token_interface::ID,
        &mint,
        &deployer,
        None,
        decimals,
    )
    .map_err(|error| Error::Token { role, address: mint, reason: error.to_string() })?;
    let account = create_account_with_seed(
        &deployer,
        &mint,
        &deployer,
        seed,
        rent,
        Mint::LEN as u64,
        &spl_token_interface::ID,
    );
    send(rpc, plan.deployer, &[], &[account, initialize], Options::default()).await.during(step)?;
    applied.item(role, mint, Change::Created);
    Ok(mint)
}

async fn decimals(rpc: &Rpc, role: &'static str, mint: &Pubkey) -> Result<u8, Error> {
    match find(rpc, role, mint).await? {
        Some(mint) => Ok(mint.decimals),
        None => Err(Error::Token { role, address: *mint, reason: "it does not exist".into() }),
    }
}

/// The mint at `address`, `None` if nothing is there.
async fn find(rpc: &Rpc, role: &'static str, address: &Pubkey) -> Result<Option<Mint>, Error> {
    let unusable = |reason: String| Error::Token { role, address: *address, reason };
    let Some(account) = rpc.get_account(address).await.during("reading a mint")? else {
        return Ok(None);
    };
    if account.owner != spl_token_interface::ID {
        let reason = format!("it belongs to {}, not to the SPL token program", account.owner);
        return Err(unusable(reason));
    }
    Mint::unpack(&account.data).map(Some).map_err(|_| unusable("it is not a mint".into()))
}
