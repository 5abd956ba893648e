//! One folder per instruction: `guards` for what is refused, `flows` for what happens. Beside them,
//! what many instructions together must hold to.

pub mod honest_range;
pub mod ring;
pub mod shapes;
pub mod zoo;

pub mod post_root {
    pub mod flows;
    pub mod guards;
    pub mod seats;
}
pub mod submit_leaf {
    pub mod flows;
    pub mod guards;
}
pub mod score_node {
    pub mod flows;
    pub mod guards;
}
pub mod close_tally {
    pub mod flows;
    pub mod guards;
}
pub mod close_observation {
    pub mod flows;
    pub mod guards;
}
pub mod close_epoch {
    pub mod flows;
    pub mod guards;
}
