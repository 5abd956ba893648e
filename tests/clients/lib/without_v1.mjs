/**
 * An SFU as they were before `/rtc/v1`: everything goes through to the worker, except that.
 */
import { createServer, request } from 'node:http';

/**
 * @param {string} target `http://` address of the worker
 * @returns {Promise<{ url: string, refused: () => number, stop: () => void }>}
 */
export async function withoutV1(target) {
    let refused = 0;
    const isV1 = (url) => {
        const hit = new URL(url, target).pathname.startsWith('/rtc/v1');
        if (hit) refused += 1;
        return hit;
    };
    const forward = ({ url, method, headers }) => request(target + url, { method, headers });

    const proxy = createServer((incoming, response) => {
        if (isV1(incoming.url)) {
            response.writeHead(404, { 'access-control-allow-origin': '*' });
            return response.end();
        }
        const outgoing = forward(incoming).on('response', (answer) => {
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        });
        incoming.pipe(outgoing);
    });
    proxy.on('upgrade', (incoming, socket, head) => {
        if (isV1(incoming.url)) return socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
        forward(incoming)
            .on('upgrade', (answer, server, first) => {
                const headers = Object.entries(answer.headers).map(([k, v]) => `${k}: ${v}\r\n`);
                socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join('')}\r\n`);
                socket.write(first);
                server.write(head);
                socket.pipe(server).pipe(socket);
                socket.on('error', () => server.destroy());
                server.on('error', () => socket.destroy());
            })
            .on('response', (answer) => {
                socket.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n\r\n`);
                answer.pipe(socket);
            })
            .end();
    });
    await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    return {
        url: `ws://127.0.0.1:${proxy.address().port}`,
        refused: () => refused,
        stop: () => {
            proxy.close();
            proxy.closeAllConnections();
        },
    };
}
