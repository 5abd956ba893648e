//! One case of `heliograph bench sfu`, without the rest of the command: for work on the SFU.
//!
//! ```text
//! cargo run --release -p heliograph-load --example forward -- \
//!     SFU PUBLISHERS SUBSCRIBERS PACKETS_PER_SECOND [RUNS [SECONDS [alone|beside|sampled]]]
//! ```
//!
//! Prints every figure as JSON. `beside` measures Janus too and takes root; `sampled` is alone, with
//! participants that report nothing.

use anyhow::{Context as _, Result, bail};
use heliograph_load::compare::{self, Plan};
use heliograph_load::generator::Feedback;
use heliograph_load::netns;
use heliograph_load::run::{Case, Program};
use heliograph_load::servers::janus;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::time::Duration;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [sfu, publishers, subscribers, packets_per_sec, rest @ ..] = &arguments[..] else {
        bail!(
            "SFU PUBLISHERS SUBSCRIBERS PACKETS_PER_SECOND [RUNS [SECONDS [alone|beside|sampled]]]"
        );
    };
    let case = Case {
        publishers: number(publishers)?,
        subscribers: number(subscribers)?,
        packets_per_sec: number(packets_per_sec)?,
    };
    let runs = rest.first().map_or(Ok(1), |text| number(text))?;
    let secs = rest.get(1).map_or(Ok(5), |text| number(text))?;
    let kind = rest.get(2).map_or("alone", String::as_str);
    let janus = match kind {
        "beside" => Some(Program::Janus(janus::program().context("Janus is not installed")?)),
        "alone" | "sampled" => None,
        other => bail!("{other}: alone, beside or sampled"),
    };
    let address = match &janus {
        Some(_) => {
            netns::enter()?;
            netns::ADDRESS
        }
        None => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    let feedback = if kind == "sampled" { Feedback::Sampled(64) } else { Feedback::Full };
    let (sfu, time) = (Program::Sfu(sfu.into()), Duration::from_secs(secs));
    let plan = Plan { sfu, janus, address, runs, time, feedback };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let compared = runtime.block_on(compare::case(&plan, case, &|said| eprintln!("{said}")))?;
    println!("{}", serde_json::to_string_pretty(&compared)?);
    Ok(())
}

fn number<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(text: &str) -> Result<T> {
    text.parse().with_context(|| format!("{text} is no such number"))
}
