/** The stake behind a node or keeper: what both ways in share. */

import type { Address, Instruction, TransactionSigner } from '@solana/kit';
import { COMMITMENT, type Client } from '../client.js';
import { staking } from '../generated/programs.js';
import { findPosition } from '../pda.js';

/** Bonds `amount` units of `mint` behind a registry account; opens its position the first time. */
export async function getStakeInstructions(
    client: Client,
    input: {
        owner: TransactionSigner;
        subject: Address;
        mint: Address;
        source: Address;
        amount: bigint;
    },
): Promise<Instruction[]> {
    const { owner, subject, mint } = input;
    const position = await findPosition(subject);
    const opened = await staking.fetchMaybePosition(client.rpc, position, COMMITMENT);
    const deposit = await staking.getDepositInstructionAsync({ ...input, position });
    if (opened.exists) return [deposit];
    const accounts = { owner, subject, position, mint };
    return [await staking.getOpenPositionInstructionAsync(accounts), deposit];
}
