use heliograph_client::instruction::settlement::end_session;
use heliograph_settlement::error::SettlementError;
use heliograph_tests::parties::SESSION_SECS;
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;

#[test]
pub fn ended_session_rejects() {
    let mut scene = Scene::new();
    let (app, session) = (scene.app.clone(), scene.session);
    scene.end_session(&app, &session);
    let again = end_session(app.authority.pubkey(), app.address, session.address);
    scene.refuse(&[again], &[&app.authority], SettlementError::SessionEnded);
}

#[test]
fn expired_session_rejects() {
    // Else an app could end a session long expired again and again, and move its grace.
    let mut scene = Scene::new();
    let (app, session) = (scene.app.clone(), scene.session);
    scene.pass(SESSION_SECS);
    let end = end_session(app.authority.pubkey(), app.address, session.address);
    scene.refuse(&[end], &[&app.authority], SettlementError::SessionEnded);
}

#[test]
fn node_rejects() {
    let mut scene = Scene::new();
    let (app, node, session) = (scene.app.clone(), scene.node.clone(), scene.session);
    let end = end_session(node.operator.pubkey(), app.address, session.address);
    scene.refuse(&[end], &[&node.operator], SettlementError::NotAppAuthority);
}

#[test]
fn session_of_another_app_rejects() {
    let mut zoo = Zoo::new();
    let (app, session) = (zoo.app.clone(), zoo.other_session);
    let end = end_session(app.authority.pubkey(), app.address, session.address);
    zoo.refuse(&[end], &[&app.authority], SettlementError::OtherSession);
}

#[test]
fn every_substitute_but_its_own_sessions_rejects() {
    let zoo = Zoo::new();
    let end = end_session(zoo.app.authority.pubkey(), zoo.app.address, zoo.session.address);
    let names = ["authority", "network", "app", "session", "event_authority", "program"];
    let meant = [("session", "second session"), ("session", "cross session")];
    zoo.sweep(&[end], &[&zoo.app.authority], &names, &meant);
}
