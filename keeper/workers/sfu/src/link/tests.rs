use super::*;
use crate::outside::Served;
use crate::token::test_token;
use futures_util::{SinkExt, StreamExt};
use heliograph_worker_ipc::SfuNodeCodec;
use heliograph_worker_ipc::call::{FromSfu, ToSfu};
use tokio::net::UnixStream;
use tokio_util::codec::Framed;

type Node = Framed<UnixStream, SfuNodeCodec>;

const APP: [u8; 32] = [7; 32];
const SESSION: [u8; 32] = [8; 32];

struct Scene {
    linked: Arc<Linked>,
    notices: mpsc::UnboundedSender<Notice>,
    orders: mpsc::UnboundedReceiver<Order>,
    socket: PathBuf,
    _folder: tempfile::TempDir,
    _shutdown: tokio_util::sync::DropGuard,
}

async fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("sfu.sock");
    let (notices, notices_out) = mpsc::unbounded_channel();
    let (orders_in, orders) = mpsc::unbounded_channel();
    let config =
        LinkConfig { socket: socket.clone(), signalling: "here".into(), participants_max: 9 };
    let shutdown = CancellationToken::new();
    let started =
        Linked::start(config, LocalKeys::default(), notices_out, orders_in, shutdown.clone());
    let linked = Arc::new(started.await.unwrap());
    let _shutdown = shutdown.drop_guard();
    Scene { linked, notices, orders, socket, _folder: folder, _shutdown }
}

/// Connects as the node role does; returns the worker's instance too.
async fn node(scene: &Scene) -> (Node, [u8; 16]) {
    let socket = UnixStream::connect(&scene.socket).await.unwrap();
    let mut node = Framed::new(socket, SfuNodeCodec::new());
    match hear(&mut node).await {
        FromSfu::Ready { instance, signalling, participants_max: 9, .. } => {
            assert_eq!(signalling, "here");
            (node, instance)
        }
        other => panic!("{other:?}"),
    }
}

async fn hear(node: &mut Node) -> FromSfu {
    tokio::time::timeout(Duration::from_secs(30), node.next()).await.unwrap().unwrap().unwrap()
}

/// Asks for admission while the node role answers with what `answer` makes of the request.
async fn admit(
    scene: &Scene,
    node: &mut Node,
    answer: impl Fn(u64) -> ToSfu,
) -> Result<Admission, Denied> {
    let linked = scene.linked.clone();
    let asking = tokio::spawn(async move { linked.admit(&test_token("lobby", "ann")).await });
    match hear(node).await {
        FromSfu::Authorize { request, room, identity, payer: None, .. } => {
            assert_eq!((room.as_str(), identity.as_str()), ("lobby", "ann"));
            node.send(answer(request)).await.unwrap();
        }
        other => panic!("{other:?}"),
    }
    asking.await.unwrap()
}

fn allowed(request: u64) -> ToSfu {
    let captions = Captions { bought: true, everybody: Some("en".into()) };
    ToSfu::Allowed { request, scope: APP, payer: SESSION, participants_max: 3, captions }
}

fn served() -> Notice {
    Notice::Served(Served {
        payer: Payer(SESSION),
        room: "lobby".into(),
        identity: "ann".into(),
        audio: true,
        video: false,
        data: false,
        bytes_in: 1,
        bytes_out: 2,
        rtt_ms: None,
        jitter_ms: None,
        packets: 1,
        packets_lost: 0,
    })
}

#[tokio::test]
async fn a_yes_is_remembered_until_it_is_revoked_and_a_no_is_not() {
    let mut scene = scene().await;
    let refused = scene.linked.admit(&test_token("lobby", "ann")).await;
    assert!(matches!(refused, Err(Denied::Unavailable(_))), "nobody is connected: {refused:?}");

    let (mut node, _) = node(&scene).await;
    let no = |request| ToSfu::Refused { request, reason: "not hosted".into() };
    let refused = admit(&scene, &mut node, no).await;
    assert_eq!(refused.unwrap_err(), Denied::Unauthorized("not hosted".into()));

    let admission = admit(&scene, &mut node, allowed).await.unwrap();
    assert_eq!(admission.payer, Some(Payer(SESSION)));
    assert_eq!(admission.participants_max, Some(3));
    assert_eq!(admission.captions.everybody.as_deref(), Some("en"));
    assert_eq!(admission.scope, Scope(bs58::encode(APP).into_string()));
    // Not asked again.
    scene.linked.admit(&test_token("lobby", "bob")).await.unwrap();

    node.send(ToSfu::Revoke { payer: SESSION, reason: "over".into() }).await.unwrap();
    let order = scene.orders.recv().await.unwrap();
    assert_eq!(order, Order::Revoke { payer: Payer(SESSION), reason: "over".into() });
    assert!(admit(&scene, &mut node, no).await.is_err());
}

#[tokio::test]
async fn usage_is_reported_until_it_is_booked_and_keeps_its_number() {
    let scene = scene().await;
    scene.notices.send(served()).unwrap();
    let (mut first, instance) = node(&scene).await;
    scene.notices.send(served()).unwrap();
    let report = hear(&mut first).await;
    let FromSfu::Usage { report: 1, payer: SESSION, ref entries, .. } = report else {
        panic!("{report:?}")
    };
    assert_eq!(entries[0].audio_secs, 2, "what was counted before anybody listened counts");
    drop(first);

    // Not booked: it comes again, the same, and only then something new.
    let (mut second, same) = node(&scene).await;
    assert_eq!(instance, same);
    assert_eq!(hear(&mut second).await, report);
    second.send(ToSfu::Booked { report: 1 }).await.unwrap();
    scene.notices.send(served()).unwrap();
    let next = hear(&mut second).await;
    assert!(matches!(next, FromSfu::Usage { report: 2, .. }), "{next:?}");
    second.send(ToSfu::Booked { report: 2 }).await.unwrap();
    drop(second);

    // The acknowledgement may have been lost with the connection; then it comes once more.
    let (mut third, _) = node(&scene).await;
    scene.notices.send(served()).unwrap();
    let mut last = hear(&mut third).await;
    if last == next {
        last = hear(&mut third).await;
    }
    assert!(matches!(last, FromSfu::Usage { report: 3, .. }), "{last:?}");
}

#[tokio::test]
async fn the_last_second_is_reported_before_the_end_is() {
    let mut scene = scene().await;
    let (mut node, _) = node(&scene).await;
    node.send(ToSfu::Revoke { payer: SESSION, reason: "over".into() }).await.unwrap();
    scene.orders.recv().await.unwrap();
    scene.notices.send(served()).unwrap();
    let report = hear(&mut node).await;
    assert!(matches!(report, FromSfu::Usage { payer: SESSION, .. }), "{report:?}");
    assert_eq!(hear(&mut node).await, FromSfu::Revoked { payer: SESSION });
}

#[tokio::test]
async fn open_taps_are_told_to_a_node_role_that_comes_later() {
    let scene = scene().await;
    let opened = |tap| Notice::TapOpened {
        tap,
        payer: Payer(SESSION),
        scope: Scope(bs58::encode(APP).into_string()),
        room: "lobby".into(),
        identity: "ann".into(),
        track_sid: "TR_x".into(),
        language: Some("en".into()),
    };
    let told = |message: FromSfu| match message {
        FromSfu::TapOpened { tap, payer: SESSION, scope: APP, language, .. } => {
            assert_eq!(language.as_deref(), Some("en"));
            (tap, true)
        }
        FromSfu::TapClosed { tap } => (tap, false),
        other => panic!("{other:?}"),
    };
    let (mut first, _) = node(&scene).await;
    for notice in [opened(1), opened(2), Notice::TapClosed { tap: 1 }] {
        scene.notices.send(notice).unwrap();
    }
    for expected in [(1, true), (2, true), (1, false)] {
        assert_eq!(told(hear(&mut first).await), expected);
    }
    scene.notices.send(Notice::TapAudio { tap: 2, pcm: vec![1, -2] }).unwrap();
    assert_eq!(hear(&mut first).await, FromSfu::TapAudio { tap: 2, pcm: vec![1, -2] });

    let (mut second, _) = node(&scene).await;
    assert_eq!(told(hear(&mut second).await), (2, true));
    scene.notices.send(Notice::TapClosed { tap: 2 }).unwrap();
    assert_eq!(told(hear(&mut second).await), (2, false));
}

#[tokio::test]
async fn slow_node_role_loses_audio_and_hears_how_taps_end() {
    let scene = scene().await;
    let (mut node, _) = node(&scene).await;
    // More than socket and queue hold, before anything is read.
    for _ in 0..5_000 {
        scene.notices.send(Notice::TapAudio { tap: 7, pcm: vec![0; 1_600] }).unwrap();
    }
    scene.notices.send(Notice::TapClosed { tap: 7 }).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut heard = 0;
    loop {
        match hear(&mut node).await {
            FromSfu::TapAudio { .. } => heard += 1,
            FromSfu::TapClosed { tap: 7 } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!((1..5_000).contains(&heard), "{heard}");
}
