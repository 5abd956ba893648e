//! What an archive holds, read without trust: names, signatures and roots are checked here, what
//! they say is checked against the history in [`check`].

mod batches;
mod check;

use heliograph_client::evidence::is_genuine;
use heliograph_protocol::Address;
use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::hash::Hash;
use heliograph_protocol::receipt::Receipt;
use heliograph_protocol::record::records_root;
use heliograph_protocol::voucher::Voucher;
use heliograph_store::{Archive, ObjectKind};
use std::collections::BTreeMap;

pub(crate) use check::Checked;

/// A receipt as filed under its hash.
#[derive(Debug)]
struct FiledReceipt {
    receipt: Receipt,
    public_key: Address,
    genuine: bool,
    /// Whether the records beside it have its count and root.
    records_match: bool,
    /// First sample and sample after the last of each record.
    audio: Vec<(u64, u64)>,
}

/// A voucher as filed under its hash.
#[derive(Debug)]
struct FiledVoucher {
    voucher: Voucher,
    public_key: Address,
    genuine: bool,
}

/// An object that is not what its name says.
#[derive(Debug)]
struct Damaged {
    reason: String,
    /// Session and minute by its own word, if it still has one.
    claims: Option<(Address, u32)>,
}

/// An archive's content, without the records' text and without what nobody compares.
#[derive(Debug)]
pub(crate) struct Evidence {
    domain: Domain,
    receipts: BTreeMap<Hash, FiledReceipt>,
    vouchers: BTreeMap<Hash, FiledVoucher>,
    /// What their headers say, and whether the leaves are those.
    batches: BTreeMap<Hash, batches::FiledBatch>,
    /// By path.
    damaged: BTreeMap<String, Damaged>,
    misplaced: Vec<String>,
}

impl Evidence {
    pub fn new(domain: Domain) -> Self {
        Self {
            domain,
            receipts: BTreeMap::new(),
            vouchers: BTreeMap::new(),
            batches: BTreeMap::new(),
            damaged: BTreeMap::new(),
            misplaced: Vec::new(),
        }
    }

    /// Takes the receipt that lies under `name`, or the reason why its bytes are none.
    pub fn file_receipt(&mut self, name: Hash, object: Result<ArchivedReceipt, String>) {
        let path = Archive::path_of(ObjectKind::Receipt, &name);
        self.damaged.remove(&path);
        let filed = object.map_err(|reason| (reason, None)).and_then(|object| {
            let receipt: Receipt =
                self.open(&object.signed, &name, |r: &Receipt| (r.session, r.sequence))?;
            let records = &object.records;
            let records_match = u32::try_from(records.len()) == Ok(receipt.records_count)
                && records_root(records) == receipt.records_root;
            let audio =
                records.iter().map(|r| (r.audio_start_sample, r.audio_end_sample)).collect();
            let genuine = is_genuine(&object.signed);
            let public_key = object.signed.public_key;
            Ok(FiledReceipt { receipt, public_key, genuine, records_match, audio })
        });
        match filed {
            Ok(filed) => drop(self.receipts.insert(name, filed)),
            Err((reason, claims)) => drop(self.damaged.insert(path, Damaged { reason, claims })),
        }
    }

    /// Takes the voucher that lies under `name`, likewise.
    pub fn file_voucher(&mut self, name: Hash, object: Result<Signed, String>) {
        let path = Archive::path_of(ObjectKind::Voucher, &name);
        self.damaged.remove(&path);
        let filed = object.map_err(|reason| (reason, None)).and_then(|signed| {
            let voucher: Voucher =
                self.open(&signed, &name, |v: &Voucher| (v.session, v.sequence))?;
            let genuine = is_genuine(&signed);
            Ok(FiledVoucher { voucher, public_key: signed.public_key, genuine })
        });
        match filed {
            Ok(filed) => drop(self.vouchers.insert(name, filed)),
            Err((reason, claims)) => drop(self.damaged.insert(path, Damaged { reason, claims })),
        }
    }

    /// Notes a file that is not named as objects are.
    pub fn file_misplaced(&mut self, path: String) {
        self.misplaced.push(path);
    }

    #[allow(clippy::type_complexity, reason = "the claims of a damaged object, used here alone")]
    fn open<M: Message>(
        &self,
        signed: &Signed,
        name: &Hash,
        claims: impl Fn(&M) -> (Address, u32),
    ) -> Result<M, (String, Option<(Address, u32)>)> {
        let message = signed.message::<M>(&self.domain);
        let claimed = message.as_ref().ok().map(claims);
        if signed.hash() != *name {
            let reason = format!("its message has the hash {}", hex::encode(signed.hash()));
            return Err((reason, claimed));
        }
        message.map_err(|error| (error.to_string(), None))
    }
}
