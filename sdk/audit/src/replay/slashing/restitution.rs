//! What a settler under trial took goes back out of its bond.

use super::{calls_slash, case, derived, network, pot};
use crate::finding::FindingKind;
use crate::replay::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_settlement::instruction::Restore;
use heliograph_settlement::state::Session;
use heliograph_slashing::events::CaseRestored;
use heliograph_slashing::seeds;
use heliograph_slashing::state::CaseKind;
use heliograph_staking::state::Position;

pub(super) fn restore_claims(step: &mut Step<'_>) -> Result<(), Stop> {
    let [
        network_address,
        address,
        subject,
        position_address,
        stake_vault,
        restorer,
        mint,
        pot_address,
        token_program,
        session_address,
        escrow,
        escrow_vault,
        slasher,
    ] = step.accounts()?;
    step.about(session_address, None);
    network(step, network_address)?;
    let mut case = case(step, address)?;
    step.address("subject", subject, case.subject);
    step.address("position", position_address, pda::position(&case.subject));
    step.address("stake vault", stake_vault, pda::stake_vault(&position_address));
    pot(step, &case, [restorer, mint, pot_address, token_program]);
    derived(step, "slasher", slasher, &[seeds::SLASHER]);
    let mut position: Position = step.get(&position_address)?;
    let session: Session = step.get(&session_address)?;
    step.rule(
        case.kind == CaseKind::UnansweredChallenge,
        "claims are restored in a case of another kind",
    );
    step.allowed(case.check_open())?;
    step.rule(step.now > case.restorable_at, "claims are restored while vouchers can be shown");
    let amount = session.restorable_micro_usdc(&case.subject, case.opened_at).min(case.held);
    step.rule(amount > 0, "nothing is restored");

    calls_slash(step, &case, amount);
    let taken = position.slash(amount).total();
    step.allowed(case.slashed(taken))?;
    let accounts = [
        restorer,
        pda::network(),
        session_address,
        escrow,
        escrow_vault,
        case.mint,
        pda::pot(&case.mint),
    ];
    let restore = Restore { settler: case.subject, amount_micro_usdc: taken };
    step.calls(pda::SETTLEMENT, &accounts, &restore);
    case.restored_micro_usdc = case.restored_micro_usdc.checked_add(taken).ok_or_else(|| {
        step.stop(FindingKind::RuleBroken, "more is restored than can be counted")
    })?;
    step.world.put(address, &case);
    step.event(CaseRestored {
        case: address,
        session: session_address,
        amount_micro_usdc: taken,
        restored_micro_usdc: case.restored_micro_usdc,
        held: case.held,
    });
    Ok(())
}
