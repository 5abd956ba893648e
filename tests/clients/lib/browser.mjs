/**
 * Debian's Chromium with a page for each participant. The page loads livekit-client as published;
 * `page/participant.js` is all that is ours in it.
 */
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import puppeteer from 'puppeteer-core';
import { until } from './until.mjs';

/** Releases of livekit-client, by the name of their npm package here. */
export const CURRENT = 'livekit-client';
/** The last minor release before single peer connections (`/rtc/v1`) came up. */
export const OLDER = 'livekit-client-2-13';

const FOLDER = path.join(import.meta.dirname, '..');
const PAGE =
    '<!doctype html><meta charset="utf-8"><script src="/client.js"></script><script src="/participant.js"></script>';

/** Serves the page of a release at `/RELEASE/`. */
async function serve() {
    const files = {
        'client.js': (release) => `node_modules/${release}/dist/livekit-client.umd.js`,
        'e2ee.js': (release) => `node_modules/${release}/dist/livekit-client.e2ee.worker.js`,
        'participant.js': () => 'page/participant.js',
    };
    const server = createServer(async (request, response) => {
        const [, release, name] = new URL(request.url, 'http://page').pathname.split('/');
        if (name === '') {
            response.setHeader('content-type', 'text/html');
            return response.end(PAGE.replaceAll('src="/', 'src="'));
        }
        const file = files[name]?.(release);
        if (!file || ![CURRENT, OLDER].includes(release)) {
            response.statusCode = 404;
            return response.end();
        }
        response.setHeader('content-type', 'text/javascript');
        response.end(await readFile(path.join(FOLDER, file)));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
}

/** A browser that several calls share. */
export async function startBrowser() {
    const server = await serve();
    const browser = await puppeteer.launch({
        executablePath: process.env.HELIOGRAPH_CHROMIUM ?? '/usr/bin/chromium',
        headless: true,
        args: [
            // Tests run as root in containers.
            '--no-sandbox',
            '--disable-dev-shm-usage',
            '--disable-gpu',
            '--use-fake-device-for-media-stream',
            '--use-fake-ui-for-media-stream',
            '--autoplay-policy=no-user-gesture-required',
            // A machine without any network but loopback can call too.
            '--allow-loopback-in-peer-connection',
            // Pages in the background are participants like any other.
            '--disable-background-timer-throttling',
            '--disable-backgrounding-occluded-windows',
            '--disable-renderer-backgrounding',
        ],
    });
    const base = `http://127.0.0.1:${server.address().port}`;
    return {
        /**
         * A participant that has not joined yet; gone after the test.
         *
         * @param {import('node:test').TestContext} t
         * @param {string} identity
         * @param {string} [release]
         */
        participant: async (t, identity, release = CURRENT) => {
            const page = await browser.newPage();
            t.after(() => page.isClosed() || page.close());
            const participant = new Participant(identity, page);
            await page.goto(`${base}/${release}/`);
            return participant;
        },
        stop: async () => {
            await browser.close();
            server.close();
        },
    };
}

/** A page, seen from the test. */
export class Participant {
    /** What the page complained about. */
    complaints = [];

    /**
     * @param {string} identity
     * @param {import('puppeteer-core').Page} page
     */
    constructor(identity, page) {
        this.identity = identity;
        this.page = page;
        page.on('console', (message) => {
            if (['error', 'warn'].includes(message.type())) this.complaints.push(message.text());
            if (process.env.VERBOSE) console.error(identity, message.type(), message.text());
        });
        page.on('pageerror', (error) => this.complaints.push(`uncaught: ${error.message}`));
    }

    /** Runs a function in the page, where `call` is `page/participant.js` and `room` the room. */
    do(run, ...args) {
        return this.page.evaluate(run, ...args);
    }

    /** @param {string} url @param {string} token @param {object} options see `call.join` */
    join(url, token, options = {}) {
        return this.do((u, t, o) => call.join(u, t, o), url, token, options);
    }

    /** @param {object} options see `call.publish` */
    publish(options = {}) {
        return this.do((o) => call.publish(o), options);
    }

    /** Figures of what is received from somebody; `undefined` while there is no such track. */
    inbound(identity, kind) {
        return this.do((i, k) => call.inbound(i, k), identity, kind);
    }

    /** Events of a kind, oldest first, as arrays of what they carried. */
    async heard(name) {
        return (await this.do(() => call.events))
            .filter(([event]) => event === name)
            .map(([, ...carried]) => carried);
    }

    /** Waits until an event of the kind has been heard that the test likes. */
    async hear(name, isGood = () => true) {
        const all = await until(
            `${this.identity} hears ${name}`,
            () => this.heard(name),
            (events) => events.some((carried) => isGood(...carried)),
        );
        return all.find((carried) => isGood(...carried));
    }

    /** Forgets what has been heard. */
    forget() {
        return this.do(() => void (call.events.length = 0));
    }

    /** Waits until `more` pictures of somebody's come out from now on; returns the figures. */
    async seesMore(identity, more = 15) {
        // Another track starts counting anew.
        const of = async () => (await this.inbound(identity, 'video')) ?? { pictures: 0, id: '' };
        let before = await of();
        return until(`${this.identity} sees ${identity}`, of, (now) => {
            if (now.id !== before.id) before = { ...now, pictures: 0 };
            return now.pictures - before.pictures >= more;
        });
    }

    /** Waits until sound of somebody's is heard from now on; returns the figures. */
    async hearsMore(identity, more = 0.001) {
        const of = async () => (await this.inbound(identity, 'audio')) ?? { energy: 0, id: '' };
        let before = await of();
        return until(`${this.identity} hears ${identity}`, of, (now) => {
            if (now.id !== before.id || now.energy < before.energy) before = { ...now, energy: 0 };
            return now.energy - before.energy >= more;
        });
    }

    async leave() {
        await this.do(() => room.disconnect());
        await this.page.close();
    }
}
