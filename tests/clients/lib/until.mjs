/**
 * Waiting for what takes a while on a busy machine.
 */

/** How long a call may take to do anything at all. Only a failing test waits that long. */
export const PATIENCE_MS = 30_000;
const POLL_MS = 100;
/** Of what was seen last, for the message of a failure. */
const SEEN_CHARS_MAX = 1_000;

/** @param {number} ms */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Looks again and again until it likes what it sees, and returns that.
 *
 * @template T
 * @param {string} what for the message of a failure
 * @param {() => T | Promise<T>} look
 * @param {(seen: T) => unknown} [isGood] truthy when done; by default, what is seen itself
 * @param {number} [patience_ms]
 * @returns {Promise<T>}
 */
export async function until(what, look, isGood = (seen) => seen, patience_ms = PATIENCE_MS) {
    const deadline = Date.now() + patience_ms;
    for (;;) {
        const seen = await look();
        if (isGood(seen)) return seen;
        if (Date.now() > deadline) {
            const last = JSON.stringify(seen)?.slice(0, SEEN_CHARS_MAX);
            throw new Error(`not within ${patience_ms} ms: ${what}; last: ${last}`);
        }
        await sleep(POLL_MS);
    }
}
