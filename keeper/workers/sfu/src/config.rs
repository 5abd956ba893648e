//! Flags, and a file for what is the same at every start. A flag wins over its environment twin,
//! that over the file, and that over the default.

use crate::media::MediaConfig;
use crate::room::RoomOptions;
use crate::rooms::RoomsConfig;
use clap::Parser;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Where signalling is taken by default: behind a proxy that ends TLS.
const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7880);
/// Where media is taken by default.
const UDP_DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 7882);

/// Serves calls to LiveKit's clients.
///
/// Exit status: 0 stopped, 2 failure, 64 wrong usage.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "heliograph-sfu", version)]
pub struct Flags {
    /// File with settings, in TOML; keys are these flags' names with underscores
    #[arg(long, env = "HELIOGRAPH_SFU_CONFIG", value_name = "PATH")]
    pub config: Option<PathBuf>,

    #[command(flatten)]
    settings: Given,

    /// Stop when the process that started this one ends
    #[arg(long, env = "HELIOGRAPH_SFU_EXIT_WITH_PARENT")]
    pub exit_with_parent: bool,
}

/// What flags and file share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, default)]
struct Given {
    /// Address for signalling [default: 127.0.0.1:7880]
    #[arg(long, env = "HELIOGRAPH_SFU_LISTEN", value_name = "ADDR")]
    listen: Option<SocketAddr>,

    /// Address for media; each media thread takes the port after the one before [default:
    /// 0.0.0.0:7882]
    #[arg(long, env = "HELIOGRAPH_SFU_UDP", value_name = "ADDR")]
    udp: Option<SocketAddr>,

    /// Address for media over TCP, for clients behind walls that let no UDP through; its IP is that
    /// of `--udp`
    #[arg(long, env = "HELIOGRAPH_SFU_TCP", value_name = "ADDR")]
    tcp: Option<SocketAddr>,

    /// Address of this machine as clients see it, with a port if that differs; may be repeated
    #[arg(long, env = "HELIOGRAPH_SFU_ADVERTISE", value_name = "IP[:PORT]", value_delimiter = ',')]
    advertise: Vec<Advertised>,

    /// Media threads; 0 for one per processor [default: 0]
    #[arg(long, env = "HELIOGRAPH_SFU_THREADS", value_name = "N")]
    threads: Option<usize>,

    /// File with local keys, a `name: secret` a line: whose tokens are good without anybody paying
    #[arg(long, env = "HELIOGRAPH_SFU_KEYS", value_name = "PATH")]
    keys: Option<PathBuf>,

    /// Unix socket to listen on for the node role; created for this user alone
    #[arg(long, env = "HELIOGRAPH_SFU_SOCKET", value_name = "PATH")]
    socket: Option<PathBuf>,

    /// TURN server that clients may use, such as turn:turn.example:3478?transport=udp; may be
    /// repeated, needs --turn-secret
    #[arg(long, env = "HELIOGRAPH_SFU_TURN", value_name = "URL", value_delimiter = ',')]
    turn: Vec<String>,

    /// File with the secret that the TURN servers share with this worker (coturn:
    /// static-auth-secret)
    #[arg(long, env = "HELIOGRAPH_SFU_TURN_SECRET", value_name = "PATH")]
    turn_secret: Option<PathBuf>,

    /// Participants at once [default: 10000]
    #[arg(long, env = "HELIOGRAPH_SFU_PARTICIPANTS_MAX", value_name = "N")]
    participants_max: Option<u32>,

    /// Rooms at once [default: 10000]
    #[arg(long, env = "HELIOGRAPH_SFU_ROOMS_MAX", value_name = "N")]
    rooms_max: Option<u32>,

    /// How long a room that the room service has made waits for somebody [default: 300]
    #[arg(long, env = "HELIOGRAPH_SFU_EMPTY_TIMEOUT_SECS", value_name = "SECS")]
    empty_timeout_secs: Option<u32>,

    /// How long a room outlives its last participant [default: 20]
    #[arg(long, env = "HELIOGRAPH_SFU_DEPARTURE_TIMEOUT_SECS", value_name = "SECS")]
    departure_timeout_secs: Option<u32>,
}

/// An address to tell clients, with the port that was bound unless another one is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Advertised(SocketAddr);

impl std::str::FromStr for Advertised {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text.parse::<SocketAddr>().or_else(|_| {
            let ip: IpAddr = text.parse().map_err(|_| "an IP address, or one with a port")?;
            Ok::<_, &str>(SocketAddr::new(ip, 0))
        })?;
        Ok(Self(address))
    }
}

impl TryFrom<String> for Advertised {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// How the worker is to run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address for signalling.
    pub listen: SocketAddr,
    /// Where media goes in and out.
    pub media: MediaConfig,
    /// First port for media over TCP, if at all.
    pub media_tcp_port: Option<u16>,
    /// File with local keys.
    pub keys: Option<PathBuf>,
    /// The node role's socket.
    pub socket: Option<PathBuf>,
    /// URLs of TURN servers, and the file with their secret.
    pub turn: Option<(Vec<String>, PathBuf)>,
    /// Bounds.
    pub rooms: RoomsConfig,
    /// Stop when the process that started this one ends.
    pub exit_with_parent: bool,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {error}")]
    Parse {
        /// Which.
        path: PathBuf,
        /// Where and why.
        error: Box<toml::de::Error>,
    },
    /// Media over TCP elsewhere than media over UDP.
    #[error("--tcp {tcp} and --udp {udp} must have one IP")]
    TcpElsewhere {
        /// Where TCP was to be.
        tcp: SocketAddr,
        /// Where UDP is.
        udp: SocketAddr,
    },
    /// Relays without a secret, or the other way round.
    #[error("--turn and --turn-secret go together")]
    HalfTurn,
    /// Nobody could come in.
    #[error("neither --keys nor --socket: no token would be good")]
    NobodyAdmitted,
}

impl Flags {
    /// Flags, environment, file and defaults together.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn resolve(self) -> Result<Config, ConfigError> {
        let file = self.config.as_deref().map(read).transpose()?.unwrap_or_default();
        let given = self.settings.over(file);
        if given.keys.is_none() && given.socket.is_none() {
            return Err(ConfigError::NobodyAdmitted);
        }
        if given.turn.is_empty() != given.turn_secret.is_none() {
            return Err(ConfigError::HalfTurn);
        }
        let udp = given.udp.unwrap_or(UDP_DEFAULT);
        if let Some(tcp) = given.tcp.filter(|tcp| tcp.ip() != udp.ip()) {
            return Err(ConfigError::TcpElsewhere { tcp, udp });
        }
        Ok(given.into_config(self.exit_with_parent))
    }
}

fn read(path: &Path) -> Result<Given, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Read { path: path.to_owned(), error })?;
    toml::from_str(&text)
        .map_err(|error| ConfigError::Parse { path: path.to_owned(), error: Box::new(error) })
}

impl Given {
    fn over(self, file: Self) -> Self {
        Self {
            listen: self.listen.or(file.listen),
            udp: self.udp.or(file.udp),
            tcp: self.tcp.or(file.tcp),
            advertise: if self.advertise.is_empty() { file.advertise } else { self.advertise },
            threads: self.threads.or(file.threads),
            keys: self.keys.or(file.keys),
            socket: self.socket.or(file.socket),
            turn: if self.turn.is_empty() { file.turn } else { self.turn },
            turn_secret: self.turn_secret.or(file.turn_secret),
            participants_max: self.participants_max.or(file.participants_max),
            rooms_max: self.rooms_max.or(file.rooms_max),
            empty_timeout_secs: self.empty_timeout_secs.or(file.empty_timeout_secs),
            departure_timeout_secs: self.departure_timeout_secs.or(file.departure_timeout_secs),
        }
    }

    fn into_config(self, exit_with_parent: bool) -> Config {
        let udp = self.udp.unwrap_or(UDP_DEFAULT);
        let bounds = RoomsConfig::default();
        let millis =
            |secs: Option<u32>, default: u64| secs.map_or(default, |secs| u64::from(secs) * 1_000);
        let options = RoomOptions {
            empty_timeout_ms: millis(self.empty_timeout_secs, bounds.options.empty_timeout_ms),
            departure_timeout_ms: millis(
                self.departure_timeout_secs,
                bounds.options.departure_timeout_ms,
            ),
            ..bounds.options
        };
        Config {
            listen: self.listen.unwrap_or(LISTEN_DEFAULT),
            media: MediaConfig {
                bind: udp.ip(),
                first_port: udp.port(),
                advertise: self.advertise.into_iter().map(|Advertised(address)| address).collect(),
                threads: self.threads.unwrap_or(0),
            },
            media_tcp_port: self.tcp.map(|tcp| tcp.port()),
            keys: self.keys,
            socket: self.socket,
            turn: self.turn_secret.map(|secret| (self.turn, secret)),
            rooms: RoomsConfig {
                participants_max: self
                    .participants_max
                    .map_or(bounds.participants_max, |max| max as usize),
                rooms_max: self.rooms_max.map_or(bounds.rooms_max, |max| max as usize),
                options,
                ..bounds
            },
            exit_with_parent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(words: &[&str]) -> Flags {
        Flags::try_parse_from([&["heliograph-sfu"], words].concat()).unwrap()
    }

    #[test]
    fn defaults_are_those_of_the_help_text() {
        let config = flags(&["--keys", "k"]).resolve().unwrap();
        assert_eq!(config.listen, LISTEN_DEFAULT);
        assert_eq!(config.media.first_port, UDP_DEFAULT.port());
        assert_eq!(config.rooms, RoomsConfig::default());
        let help = <Flags as clap::CommandFactory>::command().render_help().to_string();
        for default in ["127.0.0.1:7880", "0.0.0.0:7882", "10000", "300", "20"] {
            assert!(help.contains(&format!("{default}]")), "{default} in {help}");
        }
    }

    #[test]
    fn flag_wins_over_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            "keys = \"f\"\nthreads = 2\nadvertise = [\"203.0.113.7\"]\nlisten = \"127.0.0.1:1\"\n",
        )
        .unwrap();
        let path = file.path().to_str().unwrap();
        let config = flags(&["--config", path, "--threads", "3"]).resolve().unwrap();
        assert_eq!(config.media.threads, 3);
        assert_eq!(config.keys, Some(PathBuf::from("f")));
        assert_eq!(config.listen.port(), 1);
        assert_eq!(config.media.advertise, ["203.0.113.7:0".parse().unwrap()]);
    }

    #[test]
    fn media_over_tcp_is_at_the_same_address_as_over_udp() {
        let given = ["--keys", "k", "--udp", "127.0.0.1:5", "--tcp", "127.0.0.1:6"];
        assert_eq!(flags(&given).resolve().unwrap().media_tcp_port, Some(6));
        let elsewhere = ["--keys", "k", "--udp", "127.0.0.1:5", "--tcp", "127.0.0.2:6"];
        let error = flags(&elsewhere).resolve().unwrap_err();
        assert!(matches!(error, ConfigError::TcpElsewhere { .. }), "{error}");
    }

    #[test]
    fn relays_need_a_secret_and_a_secret_relays() {
        let relays = ["--keys", "k", "--turn", "turn:a,turns:b", "--turn", "turn:c"];
        assert!(matches!(flags(&relays).resolve(), Err(ConfigError::HalfTurn)));
        let secret = ["--keys", "k", "--turn-secret", "s"];
        assert!(matches!(flags(&secret).resolve(), Err(ConfigError::HalfTurn)));
        let both = [&relays[..], &secret[2..]].concat();
        let (urls, secret) = flags(&both).resolve().unwrap().turn.unwrap();
        assert_eq!((urls.join(" "), secret), ("turn:a turns:b turn:c".into(), PathBuf::from("s")));
    }

    #[test]
    fn file_with_an_unknown_setting_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "thread = 2\n").unwrap();
        let path = file.path().to_str().unwrap();
        let error = flags(&["--config", path]).resolve().unwrap_err();
        assert!(error.to_string().contains("thread"), "{error}");
    }

    #[test]
    fn worker_that_nobody_could_use_does_not_start() {
        assert!(matches!(flags(&[]).resolve(), Err(ConfigError::NobodyAdmitted)));
    }
}
