//! What observers are tried for: a statement of another root than the one posted, a leaf that its
//! own samples contradict. And the exhibits in which samples come.

use super::derived;
use super::opening::Opening;
use crate::finding::FindingKind;
use crate::replay::step::{Step, Stop};
use heliograph_client::evidence::is_genuine;
use heliograph_client::pda;
use heliograph_protocol::case::contradiction;
use heliograph_protocol::domain::Message;
use heliograph_protocol::ed25519::signatures;
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::merkle;
use heliograph_protocol::observation::{Leaf, RootStatement};
use heliograph_protocol::sample::SAMPLES_MAX;
use heliograph_registry::state::{KeeperRole, Subject};
use heliograph_reputation::state::{Epoch, Observation};
use heliograph_slashing::events::{ExhibitClosed, ExhibitOpened, ExhibitWritten, LeafContradicted};
use heliograph_slashing::state::{CaseKind, Exhibit};
use heliograph_slashing::{Charge, instruction as ix, seeds};
use solana_pubkey::Pubkey;

/// The key of an accused who is an observer.
fn observer_key(step: &Step<'_>, opening: &Opening) -> Result<Pubkey, Stop> {
    match &opening.accused {
        Subject::Keeper(keeper) if keeper.role == KeeperRole::Observer => Ok(keeper.keeper_key),
        _ => {
            let detail = "somebody is tried for a root who is no observer";
            Err(step.stop(FindingKind::RuleBroken, detail))
        }
    }
}

/// The charge of either fraud, about what was posted at `address`.
fn charge(opening: &Opening, address: Pubkey, posted: &Observation) -> Charge {
    Charge {
        kind: CaseKind::ObserverFraud,
        rewarded: opening.reporter,
        victim: Pubkey::default(),
        evidence: address,
        sequence: 0,
        epoch: posted.epoch,
        done_at: posted.posted_at,
        punishes_until: 0,
        windows: (0, 0),
        penalty_bps: opening.network.params.observer_fraud_slash_bps,
        holds_all: false,
        epochs: Vec::new(),
    }
}

pub(super) fn statement(step: &mut Step<'_>) -> Result<(), Stop> {
    let (opening, [address]) = Opening::read(step)?;
    let posted: Observation = step.get(&address)?;
    step.address("observation's keeper", opening.address, posted.keeper);
    let keeper_key = observer_key(step, &opening)?;
    let [signed] = signed_by(step, &keeper_key)?;
    let domain = opening.network.domain();
    let statement = RootStatement::from_signing_bytes(&signed.bytes, &domain).map_err(|error| {
        let detail = format!("the signed bytes are no root statement: {error}");
        step.stop(FindingKind::SignatureWrong, detail)
    })?;
    step.rule(
        statement.observer == posted.keeper.to_bytes() && statement.epoch == posted.epoch,
        "a root statement is held against another observation than its own",
    );
    step.rule(
        (statement.root, statement.leaves_count) != (posted.root, posted.leaves_count),
        "a case is opened of a root statement that is true",
    );
    let charge = charge(&opening, address, &posted);
    opening.open(step, charge)?;
    Ok(())
}

/// A leaf is tried by the samples in its reporter's exhibit.
pub(super) fn samples(step: &mut Step<'_>, args: ix::OpenSamplesCase) -> Result<(), Stop> {
    let (opening, [address, epoch, exhibit_address]) = Opening::read(step)?;
    let posted: Observation = step.get(&address)?;
    step.address("observation's keeper", opening.address, posted.keeper);
    observer_key(step, &opening)?;
    step.address("epoch", epoch, pda::epoch(posted.epoch));
    let epoch: Epoch = step.get(&epoch)?;
    let exhibit: Exhibit = step.get(&exhibit_address)?;
    step.address("exhibit's uploader", exhibit.uploader, opening.reporter);
    let ix::OpenSamplesCase { node, leaf: shown } = args;
    let leaf = Leaf {
        observer: posted.keeper.to_bytes(),
        epoch: posted.epoch,
        node: node.to_bytes(),
        figures: shown.figures.into(),
        samples_root: shown.samples_root,
    };
    let (index, count) = (shown.index as usize, posted.leaves_count as usize);
    step.rule(
        merkle::verify(&leaf.hash(), index, count, &shown.proof, &posted.root),
        "a leaf is tried that is not under its observer's root",
    );
    let found = contradiction(&leaf, &exhibit.samples, epoch.secs).map_err(|why| {
        let detail = format!("a case is opened of samples that convict nobody: {why:?}");
        step.stop(FindingKind::RuleBroken, detail)
    })?;
    let (case, charge) = (opening.case, charge(&opening, address, &posted));
    opening.open(step, charge)?;
    step.event(LeafContradicted {
        case,
        exhibit: exhibit_address,
        node,
        index: shown.index,
        figures: shown.figures,
        found: found.ok().map(Into::into),
    });
    Ok(())
}

pub(super) fn open_exhibit(step: &mut Step<'_>, args: &ix::OpenExhibit) -> Result<(), Stop> {
    let [uploader, address] = step.accounts()?;
    let ix::OpenExhibit { samples_root, samples_count } = *args;
    let of_exhibit = [seeds::EXHIBIT, uploader.as_ref(), &samples_root];
    let bump = derived(step, "exhibit", address, &of_exhibit);
    step.vacant(&address);
    step.rule(
        usize::from(samples_count) <= SAMPLES_MAX,
        "an exhibit is larger than a leaf's can be",
    );
    // Its fields fill all of it, whatever its size.
    step.world.put(address, &Exhibit::new(uploader, bump, samples_root, samples_count));
    step.event(ExhibitOpened { exhibit: address, uploader, samples_root, samples_count });
    Ok(())
}

/// Writes that overlap with other bytes within one slot are carried out in the order listed: nothing in
/// them says which came first.
pub(super) fn write_exhibit(step: &mut Step<'_>, args: &ix::WriteExhibit) -> Result<(), Stop> {
    let [uploader, address] = step.accounts()?;
    let mut exhibit: Exhibit = step.get(&address)?;
    step.address("uploader", uploader, exhibit.uploader);
    step.allowed(exhibit.write(args.offset, &args.bytes))?;
    step.world.put(address, &exhibit);
    let bytes_count = args.bytes.len() as u32;
    step.event(ExhibitWritten { exhibit: address, offset: args.offset, bytes_count });
    Ok(())
}

pub(super) fn close_exhibit(step: &mut Step<'_>) -> Result<(), Stop> {
    let [uploader, address] = step.accounts()?;
    let exhibit: Exhibit = step.get(&address)?;
    step.address("uploader", uploader, exhibit.uploader);
    step.world.close(address);
    step.event(ExhibitClosed { exhibit: address, uploader });
    Ok(())
}

/// The `N` messages in the ed25519 instruction before; their signatures are verified here once more.
pub(super) fn signed_by<const N: usize>(
    step: &Step<'_>,
    signer: &Pubkey,
) -> Result<[Signed; N], Stop> {
    let wrong = |detail: &str| step.stop(FindingKind::SignatureWrong, detail);
    let before = step
        .instruction_before()
        .filter(|before| before.program_id == solana_sdk_ids::ed25519_program::ID)
        .ok_or_else(|| wrong("no ed25519 instruction before this one"))?;
    let verified = signatures::<N>(&before.data)
        .ok_or_else(|| wrong("the ed25519 instruction holds other than the evidence"))?;
    let signed = verified.map(|one| Signed {
        bytes: one.message.to_vec(),
        public_key: *one.public_key,
        signature: *one.signature,
    });
    if !signed.iter().all(is_genuine) {
        return Err(wrong("a signature of the evidence does not verify"));
    }
    if signed.iter().any(|one| Pubkey::from(one.public_key) != *signer) {
        return Err(wrong("the evidence is signed by another key than the accused's"));
    }
    Ok(signed)
}
