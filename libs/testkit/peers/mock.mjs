// The npm package oauth2-mock-server as a hostile identity provider.
//   node mock.mjs
// Prints {"issuer": …}. Reads commands as lines of JSON and answers each with one: `control` changes the claims of the next ID tokens,
// signs them in other ways, and hides, slows or swells the documents; `sign` signs any claims. Ends with its standard input.
import { createRequire } from 'node:module';
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { createServer, request } from 'node:http';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.MENTOR_NODE_MODULES}/package.json`);
const { OAuth2Server } = await import(pathToFileURL(require.resolve('oauth2-mock-server')));

const mock = new OAuth2Server();
await mock.issuer.keys.generate('RS256');
await mock.start(0, '127.0.0.1');
const inner = mock.address().port;

// What was said last by `control`.
let control = {};
let nonce;
mock.service.on('beforeTokenSigning', (token) => {
  if (nonce) token.payload.nonce = nonce;
  // Only the ID token has an audience that is the client.
  Object.assign(token.payload, control.claims);
  for (const name of control.without ?? []) delete token.payload[name];
});
mock.service.on('beforeResponse', (answer) => {
  if (control.forge && answer.body.id_token) answer.body.id_token = forged(answer.body.id_token, control.forge);
  if (control.answer) Object.assign(answer, control.answer);
});

const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });

// The same claims under a signature that must not count.
function forged(token, how) {
  const [header, claims, signature] = token.split('.');
  const read = JSON.parse(Buffer.from(header, 'base64url'));
  switch (how) {
    case 'none': return `${part({ ...read, alg: 'none' })}.${claims}.`;
    case 'stripped': return `${header}.${claims}.`;
    case 'hs256-public-key': {
      // The provider's public key taken for a shared secret.
      const jwk = mock.issuer.keys.toJSON().find((key) => key.kid === read.kid);
      const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
      const head = `${part({ ...read, alg: 'HS256' })}.${claims}`;
      return `${head}.${createHmac('sha256', pem).update(head).digest('base64url')}`;
    }
    case 'hs256-client-secret': {
      const head = `${part({ ...read, alg: 'HS256' })}.${claims}`;
      return `${head}.${createHmac('sha256', 's3cret').update(head).digest('base64url')}`;
    }
    case 'unknown-key': case 'stolen-kid': {
      const head = `${part({ ...read, kid: how === 'stolen-kid' ? read.kid : 'stranger' })}.${claims}`;
      return `${head}.${sign('sha256', Buffer.from(head), stranger.privateKey).toString('base64url')}`;
    }
    case 'bent': return `${header}.${part({ ...JSON.parse(Buffer.from(claims, 'base64url')), sub: 'admin' })}.${signature}`;
    default: throw new Error(how);
  }
}

const door = createServer((from, to) => {
  const url = new URL(from.url, mock.issuer.url);
  if (url.pathname === '/authorize') nonce = url.searchParams.get('nonce');
  if (url.pathname === '/jwks' || url.pathname.startsWith('/.well-known/')) {
    if (control.documents === 'down') return to.writeHead(503).end();
    if (control.documents === 'slow') return; // never
    if (control.documents === 'huge') {
      to.writeHead(200, { 'content-type': 'application/json' });
      return to.end(`{"keys": [], "x": "${'x'.repeat(3_000_000)}"}`);
    }
    if (control.documents === 'redirect') return to.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    if (control.documents === 'nonsense') return to.end('<html>');
  }
  const onward = request({ host: '127.0.0.1', port: inner, method: from.method, path: from.url, headers: from.headers }, (answer) => {
    to.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(to);
  });
  onward.on('error', () => to.writeHead(502).end());
  from.pipe(onward);
});
await new Promise((done) => door.listen(0, '127.0.0.1', done));
mock.issuer.url = `http://127.0.0.1:${door.address().port}`;
const commands = {
  control: async ({ control: wanted }) => {
    control = wanted;
    if (control.rotate) control.kid = (await mock.issuer.keys.generate('RS256')).kid;
    return {};
  },
  // By the newest key.
  sign: async ({ claims, header, forge }) => {
    const keys = mock.issuer.keys.toJSON(true);
    const jwk = keys.find((key) => key.kid === control.kid) ?? keys[0];
    const head = `${part({ alg: 'RS256', kid: jwk.kid, typ: 'logout+jwt', ...header })}.${part(claims)}`;
    const signature = sign('sha256', Buffer.from(head), createPrivateKey({ key: jwk, format: 'jwk' })).toString('base64url');
    const token = `${head}.${signature}`;
    return { token: forge ? forged(token, forge) : token };
  },
};
console.log(JSON.stringify({ issuer: mock.issuer.url }));
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const answer = await commands[command.do](command).catch((error) => ({ error: String(error) }));
  console.log(JSON.stringify(answer));
}
process.exit(0);
