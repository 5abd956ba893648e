pub mod close_case;
pub mod decide_case;
pub mod open_challenge_case;
pub mod open_downtime_case;
pub mod open_equivocation_case;
pub mod open_fraud_case;
pub mod refute_epoch;
pub mod restore_claims;

pub use close_case::*;
pub use decide_case::*;
pub use open_challenge_case::*;
pub use open_downtime_case::*;
pub use open_equivocation_case::*;
pub use open_fraud_case::*;
pub use refute_epoch::*;
pub use restore_claims::*;
