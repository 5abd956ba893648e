//! One of everything and another of everything: what a sweep puts in an account's place.

use crate::batches::SLOTS;
use crate::delegators::DelegatorParty;
use crate::keepers::KeeperParty;
use crate::key;
use crate::parties::{AppParty, NodeParty, SessionParty};
use crate::reason::Reason;
use crate::scene::{CAP, DEPOSIT, Scene};
use crate::sweep::Sweep;
use crate::world::STAKE_MIN;
use anchor_lang::solana_program::program_pack::Pack;
use heliograph_client::pda;
use heliograph_registry::state::KeeperRole;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use spl_token_interface::state::Account as TokenAccount;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// What the zoo's delegator has delegated.
const DELEGATED: u64 = 1_000;

/// A scene, and beside it a second node and a second app with all that belongs to them.
#[allow(missing_debug_implementations, reason = "a VM is never printed")]
pub struct Zoo {
    scene: Scene,
    /// A node of another operator.
    pub other_node: Rc<NodeParty>,
    /// An app of another authority.
    pub other_app: Rc<AppParty>,
    /// The other app's session with the other node.
    pub other_session: SessionParty,
    /// A second session of the scene's app, on the same channel.
    pub second_session: SessionParty,
    /// A channel and session of the scene's app with the other node.
    pub cross_session: SessionParty,
    /// An active observer.
    pub observer: Rc<KeeperParty>,
    /// An active settler.
    pub settler: Rc<KeeperParty>,
    /// A settler of another owner.
    pub other_settler: Rc<KeeperParty>,
    /// Somebody who delegates to the scene's node.
    pub delegator: Rc<DelegatorParty>,
    /// A wallet that is nobody's.
    pub stranger: Keypair,
    /// What a test adds to the animals.
    pub more: Vec<(String, Pubkey)>,
}

impl Deref for Zoo {
    type Target = Scene;
    fn deref(&self) -> &Scene {
        &self.scene
    }
}

impl DerefMut for Zoo {
    fn deref_mut(&mut self) -> &mut Scene {
        &mut self.scene
    }
}

impl Default for Zoo {
    fn default() -> Self {
        Self::new()
    }
}

impl Zoo {
    /// The zoo; both nodes have unbonded some stake too.
    pub fn new() -> Self {
        let mut scene = Scene::new();
        let other_node = Rc::new(scene.node("other"));
        let other_app = Rc::new(scene.funded_app("other", DEPOSIT));
        let other_channel = scene.open_channel(&other_app, &other_node);
        let other_session = scene.open_session(&other_app, &other_channel, CAP);
        let app = scene.app.clone();
        let channel = scene.session.channel;
        let second_session = scene.open_session(&app, &channel, CAP);
        let cross_channel = scene.open_channel(&app, &other_node);
        let cross_session = scene.open_session(&app, &cross_channel, CAP);
        let observer = Rc::new(scene.keeper("observer", KeeperRole::Observer));
        let settler = Rc::new(scene.keeper("settler", KeeperRole::Settler));
        let other_settler = Rc::new(scene.keeper("other settler", KeeperRole::Settler));
        let node = scene.node.clone();
        let delegator = Rc::new(scene.delegator("zoo's", &node));
        scene.delegate(&delegator, DELEGATED);
        for settler in [&settler, &other_settler] {
            scene.open_book(settler, SLOTS);
        }
        let stranger = scene.wallet("stranger");
        let (payment_mint, stake_mint, other_mint) =
            (scene.payment_mint, scene.stake_mint, scene.other_mint);
        for mint in [payment_mint, stake_mint, other_mint] {
            for owner in [stranger.pubkey(), app.authority.pubkey(), scene.node.operator.pubkey()] {
                scene.mint_to(&owner, &mint, 2 * STAKE_MIN);
            }
        }
        Self {
            scene,
            other_node,
            other_app,
            other_session,
            second_session,
            cross_session,
            observer,
            settler,
            other_settler,
            delegator,
            stranger,
            more: Vec::new(),
        }
    }

    /// Replaces every account of the last of `instructions` by every animal; see [`Sweep`].
    pub fn sweep(
        &self,
        instructions: &[Instruction],
        signers: &[&Keypair],
        names: &[&str],
        meant: &[(&str, &str)],
    ) {
        self.sweep_cut(instructions, signers, names, meant, None);
    }

    /// The same, of an instruction that has another reason to refuse when its last account is left
    /// out.
    pub fn sweep_cut(
        &self,
        instructions: &[Instruction],
        signers: &[&Keypair],
        names: &[&str],
        meant: &[(&str, &str)],
        cut: Option<Reason>,
    ) {
        Sweep {
            instructions,
            target: instructions.len() - 1,
            signers,
            names,
            zoo: &self.animals(),
            strangers: &[
                &self.stranger,
                &self.other_app.authority,
                &self.other_node.operator,
                &self.other_settler.owner,
            ],
            meant,
            cut,
        }
        .run(self);
    }

    /// Names of the token accounts of `mint`, but for `except`: what a test lists as meant where
    /// somebody may send tokens wherever it likes.
    pub fn tokens_of(&self, mint: &Pubkey, except: &[&str]) -> Vec<String> {
        let holds = |address: &Pubkey| {
            let account = self.account(address)?;
            let tokens = TokenAccount::unpack(&account.data).ok()?;
            (account.owner == spl_token_interface::ID).then_some(tokens.mint)
        };
        let animals = self.animals().into_iter();
        animals
            .filter(|(name, address)| {
                holds(address) == Some(*mint) && !except.contains(&name.as_str())
            })
            .map(|(name, _)| name)
            .collect()
    }

    /// Every account, by name.
    pub fn animals(&self) -> Vec<(String, Pubkey)> {
        let mut animals: Vec<(String, Pubkey)> = vec![
            ("network".into(), pda::network()),
            ("payment mint".into(), self.payment_mint),
            ("stake mint".into(), self.stake_mint),
            ("other mint".into(), self.other_mint),
            ("treasury".into(), self.treasury),
            ("nothing".into(), key("nothing lives here").pubkey()),
            ("clock".into(), solana_sdk_ids::sysvar::clock::ID),
            ("instructions sysvar".into(), solana_sdk_ids::sysvar::instructions::ID),
            ("system program".into(), solana_sdk_ids::system_program::ID),
            ("token program".into(), spl_token_interface::ID),
            ("token 2022".into(), TOKEN_2022),
            ("ed25519 program".into(), solana_sdk_ids::ed25519_program::ID),
            ("stake recorder".into(), pda::stake_recorder()),
            ("jailer".into(), pda::jailer()),
            ("slasher".into(), pda::slasher()),
            ("change of parameters".into(), pda::params_change()),
            ("authority".into(), self.authority().pubkey()),
            ("guardian".into(), self.guardian().pubkey()),
        ];
        for (name, program) in crate::bytecode::PROGRAMS {
            animals.push((format!("{name} program"), program));
            animals.push((format!("{name} program data"), pda::program_data(&program)));
            animals.push((format!("{name} event authority"), pda::event_authority(&program)));
        }
        for (label, node) in [("node", &self.node), ("other node", &self.other_node)] {
            animals.extend([
                (label.to_owned(), node.address),
                (format!("{label}'s operator"), node.operator.pubkey()),
                (format!("{label}'s key"), node.node_key.pubkey()),
                (format!("{label}'s payout"), node.payout),
                (format!("{label}'s stake wallet"), node.stake_wallet),
                (format!("{label}'s position"), node.position()),
                (format!("{label}'s stake vault"), node.stake_vault()),
            ]);
        }
        for (label, keeper) in [
            ("observer", &self.observer),
            ("settler", &self.settler),
            ("other settler", &self.other_settler),
        ] {
            animals.extend([
                (label.to_owned(), keeper.address),
                (format!("{label}'s owner"), keeper.owner.pubkey()),
                (format!("{label}'s key"), keeper.keeper_key.pubkey()),
                (format!("{label}'s payout"), keeper.payout),
                (format!("{label}'s stake wallet"), keeper.stake_wallet),
                (format!("{label}'s position"), keeper.position()),
                (format!("{label}'s stake vault"), keeper.stake_vault()),
            ]);
        }
        animals.extend([
            ("delegator".into(), self.delegator.wallet.pubkey()),
            ("delegation".into(), self.delegator.address),
            ("delegator's stake wallet".into(), self.delegator.stake_wallet),
            ("delegator's payout".into(), self.delegator.payout),
        ]);
        for (label, settler) in [("settler", &self.settler), ("other settler", &self.other_settler)]
        {
            animals.push((format!("{label}'s book"), settler.book()));
        }
        animals.push(("restorer".into(), pda::restorer(&pda::SLASHING)));
        animals.extend(self.more.iter().cloned());
        for (label, app) in [("app", &self.app), ("other app", &self.other_app)] {
            animals.extend([
                (label.to_owned(), app.address),
                (format!("{label}'s authority"), app.authority.pubkey()),
                (format!("{label}'s voucher signer"), app.voucher_signer.pubkey()),
                (format!("{label}'s wallet"), app.wallet),
                (format!("{label}'s escrow"), app.escrow()),
                (format!("{label}'s vault"), app.vault()),
            ]);
        }
        for (label, session) in [
            ("session", &self.session),
            ("second session", &self.second_session),
            ("cross session", &self.cross_session),
            ("other session", &self.other_session),
        ] {
            animals.push((label.to_owned(), session.address));
            if label != "second session" {
                animals.push((format!("{label}'s channel"), session.channel));
            }
        }
        for (label, mint) in
            [("payment", self.payment_mint), ("stake", self.stake_mint), ("other", self.other_mint)]
        {
            for (owner, address) in [
                ("stranger", self.stranger.pubkey()),
                ("authority", self.app.authority.pubkey()),
                ("operator", self.node.operator.pubkey()),
            ] {
                let tokens = pda::token_account(&address, &mint);
                // The app's wallet and the operator's accounts have their names already.
                if animals.iter().all(|(_, known)| *known != tokens) {
                    animals.push((format!("{owner}'s {label} tokens"), tokens));
                }
            }
        }
        animals
    }
}

/// The other token program.
pub const TOKEN_2022: Pubkey =
    Pubkey::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
