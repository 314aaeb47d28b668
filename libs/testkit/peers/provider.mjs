// The certified npm package oidc-provider as an organisation's identity provider.
//   node provider.mjs '{"port": 0, "client": {…}, "accounts": {"ann": {…claims}}}'
// Prints {"issuer": …} when it serves; ends with its standard input. PUT /accounts replaces the accounts, for what changes
// while somebody is signed in.
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.MENTOR_NODE_MODULES}/package.json`);
const load = async (name) => import(pathToFileURL(require.resolve(name)));
const { Provider } = await load('oidc-provider');

const wanted = JSON.parse(process.argv[2]);
let accounts = wanted.accounts;

const server = createServer();
await new Promise((done) => server.listen(wanted.port, '127.0.0.1', done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
    ...wanted.client,
  }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
  scopes: ['openid', 'email', 'profile', 'groups', 'offline_access'],
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  ttl: { AccessToken: wanted.seconds ?? 3600, IdToken: 3600, Session: 86400, Grant: 86400, RefreshToken: 86400, Interaction: 600 },
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  // Its own client refuses addresses of this machine, where the suite under test is.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  cookies: { keys: ['for tests only'] },
  findAccount: async (_, id) => {
    const claims = accounts[id];
    return claims && { accountId: id, claims: async () => ({ sub: id, ...claims }) };
  },
});
for (const event of ['server_error', 'grant.error', 'backchannel.error', 'authorization.error']) {
  provider.on(event, (...values) => console.error(event, ...values.filter((value) => value instanceof Error)));
}
const serve = provider.callback();
server.on('request', (request, response) => {
  if (request.method === 'PUT' && request.url === '/accounts') {
    let body = '';
    request.on('data', (part) => { body += part; });
    request.on('end', () => { accounts = JSON.parse(body); response.end(); });
    return;
  }
  serve(request, response);
});
console.log(JSON.stringify({ issuer }));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
