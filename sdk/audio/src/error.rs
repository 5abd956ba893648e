use super::FORMATS;

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// Another format than those that are read, or a part of one that is not.
    #[error("this is not a recording that can be read here: {0}; read are {list}", list = FORMATS.join(", "))]
    Unsupported(String),
    /// It begins as a format that is read and does not go on as one.
    #[error("the recording is damaged: {0}")]
    Damaged(String),
    /// There is nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Read(#[from] std::io::Error),
}
