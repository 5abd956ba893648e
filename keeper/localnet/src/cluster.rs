//! The threads of one embedded cluster: block production, its events, its clock.
//!
//! Every lock of the simulator blocks, so it lives on threads of its own and callers reach it
//! through `blocking` sections only.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded, unbounded};
use surfpool_core::runloops::start_local_surfnet_runloop;
use surfpool_core::surfnet::GeyserEvent;
use surfpool_core::surfnet::locker::SurfnetSvmLocker;
use surfpool_core::surfnet::svm::{SurfnetSvm, SurfnetSvmConfig};
use surfpool_core::types::TimeTravelConfig;
use surfpool_types::{
    BlockProductionMode, RpcConfig, SimnetCommand, SimnetConfig, SimnetEvent, SurfpoolConfig,
};

use crate::ports::Ports;
use crate::{Config, Error, clock, genesis, genesis_program, restart};

/// Transactions that are still queued are executed first; a debug build does about thirty a
/// second, so this is room for some hundred of them.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// The simulator's servers close on threads that nobody can join.
const PORT_RELEASE_LIMIT: Duration = Duration::from_secs(2);

pub(crate) struct Cluster {
    locker: SurfnetSvmLocker,
    commands: Sender<SimnetCommand>,
    offset: clock::Offset,
    /// Carries the reason why block production ended; disconnected when it panicked.
    ended: Receiver<String>,
    /// Dropped to stop the helper threads.
    helpers: Mutex<Option<Sender<()>>>,
}

impl Cluster {
    /// Builds the chain and starts its threads. Blocks; the servers answer some time later.
    pub fn spawn(config: &Config, ports: Ports) -> Result<Self, Error> {
        let database = config.database.as_deref();
        let fresh = database.is_none_or(|path| !path.exists());
        let (mut svm, events, geyser) = open(config, database)?;
        genesis::settle(&mut svm, database, fresh)?;
        if let (Some(path), false) = (database, fresh) {
            restart::resume(&mut svm).map_err(|error| unusable(path, error))?;
        }
        if fresh {
            for program in &config.programs {
                genesis_program::add(&mut svm, program)?;
            }
        }
        let offset = clock::Offset::default();
        offset.pin(svm.updated_at);

        let locker = SurfnetSvmLocker::new(svm);
        let (commands, commands_rx) = unbounded();
        let (ended_tx, ended) = bounded(1);
        let (helpers, stop) = bounded(0);
        let runloop = Runloop {
            locker: locker.clone(),
            config: surfpool_config(config, ports),
            commands: commands.clone(),
            commands_rx,
            geyser,
        };
        thread("localnet", move || {
            let _ = ended_tx.send(runloop.run());
        })?;
        thread("localnet-events", {
            let stop = stop.clone();
            move || log_events(&events, &stop)
        })?;
        thread("localnet-clock", {
            let (locker, offset) = (locker.clone(), offset.clone());
            move || clock::keep(&locker, &offset, &stop)
        })?;
        Ok(Self { locker, commands, offset, ended, helpers: Mutex::new(Some(helpers)) })
    }

    /// Why block production has ended, or `None` while it runs.
    pub fn ended(&self) -> Option<String> {
        match self.ended.try_recv() {
            Ok(reason) => Some(reason),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some("its thread panicked".into()),
        }
    }

    /// The chain's time in milliseconds since the Unix epoch. Blocks.
    pub fn unix_ms(&self) -> u64 {
        self.locker.with_svm_reader(|svm| svm.updated_at)
    }

    /// Moves the chain's time forward to a whole second, and its slot with it. Blocks.
    pub fn time_travel(&self, target_unix_secs: i64) -> Result<(), Error> {
        let target_ms = u64::try_from(target_unix_secs).unwrap_or(0).saturating_mul(1_000);
        let slot_ms = self.locker.with_svm_reader(|svm| svm.slot_time);
        loop {
            let now_ms = self.unix_ms();
            if target_ms <= now_ms {
                let now_unix_secs = (now_ms / 1_000) as i64;
                return Err(Error::TimeBackwards { now_unix_secs, target_unix_secs });
            }
            // The simulator closes a block before it jumps to the slot it had computed, so a jump
            // of less than two slots would repeat one. Such a short way is waited for.
            if target_ms - now_ms >= 2 * slot_ms {
                break;
            }
            if let Some(reason) = self.ended() {
                return Err(Error::Stopped(reason));
            }
            std::thread::sleep(Duration::from_millis(slot_ms / 4 + 1));
            if self.unix_ms() >= target_ms {
                return Ok(());
            }
        }
        self.locker
            .time_travel(
                None,
                self.commands.clone(),
                TimeTravelConfig::AbsoluteTimestamp(target_ms),
            )
            .map_err(|error| Error::Stopped(error.to_string()))?;
        self.offset.pin(target_ms);
        Ok(())
    }

    /// Ends block production and waits for it, at most [`STOP_LIMIT`]; then for the ports.
    pub fn stop(&self, config: &Config, ports: Ports) {
        let helpers = self.helpers.lock().unwrap_or_else(PoisonError::into_inner).take();
        if helpers.is_none() {
            return;
        }
        drop(helpers);
        let started = Instant::now();
        // Nobody receives the command once block production has ended by itself.
        let _ = self.commands.send(SimnetCommand::Terminate(None));
        let clean = !matches!(self.ended.recv_timeout(STOP_LIMIT), Err(RecvTimeoutError::Timeout));
        let released = clean && ports.wait_released(config.bind, PORT_RELEASE_LIMIT);
        let elapsed_ms = started.elapsed().as_millis() as u64;
        if released {
            tracing::debug!(elapsed_ms, "localnet stopped");
        } else {
            tracing::warn!(elapsed_ms, clean, "localnet left threads behind");
        }
    }
}

struct Runloop {
    locker: SurfnetSvmLocker,
    config: SurfpoolConfig,
    commands: Sender<SimnetCommand>,
    commands_rx: Receiver<SimnetCommand>,
    geyser: Receiver<GeyserEvent>,
}

impl Runloop {
    /// Produces blocks until told to stop. Returns the reason for ending.
    fn run(self) -> String {
        // The runloop blocks its thread between commands, which only a runtime with further
        // workers can bear.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("localnet-worker")
            .enable_all()
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return error.to_string(),
        };
        let outcome = runtime.block_on(start_local_surfnet_runloop(
            self.locker,
            self.config,
            self.commands,
            self.commands_rx,
            self.geyser,
        ));
        let reason = match outcome {
            Ok(()) => "it was stopped".to_string(),
            Err(error) => error.to_string(),
        };
        runtime.shutdown_background();
        reason
    }
}

fn open(
    config: &Config,
    database: Option<&Path>,
) -> Result<(SurfnetSvm, Receiver<SimnetEvent>, Receiver<GeyserEvent>), Error> {
    let url = match database {
        None => None,
        Some(path) => {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(|error| unusable(path, error))?;
            }
            // The path becomes part of a URI, where these would end it or start an escape.
            let usable = path.to_str().filter(|text| !text.contains(['?', '#', '%']));
            Some(
                usable
                    .ok_or_else(|| unusable(path, "its path must be UTF-8 without ?, # and %"))?,
            )
        }
    };
    let svm_config = SurfnetSvmConfig {
        slot_time: config.slot_ms,
        // Profiling re-executes every instruction of every transaction.
        instruction_profiling_enabled: false,
        ..Default::default()
    };
    SurfnetSvm::new_with_db(url, svm_config).map_err(|error| match database {
        Some(path) => unusable(path, error),
        None => Error::Start(error.to_string()),
    })
}

fn unusable(path: &Path, reason: impl ToString) -> Error {
    Error::Database { path: path.to_owned(), reason: reason.to_string() }
}

fn surfpool_config(config: &Config, ports: Ports) -> SurfpoolConfig {
    let host = match config.bind {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => format!("[{address}]"),
    };
    SurfpoolConfig {
        simnets: vec![SimnetConfig {
            offline_mode: true,
            remote_rpc_url: None,
            slot_time: config.slot_ms,
            // In transaction mode slots race by five per transaction and blockhashes expire early.
            block_production_mode: BlockProductionMode::Clock,
            instruction_profiling_enabled: false,
            ..Default::default()
        }],
        rpc: RpcConfig {
            bind_host: host,
            bind_port: ports.rpc,
            ws_port: ports.ws,
            ..Default::default()
        },
        ..Default::default()
    }
}

fn thread(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    std::thread::Builder::new()
        .name(name.to_string())
        .spawn(body)
        .map(drop)
        .map_err(|error| Error::Start(format!("no thread for it: {error}")))
}

/// Turns the simulator's events into debug records: it calls things errors that are answers.
fn log_events(events: &Receiver<SimnetEvent>, stop: &Receiver<()>) {
    loop {
        let event = crossbeam_channel::select! {
            recv(stop) -> _ => return,
            recv(events) -> event => match event {
                Ok(event) => event,
                Err(_) => return,
            },
        };
        match event {
            SimnetEvent::InfoLog(_, text) | SimnetEvent::DebugLog(_, text) => {
                tracing::debug!(text, "localnet info");
            }
            SimnetEvent::WarnLog(_, text) | SimnetEvent::ErrorLog(_, text) => {
                tracing::debug!(text, "localnet warning");
            }
            SimnetEvent::Aborted(text) => tracing::warn!(text, "localnet aborted"),
            SimnetEvent::TransactionProcessed(_, meta, error) => {
                tracing::debug!(signature = %meta.signature, ?error, "transaction processed");
            }
            // Twice per slot.
            SimnetEvent::SystemClockUpdated(_) | SimnetEvent::ClockUpdate(_) => {}
            _ => tracing::trace!("localnet event"),
        }
    }
}
