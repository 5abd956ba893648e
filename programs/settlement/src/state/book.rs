use crate::error::SettlementError;
use anchor_lang::prelude::*;
use heliograph_protocol::SECS_PER_MINUTE;
use heliograph_protocol::batch::BatchHeader;
use heliograph_protocol::domain::Domain;
use heliograph_registry::state::NetworkParams;

/// Fewest slots of a book: an hour of minutes.
pub const BOOK_SLOTS_MIN: usize = 60;
/// How long after its end a minute can be posted, in minutes.
pub const MINUTES_LATE_MAX: u64 = 60;
/// Batches a post releases besides posting its own. More than one, so that a settler that posts
/// catches up by itself.
pub const RELEASED_PER_POST: usize = 2;
/// Batches one `release` lets go at most.
pub const RELEASED_AT_ONCE: usize = 64;

/// How long after its posting a batch's settler may have to answer for it with its bond: it can be
/// challenged for one `dispute_secs`, the last challenge runs for the response time, and another
/// `dispute_secs` is left for a case against the settler to be decided.
pub const fn liability_secs(dispute_secs: u32, response_secs: u32) -> i64 {
    2 * dispute_secs as i64 + response_secs as i64
}

/// When a session may be closed: a leaf of its last minute can be challenged for `dispute_secs`,
/// and the settler needs the account to answer.
pub fn closable_at(redeemable_until: i64, dispute_secs: u32, response_secs: u32) -> Result<i64> {
    redeemable_until
        .checked_add(i64::from(dispute_secs) + i64::from(response_secs))
        .ok_or_else(|| error!(SettlementError::Overflow))
}

/// A settler's batches: this header, then a ring of [`Slot`]s to the account's end. The batch of a
/// minute lies in slot `minute_index % slots`.
///
/// Address: made by the settler's keeper key with the seed [`crate::seeds::BOOK`], so that a
/// settler has one book and one exposure.
#[account(zero_copy)]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Book {
    /// Layout version, 1.
    pub version: u8,
    /// Zero.
    pub spare: [u8; 3],
    /// Slots in the ring; fixed when the book is opened.
    pub slots: u32,
    /// The registry's keeper account of the settler.
    pub keeper: Pubkey,
    /// Gets the rent back.
    pub rent_payer: Pubkey,
    pub opened_at: i64,
    /// The newest minute posted; the minute of opening before the first. Later ones alone can be
    /// posted, so a minute is never posted twice, not even in a book opened anew.
    pub last_minute: u64,
    /// The settler's chain up to that batch; zeros before the first.
    pub chain: [u8; 32],
    /// Sum of the totals of all batches that the bond still stands behind.
    pub exposure_micro_usdc: u64,
    /// Number of those batches, and the minute of the oldest.
    pub exposed: u64,
    pub oldest_minute: u64,
    /// Batches posted at this time or before pay nothing more: a challenge has failed then. 0 =
    /// none has.
    pub void_until: i64,
    /// Challenges under way, on any batch. While there is one, no batch of the book pays.
    pub open_challenges: u32,
    /// Zero.
    pub spare_after_challenges: u32,
    /// For later fields; zero.
    pub reserved: [u8; 64],
}

/// Where a batch is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SlotStatus {
    /// Never used.
    Empty = 0,
    /// Posted → `Void`.
    Posted = 1,
    /// A challenge of it has failed: it pays nothing more.
    Void = 2,
}

/// A batch. Its periods are copies: no later change of the network's parameters alters for how long
/// it can be challenged, and for how long the settler answers for it.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Slot {
    pub minute_index: u64,
    /// Root over the leaves.
    pub root: [u8; 32],
    /// The most it may pay, and what it has paid.
    pub total_micro_usdc: u64,
    pub claimed_micro_usdc: u64,
    pub posted_at: i64,
    /// The batch posted next; 0 = none yet.
    pub next_minute: u64,
    /// Number of leaves.
    pub count: u32,
    /// After its posting: before this nothing can be claimed, …
    pub challenge_window_secs: u32,
    /// … until this it can be challenged, …
    pub dispute_secs: u32,
    /// … and the settler has this long to answer.
    pub challenge_response_secs: u32,
    pub open_challenges: u32,
    /// A [`SlotStatus`].
    pub status: u8,
    /// 1 once the bond no longer stands behind it: the slot may be used again.
    pub released: u8,
    /// Zero.
    pub spare: [u8; 2],
}

impl Slot {
    /// Whether a batch is in it that its settler may yet have to answer for.
    pub fn is_exposed(&self) -> bool {
        self.status != SlotStatus::Empty as u8 && self.released == 0
    }

    /// Unix time until which the batch can be challenged.
    pub fn disputable_until(&self) -> i64 {
        self.posted_at.saturating_add(self.dispute_secs.into())
    }

    /// How long the settler answers for it, from its posting; and for what it pays, from then.
    pub fn liability_secs(&self) -> i64 {
        liability_secs(self.dispute_secs, self.challenge_response_secs)
    }
}

/// What a settler posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub struct PostBatchArgs {
    pub minute_index: u64,
    /// Root over the leaves, RFC 6962.
    pub root: [u8; 32],
    /// Number of leaves.
    pub count: u32,
    /// The most they may be paid in all.
    pub total_micro_usdc: u64,
}

impl Book {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// A book without batches.
    pub fn new(keeper: Pubkey, rent_payer: Pubkey, slots: u32, now: i64) -> Self {
        Self {
            version: Self::VERSION,
            spare: [0; 3],
            slots,
            keeper,
            rent_payer,
            opened_at: now,
            last_minute: now as u64 / SECS_PER_MINUTE,
            chain: [0; 32],
            exposure_micro_usdc: 0,
            exposed: 0,
            oldest_minute: 0,
            void_until: 0,
            open_challenges: 0,
            spare_after_challenges: 0,
            reserved: [0; 64],
        }
    }

    /// Book and ring out of an account's bytes, discriminator included; `None` if they are none.
    pub fn read(data: &[u8]) -> Option<(Self, Vec<Slot>)> {
        let body = data.strip_prefix(Self::DISCRIMINATOR)?;
        let (head, ring) = body.split_at_checked(size_of::<Self>())?;
        let slots = ring.chunks_exact(size_of::<Slot>()).map(bytemuck::pod_read_unaligned);
        Some((bytemuck::pod_read_unaligned(head), slots.collect()))
    }

    /// Whether nothing in it can be disputed any more.
    pub fn is_over(&self) -> bool {
        self.exposed == 0 && self.open_challenges == 0
    }
}

/// A book with its ring.
#[derive(Debug)]
pub struct Ring<'a> {
    pub book: &'a mut Book,
    pub slots: &'a mut [Slot],
}

impl<'a> Ring<'a> {
    /// Number of slots of an account of `len` bytes.
    pub fn slots_in(len: usize) -> usize {
        len.saturating_sub(Book::DISCRIMINATOR.len() + size_of::<Book>()) / size_of::<Slot>()
    }

    /// Bytes of an account with `slots` slots.
    pub const fn len_of(slots: usize) -> usize {
        Book::DISCRIMINATOR.len() + size_of::<Book>() + slots * size_of::<Slot>()
    }

    /// Lays book and ring over an account's data, whose discriminator has been checked.
    pub fn over(data: &'a mut [u8]) -> Result<Self> {
        let slots = Self::slots_in(data.len());
        let ring_at = Self::len_of(0);
        require!(slots > 0, SettlementError::BookTooSmall);
        let (head, tail) = data.split_at_mut(ring_at);
        Ok(Self {
            book: bytemuck::from_bytes_mut(&mut head[Book::DISCRIMINATOR.len()..]),
            slots: bytemuck::cast_slice_mut(&mut tail[..slots * size_of::<Slot>()]),
        })
    }

    fn index(&self, minute_index: u64) -> usize {
        (minute_index % self.slots.len() as u64) as usize
    }

    /// The batch of a minute.
    pub fn batch(&mut self, minute_index: u64) -> Result<&mut Slot> {
        let index = self.index(minute_index);
        let slot = &mut self.slots[index];
        require!(
            slot.status != SlotStatus::Empty as u8 && slot.minute_index == minute_index,
            SettlementError::BatchUnknown
        );
        Ok(slot)
    }

    /// Takes batches out of the exposure that nobody can dispute any more, oldest first; returns
    /// how many. One that is under challenge keeps all after it.
    pub fn release(&mut self, now: i64, most: usize) -> Result<usize> {
        let mut released = 0;
        while released < most && self.book.exposed > 0 {
            let index = self.index(self.book.oldest_minute);
            let slot = &mut self.slots[index];
            let liable_until = slot.posted_at.saturating_add(slot.liability_secs());
            if now <= liable_until || slot.open_challenges > 0 {
                break;
            }
            slot.released = 1;
            self.book.exposure_micro_usdc = self
                .book
                .exposure_micro_usdc
                .checked_sub(slot.total_micro_usdc)
                .ok_or(SettlementError::Overflow)?;
            self.book.exposed -= 1;
            self.book.oldest_minute = slot.next_minute;
            released += 1;
        }
        Ok(released)
    }

    /// Posts a batch against a bond of `bond_micro_usdc`. Who may is the caller's to check.
    pub fn post(
        &mut self,
        args: &PostBatchArgs,
        params: &NetworkParams,
        domain: &Domain,
        bond_micro_usdc: u64,
        now: i64,
    ) -> Result<()> {
        self.release(now, RELEASED_PER_POST)?;
        let this_minute = heliograph_protocol::minute_index(now as u64);
        require_gt!(args.minute_index, self.book.last_minute, SettlementError::MinuteOutOfOrder);
        require!(
            args.minute_index <= this_minute
                && args.minute_index.saturating_add(MINUTES_LATE_MAX) >= this_minute,
            SettlementError::MinuteOutOfRange
        );
        require!(args.count > 0 && args.total_micro_usdc > 0, SettlementError::BatchEmpty);
        require_gte!(
            params.batch_total_max_micro_usdc,
            args.total_micro_usdc,
            SettlementError::BatchAboveMaximum
        );
        let exposure = self
            .book
            .exposure_micro_usdc
            .checked_add(args.total_micro_usdc)
            .ok_or(SettlementError::Overflow)?;
        require_gte!(bond_micro_usdc, exposure, SettlementError::ExposureAboveBond);
        let index = self.index(args.minute_index);
        require!(!self.slots[index].is_exposed(), SettlementError::BookFull);
        self.slots[index] = Slot {
            minute_index: args.minute_index,
            root: args.root,
            total_micro_usdc: args.total_micro_usdc,
            claimed_micro_usdc: 0,
            posted_at: now,
            next_minute: 0,
            count: args.count,
            challenge_window_secs: params.challenge_window_secs,
            dispute_secs: params.dispute_secs,
            challenge_response_secs: params.challenge_response_secs,
            open_challenges: 0,
            status: SlotStatus::Posted as u8,
            released: 0,
            spare: [0; 2],
        };
        if self.book.exposed == 0 {
            self.book.oldest_minute = args.minute_index;
        } else {
            let newest = self.index(self.book.last_minute);
            self.slots[newest].next_minute = args.minute_index;
        }
        let header = BatchHeader {
            settler: self.book.keeper.to_bytes(),
            minute_index: args.minute_index,
            root: args.root,
            count: args.count,
            total_micro_usdc: args.total_micro_usdc,
        };
        self.book.chain = header.chain(&self.book.chain, domain);
        self.book.exposed += 1;
        self.book.exposure_micro_usdc = exposure;
        self.book.last_minute = args.minute_index;
        Ok(())
    }

    /// The batch of a minute, if it may pay now.
    pub fn claimable(&mut self, minute_index: u64, now: i64) -> Result<&mut Slot> {
        let (void_until, open_challenges) = (self.book.void_until, self.book.open_challenges);
        let slot = self.batch(minute_index)?;
        require!(
            slot.status == SlotStatus::Posted as u8 && slot.posted_at > void_until,
            SettlementError::BatchVoid
        );
        let window_over = slot.posted_at.saturating_add(slot.challenge_window_secs.into());
        require_gt!(now, window_over, SettlementError::ClaimTooEarly);
        require!(open_challenges == 0, SettlementError::BookChallenged);
        Ok(slot)
    }

    /// Counts a challenge of leaf `index`; returns until when it can be answered.
    pub fn challenge(&mut self, minute_index: u64, index: u32, now: i64) -> Result<i64> {
        let slot = self.batch(minute_index)?;
        require_gt!(slot.count, index, SettlementError::LeafUnknown);
        require!(slot.status == SlotStatus::Posted as u8, SettlementError::BatchVoid);
        require_gte!(slot.disputable_until(), now, SettlementError::DisputeOver);
        slot.open_challenges =
            slot.open_challenges.checked_add(1).ok_or(SettlementError::Overflow)?;
        let deadline = now.saturating_add(slot.challenge_response_secs.into());
        self.book.open_challenges =
            self.book.open_challenges.checked_add(1).ok_or(SettlementError::Overflow)?;
        Ok(deadline)
    }

    /// Takes an answered challenge off.
    pub fn answered(&mut self, minute_index: u64) -> Result<()> {
        let slot = self.batch(minute_index)?;
        slot.open_challenges =
            slot.open_challenges.checked_sub(1).ok_or(SettlementError::Overflow)?;
        self.book.open_challenges =
            self.book.open_challenges.checked_sub(1).ok_or(SettlementError::Overflow)?;
        Ok(())
    }

    /// Voids a batch whose challenge nobody has answered, and all that its settler has posted so
    /// far: who cannot show one voucher is not believed without a new beginning. Nobody loses by
    /// it; vouchers can be redeemed or posted again. Returns what the batch has paid.
    pub fn void(&mut self, minute_index: u64, now: i64) -> Result<u64> {
        self.answered(minute_index)?;
        let slot = self.batch(minute_index)?;
        slot.status = SlotStatus::Void as u8;
        let claimed = slot.claimed_micro_usdc;
        self.book.void_until = now;
        Ok(claimed)
    }
}
