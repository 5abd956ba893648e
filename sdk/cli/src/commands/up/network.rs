//! An initialised network on the embedded cluster; with `--chain-only` nothing but that.

use super::{Ready, STAKE_DECIMALS, interrupted, money, say};
use crate::commands::migrate::{describe, run_with_bars};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Outcome, fields, write_stdout};
use anyhow::{Result, bail};
use heliograph_migrations::{Domain, Plan, Tokens};
use serde::Serialize;
use std::path::PathBuf;
use std::pin::pin;

/// What `--chain-only` leaves running.
#[derive(Debug, Serialize)]
struct Report {
    rpc_url: String,
    ws_url: String,
    /// Folder with the keypair files; `deployer.json` is the authority of network and mints.
    keys: PathBuf,
    migrations: heliograph_migrations::Report,
}

impl Report {
    /// Where everything is.
    fn outcome(&self) -> Result<Outcome> {
        let running = fields([
            ("RPC", self.rpc_url.clone()),
            ("websocket", self.ws_url.clone()),
            ("keys", self.keys.display().to_string()),
        ]);
        Outcome::new(self, format!("The network stays up until ctrl-c.\n\n{running}"))
    }
}

/// Deploys the programs and initialises the network, as far as that is not done.
pub(super) async fn initialise(
    context: &Context,
    ready: &Ready,
) -> Result<heliograph_migrations::Report> {
    money::airdrop(&context.rpc, &ready.keys).await?;
    say(context, "deploying the programs and initialising the network");
    let plan = Plan {
        deployer: &ready.keys.deployer,
        programs: &ready.programs,
        tokens: Tokens::Create { stake_decimals: STAKE_DECIMALS },
        guardian: None,
        domain: Domain::Fixed(ready.folder.domain_id()?),
        params: ready.params,
    };
    let migrations = run_with_bars(context, &plan).await?;
    if !context.json {
        write_stdout(&format!("{}\n", describe(&migrations)));
    }
    Ok(migrations)
}

/// `--chain-only`: says where the network is, once it is, and waits for a signal.
pub(super) async fn wait(context: &Context, ready: &Ready, ws_url: &str) -> Result<Outcome> {
    // One listener from the beginning: whoever has read the report may stop it at once.
    let mut stop = pin!(interrupted());
    let migrations = tokio::select! {
        result = initialise(context, ready) => result?,
        name = &mut stop => bail!("stopped by {name}"),
    };
    let report = Report {
        rpc_url: context.rpc.url(),
        ws_url: ws_url.to_owned(),
        keys: ready.folder.path("keys"),
        migrations,
    };
    report.outcome()?.print(context.json);
    let name = stop.await;
    say(context, &format!("{name}: stopping"));
    Ok(Outcome::said(Exit::Ok))
}
