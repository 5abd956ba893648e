//! The command line.

use crate::commands::{
    app, audit, batch, bench, call, canary, case, challenge, keeper, key, migrate, network, node,
    observer, replay, reputation, score, session, settler, stake, transcribe, up, voucher,
};
use crate::context::Context;
use crate::output::Outcome;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Calls and speech-to-text from independent nodes, paid by the minute on Solana.
#[derive(Debug, Parser)]
#[command(
    name = "heliograph",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = false,
    long_about = "Calls and speech-to-text from independent nodes, paid by the minute on Solana.\n\n\
        Operators register a node, stake behind it and are paid for every minute it serves. Apps \
        put USDC into an escrow, open sessions with nodes and sign a voucher for each minute. \
        Anyone can audit all of it with an RPC address and an archive.",
    after_long_help = "EXAMPLES\n  \
        Everything on this machine, with an embedded cluster:\n    \
        heliograph up --programs target/deploy --models models --audio speech.wav --keep\n\n  \
        Then, from a second terminal:\n    \
        heliograph node status\n    \
        heliograph transcribe speech.wav --keypair app.json --voucher-signer voucher.json\n\n\
        EXIT CODES\n  \
        0   done\n  \
        1   the command worked and found something wrong (audit, replay, canary)\n  \
        2   failed; somebody has to change something first\n  \
        64  the arguments make no sense\n  \
        75  failed; the same command may work later\n\n\
        With --json every command prints one JSON document on stdout; a failure is\n\
        {\"error\": {\"message\": \"…\", \"kind\": \"…\"}}. Progress and logs go to stderr; \
        HELIOGRAPH_LOG=debug shows more."
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Solana RPC address of the cluster
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "HELIOGRAPH_RPC_URL",
        default_value = "http://127.0.0.1:8899",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub rpc: String,
    /// Keypair that signs and pays: the operator's or the app's [default: ~/.config/solana/id.json]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "HELIOGRAPH_KEYPAIR",
        help_heading = "Global options"
    )]
    pub keypair: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole network on this machine and pay for real speech, once
    Up(Box<up::Up>),
    /// Make and show keypair files
    #[command(subcommand)]
    Key(key::Key),
    /// Register nodes, show them, take them in and out of service
    #[command(subcommand)]
    Node(Box<node::Node>),
    /// Register observers and settlers, show them, take them in and out of service
    #[command(subcommand)]
    Keeper(keeper::Keeper),
    /// Put stake behind a node or keeper and take it back; delegate to nodes
    #[command(subcommand)]
    Stake(Box<stake::Stake>),
    /// Create an app, fund its escrow, rotate its voucher signer
    #[command(subcommand)]
    App(Box<app::App>),
    /// Open, list, end and close sessions with nodes
    #[command(subcommand)]
    Session(session::Session),
    /// Bring vouchers on chain
    #[command(subcommand)]
    Voucher(voucher::Voucher),
    /// Open, show and close a settler's book
    #[command(subcommand)]
    Settler(settler::Settler),
    /// Post minute batches, show them, and claim what they say
    #[command(subcommand)]
    Batch(batch::Batch),
    /// Demand the voucher behind a batch's leaf, or show it
    #[command(subcommand)]
    Challenge(challenge::Challenge),
    /// Try nodes and keepers for what they did, and carry verdicts out
    #[command(subcommand)]
    Case(case::Case),
    /// Show how good nodes are, by what observers saw
    Score(score::Score),
    /// Post what an observer saw, show it, and how well observers do their work
    #[command(subcommand)]
    Observer(observer::Observer),
    /// Have nodes scored and old epochs closed
    #[command(subcommand)]
    Reputation(reputation::Reputation),
    /// Show the network, change its parameters, pause its ways in
    #[command(subcommand)]
    Network(Box<network::Network>),
    /// Transcribe a recording through a node, paying by the minute
    Transcribe(Box<transcribe::Transcribe>),
    /// Host calls at a node, make tokens for them, join one
    #[command(subcommand)]
    Call(Box<call::Call>),
    /// Check every payment against the chain's history and a node's archive
    Audit(audit::Audit),
    /// Check a node's transcription with a recording whose text is known
    Canary(Box<canary::Canary>),
    /// Decode transcribed segments again, and say whether their records are true
    Replay(Box<replay::Replay>),
    /// Measure costs and speed on this machine
    #[command(subcommand)]
    Bench(Box<bench::Bench>),
    /// Deploy the programs and initialise the network, or check that this was done
    Migrate(migrate::Migrate),
}

impl Command {
    /// Runs the command.
    pub async fn execute(self, context: &Context) -> anyhow::Result<Outcome> {
        match self {
            Self::Up(up) => up.execute(context).await,
            Self::Key(key) => key.execute(context),
            Self::Node(node) => node.execute(context).await,
            Self::Keeper(keeper) => keeper.execute(context).await,
            Self::Stake(stake) => stake.execute(context).await,
            Self::App(app) => app.execute(context).await,
            Self::Session(session) => session.execute(context).await,
            Self::Voucher(voucher) => voucher.execute(context).await,
            Self::Settler(settler) => settler.execute(context).await,
            Self::Batch(batch) => batch.execute(context).await,
            Self::Challenge(challenge) => challenge.execute(context).await,
            Self::Case(case) => case.execute(context).await,
            Self::Score(score) => score.execute(context).await,
            Self::Observer(observer) => observer.execute(context).await,
            Self::Reputation(reputation) => reputation.execute(context).await,
            Self::Network(network) => network.execute(context).await,
            Self::Transcribe(transcribe) => transcribe.execute(context).await,
            Self::Call(call) => call.execute(context).await,
            Self::Audit(audit) => audit.execute(context).await,
            Self::Canary(canary) => Box::pin(canary.execute(context)).await,
            Self::Replay(replay) => replay.execute(context).await,
            Self::Bench(bench) => bench.execute(context).await,
            Self::Migrate(migrate) => migrate.execute(context).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_is_explained() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            for argument in command.get_arguments() {
                let name = format!("{} {}", command.get_name(), argument.get_id());
                assert!(argument.get_help().is_some(), "{name} has no help");
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
