pub mod add_rewards;
pub mod claim_rewards;
pub mod close_delegation;
pub mod delegate;
pub mod open_delegation;
pub mod undelegate;
pub mod withdraw_delegation;

pub use add_rewards::*;
pub use claim_rewards::*;
pub use close_delegation::*;
pub use delegate::*;
pub use open_delegation::*;
pub use undelegate::*;
pub use withdraw_delegation::*;
