// A browser (headless Chromium, driven by playwright-core), and the TLS that stands before the suite in production.
//   node browser.mjs '{"port": 8443, "to": 8080, "key": "…pem", "certificate": "…pem"}'
// Reads commands as lines of JSON and answers each with one: goto, fill, click, fetch, cookies, wipe. Ends with its standard input.
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';

const require = createRequire(`${process.env.MENTOR_NODE_MODULES}/package.json`);
const { chromium } = require('playwright-core');
const wanted = JSON.parse(process.argv[2]);

const tls = createServer({ key: readFileSync(wanted.key), cert: readFileSync(wanted.certificate) }, (from, to) => {
  const onward = request({ host: '127.0.0.1', port: wanted.to, method: from.method, path: from.url, headers: from.headers }, (answer) => {
    to.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(to);
  });
  onward.on('error', () => to.writeHead(502).end());
  from.pipe(onward);
});
await new Promise((done) => tls.listen(wanted.port, '127.0.0.1', done));

const profile = mkdtempSync(`${tmpdir()}/mentor-browser-`);
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.MENTOR_TEST_CHROMIUM || '/usr/bin/chromium',
  headless: true,
  ignoreHTTPSErrors: true,
  // Our pages have no scripts, and say so; the tests' scripts stand for those of a portal on the same origin.
  bypassCSP: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const page = context.pages()[0] ?? await context.newPage();
page.setDefaultTimeout(20_000);
const seen = async () => ({ url: page.url(), text: await page.innerText('body').catch(() => '') });

const commands = {
  goto: async ({ url }) => {
    const answer = await page.goto(url);
    return { status: answer?.status() ?? 0, ...await seen() };
  },
  fill: async ({ selector, value }) => { await page.fill(selector, value); return {}; },
  // Follows wherever the click leads.
  click: async ({ selector }) => {
    await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.click(selector)]);
    return seen();
  },
  has: async ({ selector }) => ({ has: await page.locator(selector).count() > 0 }),
  // As a script of the page that is shown.
  fetch: async ({ url, method }) => page.evaluate(async ([url, method]) => {
    const answer = await fetch(url, { method, credentials: 'include' });
    return { status: answer.status, body: await answer.text() };
  }, [url, method]),
  script_cookies: async () => ({ text: await page.evaluate(() => document.cookie) }),
  cookies: async () => ({ cookies: await context.cookies() }),
  wipe: async () => { await context.clearCookies(); return {}; },
};
console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const answer = await commands[command.do](command).catch((error) => ({ error: String(error), url: page.url() }));
  console.log(JSON.stringify(answer));
}
await context.close();
rmSync(profile, { recursive: true, force: true });
process.exit(0);
