//! The archive in an S3 bucket, with the feature `s3` only.
//!
//! Needs an empty bucket or prefix it may fill: `HELIOGRAPH_TEST_S3_URL=s3://bucket/prefix`, with
//! credentials and endpoint in the `AWS_…` variables. Any server that honours `If-None-Match` on
//! uploads will do; without the variable the test fails rather than pass unrun.

use futures_util::StreamExt;
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_store::{Archive, Error};
use std::collections::BTreeSet;

/// An object told apart from those of earlier runs; the archive does not verify what it keeps.
fn receipt(number: u8) -> ArchivedReceipt {
    let nanos = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let bytes = [&nanos.to_le_bytes()[..], &[number]].concat();
    let signed = Signed { bytes, public_key: [1; 32], signature: [2; 64] };
    ArchivedReceipt { signed, records: Vec::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn bucket_keeps_objects_as_a_folder_does() {
    let url = std::env::var("HELIOGRAPH_TEST_S3_URL").expect("HELIOGRAPH_TEST_S3_URL is not set");
    let archive = Archive::open(&url).unwrap();
    let mut hashes = BTreeSet::new();
    for number in 0..3 {
        let receipt = receipt(number);
        assert_eq!(archive.receipt(&receipt.signed.hash()).await.unwrap(), None);
        let hash = archive.put_receipt(&receipt).await.unwrap();
        assert_eq!(archive.put_receipt(&receipt).await.unwrap(), hash);
        assert_eq!(archive.receipt(&hash).await.unwrap(), Some(receipt.clone()));
        hashes.insert(hash);

        let mut other = receipt.clone();
        other.signed.signature = [3; 64];
        let refused = archive.put_receipt(&other).await;
        assert!(matches!(refused, Err(Error::ArchiveConflict { .. })), "{refused:?}");
        assert_eq!(archive.receipt(&hash).await.unwrap(), Some(receipt));
    }
    let listed: BTreeSet<_> = archive.list_receipts().map(Result::unwrap).collect().await;
    assert!(listed.is_superset(&hashes));
    let vouchers: Vec<_> = archive.list_vouchers().collect().await;
    assert!(vouchers.is_empty(), "a receipt is listed as a voucher");

    // Eight writers with two contents for one name: one content wins.
    let original = receipt(3);
    let mut other = original.clone();
    other.signed.signature = [3; 64];
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
    let mut outcomes = Vec::new();
    for writer in writers {
        outcomes.push(writer.await.unwrap());
    }
    let winner = archive.receipt(&original.signed.hash()).await.unwrap().unwrap();
    for (object, result) in outcomes {
        match result {
            Ok(_) => assert_eq!(object, winner),
            Err(Error::ArchiveConflict { .. }) => assert_ne!(object, winner),
            Err(error) => panic!("{error}"),
        }
    }
}
