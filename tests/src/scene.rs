//! The scene most tests begin with: a node, an app that has paid in, a channel, an open session.

use crate::outcome::Done;
use crate::parties::{AppParty, NodeParty, SessionParty};
use crate::vouchers::signed;
use crate::world::{USDC, World};
use heliograph_protocol::evidence::Signed;
use solana_instruction::Instruction;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// What the scene's escrow holds at first.
pub const DEPOSIT: u64 = 10 * USDC;
/// The cap of the scene's session.
pub const CAP: u64 = 4 * USDC;

/// A world in which everything is ready for a voucher.
#[allow(missing_debug_implementations, reason = "a VM is never printed")]
pub struct Scene {
    world: World,
    /// The node.
    pub node: Rc<NodeParty>,
    /// The app.
    pub app: Rc<AppParty>,
    /// Their session, on their first channel.
    pub session: SessionParty,
}

impl Deref for Scene {
    type Target = World;
    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Scene {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene {
    /// The scene on a network with the default parameters.
    pub fn new() -> Self {
        Self::on(World::new())
    }

    /// The scene on `world`.
    pub fn on(mut world: World) -> Self {
        let node = Rc::new(world.node("node"));
        let app = Rc::new(world.funded_app("app", DEPOSIT));
        let channel = world.open_channel(&app, &node);
        let session = world.open_session(&app, &channel, CAP);
        Self { world, node, app, session }
    }

    /// The scene once more, where a test goes on in two ways.
    pub fn branch(&self) -> Self {
        let (world, node, app) = (self.world.clone(), self.node.clone(), self.app.clone());
        Self { world, node, app, session: self.session }
    }

    /// The scene's world, to be cloned where a test goes on in two ways.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// A voucher of the scene's session, signed by the app's signer.
    pub fn voucher(&self, cumulative: u64) -> Signed {
        signed(&self.session.voucher(cumulative), &self.app.voucher_signer)
    }

    /// The instructions that bring `voucher` to the scene's session.
    pub fn bring(&self, voucher: &Signed) -> [Instruction; 2] {
        self.world.redeem_instructions(&self.session, voucher)
    }

    /// Redeems a voucher up to `cumulative`.
    pub fn pay(&mut self, cumulative: u64) -> Done {
        let instructions = self.bring(&self.voucher(cumulative));
        self.world.run(&instructions, &[])
    }
}
