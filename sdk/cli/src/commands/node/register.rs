//! `heliograph node register`.

use crate::chain::{TokenPlace, token_place};
use crate::commands::check_endpoint;
use crate::context::Context;
use crate::exit::usage;
use crate::keys::{self, KeyRef};
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry::{register_node, update_node};
use heliograph_client::instruction::token::create_token_account;
use heliograph_client::{account, pda};
use heliograph_protocol::price::{DEFAULT_TRANSCRIPTION_MICRO_USDC, DEFAULT_WEBRTC_MICRO_USDC};
use heliograph_protocol::service::{Service, ServiceSet};
use heliograph_registry::NodeProfile;
use heliograph_registry::state::Node;
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Register a node, or replace its profile if it is registered already
#[derive(Debug, Args)]
#[command(
    long_about = "Register a node, or replace its profile if it is registered already.\n\n\
    The operator (--keypair) owns the node and pays its rent. The node key signs too when it is \
    new, so its keypair file is needed then; an update only needs its public key. The three keys of \
    a node must differ: operator, node key, and the wallet that is paid. Sessions that are open keep \
    the price they began with.",
    after_long_help = "EXAMPLE\n  \
    heliograph node register --node-key node.json --payout 9xQe… --endpoint http://203.0.113.7:7880 \\\n    \
      --country DE --region eu-central --service transcription --price-transcription 5000 --capacity 4"
)]
pub struct Register {
    /// The node key: its keypair file (or base58, to update a registered node)
    #[arg(long, value_name = "FILE")]
    pub node_key: KeyRef,
    /// Who is paid: a wallet, whose token account is created if needed, or a token account
    #[arg(long, value_name = "ADDRESS")]
    pub payout: Pubkey,
    /// URL where clients reach the node
    #[arg(long, value_name = "URL")]
    pub endpoint: String,
    /// Where the node is: ISO 3166-1 alpha-2, such as DE
    #[arg(long, value_name = "XX", value_parser = parse_country)]
    pub country: [u8; 2],
    /// A name for the region, such as eu-central
    #[arg(long, default_value = "", hide_default_value = true)]
    pub region: String,
    /// What the node sells, separated by commas: audio, video, data, transcription
    #[arg(
        long = "service",
        value_name = "SERVICE",
        value_delimiter = ',',
        value_parser = parse_service,
        default_value = "transcription"
    )]
    pub services: Vec<Service>,
    /// Micro-USDC for a participant-minute of audio
    #[arg(long, value_name = "MICRO_USDC", default_value_t = DEFAULT_WEBRTC_MICRO_USDC)]
    pub price_audio: u64,
    /// Micro-USDC for a participant-minute of video
    #[arg(long, value_name = "MICRO_USDC", default_value_t = DEFAULT_WEBRTC_MICRO_USDC)]
    pub price_video: u64,
    /// Micro-USDC for a participant-minute of data
    #[arg(long, value_name = "MICRO_USDC", default_value_t = DEFAULT_WEBRTC_MICRO_USDC)]
    pub price_data: u64,
    /// Micro-USDC for a minute of transcribed audio
    #[arg(long, value_name = "MICRO_USDC", default_value_t = DEFAULT_TRANSCRIPTION_MICRO_USDC)]
    pub price_transcription: u64,
    /// Sessions served at once
    #[arg(long, value_name = "SESSIONS", default_value_t = 4,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub capacity: u32,
    /// Serve this app account alone (an on-premises node)
    #[arg(long, value_name = "APP")]
    pub private_app: Option<Pubkey>,
}

/// Two letters, in either case.
pub fn parse_country(text: &str) -> Result<[u8; 2], String> {
    match text.to_ascii_uppercase().as_bytes() {
        [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok([*a, *b]),
        _ => Err("a country has two letters (ISO 3166-1 alpha-2), such as DE".into()),
    }
}

fn parse_service(text: &str) -> Result<Service, String> {
    Service::ALL.into_iter().find(|service| service.name() == text).ok_or_else(|| {
        let names: Vec<_> = Service::ALL.iter().map(|service| service.name()).collect();
        format!("services are {}", names.join(", "))
    })
}

impl Register {
    fn profile(&self) -> NodeProfile {
        let mut prices = [0; 4];
        for (service, price) in [
            (Service::Audio, self.price_audio),
            (Service::Video, self.price_video),
            (Service::Data, self.price_data),
            (Service::Transcription, self.price_transcription),
        ] {
            prices[service as usize] = price;
        }
        let services = self
            .services
            .iter()
            .fold(ServiceSet::default(), |set, &service| set.with(ServiceSet::of(service)));
        NodeProfile {
            services: services.0,
            prices_micro_usdc: prices,
            country: self.country,
            region: self.region.clone(),
            endpoint: self.endpoint.clone(),
            capacity: self.capacity,
            private_app: self.private_app.unwrap_or_default(),
        }
    }

    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        check_endpoint(&self.endpoint)?;
        let operator = context.signer()?;
        let network = context.network().await?;
        let node_key = self.node_key.pubkey()?;
        let address = pda::node(&node_key);
        let TokenPlace { account: payout, create_for } =
            token_place(&context.rpc, &self.payout, &network.payment_mint).await?;
        let mut instructions = Vec::new();
        if let Some(owner) = create_for {
            let payer = operator.pubkey();
            instructions.push(create_token_account(&payer, &owner, &network.payment_mint));
        }
        let profile = self.profile();
        let existing: Option<Node> = account::find(&context.rpc, &address).await?;
        let (change, signature) = match existing {
            Some(node) if is_as_asked(&node, &profile, &payout) => ("unchanged", None),
            Some(_) => {
                instructions.push(update_node(operator.pubkey(), address, payout, profile));
                ("updated", Some(context.send(&operator, &[], &instructions).await?))
            }
            None => {
                let KeyRef::File(file) = &self.node_key else {
                    return Err(usage(
                        "a new node signs with its own key: give --node-key a keypair file",
                    ));
                };
                let node = keys::read(file)?;
                instructions.push(register_node(operator.pubkey(), node_key, payout, profile));
                ("registered", Some(context.send(&operator, &[&node], &instructions).await?))
            }
        };
        let signature = signature.map(|signature| signature.to_string());
        let document = json!({
            "change": change,
            "node_key": node_key.to_string(),
            "node": address.to_string(),
            "operator": operator.pubkey().to_string(),
            "payout": payout.to_string(),
            "transaction": signature,
        });
        let text = fields([
            ("node", format!("{node_key} {change}")),
            ("account", address.to_string()),
            ("payout", payout.to_string()),
            ("transaction", signature.unwrap_or_else(|| "none needed".into())),
        ]);
        Outcome::new(&document, text)
    }
}

fn is_as_asked(node: &Node, profile: &NodeProfile, payout: &Pubkey) -> bool {
    let NodeProfile {
        services,
        prices_micro_usdc,
        country,
        region,
        endpoint,
        capacity,
        private_app,
    } = profile;
    node.payout == *payout
        && node.services == *services
        && node.prices_micro_usdc == *prices_micro_usdc
        && node.country == *country
        && node.region == *region
        && node.endpoint == *endpoint
        && node.capacity == *capacity
        && node.private_app == *private_app
}
