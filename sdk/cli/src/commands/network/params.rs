//! The parameters, once: their names, units and what they are. Flags, files and tables follow.

use crate::amount::{Decimal, format_units, usdc};
use crate::duration::duration;
use crate::exit::usage;
use anyhow::{Context as _, Result};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use heliograph_registry::state::NetworkParams;
use serde_json::{Map, Value};
use std::path::Path;

/// What a parameter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Basis points: 10,000 are the whole.
    Bps,
    /// Seconds.
    Secs,
    /// Typed and shown in whole tokens of the stake mint, stored in its units.
    StakeTokens,
    /// Micro-USDC.
    MicroUsdc,
    /// Lamports.
    Lamports,
    /// Parts per million.
    Ppm,
    /// Pieces.
    Count,
}

impl Unit {
    const fn value_name(self) -> &'static str {
        match self {
            Self::Bps => "BPS",
            Self::Secs => "SECONDS",
            Self::StakeTokens => "TOKENS",
            Self::MicroUsdc => "MICRO_USDC",
            Self::Lamports => "LAMPORTS",
            Self::Ppm => "PPM",
            Self::Count => "NUMBER",
        }
    }
}

/// One parameter of the network.
#[derive(Debug)]
pub struct Parameter {
    /// The flag's name; with underscores the name in files and JSON, which are those of
    /// `heliograph migrate --params`.
    pub flag: &'static str,
    unit: Unit,
    help: &'static str,
    get: fn(&NetworkParams) -> u64,
    /// `None` where the value does not fit.
    set: fn(&mut NetworkParams, u64) -> Option<()>,
}

macro_rules! parameters {
    ($($field:ident, $flag:literal, $unit:ident, $help:literal;)*) => {
        /// All of them, in the order of the account.
        pub const PARAMETERS: &[Parameter] = &[$(Parameter {
            flag: $flag,
            unit: Unit::$unit,
            help: $help,
            get: |params| u64::from(params.$field),
            set: |params, value| {
                params.$field = value.try_into().ok()?;
                Some(())
            },
        }),*];

        /// Does not compile while a parameter of the account is missing above.
        const _: fn(NetworkParams) = |params| {
            let NetworkParams { $($field: _),* } = params;
        };
    };
}

parameters! {
    operator_bps, "operator-bps", Bps, "Operator's share of a payment";
    settler_bps, "settler-bps", Bps, "Settler's share of what it claims";
    voucher_grace_secs, "voucher-grace-secs", Secs, "How long a node waits for a minute's voucher";
    redeem_grace_secs, "redeem-grace-secs", Secs,
        "How long after a session's end its vouchers can be redeemed";
    withdrawal_notice_secs, "withdrawal-notice-secs", Secs, "How long an app waits for a withdrawal";
    unbonding_secs, "unbonding-secs", Secs, "How long stake stays slashable after unbonding";
    session_secs_max, "session-secs-max", Secs, "The longest a session can be opened for";
    node_stake_min, "node-stake-min-tokens", StakeTokens, "Stake a node needs to be active";
    timelock_secs, "timelock-secs", Secs, "How long a change of the parameters waits";
    observer_stake_min, "observer-stake-min-tokens", StakeTokens,
        "Stake an observer needs to be active";
    settler_bond_min_micro_usdc, "settler-bond-min-micro-usdc", MicroUsdc,
        "Bond a settler needs to be active";
    challenge_window_secs, "challenge-window-secs", Secs,
        "How long nothing of a posted batch can be claimed";
    challenge_response_secs, "challenge-response-secs", Secs,
        "How long a settler has to answer a challenge";
    dispute_secs, "dispute-secs", Secs, "How long a posted batch can be challenged";
    challenge_bond_micro_usdc, "challenge-bond-micro-usdc", MicroUsdc, "What a challenger puts down";
    batch_total_max_micro_usdc, "batch-total-max-micro-usdc", MicroUsdc, "The most one batch may pay";
    epoch_secs, "epoch-secs", Secs, "Length of an epoch of quality";
    observer_quorum, "observer-quorum", Count, "Observers without whom a node gets no score";
    case_window_secs, "case-window-secs", Secs,
        "How long a case waits to be refuted, and again for the robbed to be made whole";
    case_bond_lamports, "case-bond-lamports", Lamports, "What the reporter of a case puts down";
    equivocation_slash_bps, "equivocation-slash-bps", Bps,
        "What two receipts for one minute cost, of all stake behind the node";
    challenge_slash_bps, "challenge-slash-bps", Bps,
        "What a leaf without a voucher costs, of the settler's bond";
    downtime_slash_bps, "downtime-slash-bps", Bps,
        "What bad epochs cost, of all stake behind the node";
    observer_fraud_slash_bps, "observer-fraud-slash-bps", Bps,
        "What two roots for one epoch cost, of the observer's stake";
    downtime_epochs, "downtime-epochs", Count, "Bad epochs that make a case of downtime";
    downtime_window_epochs, "downtime-window-epochs", Count,
        "Epochs, the newest scored, among which they are counted";
    score_min_ppm, "score-min-ppm", Ppm, "An epoch scored below this is a bad one";
    jail_secs, "jail-secs", Secs, "How long the convicted stay in jail";
    reporter_bps, "reporter-bps", Bps, "The reporter's part of a penalty";
    victim_bps, "victim-bps", Bps, "The victim's part of a penalty, where there is one";
    channel_bond_min_micro_usdc, "channel-bond-min-micro-usdc", MicroUsdc,
        "What an app must have put behind a channel to open sessions on it";
}

impl Parameter {
    /// The name in files and JSON.
    pub fn name(&self) -> String {
        self.flag.replace('-', "_")
    }

    /// The value as the account has it.
    pub fn value(&self, params: &NetworkParams) -> u64 {
        (self.get)(params)
    }

    /// Reads `text` into `params`.
    fn put(&self, params: &mut NetworkParams, text: &str, stake_decimals: u8) -> Result<()> {
        let value = match self.unit {
            Unit::StakeTokens => text
                .parse::<Decimal>()
                .and_then(|amount| amount.to_units(stake_decimals))
                .map_err(|error| usage(format!("{}: {error}", self.name())))?,
            _ => text
                .parse()
                .map_err(|_| usage(format!("{}: {text:?} is not a whole number", self.name())))?,
        };
        (self.set)(params, value)
            .ok_or_else(|| usage(format!("{}: {text} is more than it can be", self.name())))
    }

    /// The value for JSON and files: a number, whole tokens as text.
    pub fn json(&self, params: &NetworkParams, stake_decimals: u8) -> Value {
        match self.unit {
            Unit::StakeTokens => format_units(self.value(params), stake_decimals).into(),
            _ => self.value(params).into(),
        }
    }

    /// The value for people.
    pub fn describe(&self, params: &NetworkParams, stake_decimals: u8) -> String {
        let value = self.value(params);
        match self.unit {
            Unit::Bps => format!("{value} bps ({} %)", format_units(value, 2)),
            Unit::Secs if value >= 60 => format!("{value} s ({})", duration(value)),
            Unit::Secs => format!("{value} s"),
            Unit::StakeTokens => format!("{} tokens", format_units(value, stake_decimals)),
            Unit::MicroUsdc => usdc(value),
            Unit::Lamports => format!("{} SOL", format_units(value, 9)),
            Unit::Ppm => format!("{value} ppm ({} %)", format_units(value, 4)),
            Unit::Count => value.to_string(),
        }
    }
}

/// All parameters by name.
pub fn document(params: &NetworkParams, stake_decimals: u8) -> Value {
    let entries = PARAMETERS.iter().map(|p| (p.name(), p.json(params, stake_decimals)));
    Value::Object(entries.collect::<Map<_, _>>())
}

/// The parameters that were given, as typed.
#[derive(Clone, Debug, Default)]
pub struct Changes(Vec<(&'static Parameter, String)>);

impl Changes {
    /// Those in a file: an object of names and values, JSON where the name ends so, else TOML.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let named = |error: String| usage(format!("{}: {error}", path.display()));
        let entries: Map<String, Value> = if path.extension().is_some_and(|ext| ext == "json") {
            serde_json::from_str(&text).map_err(|error| named(error.to_string()))?
        } else {
            toml::from_str(&text).map_err(|error| named(error.to_string()))?
        };
        let mut changes = Vec::new();
        for (name, value) in entries {
            let parameter = PARAMETERS
                .iter()
                .find(|parameter| parameter.name() == name)
                .ok_or_else(|| named(format!("there is no parameter {name}")))?;
            let text = match value {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                _ => return Err(named(format!("{name} is neither a number nor text"))),
            };
            changes.push((parameter, text));
        }
        Ok(Self(changes))
    }

    /// `params` with these changes.
    pub fn apply(&self, mut params: NetworkParams, stake_decimals: u8) -> Result<NetworkParams> {
        for (parameter, text) in &self.0 {
            parameter.put(&mut params, text, stake_decimals)?;
        }
        Ok(params)
    }
}

impl Args for Changes {
    fn augment_args(command: Command) -> Command {
        command.args(PARAMETERS.iter().map(|parameter| {
            Arg::new(parameter.flag)
                .long(parameter.flag)
                .value_name(parameter.unit.value_name())
                .help(parameter.help)
                .help_heading("Parameters")
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Changes {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |parameter: &'static Parameter| {
            Some((parameter, matches.get_one::<String>(parameter.flag)?.clone()))
        };
        Ok(Self(PARAMETERS.iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heliograph_migrations::Params;

    fn params() -> NetworkParams {
        Params::default().to_network(9).unwrap()
    }

    /// A file of `migrate --params` is a file of `network propose --params`.
    #[test]
    fn names_are_those_of_the_first_parameters() {
        let first = serde_json::to_value(Params::default()).unwrap();
        let names: Vec<String> = PARAMETERS.iter().map(Parameter::name).collect();
        let mut found: Vec<&String> = first.as_object().unwrap().keys().collect();
        let mut sorted: Vec<&String> = names.iter().collect();
        found.sort();
        sorted.sort();
        assert_eq!(sorted, found);
    }

    #[test]
    fn each_value_reads_back_as_itself_and_changes_alone() {
        for parameter in PARAMETERS {
            let before = params();
            let text = match parameter.json(&before, 9) {
                Value::String(text) => text,
                number => number.to_string(),
            };
            let mut same = before;
            parameter.put(&mut same, &text, 9).unwrap();
            assert_eq!(same, before, "{}", parameter.flag);
            let mut other = before;
            parameter.put(&mut other, "77", 9).unwrap();
            let changed = PARAMETERS.iter().filter(|p| p.value(&other) != p.value(&before));
            assert_eq!(changed.map(|p| p.flag).collect::<Vec<_>>(), [parameter.flag]);
        }
    }

    #[test]
    fn files_are_json_or_toml_and_typing_errors_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            Changes::read(&path)
        };
        let json = r#"{"epoch_secs": 60, "node_stake_min_tokens": "0.5"}"#;
        let toml = "epoch_secs = 60\nnode_stake_min_tokens = 0.5";
        for changes in [write("a.json", json).unwrap(), write("a.toml", toml).unwrap()] {
            let changed = changes.apply(params(), 9).unwrap();
            assert_eq!((changed.epoch_secs, changed.node_stake_min), (60, 500_000_000));
        }
        for (text, named) in [
            (r#"{"epoch_second": 60}"#, "epoch_second"),
            (r#"{"epoch_secs": [60]}"#, "epoch_secs"),
            (r#"{"epoch_secs": "1.5"}"#, "epoch_secs"),
            (r#"{"observer_quorum": 256}"#, "observer_quorum"),
            (r#"{"node_stake_min_tokens": "0.0000000001"}"#, "node_stake_min_tokens"),
        ] {
            let changes = write("b.json", text);
            let error = changes.and_then(|changes| changes.apply(params(), 9)).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
