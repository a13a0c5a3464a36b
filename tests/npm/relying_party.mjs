// A relying party made with npm openid-client, for tests/functional/test_openid_client.py.
//
// Speaks JSON, one object a line. In: first {issuer, client_id, …} for the scenario named on the command line, then an
// answer to each {"visit": address}: {"callback": address the browser ended at} (for a device: {}).
// Out: {"visit": …} when a person is needed, and at the end {"result": …} or {"error": …}.

import { createInterface } from "node:readline";
import * as client from "openid-client";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value);
const write = (message) => process.stdout.write(JSON.stringify(message) + "\n");

async function visit(address) {
  write({ visit: address.href ?? address });
  return (await read()).callback;
}

async function signingKey(jwk) {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  return { key: await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]), kid: jwk.kid };
}

async function authentication(given) {
  if (given.private_jwk) return client.PrivateKeyJwt(await signingKey(given.private_jwk));
  return given.client_secret ? client.ClientSecretBasic(given.client_secret) : client.None();
}

async function discovered(given) {
  const metadata = { id_token_signed_response_alg: given.alg ?? "ES256" };
  return client.discovery(new URL(given.issuer), given.client_id, metadata, await authentication(given), {
    execute: [client.allowInsecureRequests],
  });
}

async function dpopOf(config, given) {
  if (!given.dpop) return undefined;
  return { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) };
}

async function signIn(config, given, bound) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const checks = { pkceCodeVerifier, expectedState: client.randomState(), expectedNonce: client.randomNonce() };
  const parameters = {
    redirect_uri: given.redirect_uri,
    scope: given.scope ?? "openid profile",
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
  };
  const address = given.par
    ? await client.buildAuthorizationUrlWithPAR(config, parameters, bound)
    : client.buildAuthorizationUrl(config, parameters);
  const callback = new URL(await visit(address));
  const tokens = await client.authorizationCodeGrant(
    config, callback, { ...checks, idTokenExpected: true }, undefined, bound,
  );
  return { address, tokens };
}

async function code(given) {
  const config = await discovered(given);
  const bound = await dpopOf(config, given);
  const { address, tokens } = await signIn(config, given, bound);
  const claims = tokens.claims();
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub, bound);
  return { parameters: [...address.searchParams.keys()], token_type: tokens.token_type, claims, userinfo };
}

async function refresh(given) {
  const config = await discovered(given);
  const bound = await dpopOf(config, given);
  const { tokens } = await signIn(config, given, bound);
  const again = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, bound);
  const userinfo = await client.fetchUserInfo(config, again.access_token, tokens.claims().sub, bound);
  return {
    rotated: Boolean(again.refresh_token) && again.refresh_token !== tokens.refresh_token,
    token_type: again.token_type,
    userinfo,
  };
}

async function revocation(given) {
  const config = await discovered(given);
  const { tokens } = await signIn(config, given);
  const before = await client.tokenIntrospection(config, tokens.access_token);
  await client.tokenRevocation(config, tokens.access_token);
  const after = await client.tokenIntrospection(config, tokens.access_token);
  return { before, after };
}

async function logout(given) {
  const config = await discovered(given);
  const { tokens } = await signIn(config, given);
  const state = client.randomState();
  const callback = await visit(
    client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: given.post_logout_redirect_uri,
      state,
    }),
  );
  const refused = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub).catch((error) => error);
  return { state_returned: new URL(callback).searchParams.get("state") === state, userinfo_status: refused.status };
}

async function device(given) {
  const config = await discovered(given);
  const bound = await dpopOf(config, given);
  const begun = await client.initiateDeviceAuthorization(config, { scope: given.scope ?? "openid profile" });
  await visit(begun.verification_uri_complete);
  const tokens = await client.pollDeviceAuthorizationGrant(config, begun, undefined, bound);
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, bound);
  return { user_code: begun.user_code, token_type: tokens.token_type, userinfo };
}

async function clientCredentials(given) {
  const config = await discovered(given);
  const bound = await dpopOf(config, given);
  const tokens = await client.clientCredentialsGrant(config, { scope: given.scope }, bound);
  return { token_type: tokens.token_type, scope: tokens.scope };
}

async function registration(given) {
  // openid-client sends the secret of a client it registered in the body unless told otherwise.
  const metadata = {
    redirect_uris: [given.redirect_uri],
    client_name: "openid-client",
    token_endpoint_auth_method: "client_secret_post",
  };
  const config = await client.dynamicClientRegistration(
    new URL(given.issuer), metadata, undefined,
    { initialAccessToken: given.initial_access_token, execute: [client.allowInsecureRequests] },
  );
  const { tokens } = await signIn(config, given);
  const registered = config.clientMetadata();
  const claims = tokens.claims();
  return { client_id: registered.client_id, alg: registered.id_token_signed_response_alg, audience: claims.aud };
}

const SCENARIOS = { code, refresh, revocation, logout, device, client_credentials: clientCredentials, registration };

try {
  write({ result: await SCENARIOS[process.argv[2]](await read()) });
} catch (error) {
  write({ error: `${error.name}: ${error.message}`, code: error.error ?? error.code ?? "", cause: `${error.cause}` });
}
process.exit(0);
