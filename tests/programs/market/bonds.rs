//! Bonds behind channels: what apps put there, when it is free, and what it pays. Apps sign for far
//! more than they hold, at every node; a node that is owed no more than its bond must not notice.

use super::Market;
use heliograph_client::instruction::settlement;
use heliograph_settlement::state::{Channel, Escrow, Session};
use heliograph_tests::world::USDC;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

impl Market {
    /// What an app's escrow has for all of its channels.
    pub fn available(&self, app: usize) -> u64 {
        let escrow: Escrow = self.world.read(&self.apps[app].escrow());
        escrow.available_micro_usdc().expect("an amount")
    }

    /// The place of a channel among all.
    pub fn channel_number(&self, address: &Pubkey) -> usize {
        let found = self.channels.iter().position(|(_, _, channel)| channel == address);
        found.expect("a channel of the market")
    }

    /// Puts this much behind a channel; whether it succeeded.
    pub fn put_behind(&mut self, number: usize, amount: u64) -> bool {
        let (app, _, channel) = self.channels[number];
        let there_is = (1..=self.available(app)).contains(&amount);
        let authority = self.apps[app].authority.insecure_clone();
        let address = self.apps[app].address;
        let post = settlement::post_bond(authority.pubkey(), address, channel, amount);
        let posted = self.send(&[post], &[&authority]);
        assert_eq!(posted, there_is, "a bond comes out of what is available");
        if posted {
            self.bonds[number] += amount;
        }
        posted
    }

    pub fn post_bond(&mut self) -> bool {
        let number = self.random.index(self.channels.len());
        // Sometimes all there is: the other channels have their bonds left and nothing else.
        let amount = match self.random.one_in(2) {
            true => self.available(self.channels[number].0),
            false => self.random.below(2 * USDC),
        };
        self.put_behind(number, amount)
    }

    pub fn release_bond(&mut self) -> bool {
        // Mostly one that there is.
        let posted: Vec<usize> = (0..self.bonds.len()).filter(|&i| self.bonds[i] > 0).collect();
        let number = match self.random.one_in(4) || posted.is_empty() {
            true => self.random.index(self.channels.len()),
            false => posted[self.random.index(posted.len())],
        };
        let (app, _, channel) = self.channels[number];
        let authority = self.apps[app].authority.insecure_clone();
        let address = self.apps[app].address;
        let release = settlement::release_bond(authority.pubkey(), address, channel);
        let released = self.send(&[release], &[&authority]);
        if released {
            let now = self.world.now();
            for index in self.live() {
                let party = self.sessions[index].party;
                let until = self.world.read::<Session>(&party.address).redeemable_until;
                assert!(party.channel != channel || until < now, "a voucher could be redeemed");
            }
            self.bonds[number] = 0;
        }
        released
    }

    /// Takes note of what a voucher over `owed` was paid from: the bond pays what the escrow, which
    /// had `available`, could not.
    pub fn note_redeem(&mut self, channel: &Pubkey, owed: u64, available: u64, settled: u64) {
        let number = self.channel_number(channel);
        let bond = self.bonds[number];
        assert_eq!(settled, owed.min(available + bond), "escrow and bond pay all they can");
        assert!(owed > bond || settled == owed, "what a bond covers is paid");
        let drawn = settled.saturating_sub(available);
        self.bonds[number] -= drawn;
        self.drawn += drawn;
    }

    /// Bonds change by what apps and their vouchers do, and by nothing else.
    pub fn check_bonds(&self) {
        for (number, (_, _, channel)) in self.channels.iter().enumerate() {
            let bond = self.world.read::<Channel>(channel).bond_micro_usdc;
            assert_eq!(bond, self.bonds[number], "bond of channel {number}");
        }
        for (index, app) in self.apps.iter().enumerate() {
            let of_app = self.channels.iter().zip(&self.bonds).filter(|((a, ..), _)| *a == index);
            let sum: u64 = of_app.map(|(_, bond)| bond).sum();
            let escrow: Escrow = self.world.read(&app.escrow());
            assert_eq!(escrow.bonded_micro_usdc, sum, "an escrow knows its bonds");
        }
    }
}
