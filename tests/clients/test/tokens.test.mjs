/**
 * Tokens that are not good: 401 or 403 with a reason, on every way in, and nothing is allocated.
 */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { after, before, test } from 'node:test';
import { RoomServiceClient } from 'livekit-server-sdk';
import { startBrowser } from '../lib/browser.mjs';
import { upgrade } from '../lib/http.mjs';
import { nativeParticipant } from '../lib/native.mjs';
import { KEY, SECRET, startServer, token } from '../lib/server.mjs';

const ROOM = 'guarded';

let server;
before(async () => (server = await startServer()));
after(() => server?.stop());

const base64 = (value) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const grants = { roomJoin: true, room: ROOM };
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

/** A token as `seal` signs it, whatever its header says. */
function forge(header, claims, seal) {
    const text = `${base64(header)}.${base64({ exp: inAnHour(), sub: 'mallory', video: grants, ...claims })}`;
    return `${text}.${seal(text)}`;
}

const hmac = (secret) => (text) => createHmac('sha256', secret).update(text).digest('base64url');

/** Base58 as Solana writes addresses. */
function base58(bytes) {
    const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
    let value = BigInt(`0x${bytes.toString('hex')}`);
    let text = '';
    for (; value > 0n; value /= 58n) text = digits[Number(value % 58n)] + text;
    return text;
}

/** A wallet that no app of this node has. */
function wallet() {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const address = base58(Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url'));
    return {
        address,
        seal: (text) => sign(null, Buffer.from(text), privateKey).toString('base64url'),
    };
}

/** [title, status, what the reason says, token] */
const BAD = [
    ['no token', 401, /token/, () => ''],
    ['no JWT', 401, /token/, () => 'nonsense'],
    [
        'a token of another secret',
        401,
        /signature/,
        () => token(ROOM, 'mallory', { secret: 'x'.repeat(40) }),
    ],
    ['a token of an unknown key', 401, /issuer/, () => token(ROOM, 'mallory', { key: 'nobody' })],
    ['an expired token', 401, /expired/, () => token(ROOM, 'mallory', { ttl: -120 })],
    [
        'a token for later',
        401,
        /not valid yet/,
        () => forge({ alg: 'HS256' }, { iss: KEY, nbf: inAnHour() }, hmac(SECRET)),
    ],
    ['an unsigned token', 401, /token/, () => forge({ alg: 'none' }, { iss: KEY }, () => '')],
    [
        'a token with a changed payload',
        401,
        /signature/,
        async () => {
            const [header, , seal] = (await token(ROOM, 'mallory')).split('.');
            const payload = base64({ iss: KEY, sub: 'admin', exp: inAnHour(), video: grants });
            return `${header}.${payload}.${seal}`;
        },
    ],
    [
        'a token of a wallet that is not served here',
        401,
        /issuer/,
        () => {
            const { address, seal } = wallet();
            return forge({ alg: 'EdDSA', typ: 'JWT' }, { iss: address }, seal);
        },
    ],
    [
        "a wallet's name under an HMAC of its public key",
        401,
        /token/,
        () => {
            const { address } = wallet();
            return forge({ alg: 'HS256' }, { iss: address }, hmac(address));
        },
    ],
    [
        'a token without the grant to join',
        403,
        /join/i,
        () => token(ROOM, 'mallory', { grants: { roomJoin: false } }),
    ],
    ['a token without a room', 403, /room/, () => token('', 'mallory')],
];

test('bad tokens open no websocket, and the reason is told', async (t) => {
    for (const [title, status, reason, make] of BAD) {
        const bad = await make();
        for (const path of ['/rtc', '/rtc/v1']) {
            const query = `${server.http}${path}?access_token=${bad}&join_request=`;
            const answers = [await upgrade(query)];
            if (bad) {
                const header = { authorization: `Bearer ${bad}` };
                answers.push(await upgrade(`${server.http}${path}?join_request=`, header));
            }
            for (const answer of answers) {
                assert.equal(answer.status, status, `${title} at ${path}: ${answer.body}`);
                assert.match(answer.body, reason, `${title} at ${path}`);
            }
            const validate = await fetch(`${server.http}${path}/validate?access_token=${bad}`);
            assert.equal(validate.status, status, `${title} at ${path}/validate`);
            assert.match(await validate.text(), reason, `${title} at ${path}/validate`);
            // A page may read the reason.
            assert.equal(validate.headers.get('access-control-allow-origin'), '*');
        }
    }
    await nobodyIsIn();
});

test('livekit-client tells the reason to the app', async (t) => {
    const browser = await startBrowser();
    t.after(browser.stop);
    const page = await browser.participant(t, 'mallory');
    for (const [make, reason] of [
        [() => token(ROOM, 'mallory', { ttl: -120 }), /expired/],
        [() => token(ROOM, 'mallory', { secret: 'x'.repeat(40) }), /signature/],
        [() => token(ROOM, 'mallory', { grants: { roomJoin: false } }), /join/],
    ]) {
        await assert.rejects(page.join(server.url, await make()), reason);
    }
    await nobodyIsIn();
});

for (const sdk of ['python', 'node']) {
    test(`the SDK for ${sdk} is refused`, async (t) => {
        const bad = await token(ROOM, 'mallory', { secret: 'x'.repeat(40) });
        const joining = nativeParticipant(t, { sdk, url: server.url, token: bad });
        await assert.rejects(joining, /401|signature|unauthorized/i);
        await nobodyIsIn();
    });
}

/** A refused token has made no room. */
async function nobodyIsIn() {
    const rooms = await new RoomServiceClient(server.http, KEY, SECRET).listRooms();
    assert.deepEqual(rooms, []);
}
