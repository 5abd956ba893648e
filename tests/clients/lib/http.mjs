/**
 * Plain requests, where a client library would hide what is answered.
 */
import { request } from 'node:http';

/**
 * Asks for a websocket and says what came of it; a websocket that opens is closed at once.
 *
 * @param {string} url
 * @param {Record<string, string>} [headers]
 * @returns {Promise<{ status: number, body: string }>}
 */
export function upgrade(url, headers = {}) {
    return new Promise((resolve, reject) => {
        request(url, {
            headers: {
                connection: 'Upgrade',
                upgrade: 'websocket',
                'sec-websocket-version': '13',
                'sec-websocket-key': 'c2l4dGVlbiBieXRlcyBsbw==',
                ...headers,
            },
        })
            .on('upgrade', (answer, socket) => {
                socket.destroy();
                resolve({ status: answer.statusCode, body: '' });
            })
            .on('response', async (answer) => {
                let body = '';
                for await (const chunk of answer) body += chunk;
                resolve({ status: answer.statusCode, body });
            })
            .on('error', reject)
            .end();
    });
}
