//! Events as they lie in a transaction's inner instructions.

use anchor_lang::Event;
use heliograph_client::pda;
use heliograph_registry::events as registry;
use heliograph_reputation::events as reputation;
use heliograph_settlement::events as settlement;
use heliograph_slashing::events as slashing;
use heliograph_staking::events as staking;
use solana_pubkey::Pubkey;
use std::fmt;

/// An event of one of the programs.
pub trait NetworkEvent: Event + fmt::Debug {
    /// Who emits it.
    const PROGRAM: Pubkey;
}

macro_rules! network_events {
    ($($module:ident $program:ident: $($event:ident),*;)*) => {
        $($(
            impl NetworkEvent for $module::$event {
                const PROGRAM: Pubkey = pda::$program;
            }
        )*)*

        fn describe(emitted: &Emitted) -> Option<String> {
            $($(
                if let Some(event) = emitted.decode::<$module::$event>() {
                    return Some(format!("{event:?}"));
                }
            )*)*
            None
        }

        /// Name, program and discriminator of every event.
        pub fn all() -> Vec<(&'static str, Pubkey, Vec<u8>)> {
            use anchor_lang::Discriminator;
            vec![$($(
                (stringify!($event), pda::$program, $module::$event::DISCRIMINATOR.to_vec()),
            )*)*]
        }
    };
}

network_events! {
    registry REGISTRY: NetworkInitialized, ParamsProposed, ParamsCancelled, ParamsChanged,
        AuthorityProposed, AuthorityChanged, GuardianChanged, PauseChanged, NodeRegistered,
        NodeUpdated, NodeStatusChanged, KeeperRegistered, KeeperUpdated, KeeperStatusChanged,
        StakeRecorded, SubjectJailed, SubjectUnjailed, AppCreated, AppUpdated;
    staking STAKING: PositionOpened, StakeDeposited, StakeUnbonding, StakeWithdrawn, StakeSlashed,
        StakeHeld, HoldReleased, DelegationOpened, StakeDelegated, StakeUndelegating, DelegationWithdrawn, RewardsAdded,
        RewardsClaimed, DelegationClosed;
    settlement SETTLEMENT: EscrowOpened, EscrowDeposited, WithdrawalRequested,
        WithdrawalCancelled, EscrowWithdrawn, ChannelOpened, ChannelClosed, SessionOpened,
        SessionEnded, SessionClosed, BondPosted, BondReleased, VoucherRedeemed, VoucherProven, BookOpened, BookClosed,
        BatchPosted, BatchesReleased, BatchClaimed, ChallengeOpened, ChallengeAnswered,
        ChallengeFailed, ChallengeClosed, ClaimRestored;
    reputation REPUTATION: RootPosted, LeafSubmitted, NodeScored, TallyClosed, ObservationClosed,
        EpochClosed;
    slashing SLASHING: CaseOpened, CaseRestored, EpochRefuted, CaseConvicted, CaseDismissed,
        CaseClosed, LeafContradicted, ExhibitOpened, ExhibitWritten, ExhibitClosed;
}

/// The bytes of an event and the program that called itself with them.
#[derive(Clone, PartialEq, Eq)]
pub struct Emitted {
    /// The program.
    pub program: Pubkey,
    /// Discriminator and fields.
    pub data: Vec<u8>,
}

impl Emitted {
    /// The bytes `event` must have.
    pub fn of<E: NetworkEvent>(event: &E) -> Self {
        Self { program: E::PROGRAM, data: event.data() }
    }

    /// The event, if it is an `E`: every byte is used, by the program that owns the type.
    pub fn decode<E: NetworkEvent>(&self) -> Option<E> {
        let body = self.data.strip_prefix(E::DISCRIMINATOR)?;
        (self.program == E::PROGRAM).then(|| E::try_from_slice(body).ok()).flatten()
    }
}

impl fmt::Debug for Emitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match describe(self) {
            Some(text) => f.write_str(&text),
            None => write!(f, "unknown event of {}: {:?}", self.program, self.data),
        }
    }
}
