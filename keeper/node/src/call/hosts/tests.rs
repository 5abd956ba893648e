use super::*;

const SIGNER: Address = [1; 32];
const WALLET: Address = [2; 32];

fn host(hosts: &Hosts, session: u8, signer: Address, authority: Address) -> Arc<Hosted> {
    let (takeovers, _) = mpsc::channel(1);
    let (events, _) = mpsc::channel(1);
    let (notes, _) = mpsc::channel(1);
    let session = [session; 32];
    hosts.add(NewHost {
        session,
        app: [9; 32],
        signer,
        authority,
        takeovers,
        events,
        notes,
        prices: Prices([1_000, 2_000, 500, 60_000]),
        is_transcription_bought: true,
    })
}

fn payer(hosts: &Hosts, issuer: &Address, named: Option<u8>) -> Result<u8, &'static str> {
    let named = named.map(|named| [named; 32]);
    hosts.payer(issuer, named.as_ref()).map(|host| host.session[0])
}

#[test]
fn the_newest_session_pays_unless_the_token_names_one() {
    let hosts = Hosts::default();
    for session in [10, 11] {
        host(&hosts, session, SIGNER, WALLET).admit(true);
    }
    assert_eq!(payer(&hosts, &SIGNER, None), Ok(11));
    assert_eq!(payer(&hosts, &WALLET, None), Ok(11), "the wallet signs tokens too");
    assert_eq!(payer(&hosts, &SIGNER, Some(10)), Ok(10));
    hosts.remove(&[11; 32]);
    assert_eq!(payer(&hosts, &SIGNER, None), Ok(10));
}

#[test]
fn strangers_and_foreign_sessions_are_refused() {
    let hosts = Hosts::default();
    host(&hosts, 10, SIGNER, WALLET).admit(true);
    host(&hosts, 11, [5; 32], [6; 32]).admit(true);
    assert!(payer(&hosts, &[7; 32], None).unwrap_err().contains("hosts no session"));
    // A good token of one app that names another app's session.
    assert!(payer(&hosts, &SIGNER, Some(11)).unwrap_err().contains("names a session"));
    assert!(payer(&hosts, &SIGNER, Some(12)).unwrap_err().contains("names a session"));
}

#[test]
fn a_session_that_is_not_paid_admits_nobody() {
    let hosts = Hosts::default();
    let hosted = host(&hosts, 10, SIGNER, WALLET);
    assert!(payer(&hosts, &SIGNER, None).unwrap_err().contains("not paid"));
    hosted.admit(true);
    assert_eq!(payer(&hosts, &SIGNER, None), Ok(10));
    hosted.admit(false);
    assert!(payer(&hosts, &SIGNER, Some(10)).unwrap_err().contains("not paid"));
}

#[test]
fn usage_is_booked_to_hosted_sessions_alone() {
    let hosts = Hosts::default();
    assert!(!hosts.book(&[10; 32], Vec::new(), CallQuality::default()));
    host(&hosts, 10, SIGNER, WALLET);
    assert!(hosts.book(&[10; 32], Vec::new(), CallQuality::default()));
}

#[test]
fn transcription_ends_for_everybody_when_it_cannot_be_paid() {
    let hosts = Hosts::default();
    let host = host(&hosts, 10, SIGNER, WALLET);
    host.ask_captions(Some("en".into()));
    assert_eq!(host.captions(), Captions { bought: true, everybody: Some("en".into()) });
    // At 1,000 micro-USDC a second.
    host.counted().limit_transcription(60_000);
    let speak = |identity: &str, at_secs: u64| {
        let whose = ("lobby".to_owned(), identity.to_owned());
        host.transcribed(whose, (at_secs * 16_000, 16_000), None)
    };
    assert!((0..60).all(|at_secs| speak("ann", at_secs)));
    assert!(!speak("bob", 0));
    assert!(!host.transcribes() && !host.captions().bought);
    host.counted().limit_transcription(u64::MAX);
    assert!(!speak("ann", 60), "not again while this is hosted");
    assert_eq!(host.counted().transcribed_samples(), 60 * 16_000);
}
