//! The load generator and the worker's own program, in small: that every packet arrives and that
//! what is measured is there. No figure is judged: tests run on busy machines.

use heliograph_load::compare::{self, Plan};
use heliograph_load::generator::Feedback;
use heliograph_load::run::{Case, Program};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn sfu() -> Program {
    Program::Sfu(env!("CARGO_BIN_EXE_heliograph-sfu").into())
}

/// Runs in a thread of its own, as the command does: it is bound to a processor.
fn alone<T: Send + 'static, F: Future<Output = T>>(work: impl FnOnce() -> F + Send + 'static) -> T {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work())
    });
    thread.join().expect("no panic")
}

#[test]
fn every_packet_arrives_from_one_to_many_and_from_all_to_all() {
    for (publishers, subscribers, feedback) in
        [(1, 3, Feedback::Full), (3, 3, Feedback::Full), (1, 3, Feedback::Sampled(4))]
    {
        let compared = alone(move || async move {
            let time = Duration::from_secs(1);
            let plan = Plan { sfu: sfu(), janus: None, address: LOOPBACK, runs: 1, time, feedback };
            let case = Case { publishers, subscribers, packets_per_sec: 30.0 };
            compare::case(&plan, case, &|_| {}).await.unwrap()
        });
        let measured = &compared.sfu;
        println!("{}: {measured:?}", compared.case.name());
        // Before it is measured, every packet has arrived for a second. Then other tests may
        // starve both ends, which share a processor with them.
        assert!(measured.delivered_ppm >= 300_000, "{measured:?}");
        assert!(measured.latency_us[0] > 0 && measured.latency_us[0] <= measured.latency_us[2]);
        assert!(compared.ratio().is_none());
    }
}
