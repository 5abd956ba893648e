//! What nodes show settlers: the newest voucher of each session and the receipt behind it, page by
//! page.
//!
//! `GET {endpoint}/v1/vouchers?after=N` answers with a [`VouchersPage`] in Borsh. Who asks again
//! with the page's `next` gets what has come since.

use crate::Error;
use borsh::{BorshDeserialize, BorshSerialize};
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};

/// The path of a page of vouchers.
pub const VOUCHERS_PATH: &str = "/v1/vouchers";

/// Sessions on one page at most.
pub const PAGE_SESSIONS_MAX: u32 = 100;
/// Longest page. A node ends a page before it is longer; a reader stops reading there.
pub const PAGE_BYTES_MAX: usize = 4 << 20;

/// A minute with the app's promise to pay for all until it; both as the archive keeps them.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct VoucheredMinute {
    /// The receipt that the voucher names, and its records.
    pub receipt: ArchivedReceipt,
    /// The newest voucher of its session.
    pub voucher: Signed,
}

/// Sessions whose newest voucher came after the position asked for, in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct VouchersPage {
    /// The minutes.
    pub minutes: Vec<VoucheredMinute>,
    /// The position to ask for next.
    pub next: u64,
    /// The position of the newest voucher of all. Below the one asked for: the node has begun anew,
    /// and so should who asks.
    pub newest: u64,
}

impl VouchersPage {
    /// The page after `position` of minutes in the order they came, each with its position: as many
    /// as it can hold. A minute that no page can hold is passed over.
    pub fn of(
        minutes: impl IntoIterator<Item = (u64, VoucheredMinute)>,
        position: u64,
        newest: u64,
    ) -> Self {
        let mut page = Self { minutes: Vec::new(), next: position, newest };
        let empty = page.to_bytes().len();
        let mut len = empty;
        for (position, minute) in minutes {
            let longer = borsh::object_length(&minute).unwrap_or(usize::MAX);
            if len.saturating_add(longer) <= PAGE_BYTES_MAX {
                len += longer;
                page.minutes.push(minute);
            } else if empty.saturating_add(longer) <= PAGE_BYTES_MAX {
                break;
            }
            page.next = position;
        }
        page
    }

    /// Reads a page. What it says is for the reader to check.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::try_from_slice(bytes).map_err(|error| Error::decode("page of vouchers", error))
    }

    /// The page as it is sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Writing to a Vec fails only for collections longer than u32::MAX, which no page is.
        borsh::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A minute that is about this long.
    fn minute(len: usize) -> VoucheredMinute {
        let signed = |bytes| Signed { bytes, public_key: [1; 32], signature: [2; 64] };
        let receipt = ArchivedReceipt { signed: signed(vec![0; len]), records: vec![] };
        VoucheredMinute { receipt, voucher: signed(vec![]) }
    }

    #[test]
    fn page_comes_back_as_it_was_sent() {
        let page = VouchersPage::of([(4, minute(100)), (9, minute(7))], 3, 12);
        assert_eq!((page.minutes.len(), page.next, page.newest), (2, 9, 12));
        assert_eq!(VouchersPage::from_bytes(&page.to_bytes()).unwrap(), page);
        assert!(VouchersPage::from_bytes(&page.to_bytes()[1..]).is_err());
        let mut longer = page.to_bytes();
        longer.push(0);
        assert!(VouchersPage::from_bytes(&longer).is_err());
    }

    #[test]
    fn page_ends_before_it_is_too_long_and_goes_on_behind() {
        let third = PAGE_BYTES_MAX / 3;
        let minutes: Vec<_> = (1..=4).map(|position| (position, minute(third))).collect();
        let page = VouchersPage::of(minutes, 0, 4);
        assert_eq!((page.minutes.len(), page.next), (2, 2));
        assert!(page.to_bytes().len() <= PAGE_BYTES_MAX);
    }

    #[test]
    fn minute_that_no_page_holds_is_passed_over() {
        let minutes = [(1, minute(PAGE_BYTES_MAX)), (2, minute(9))];
        let page = VouchersPage::of(minutes, 0, 2);
        assert_eq!((page.minutes.len(), page.next), (1, 2));
        let page = VouchersPage::of([(1, minute(PAGE_BYTES_MAX))], 0, 2);
        assert_eq!((page.minutes.len(), page.next), (0, 1));
    }
}
