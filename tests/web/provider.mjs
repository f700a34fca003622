// A real OpenID provider (npm oidc-provider) for tests: one client, whoever signs in is whom they say they are.
// node provider.mjs '{"tools": …, "issuer": …, "port": …, "client": …, "secret": …, "redirects": […]}'
// It prints one line when it listens. Its page for signing in takes any password, and asks nobody else for anything.
import { pathToFileURL } from 'node:url';

const given = JSON.parse(process.argv[2]);
const { Provider } = await import(pathToFileURL(`${given.tools}/node_modules/oidc-provider/lib/index.js`));

const provider = new Provider(given.issuer, {
  clients: [{
    client_id: given.client,
    client_secret: given.secret,
    redirect_uris: given.redirects,
    grant_types: ['authorization_code'],
    response_types: ['code'],
  }],
  cookies: { keys: ['for these tests alone'] },
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: id }) }),
  // Nobody is asked for consent: the provider is the office's own.
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid profile');
    await grant.save();
    return grant;
  },
});

const FORM = `<!doctype html><html lang="en"><title>Provider</title><form method="post">
<label>Login <input name="login" autofocus></label><label>Password <input name="password" type="password"></label>
<button>Sign in</button> <button name="denied" value="1">No</button></form></html>`;

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  if (ctx.method === 'GET') {
    await provider.interactionDetails(ctx.req, ctx.res);
    ctx.body = FORM;
    return undefined;
  }
  let text = '';
  for await (const chunk of ctx.req) text += chunk;
  const said = new URLSearchParams(text);
  const result = said.get('denied') ? { error: 'access_denied' } : { login: { accountId: said.get('login') } };
  ctx.respond = false;
  return provider.interactionFinished(ctx.req, ctx.res, result);
});

provider.listen(given.port, '127.0.0.1', () => console.log('listening'));
