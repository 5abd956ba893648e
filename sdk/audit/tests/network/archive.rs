//! One lie in the archive at a time: each is found, and named by object, session and minute.

use crate::node::Serving;
use crate::scene::{Scene, files, of, scene};
use heliograph_audit::{FindingKind as Kind, Report};
use heliograph_client::evidence::sign;
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::hash::Hash;
use heliograph_protocol::receipt::Receipt;
use heliograph_protocol::record::text_sha256;
use heliograph_protocol::voucher::Voucher;
use heliograph_store::{Archive, ObjectKind};
use solana_keypair::Keypair;
use std::path::Path;

fn open(folder: &Path) -> Archive {
    Archive::open(folder.to_str().unwrap()).unwrap()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Name and path of the receipt of a minute of the first session.
fn receipt_of(scene: &Scene, sequence: u32) -> (Hash, String) {
    let report = scene.audit_archive(scene.archive_path());
    let row = report
        .minutes
        .iter()
        .find(|row| row.session == scene.first.to_string() && row.sequence == sequence)
        .unwrap();
    let hash: Hash = hex::decode(&row.receipt_hash).unwrap().try_into().unwrap();
    (hash, Archive::path_of(ObjectKind::Receipt, &hash))
}

/// The voucher of a minute of the first session.
fn voucher_of(scene: &Scene, sequence: u32) -> (Signed, String) {
    let archive = open(scene.archive_path());
    for file in files(&scene.archive_path().join("vouchers")) {
        let name: Hash =
            hex::decode(file.file_name().unwrap().to_str().unwrap()).unwrap().try_into().unwrap();
        let signed = wait(archive.voucher(&name)).unwrap().unwrap();
        let voucher: Voucher = signed.message(&scene.domain).unwrap();
        if voucher.session == scene.first.to_bytes() && voucher.sequence == sequence {
            return (signed, Archive::path_of(ObjectKind::Voucher, &name));
        }
    }
    panic!("no voucher {sequence}");
}

/// Fails unless a finding of this kind names minute `sequence` of the first session, and `object`.
#[track_caller]
fn assert_named(scene: &Scene, report: &Report, what: Kind, sequence: u32, object: Option<&str>) {
    assert!(!report.is_clean());
    assert!(
        of(report, what).iter().any(|finding| {
            finding.session == Some(scene.first)
                && finding.sequence == Some(sequence)
                && finding.object.as_deref() == object
        }),
        "no {what:?} of minute {sequence} with {object:?} in\n{report}"
    );
}

#[test]
fn flipped_byte_anywhere_in_a_receipt_is_found() {
    let scene = scene();
    // In the middle of the session, and the last one, which nothing else names.
    for sequence in [2, 4] {
        let (_, path) = receipt_of(scene, sequence);
        let copy = scene.archive_copy();
        let file = copy.path().join(&path);
        let honest = std::fs::read(&file).unwrap();
        assert!(honest.len() > 700, "{} bytes", honest.len());
        let mut flips = 0;
        for position in (0..honest.len()).step_by(7).chain([honest.len() - 1]) {
            let mut bytes = honest.clone();
            bytes[position] ^= 1 << (position % 8);
            std::fs::write(&file, bytes).unwrap();
            let report = scene.audit_archive(copy.path());
            let named = report.findings.iter().filter(|f| f.object.as_deref() == Some(&*path));
            let named: Vec<_> = named.collect();
            assert!(!report.is_clean() && !named.is_empty(), "byte {position}:\n{report}");
            if sequence == 2 {
                let place = (Some(scene.first), Some(sequence));
                let placed = named.iter().any(|f| (f.session, f.sequence) == place);
                assert!(placed, "byte {position}:\n{report}");
            }
            flips += 1;
        }
        assert!(flips > 100, "{flips} bytes flipped");
        std::fs::write(&file, honest).unwrap();
        assert!(scene.audit_archive(copy.path()).is_clean());
    }
}

#[test]
fn flipped_byte_anywhere_in_a_voucher_is_found() {
    let scene = scene();
    let (_, path) = voucher_of(scene, 1);
    let copy = scene.archive_copy();
    let file = copy.path().join(&path);
    let honest = std::fs::read(&file).unwrap();
    for position in 0..honest.len() {
        let mut bytes = honest.clone();
        bytes[position] ^= 0x10;
        std::fs::write(&file, bytes).unwrap();
        let report = scene.audit_archive(copy.path());
        assert!(
            report.findings.iter().any(|finding| {
                finding.object.as_deref() == Some(&*path)
                    && (finding.session, finding.sequence) == (Some(scene.first), Some(1))
            }),
            "byte {position}:\n{report}"
        );
    }
}

#[test]
fn removed_receipt_is_found() {
    let scene = scene();
    for sequence in [0, 1, 3] {
        let (_, path) = receipt_of(scene, sequence);
        let copy = scene.archive_copy();
        std::fs::remove_file(copy.path().join(&path)).unwrap();
        let report = scene.audit_archive(copy.path());
        assert_named(scene, &report, Kind::ReceiptMissing, sequence, Some(&path));
        assert_eq!(report.findings.len(), 1, "one loss, one finding: {report}");
    }
}

#[test]
fn removed_voucher_is_found() {
    let scene = scene();
    // Redeemed; and one that a later voucher covers.
    let (_, path) = voucher_of(scene, 1);
    let copy = scene.archive_copy();
    std::fs::remove_file(copy.path().join(&path)).unwrap();
    let report = scene.audit_archive(copy.path());
    assert_named(scene, &report, Kind::VoucherMissing, 1, Some(&path));
    let redeemed = of(&report, Kind::VoucherMissing);
    assert!(redeemed.iter().any(|finding| finding.transaction == Some(scene.redeem)), "{report}");

    let (_, path) = voucher_of(scene, 2);
    let copy = scene.archive_copy();
    std::fs::remove_file(copy.path().join(&path)).unwrap();
    let report = scene.audit_archive(copy.path());
    assert_named(scene, &report, Kind::VoucherMissing, 2, None);
}

#[test]
fn altered_voucher_is_found() {
    let scene = scene();
    let (signed, path) = voucher_of(scene, 2);
    let mut voucher: Voucher = signed.message(&scene.domain).unwrap();
    voucher.cumulative_micro_usdc += 1;

    // Under the old name: the bytes are not what the name says.
    let copy = scene.archive_copy();
    let stranger = Keypair::new();
    let forged = sign(&voucher, &scene.domain, &stranger).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let name = wait(open(elsewhere.path()).put_voucher(&forged)).unwrap();
    let own_path = Archive::path_of(ObjectKind::Voucher, &name);
    std::fs::copy(elsewhere.path().join(&own_path), copy.path().join(&path)).unwrap();
    let report = scene.audit_archive(copy.path());
    assert_named(scene, &report, Kind::ObjectDamaged, 2, Some(&path));
    assert_named(scene, &report, Kind::VoucherMissing, 2, None);

    // Under its own name: somebody else signed it.
    let copy = scene.archive_copy();
    wait(open(copy.path()).put_voucher(&forged)).unwrap();
    let report = scene.audit_archive(copy.path());
    assert_named(scene, &report, Kind::SignerWrong, 2, Some(&own_path));
}

#[test]
fn receipt_signed_by_another_key_is_found() {
    let scene = scene();
    let (hash, path) = receipt_of(scene, 1);
    let copy = scene.archive_copy();
    let archive = open(copy.path());
    let mut archived = wait(archive.receipt(&hash)).unwrap().unwrap();
    let receipt: Receipt = archived.signed.message(&scene.domain).unwrap();
    archived.signed = sign(&receipt, &scene.domain, &Keypair::new()).unwrap();
    replace(copy.path(), &path, &archived);
    let report = scene.audit_archive(copy.path());
    assert_named(scene, &report, Kind::SignerWrong, 1, Some(&path));
}

#[test]
fn second_receipt_of_a_minute_is_equivocation() {
    let scene = scene();
    let (hash, _) = receipt_of(scene, 1);
    let copy = scene.archive_copy();
    let archive = open(copy.path());
    let archived = wait(archive.receipt(&hash)).unwrap().unwrap();
    let mut receipt: Receipt = archived.signed.message(&scene.domain).unwrap();
    receipt.quality.loss_ppm += 1;
    let signed = sign(&receipt, &scene.domain, &scene.node_key).unwrap();
    let other = ArchivedReceipt { signed, records: archived.records };
    wait(archive.put_receipt(&other)).unwrap();
    let report = scene.audit_archive(copy.path());
    let found = of(&report, Kind::Equivocation);
    assert_eq!(found.len(), 1, "{report}");
    assert_eq!((found[0].session, found[0].sequence), (Some(scene.first), Some(1)));
    assert!(found[0].detail.contains(&hex::encode(hash)), "{report}");
}

#[test]
fn changed_text_of_a_record_is_found() {
    let scene = scene();
    let (hash, path) = receipt_of(scene, 2);
    let copy = scene.archive_copy();
    let mut archived = wait(open(copy.path()).receipt(&hash)).unwrap().unwrap();
    archived.records[1].text_sha256 = text_sha256("other words");
    replace(copy.path(), &path, &archived);
    let report = scene.audit_archive(copy.path());
    assert_named(scene, &report, Kind::RecordsWrong, 2, Some(&path));
}

#[test]
fn dropped_record_is_found() {
    let scene = scene();
    let (hash, path) = receipt_of(scene, 2);
    let copy = scene.archive_copy();
    let mut archived = wait(open(copy.path()).receipt(&hash)).unwrap().unwrap();
    archived.records.pop();
    replace(copy.path(), &path, &archived);
    assert_named(scene, &scene.audit_archive(copy.path()), Kind::RecordsWrong, 2, Some(&path));
}

/// The node itself lies, signing properly: in the last minute, so that nothing else breaks.
#[test]
fn receipt_that_breaks_a_rule_is_found() {
    let scene = scene();
    let (hash, path) = receipt_of(scene, 4);
    let honest = wait(open(scene.archive_path()).receipt(&hash)).unwrap().unwrap();
    let receipt: Receipt = honest.signed.message(&scene.domain).unwrap();
    let lies: [(&str, fn(&mut Receipt)); 4] = [
        ("asks", |r| r.amount_micro_usdc += 1),
        ("adds up", |r| r.cumulative_micro_usdc += 1),
        ("other audio", |r| r.media_start_sample += 1),
        ("times", |r| r.minute_index += 1),
    ];
    for (words, lie) in lies {
        let mut receipt = receipt.clone();
        lie(&mut receipt);
        let signed = sign(&receipt, &scene.domain, &scene.node_key).unwrap();
        let copy = scene.archive_copy();
        std::fs::remove_file(copy.path().join(&path)).unwrap();
        let lying = ArchivedReceipt { signed, records: honest.records.clone() };
        let name = wait(open(copy.path()).put_receipt(&lying)).unwrap();
        let report = scene.audit_archive(copy.path());
        let path = Archive::path_of(ObjectKind::Receipt, &name);
        assert_named(scene, &report, Kind::ReceiptWrong, 4, Some(&path));
        assert!(report.to_string().contains(words), "{report}");
    }
}

/// Records with the right root that claim audio twice, or audio that was not there.
#[test]
fn records_of_impossible_audio_are_found() {
    let scene = scene();
    let (hash, path) = receipt_of(scene, 4);
    let honest = wait(open(scene.archive_path()).receipt(&hash)).unwrap().unwrap();
    let receipt: Receipt = honest.signed.message(&scene.domain).unwrap();
    let lies: [fn(&mut ArchivedReceipt); 3] = [
        |a| a.records[1].audio_start_sample -= 1,
        |a| a.records[1].audio_end_sample += 101,
        |a| a.records.swap(0, 1),
    ];
    for lie in lies {
        let mut lying = honest.clone();
        lie(&mut lying);
        let mut receipt = receipt.clone();
        receipt.records_root = heliograph_protocol::record::records_root(&lying.records);
        lying.signed = sign(&receipt, &scene.domain, &scene.node_key).unwrap();
        let copy = scene.archive_copy();
        std::fs::remove_file(copy.path().join(&path)).unwrap();
        let name = wait(open(copy.path()).put_receipt(&lying)).unwrap();
        let report = scene.audit_archive(copy.path());
        let path = Archive::path_of(ObjectKind::Receipt, &name);
        assert_named(scene, &report, Kind::RecordsAudioWrong, 4, Some(&path));
    }
}

#[test]
fn message_of_no_session_and_stray_file_are_found() {
    let scene = scene();
    let copy = scene.archive_copy();
    let archive = open(copy.path());
    let mut terms = scene.first_terms;
    terms.session = [9; 32];
    let signer = Keypair::new();
    let mut serving = Serving {
        terms,
        domain: scene.domain,
        archive: &archive,
        node_key: &scene.node_key,
        voucher_signer: &signer,
        tip: None,
    };
    wait(serving.minute(10));
    let report = scene.audit_archive(copy.path());
    let found = of(&report, Kind::SessionUnknown);
    assert_eq!(found.len(), 2, "receipt and voucher: {report}");
    assert!(found.iter().all(|f| f.session == Some([9; 32].into()) && f.object.is_some()));
}

#[test]
fn over_rpc_a_damaged_archive_is_named_too() {
    let scene = scene();
    let (_, path) = receipt_of(scene, 1);
    let copy = scene.archive_copy();
    std::fs::remove_file(copy.path().join(&path)).unwrap();
    std::fs::write(copy.path().join("receipts/notes.txt"), "hello").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = copy.path().to_str().unwrap();
    let report =
        runtime.block_on(heliograph_audit::audit(&scene.rpc, folder, Default::default())).unwrap();
    assert_named(scene, &report, Kind::ReceiptMissing, 1, Some(&path));
    assert_eq!(of(&report, Kind::ObjectMisplaced).len(), 1, "{report}");
}

/// Writes an object under a name that need not be its own.
fn replace(folder: &Path, path: &str, archived: &ArchivedReceipt) {
    let elsewhere = tempfile::tempdir().unwrap();
    let name = wait(open(elsewhere.path()).put_receipt(archived)).unwrap();
    let own = Archive::path_of(ObjectKind::Receipt, &name);
    std::fs::copy(elsewhere.path().join(own), folder.join(path)).unwrap();
}
