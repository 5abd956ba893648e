//! What a node does not serve, and what it says about it.

use heliograph_client::evidence::sign;
use heliograph_client::stream::{EndReason, ErrorCode, Stream, StreamError, StreamEvent};
use heliograph_migrations::Params;
use heliograph_network_tests::{Heard, Keeper, Network, Setup, demo_speech, jfk_speech, play};
use heliograph_protocol::stream::StreamOpen;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::{Signer, SignerError};

/// A signer that signs requests and no vouchers.
#[derive(Debug)]
struct Miser<'a>(&'a Keypair);

impl Signer for Miser<'_> {
    fn try_pubkey(&self) -> Result<Pubkey, SignerError> {
        self.0.try_pubkey()
    }
    fn try_sign_message(&self, message: &[u8]) -> Result<Signature, SignerError> {
        // Kind 2 of the prefix is a voucher.
        if message[11] == 2 {
            return Err(SignerError::Custom("no money".into()));
        }
        self.0.try_sign_message(message)
    }
    fn is_interactive(&self) -> bool {
        false
    }
}

fn refusal(result: Result<Stream<'_>, StreamError>) -> (ErrorCode, String) {
    match result {
        Err(StreamError::Refused { code, message }) => (code, message),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_wrong_requests_are_refused() {
    let net = Network::start(Setup::default()).await;
    let session = net.open_session(100_000).await;
    let config = net.stream_config(session, None).await;

    let stranger = Keypair::new();
    let (code, why) = refusal(Stream::open(config.clone(), &stranger).await);
    assert_eq!(code, ErrorCode::Unauthorized, "{why}");

    let mut elsewhere = config.clone();
    elsewhere.terms.session = [9; 32];
    let (code, why) = refusal(Stream::open(elsewhere, &net.voucher_signer).await);
    assert_eq!(code, ErrorCode::NoSession, "{why}");

    let mut other_network = config.clone();
    other_network.domain.0 = [8; 32];
    let (code, why) = refusal(Stream::open(other_network, &net.voucher_signer).await);
    assert_eq!(code, ErrorCode::BadConfig, "{why}");

    let mut other_node = config.clone();
    other_node.node_key = stranger.pubkey();
    let (code, why) = refusal(Stream::open(other_node, &net.voucher_signer).await);
    assert_eq!(code, ErrorCode::Unauthorized, "{why}");

    let mut french = config.clone();
    french.language = Some("fr".into());
    let (code, why) = refusal(Stream::open(french, &net.voucher_signer).await);
    assert_eq!(code, ErrorCode::BadConfig, "{why}");
    assert!(why.contains("en"), "the list of what is served: {why}");

    let first = net.stream(session, None).await.unwrap();
    let (code, why) = refusal(net.stream(session, None).await);
    assert_eq!(code, ErrorCode::AlreadyConnected, "{why}");
    drop(first);

    net.end_session(session).await;
    heliograph_network_tests::eventually(
        "free place",
        std::time::Duration::from_secs(10),
        async || (refusal(net.stream(session, None).await).0 == ErrorCode::NoSession).then_some(()),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn request_used_twice_is_refused() {
    let net = Network::start(Setup::default()).await;
    let session = net.open_session(100_000).await;
    let request = StreamOpen {
        session: session.address.to_bytes(),
        node_key: net.node_key.to_bytes(),
        issued_at_unix_ms: heliograph_network_tests::unix_ms(),
        nonce: [1; 16],
    };
    let signed = sign(&request, &net.network.domain(), &net.voucher_signer).unwrap();
    let first = heliograph_network_tests::raw_open(&net.endpoint, &signed).await;
    assert!(first.contains("\"ready\""), "{first}");
    let second = heliograph_network_tests::raw_open(&net.endpoint, &signed).await;
    assert!(second.contains("used before"), "{second}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unpaid_minute_ends_the_stream_within_the_grace_time() {
    let params = Params { voucher_grace_secs: 3, ..Params::default() };
    let net = Network::start(Setup { params, ..Setup::default() }).await;
    let session = net.open_session(100_000).await;
    let config = net.stream_config(session, None).await;
    let miser = Miser(&net.voucher_signer);
    let mut stream = Stream::open(config, &miser).await.unwrap();
    let played = play(&mut stream, &demo_speech(), &mut Heard::default(), |_| false).await;
    assert!(matches!(played, Err(StreamError::Sign(_))), "{played:?}");
    net.keeper.logs("VoucherMissing").await;
    // What is owed is offered again, before anything else is served.
    drop(stream);
    let mut stream = net.stream(session, None).await.unwrap();
    let mut heard = Heard::default();
    play(&mut stream, &demo_speech(), &mut heard, |heard| !heard.minutes.is_empty()).await.unwrap();
    assert_eq!(heard.minutes[0].receipt.sequence, 0);
    net.settled(session, 5_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_keeper_ends_streams_in_order() {
    let mut net = Network::start(Setup::default()).await;
    let session = net.open_session(100_000).await;
    let mut heard = Heard::default();
    let mut stream = net.stream(session, None).await.unwrap();
    stream.send_audio(&jfk_speech()).await.unwrap();
    net.keeper.ask_to_stop();
    // Nothing more is sent: the end comes from the node.
    let reason = loop {
        match stream.next().await.unwrap() {
            StreamEvent::Ended { reason, .. } => break reason,
            StreamEvent::Minute(minute) => heard.minutes.push(*minute),
            _ => {}
        }
    };
    drop(stream);
    assert!(net.keeper.ended().await.success());
    assert_eq!(reason, EndReason::Draining);
    assert_eq!(heard.minutes.len(), 1, "what was served is charged");
}

#[tokio::test(flavor = "multi_thread")]
async fn second_keeper_on_the_port_says_so() {
    let net = Network::start(Setup::default()).await;
    let other = net.keeper_config().with_file_name("second.toml");
    std::fs::copy(net.keeper_config(), &other).unwrap();
    let mut second = Keeper::start(&other);
    assert_eq!(second.ended().await.code(), Some(2));
    assert!(second.log().contains("cannot listen on"), "{}", second.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn corrupt_model_is_named() {
    let net = Network::start(Setup::default()).await;
    let folder = net.keeper_config().with_file_name("corrupt");
    std::fs::create_dir(&folder).unwrap();
    let text = std::fs::read_to_string(net.keeper_config()).unwrap();
    let model = heliograph_network_tests::cache().join("models/ggml-tiny.en-q8_0.bin");
    let mut bytes = std::fs::read(&model).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(folder.join("model.bin"), bytes).unwrap();
    let text = text
        .replace(&model.display().to_string(), "model.bin\"\nmodel_sha256 = \"00")
        .replace(net.endpoint.trim_start_matches("http://"), "127.0.0.1:0");
    let text = text.replace("model_sha256 = \"00", &format!("model_sha256 = \"{}", "0".repeat(64)));
    std::fs::write(folder.join("keeper.toml"), text).unwrap();
    std::fs::copy(net.keeper_config().with_file_name("node.json"), folder.join("node.json"))
        .unwrap();
    let keeper = Keeper::start(&folder.join("keeper.toml"));
    keeper.logs("model.bin").await;
    keeper.logs(&"0".repeat(64)).await;
}
