use heliograph_client::instruction::reputation::Root;
use heliograph_protocol::reputation::Phase;
use heliograph_reputation::events::RootPosted;
use heliograph_reputation::state::{Epoch, Observation, Seat, Standing};
use heliograph_tests::observers::{EPOCH_SECS, GOOD, Panel};
use heliograph_tests::world::{OBSERVER_STAKE_MIN, PARAMS};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// A new observer's standing.
fn fresh(panel: &Panel, n: usize) -> Standing {
    Standing {
        version: Standing::VERSION,
        bump: bump(&[b"standing", panel.observers[n].address.as_ref()]),
        keeper: panel.observers[n].address,
        roots: 0,
        absences: 0,
        due_from: 0,
        judged: 0,
        missed: 0,
        deviated: 0,
        recent_faults: 0,
        reserved: [0; 64],
    }
}

fn bump(seeds: &[&[u8]]) -> u8 {
    Pubkey::find_program_address(seeds, &heliograph_client::pda::REPUTATION).1
}

#[test]
fn first_root_opens_the_epoch_and_the_second_joins_it() {
    let mut panel = Panel::new(2);
    panel.enter_phase(Phase::Posting);
    let (epoch, start) = (panel.epoch, panel.epoch.to_le_bytes());
    for n in 0..2 {
        let root = panel.report(n, GOOD).root();
        let post = panel.post_root_instruction(&panel.observers[n], root);
        let signers = [
            panel.observers[n].owner.insecure_clone(),
            panel.observers[n].keeper_key.insecure_clone(),
        ];
        let done = panel.run(&[post], &[&signers[0], &signers[1]]);

        let (keeper, posted_at) = (panel.observers[n].address, panel.now());
        let seats: Vec<Seat> = panel.observers[..=n]
            .iter()
            .map(|o| Seat { observer: o.address, stake: OBSERVER_STAKE_MIN })
            .collect();
        panel.holds(
            &panel.epoch_account(),
            &Epoch {
                version: Epoch::VERSION,
                bump: bump(&[b"epoch", &start]),
                epoch,
                secs: PARAMS.epoch_secs,
                quorum: PARAMS.observer_quorum,
                rent_payer: panel.observers[0].owner.pubkey(),
                accounts_open: n as u32 + 1,
                seats,
                reserved: [0; 32],
            },
        );
        panel.holds(
            &panel.observation(n),
            &Observation {
                version: Observation::VERSION,
                bump: bump(&[b"observation", keeper.as_ref(), &start]),
                keeper,
                epoch,
                root: root.root,
                leaves_count: 3,
                posted_at,
                rent_payer: signers[0].pubkey(),
                reserved: [0; 32],
            },
        );
        let standing = Standing { roots: 1, due_from: epoch + EPOCH_SECS, ..fresh(&panel, n) };
        panel.holds(&panel.standing(n), &standing);
        done.emitted(&RootPosted {
            observation: panel.observation(n),
            keeper,
            epoch,
            root: root.root,
            leaves_count: 3,
            posted_at,
            seats: n as u8 + 1,
            displaced: Pubkey::default(),
            absences: 0,
        });
    }
}

#[test]
fn root_is_good_in_the_first_and_the_last_second() {
    for late in [0, EPOCH_SECS as i64 - 1] {
        let mut panel = Panel::new(1);
        panel.enter_phase(Phase::Posting);
        panel.pass(late);
        let observer = panel.observers.remove(0);
        let root = heliograph_tests::observers::Report::new(
            observer.address,
            panel.epoch,
            &[(panel.node.address, GOOD)],
        )
        .root();
        panel.post_root(&observer, root);
    }
}

#[test]
fn epochs_let_pass_are_counted() {
    let mut panel = Panel::new(1);
    panel.post_all(&[GOOD]);
    for (gap, absences) in [(1, 0), (3, 2), (6, 7)] {
        panel.epoch += gap * EPOCH_SECS;
        panel.post_all(&[GOOD]);
        let standing: Standing = panel.read(&panel.standing(0));
        assert_eq!(standing.absences, absences);
        assert_eq!(standing.due_from, panel.epoch + EPOCH_SECS);
    }
    assert_eq!(panel.read::<Standing>(&panel.standing(0)).roots, 4);
}

/// Length and quorum of an epoch under way are those it began with.
#[test]
fn changed_parameters_leave_an_open_epoch_alone() {
    use heliograph_registry::state::NetworkParams;
    // Long epochs, so that the timelock ends within one.
    let long = NetworkParams { epoch_secs: 36_000, unbonding_secs: 400_000, ..PARAMS };
    let mut world = heliograph_tests::World::with_params(long);
    let observers = ["one", "two"].map(|label| world.observer(label));
    let node = world.node("node");
    let epoch = world.now() as u64;
    let short = NetworkParams { epoch_secs: 600, observer_quorum: 1, ..long };
    world.propose_params(short);
    let report = |observer| {
        let report =
            heliograph_tests::observers::Report::new(observer, epoch, &[(node.address, GOOD)]);
        Root { epoch_secs: 36_000, ..report.root() }
    };
    world.set_now((epoch + 36_000) as i64);
    world.post_root(&observers[0], report(observers[0].address));
    let apply = world.apply_params_instruction();
    world.run(&[apply], &[]);
    // Long over by the new length.
    world.pass(35_999);
    world.post_root(&observers[1], report(observers[1].address));
    let account: Epoch = world.read(&heliograph_client::pda::epoch(epoch));
    assert_eq!((account.secs, account.quorum, account.seats.len()), (36_000, 3, 2));
}
