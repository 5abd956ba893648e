//! What the authority does, and the slashing program's part that the VM stands in for.

use crate::outcome::Done;
use crate::world::World;
use anchor_lang::{InstructionData, ToAccountMetas};
use heliograph_client::instruction::registry;
use heliograph_client::pda;
use heliograph_registry::state::NetworkParams;
use heliograph_registry::{accounts, instruction};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// `jail` as the slashing program calls it, signed by `jailer`.
pub fn jail_instruction(jailer: Pubkey, subject: Pubkey, until: i64) -> Instruction {
    let accounts = accounts::Jail {
        jailer,
        network: pda::network(),
        subject,
        event_authority: pda::event_authority(&pda::REGISTRY),
        program: pda::REGISTRY,
    };
    Instruction {
        program_id: pda::REGISTRY,
        accounts: accounts.to_account_metas(None),
        data: instruction::Jail { until }.data(),
    }
}

impl World {
    /// Jails a node or keeper; the slashing program's PDA must be impersonated.
    pub fn jail(&mut self, subject: &Pubkey, until: i64) -> Done {
        self.run(&[jail_instruction(pda::jailer(), *subject, until)], &[])
    }

    /// Announces parameters, with the treasury as it is.
    pub fn propose_params(&mut self, params: NetworkParams) -> Done {
        let (authority, treasury) = (self.authority(), self.treasury);
        let propose = registry::propose_params(authority.pubkey(), treasury, params);
        self.act(propose, &authority)
    }

    /// The instruction that puts the announced parameters in force.
    pub fn apply_params_instruction(&self) -> Instruction {
        registry::apply_params(self.treasury, self.authority().pubkey())
    }

    /// Makes `successor` the authority.
    pub fn hand_over(&mut self, successor: &Keypair) {
        let authority = self.authority();
        let propose = registry::propose_authority(authority.pubkey(), successor.pubkey());
        self.act(propose, &authority);
        self.act(registry::accept_authority(successor.pubkey()), successor);
    }

    /// Pauses functions, as the guardian.
    pub fn pause(&mut self, functions: u32) -> Done {
        let guardian = self.guardian();
        self.act(registry::pause(guardian.pubkey(), functions), &guardian)
    }

    /// Lets functions go on.
    pub fn unpause(&mut self, functions: u32) -> Done {
        let authority = self.authority();
        self.act(registry::unpause(authority.pubkey(), functions), &authority)
    }
}
