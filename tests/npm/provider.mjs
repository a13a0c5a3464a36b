// The peer `make bench` measures against: npm oidc-provider as its guide sets it up, with one client that asks nobody
// for consent. node provider.mjs <facts.json>, with
// {"port", "issuer", "client_id", "client_secret", "redirect_uri", "jwks", "cookie_key", "redis": socket or ""}
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';
import { adapterOver } from './redis_adapter.mjs';

const facts = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const account = (sub) => ({ accountId: sub, claims: async () => ({ sub, name: '王晓芸', preferred_username: sub, locale: 'zh-Hans' }) });

const provider = new Provider(facts.issuer, {
  ...(facts.redis ? { adapter: adapterOver(facts.redis) } : {}),
  clients: [{
    client_id: facts.client_id,
    client_secret: facts.client_secret,
    redirect_uris: [facts.redirect_uri],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    response_types: ['code'],
    id_token_signed_response_alg: 'ES256',
    token_endpoint_auth_method: 'client_secret_basic',
  }],
  jwks: facts.jwks,
  cookies: { keys: [facts.cookie_key] },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'locale'] },
  scopes: ['openid', 'profile', 'offline_access', 'guides:read'],
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
  },
  pkce: { required: () => true },
  findAccount: async (_ctx, sub) => account(sub),
  // offline_access would need a consent page; the nonce says which flow wants a refresh token.
  issueRefreshToken: async (_ctx, _client, code) => code.nonce === 'refresh',
  rotateRefreshToken: false, // as we do for confidential clients
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: async (ctx) => {
    const known = ctx.oidc.session.grantIdFor(ctx.oidc.client.clientId);
    if (known) return ctx.oidc.provider.Grant.find(known);
    const { accountId } = ctx.oidc.session;
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId });
    grant.addOIDCScope('openid profile');
    await grant.save();
    return grant;
  },
  ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Session: 43200, Grant: 43200, Interaction: 1800, RefreshToken: 86400, ClientCredentials: 600 },
});

const answer = provider.callback();
createServer((request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  return provider.interactionFinished(request, response, { login: { accountId: 'clerk' } }).catch((fault) => {
    response.writeHead(500).end(String(fault));
  });
}).listen(facts.port, '127.0.0.1');
