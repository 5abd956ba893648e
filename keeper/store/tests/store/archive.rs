//! The archive in a folder: written once, whole, and every flipped bit found by its reader.

use crate::fixtures::*;
use futures_util::StreamExt;
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::hash::Hash;
use heliograph_protocol::record::records_root;
use heliograph_store::{Archive, Error, ObjectKind, Result};
use solana_signature::Signature;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn archive() -> (TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(folder.path().to_str().unwrap()).unwrap();
    (folder, archive)
}

/// `count` minutes of a session, chained.
fn minutes(count: usize) -> Vec<ArchivedReceipt> {
    let session = session(1);
    let mut minutes: Vec<ArchivedReceipt> = Vec::new();
    for _ in 0..count {
        let tip = minutes.last().map(tip_of);
        minutes.push(receipt(&session, tip.as_ref(), 7));
    }
    minutes
}

fn object_file(folder: &Path, kind: ObjectKind, hash: &Hash) -> PathBuf {
    folder.join(Archive::path_of(kind, hash))
}

async fn listed(archive: &Archive) -> (BTreeSet<Hash>, Vec<Error>) {
    let mut hashes = BTreeSet::new();
    let mut errors = Vec::new();
    let mut stream = archive.list_receipts();
    while let Some(item) = stream.next().await {
        match item {
            Ok(hash) => assert!(hashes.insert(hash), "listed twice"),
            Err(error) => errors.push(error),
        }
    }
    (hashes, errors)
}

#[tokio::test]
async fn objects_come_back_as_put() {
    let (folder, archive) = archive();
    let minutes = minutes(3);
    let mut hashes = BTreeSet::new();
    for minute in &minutes {
        let hash = archive.put_receipt(minute).await.unwrap();
        assert_eq!(hash, minute.signed.hash());
        hashes.insert(hash);
        assert_eq!(archive.receipt(&hash).await.unwrap().as_ref(), Some(minute));
        // Receipts and vouchers do not share names.
        assert_eq!(archive.voucher(&hash).await.unwrap(), None);

        let signed = voucher(minute);
        let hash = archive.put_voucher(&signed).await.unwrap();
        assert_eq!(archive.voucher(&hash).await.unwrap(), Some(signed));
        assert_eq!(archive.receipt(&hash).await.unwrap(), None);
    }
    let (found, errors) = listed(&archive).await;
    assert!(errors.is_empty());
    assert_eq!(found, hashes);
    let vouchers: Vec<Result<Hash>> = archive.list_vouchers().collect().await;
    assert_eq!(vouchers.len(), 3);
    // Another handle, by URL, sees the same.
    let again = Archive::open(&format!("file://{}", folder.path().display())).unwrap();
    assert_eq!(listed(&again).await.0, hashes);
}

#[tokio::test]
async fn layout_is_pinned() {
    let (folder, archive) = archive();
    let minute = &minutes(1)[0];
    let hash = archive.put_receipt(minute).await.unwrap();
    let name: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let file = folder.path().join("receipts").join(&name[..2]).join(&name);
    assert_eq!(std::fs::read(file).unwrap(), borsh::to_vec(minute).unwrap());
    assert_eq!(
        Archive::path_of(ObjectKind::Voucher, &[0xab; 32]),
        format!("vouchers/ab/{}", "ab".repeat(32))
    );
}

#[tokio::test]
async fn same_object_again_leaves_the_file_alone() {
    let (folder, archive) = archive();
    let minute = &minutes(1)[0];
    let hash = archive.put_receipt(minute).await.unwrap();
    let file = object_file(folder.path(), ObjectKind::Receipt, &hash);
    let written = std::fs::metadata(&file).unwrap().modified().unwrap();
    for _ in 0..3 {
        assert_eq!(archive.put_receipt(minute).await.unwrap(), hash);
    }
    assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), written);
}

#[tokio::test]
async fn other_bytes_under_the_same_name_are_refused() {
    let (folder, archive) = archive();
    let minute = &minutes(1)[0];
    let hash = archive.put_receipt(minute).await.unwrap();
    let path = Archive::path_of(ObjectKind::Receipt, &hash);

    let mut other_signature = minute.clone();
    other_signature.signed.signature = [0; 64];
    let mut fewer_records = minute.clone();
    fewer_records.records.clear();
    for other in [other_signature, fewer_records] {
        assert_eq!(other.signed.hash(), hash);
        match archive.put_receipt(&other).await {
            Err(Error::ArchiveConflict { path: found }) => assert_eq!(found, path),
            result => panic!("{result:?}"),
        }
        assert_eq!(archive.receipt(&hash).await.unwrap().as_ref(), Some(minute));
    }
    // A file cut short by something else is not silently mended either.
    let file = object_file(folder.path(), ObjectKind::Receipt, &hash);
    std::fs::write(&file, b"").unwrap();
    let refused = archive.put_receipt(minute).await;
    assert!(matches!(refused, Err(Error::ArchiveConflict { .. })));
}

/// What a reader checks of an object found under `name`: decoding, name, signature, root.
fn passes_the_reader(found: Result<Option<ArchivedReceipt>>, name: &Hash) -> bool {
    let ArchivedReceipt { signed, records } = match found {
        Ok(Some(found)) => found,
        Err(Error::ArchiveDecode { path, .. }) => {
            assert_eq!(path, Archive::path_of(ObjectKind::Receipt, name));
            return false;
        }
        other => panic!("{other:?}"),
    };
    let Ok(receipt) = signed.message::<heliograph_protocol::receipt::Receipt>(&DOMAIN) else {
        return false;
    };
    signed.hash() == *name
        && Signature::from(signed.signature).verify(&signed.public_key, &signed.bytes)
        && receipt.records_root == records_root(&records)
}

#[tokio::test]
async fn any_flipped_byte_is_found() {
    let (folder, archive) = archive();
    let minute = &minutes(1)[0];
    let hash = archive.put_receipt(minute).await.unwrap();
    let file = object_file(folder.path(), ObjectKind::Receipt, &hash);
    let bytes = std::fs::read(&file).unwrap();
    assert!(passes_the_reader(archive.receipt(&hash).await, &hash));
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        std::fs::write(&file, &flipped).unwrap();
        assert!(!passes_the_reader(archive.receipt(&hash).await, &hash), "byte {at}");
    }
    for len in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&file, &bytes[..len]).unwrap();
        let cut = archive.receipt(&hash).await;
        assert!(matches!(cut, Err(Error::ArchiveDecode { .. })), "cut to {len}");
    }
    std::fs::write(&file, [&bytes[..], &[0]].concat()).unwrap();
    let longer = archive.receipt(&hash).await;
    assert!(matches!(longer, Err(Error::ArchiveDecode { .. })));
}

#[tokio::test]
async fn flipped_byte_of_a_voucher_is_found() {
    let (folder, archive) = archive();
    let signed = voucher(&minutes(1)[0]);
    let hash = archive.put_voucher(&signed).await.unwrap();
    let file = object_file(folder.path(), ObjectKind::Voucher, &hash);
    let bytes = std::fs::read(&file).unwrap();
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        std::fs::write(&file, &flipped).unwrap();
        match archive.voucher(&hash).await {
            Ok(Some(Signed { bytes, public_key, signature })) => {
                let named = heliograph_protocol::hash::sha256(&[&bytes]) == hash;
                let verifies = Signature::from(signature).verify(&public_key, &bytes);
                assert!(!(named && verifies), "byte {at}");
            }
            Err(Error::ArchiveDecode { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn strays_are_listed_as_errors_and_unfinished_files_not_at_all() {
    let (folder, archive) = archive();
    let minutes = minutes(2);
    let mut hashes = BTreeSet::new();
    for minute in &minutes {
        hashes.insert(archive.put_receipt(minute).await.unwrap());
    }
    let receipts = folder.path().join("receipts");
    let file = object_file(folder.path(), ObjectKind::Receipt, &minutes[0].signed.hash());
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    // What a killed writer leaves behind: its object under a temporary name.
    std::fs::copy(&file, file.with_file_name(format!("{name}#1"))).unwrap();
    // Neither a hash, nor a hash in another hash's folder, nor one in capitals.
    std::fs::write(receipts.join("notes.txt"), "x").unwrap();
    std::fs::create_dir(receipts.join("zz")).unwrap();
    std::fs::copy(&file, receipts.join("zz").join(&name)).unwrap();
    std::fs::copy(&file, file.with_file_name(name.to_uppercase())).unwrap();

    let (found, errors) = listed(&archive).await;
    assert_eq!(found, hashes);
    let strays: BTreeSet<String> = errors
        .into_iter()
        .map(|error| match error {
            Error::ArchiveName { path } => path,
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        "receipts/notes.txt".to_owned(),
        format!("receipts/zz/{name}"),
        format!("receipts/{}/{}", &name[..2], name.to_uppercase()),
    ];
    assert_eq!(strays, BTreeSet::from(expected));
}

#[tokio::test]
async fn empty_archive_lists_nothing() {
    let (_folder, archive) = archive();
    let (found, errors) = listed(&archive).await;
    assert!(found.is_empty() && errors.is_empty());
    assert_eq!(archive.receipt(&[1; 32]).await.unwrap(), None);
}

/// Eight writers, half of them with other bytes for the same name: one content wins, its writers
/// succeed, the others are refused, and readers meanwhile see that content whole or nothing.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_concurrent_contents_wins() {
    let (_folder, archive) = archive();
    for mut original in minutes(10) {
        // Large enough to be written in many pieces.
        original.records = (0..2_000).map(record).collect();
        let mut other = original.clone();
        other.signed.signature = [0; 64];
        let hash = original.signed.hash();

        let reader = tokio::spawn({
            let archive = archive.clone();
            async move {
                loop {
                    if let Some(found) = archive.receipt(&hash).await.unwrap() {
                        return found;
                    }
                    tokio::task::yield_now().await;
                }
            }
        });
        let writers: Vec<_> = (0..8)
            .map(|task| {
                let archive = archive.clone();
                let object = if task % 2 == 0 { original.clone() } else { other.clone() };
                tokio::spawn(async move {
                    let result = archive.put_receipt(&object).await;
                    (object, result)
                })
            })
            .collect();
        let winner = reader.await.unwrap();
        for writer in writers {
            match writer.await.unwrap() {
                (object, Ok(_)) => assert!(object == winner),
                (object, Err(Error::ArchiveConflict { .. })) => assert!(object != winner),
                (_, Err(error)) => panic!("{error:?}"),
            }
        }
        assert!(archive.receipt(&hash).await.unwrap().unwrap() == winner);
    }
}

#[tokio::test]
async fn broken_folder_is_not_worth_a_retry() {
    let (folder, archive) = archive();
    std::fs::write(folder.path().join("receipts"), "a file where the folder belongs").unwrap();
    let minute = &minutes(1)[0];
    let refused = archive.put_receipt(minute).await.unwrap_err();
    assert!(matches!(refused, Error::Archive { .. }) && !refused.is_retryable(), "{refused:?}");
    let refused = archive.receipt(&minute.signed.hash()).await.unwrap_err();
    assert!(matches!(refused, Error::Archive { .. }) && !refused.is_retryable(), "{refused:?}");
}

#[tokio::test]
async fn unusable_locations_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let in_a_file = file.join("archive");
    for location in
        [in_a_file.to_str().unwrap(), "ftp://host/archive", "file://host/archive", "://"]
    {
        match Archive::open(location) {
            Err(Error::ArchiveLocation { location: named, .. }) => assert_eq!(named, location),
            other => panic!("{location}: {other:?}"),
        }
    }
}

#[cfg(not(feature = "s3"))]
#[tokio::test]
async fn build_without_s3_says_so() {
    let refused = Archive::open("s3://bucket/prefix").unwrap_err();
    assert!(refused.to_string().contains("feature `s3`"), "{refused}");
}
