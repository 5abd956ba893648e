/**
 * Heliograph from TypeScript: the programs' clients, the messages that are signed, and the flows of
 * operators, apps and whoever redeems.
 *
 * Money is `bigint` in micro-USDC (10⁻⁶ USDC), stake `bigint` in units of the stake mint, times of the
 * chain `bigint` in Unix seconds; names carry the unit.
 */

export * from './book.js';
export * from './client.js';
export * from './ed25519.js';
export {
    isProgramError,
    MissingAccountError,
    ProgramError,
    TransactionExpiredError,
    TransactionFailedError,
    type FailureContext,
    type ProgramErrorName,
    type ProgramName,
} from './errors.js';
export * from './flow/app.js';
export * from './flow/claim.js';
export * from './flow/keeper.js';
export * from './flow/node.js';
export * from './flow/redeem.js';
export * from './flow/session.js';
export * from './flow/settler.js';
export { PROGRAM_ADDRESSES } from './generated/addresses.js';
export { PROGRAM_ERRORS } from './generated/errors.js';
export * from './generated/programs.js';
export {
    DOMAIN_BYTES,
    MESSAGE_VERSION,
    MessageError,
    MessageKind,
    type MessageFault,
} from './message/domain.js';
export {
    decodeMessage,
    encodeMessage,
    hashOf,
    type Hash,
    type MessageType,
} from './message/message.js';
export * from './message/receipt.js';
export * from './message/signed.js';
export * from './message/streamOpen.js';
export * from './message/voucher.js';
export * from './pda.js';
export * from './rules/batch.js';
export { merkleLeaf, merkleRangeProof, merkleRoot } from './rules/merkle.js';
export * from './rules/money.js';
export * from './rules/receipt.js';
export * from './rules/sample.js';
export * from './rules/service.js';
export { send } from './send.js';
