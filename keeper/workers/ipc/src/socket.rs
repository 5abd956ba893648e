//! The worker's end of a local socket: opening it for one user alone, and leaving with the parent.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::{UnixListener, UnixSocket, UnixStream};

/// How often the parent is looked at.
const PARENT_EVERY: Duration = Duration::from_secs(1);

/// Why the socket could not be opened. Every message names it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another process serves it.
    #[error("socket {0} is in use by another process")]
    InUse(PathBuf),
    /// Something else than a socket is there, and is left alone.
    #[error("{0} exists and is not a socket")]
    NotASocket(PathBuf),
    /// The system refused.
    #[error("socket {path}: {source}")]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Opens the socket for this user alone. A socket that nobody serves any more is replaced.
///
/// # Errors
/// See [`BindError`].
pub async fn bind(path: &Path) -> Result<UnixListener, BindError> {
    let failed = |source| BindError::Io { path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(BindError::NotASocket(path.to_owned()));
        }
        Ok(_) => match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path).map_err(failed)?;
            }
            Ok(_) => return Err(BindError::InUse(path.to_owned())),
            Err(error) => return Err(failed(error)),
        },
    }
    let socket = UnixSocket::new_stream().map_err(failed)?;
    socket.bind(path).map_err(failed)?;
    // Between bind and listen, so that there is no moment at which others can connect.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    socket.listen(4).map_err(failed)
}

/// Resolves when the process that started this one is gone. PR_SET_PDEATHSIG would tell at once,
/// but it watches the *thread* that forked, and an asynchronous parent's threads come and go.
pub async fn parent_gone() {
    let parent = std::os::unix::process::parent_id();
    let mut tick = tokio::time::interval(PARENT_EVERY);
    while std::os::unix::process::parent_id() == parent {
        tick.tick().await;
    }
}
