//! Content-addressed archive of signed messages.
//!
//! Objects are `receipts/<hh>/<hash>`, `vouchers/<hh>/<hash>` and `batches/<hh>/<hash>`, where `hash`
//! is the hex of the message's hash and `hh` its first two digits (a folder then holds a 256th of
//! all). An object is written once, whole, and never again.
//!
//! The archive does not verify: names, signatures and roots are the reader's to check, because an
//! archive may come from anyone.

use crate::{Error, Result};
use borsh::{BorshDeserialize, BorshSerialize};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use heliograph_protocol::evidence::{ArchivedBatch, ArchivedReceipt, Signed};
use heliograph_protocol::hash::Hash;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use std::sync::Arc;
use url::Url;

/// What an archived message is; each kind has a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// Borsh of an [`ArchivedReceipt`].
    Receipt,
    /// Borsh of a [`Signed`] voucher.
    Voucher,
    /// Borsh of an [`ArchivedBatch`].
    Batch,
}

impl ObjectKind {
    const fn folder(self) -> &'static str {
        match self {
            Self::Receipt => "receipts",
            Self::Voucher => "vouchers",
            Self::Batch => "batches",
        }
    }
}

/// An archive in a folder or an object store. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
    /// Where the archive begins inside the store.
    prefix: ObjectPath,
}

impl Archive {
    /// Opens an archive: a folder's path, `file:///…`, or `s3://bucket/prefix` with the feature
    /// `s3` (credentials, region and endpoint from the `AWS_…` environment variables). A folder
    /// that does not exist is made.
    pub fn open(url_or_path: &str) -> Result<Self> {
        let refuse =
            |reason: String| Error::ArchiveLocation { location: url_or_path.to_owned(), reason };
        if !url_or_path.contains("://") {
            return Self::open_folder(url_or_path.as_ref()).map_err(refuse);
        }
        let url = Url::parse(url_or_path).map_err(|error| refuse(error.to_string()))?;
        match url.scheme() {
            "file" => {
                let path =
                    url.to_file_path().map_err(|()| refuse("not a local path".to_owned()))?;
                Self::open_folder(&path).map_err(refuse)
            }
            #[cfg(feature = "s3")]
            "s3" => Self::open_s3(&url).map_err(|error| refuse(error.to_string())),
            #[cfg(not(feature = "s3"))]
            "s3" => Err(refuse("this build has no S3 support (feature `s3`)".to_owned())),
            other => Err(refuse(format!("unknown scheme {other}"))),
        }
    }

    fn open_folder(path: &std::path::Path) -> std::result::Result<Self, String> {
        std::fs::create_dir_all(path).map_err(|error| error.to_string())?;
        let store = LocalFileSystem::new_with_prefix(path).map_err(|error| error.to_string())?;
        // Without it an object could be empty after a power failure, and a name once taken by
        // other bytes stays a conflict.
        let store = store.with_fsync(true);
        Ok(Self { store: Arc::new(store), prefix: ObjectPath::default() })
    }

    #[cfg(feature = "s3")]
    fn open_s3(url: &Url) -> object_store::Result<Self> {
        let bucket = url.host_str().unwrap_or_default();
        let store = object_store::aws::AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            // "Create only if absent" by the standard header `If-None-Match`.
            .with_conditional_put(object_store::aws::S3ConditionalPut::ETagMatch)
            .build()?;
        Ok(Self { store: Arc::new(store), prefix: ObjectPath::from_url_path(url.path())? })
    }

    /// Where the object of a message lies, relative to the archive.
    pub fn path_of(kind: ObjectKind, hash: &Hash) -> String {
        path_in(kind.folder(), hash)
    }

    /// Stores a receipt with its records under the receipt's hash, which is returned.
    ///
    /// Storing the same again does nothing; other bytes under the same name are
    /// [`Error::ArchiveConflict`].
    pub async fn put_receipt(&self, receipt: &ArchivedReceipt) -> Result<Hash> {
        self.put(ObjectKind::Receipt.folder(), receipt.signed.hash(), receipt).await
    }

    /// Stores a signed voucher under its hash, as [`put_receipt`](Self::put_receipt) does.
    pub async fn put_voucher(&self, voucher: &Signed) -> Result<Hash> {
        self.put(ObjectKind::Voucher.folder(), voucher.hash(), voucher).await
    }

    /// Stores a batch with its leaves under its header's hash, as [`put_receipt`](Self::put_receipt)
    /// does.
    pub async fn put_batch(&self, batch: &ArchivedBatch) -> Result<Hash> {
        self.put(ObjectKind::Batch.folder(), batch.hash(), batch).await
    }

    /// The receipt of this hash, unverified; `None` if the archive does not have it.
    pub async fn receipt(&self, hash: &Hash) -> Result<Option<ArchivedReceipt>> {
        self.get(ObjectKind::Receipt.folder(), hash).await
    }

    /// The voucher of this hash, unverified; `None` if the archive does not have it.
    pub async fn voucher(&self, hash: &Hash) -> Result<Option<Signed>> {
        self.get(ObjectKind::Voucher.folder(), hash).await
    }

    /// The batch whose header has this hash, unverified; `None` if the archive does not have it.
    pub async fn batch(&self, hash: &Hash) -> Result<Option<ArchivedBatch>> {
        self.get(ObjectKind::Batch.folder(), hash).await
    }

    /// Hashes of all receipts, in no order. A file that has no place there is an item of its own,
    /// [`Error::ArchiveName`]; the listing goes on behind it.
    pub fn list_receipts(&self) -> BoxStream<'static, Result<Hash>> {
        self.list(ObjectKind::Receipt)
    }

    /// Hashes of all vouchers, as [`list_receipts`](Self::list_receipts) gives them.
    pub fn list_vouchers(&self) -> BoxStream<'static, Result<Hash>> {
        self.list(ObjectKind::Voucher)
    }

    /// Hashes of all batches, as [`list_receipts`](Self::list_receipts) gives them.
    pub fn list_batches(&self) -> BoxStream<'static, Result<Hash>> {
        self.list(ObjectKind::Batch)
    }

    fn locate(&self, path: &str) -> ObjectPath {
        self.prefix.parts().chain(ObjectPath::from(path).parts()).collect()
    }

    async fn put<T: BorshSerialize>(&self, folder: &str, hash: Hash, object: &T) -> Result<Hash> {
        let path = path_in(folder, &hash);
        let location = self.locate(&path);
        let bytes = crate::to_borsh(object);
        let payload = PutPayload::from(bytes.clone());
        match self.store.put_opts(&location, payload, PutMode::Create.into()).await {
            Ok(_) => Ok(hash),
            Err(object_store::Error::AlreadyExists { .. }) => {
                match self.bytes(&path, &location).await? {
                    Some(stored) if stored == bytes => Ok(hash),
                    _ => Err(Error::ArchiveConflict { path }),
                }
            }
            Err(source) => Err(Error::Archive { path, source }),
        }
    }

    async fn get<T: BorshDeserialize>(&self, folder: &str, hash: &Hash) -> Result<Option<T>> {
        let path = path_in(folder, hash);
        let location = self.locate(&path);
        let Some(bytes) = self.bytes(&path, &location).await? else { return Ok(None) };
        match T::try_from_slice(&bytes) {
            Ok(object) => Ok(Some(object)),
            Err(source) => Err(Error::ArchiveDecode { path, source }),
        }
    }

    async fn bytes(&self, path: &str, location: &ObjectPath) -> Result<Option<bytes::Bytes>> {
        let failed = |source| Error::Archive { path: path.to_owned(), source };
        match self.store.get(location).await {
            Ok(found) => found.bytes().await.map(Some).map_err(failed),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(failed(source)),
        }
    }

    fn list(&self, kind: ObjectKind) -> BoxStream<'static, Result<Hash>> {
        let folder = self.locate(kind.folder());
        let prefix = self.prefix.clone();
        let listed = self.store.list(Some(&folder));
        listed
            .map(move |object| match object {
                Ok(object) => hash_of(kind, &prefix, &object.location),
                Err(source) => Err(Error::Archive { path: kind.folder().to_owned(), source }),
            })
            .boxed()
    }
}

fn path_in(folder: &str, hash: &Hash) -> String {
    let name = hex::encode(hash);
    format!("{folder}/{}/{name}", &name[..2])
}

/// The hash that names an object; an error unless the object lies where that hash belongs.
fn hash_of(kind: ObjectKind, prefix: &ObjectPath, location: &ObjectPath) -> Result<Hash> {
    let path: ObjectPath = match location.prefix_match(prefix) {
        Some(parts) => parts.collect(),
        None => location.clone(),
    };
    let mut hash = Hash::default();
    let name = path.filename().unwrap_or_default();
    if hex::decode_to_slice(name, &mut hash).is_err()
        || Archive::path_of(kind, &hash) != path.as_ref()
    {
        return Err(Error::ArchiveName { path: path.into() });
    }
    Ok(hash)
}
