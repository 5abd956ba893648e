//! Messages brought again, in another order, twice, with other accounts, by another signer. Each is
//! tried on a copy of the chain: what counts is that nobody has gained by it.

use super::Market;
use super::truth::Fate;
use heliograph_client::pda;
use heliograph_settlement::state::{Escrow, Session};
use heliograph_slashing::state::CaseStatus;
use heliograph_staking::state::Position;
use heliograph_tests::world::World;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::collections::BTreeMap;

impl Market {
    /// What anybody can send again: it asked for nobody's signature.
    fn anybodys(&mut self) -> Option<Vec<Instruction>> {
        let open: Vec<usize> =
            (0..self.done.len()).filter(|&i| self.done[i].1.is_empty()).collect();
        (!open.is_empty()).then(|| self.done[open[self.random.index(open.len())]].0.clone())
    }

    /// Brings what was brought before: alone, twice at once, or two in another order.
    pub fn replay(&mut self) -> bool {
        let (Some(one), Some(other)) = (self.anybodys(), self.anybodys()) else { return false };
        let instructions = match self.random.below(3) {
            0 => one,
            1 => [one.clone(), one].concat(),
            _ => [other, one].concat(),
        };
        self.on_a_copy(&instructions, &[])
    }

    /// Brings what was brought before with another account in it.
    pub fn substitute(&mut self) -> bool {
        let Some(mut instructions) = self.anybodys() else { return false };
        let last = instructions.last_mut().expect("operations have instructions");
        let place = self.random.index(last.accounts.len().max(1));
        let substitutes = self.addresses();
        let substitute = substitutes[self.random.index(substitutes.len())];
        match last.accounts.get_mut(place) {
            Some(account) => account.pubkey = substitute,
            None => return false,
        }
        self.on_a_copy(&instructions, &[])
    }

    /// Does what an owner has done, as somebody else and to an account of its own.
    pub fn impostor(&mut self) -> bool {
        let owned: Vec<usize> =
            (0..self.done.len()).filter(|&i| !self.done[i].1.is_empty()).collect();
        if owned.is_empty() {
            return false;
        }
        let (mut instructions, signers) = self.done[owned[self.random.index(owned.len())]].clone();
        let thief = self.thief.insecure_clone();
        let wallets = self.wallets();
        let tokens = self.thief_tokens();
        for account in instructions.iter_mut().flat_map(|i| &mut i.accounts) {
            if signers.contains(&account.pubkey) {
                account.pubkey = thief.pubkey();
            } else if let Some(mint) = wallets.get(&account.pubkey) {
                account.pubkey = tokens[*mint];
            }
        }
        let done = self.on_a_copy(&instructions, &[&thief]);
        assert!(!done, "a stranger did what only an owner may");
        false
    }

    /// Token accounts of apps, operators, settlers and delegators, and whether they hold stake.
    fn wallets(&self) -> BTreeMap<Pubkey, usize> {
        let mut wallets = BTreeMap::new();
        wallets.extend(self.apps.iter().map(|app| (app.wallet, 0)));
        wallets.extend(self.settlers.iter().map(|settler| (settler.stake_wallet, 0)));
        wallets.extend(self.nodes.iter().map(|node| (node.stake_wallet, 1)));
        wallets.extend(self.delegators.iter().map(|d| (d.stake_wallet, 1)));
        wallets.extend(self.delegators.iter().map(|d| (d.payout, 0)));
        wallets
    }

    /// The thief's accounts of the payment mint and the stake mint.
    pub fn thief_tokens(&self) -> [Pubkey; 2] {
        let thief = self.thief.pubkey();
        [self.world.payment_mint, self.world.stake_mint]
            .map(|mint| pda::token_account(&thief, &mint))
    }

    /// Addresses a thief may put in place of others.
    fn addresses(&self) -> Vec<Pubkey> {
        let mut all = self.thief_tokens().to_vec();
        all.push(self.thief.pubkey());
        all.push(self.world.treasury);
        for app in &self.apps {
            all.extend([app.address, app.escrow(), app.vault(), app.wallet]);
        }
        for node in &self.nodes {
            all.extend([node.address, node.payout, node.position(), node.stake_vault()]);
        }
        for settler in &self.settlers {
            all.extend([settler.address, settler.payout, settler.book(), settler.stake_vault()]);
        }
        for session in &self.sessions {
            all.extend([session.party.address, session.party.channel]);
        }
        for case in &self.cases {
            all.extend([case.address, pda::record(&case.subject), pda::pot(&case.mint)]);
            all.push(pda::token_account(&case.rewarded, &case.mint));
        }
        all
    }

    fn on_a_copy(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> bool {
        let before = balances(&mut self.world);
        let mut copy = self.world.clone();
        if copy.attempt(instructions, signers).is_err() {
            return false;
        }
        // Only escrows pay, for what was signed or stood unchallenged; and bonds end, and open cases
        // take what they hold.
        let after = balances(&mut copy);
        let vaults: Vec<Pubkey> = self.apps.iter().map(heliograph_tests::AppParty::vault).collect();
        for (account, had) in &before {
            let has = after.get(account).copied().unwrap_or(0);
            let is_bond = copy.account(account).is_none();
            let held = self.held_in(account);
            let paid = vaults.contains(account) || is_bond || had - held <= has;
            assert!(has >= *had || paid, "{account} has lost");
        }
        let burnable = self.burnable();
        let (had, have) = (before.values().sum::<u64>(), after.values().sum::<u64>());
        assert!(have <= had && had - have <= burnable, "no token is lost but by a verdict");
        for tokens in self.thief_tokens() {
            assert_eq!(copy.tokens(&tokens), 0, "a thief has gained");
        }
        for index in self.live() {
            let address = self.sessions[index].party.address;
            if copy.account(&address).is_some() {
                let settled = copy.read::<Session>(&address).totals.settled_micro_usdc;
                let most = self.most_payable(index);
                assert!(settled <= most.max(self.sessions[index].settled), "{settled} of {most}");
            }
        }
        for app in &self.apps {
            let escrow: Escrow = copy.read(&app.escrow());
            let left = escrow.deposited_micro_usdc
                - escrow.withdrawn_micro_usdc
                - escrow.totals.settled_micro_usdc;
            assert_eq!(copy.tokens(&app.vault()), left, "an escrow holds what it must");
        }
        true
    }

    /// What open cases hold of the stake in this account.
    fn held_in(&self, account: &Pubkey) -> u64 {
        let nodes = self.nodes.iter().map(|node| (node.stake_vault(), node.position()));
        let keepers = self.settlers.iter().chain(&self.observers);
        let keepers = keepers.map(|party| (party.stake_vault(), party.position()));
        let found = nodes.chain(keepers).find(|(vault, _)| vault == account);
        found.map_or(0, |(_, position)| self.world.read::<Position>(&position).held_total())
    }

    /// The most that verdicts can burn now.
    fn burnable(&self) -> u64 {
        let now = self.world.now();
        let due = self.cases.iter().filter(|case| {
            let is_open = case.status == CaseStatus::Open && case.mint == self.world.stake_mint;
            is_open && now >= case.decidable_at
        });
        due.map(|case| case.penalty.min(case.held)).sum()
    }

    /// The most a session can owe: what its app has signed, or a leaf that may pay now.
    fn most_payable(&self, index: usize) -> u64 {
        let (now, address) = (self.world.now(), self.sessions[index].party.address.to_bytes());
        let leaves = self.batches.iter().filter(|batch| {
            let challenged = self.challenges.iter().any(|challenge| {
                challenge.settler == batch.settler
                    && (challenge.fate == Fate::Open
                        || challenge.fate.failed_at().is_some_and(|at| at >= batch.posted_at))
            });
            now > batch.posted_at + batch.window_secs && !challenged
        });
        leaves
            .flat_map(|batch| &batch.batch.leaves)
            .filter(|leaf| leaf.session == address)
            .map(|leaf| leaf.cumulative_micro_usdc)
            .max()
            .unwrap_or(0)
            .max(self.sessions[index].signed)
    }
}

/// What every token account of both mints holds.
fn balances(world: &mut World) -> BTreeMap<Pubkey, u64> {
    let (payment, stake) = (world.payment_mint, world.stake_mint);
    let mut all: BTreeMap<Pubkey, u64> = world.token_accounts_of(&payment).into_iter().collect();
    all.extend(world.token_accounts_of(&stake));
    all
}
