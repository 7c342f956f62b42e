// An OpenID provider for tests: one client, and everybody is the same person without being asked.
// Run: node provider.mjs FOLDER REDIRECT, where FOLDER has oidc-provider in its node_modules. Prints its URL as the first line, and
// ends with its standard input.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const [folder, redirect] = process.argv.slice(2);
const found = createRequire(pathToFileURL(join(folder, "index.js"))).resolve("oidc-provider");
const { Provider } = await import(pathToFileURL(found));

const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const url = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(url, {
  clients: [{
    client_id: "stanchion",
    client_secret: "the portal's secret at the issuer",
    redirect_uris: [redirect],
    response_types: ["code"],
    grant_types: ["authorization_code"],
  }],
  claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email"], groups: ["groups"] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/person/${interaction.uid}` },
  pkce: { required: () => true },
  cookies: { keys: ["only for tests"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id, name: "Carla", preferred_username: "carla", email: "carla@example.org", groups: ["staff", "pci"],
    }),
  }),
});

async function person(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: "carla-7" } });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const grantId = await grant.save();
  return provider.interactionFinished(request, response, { consent: { grantId } }, { mergeWithLastSubmission: true });
}

const rest = provider.callback();
server.on("request", (request, response) => {
  if (request.url.startsWith("/person/")) {
    person(request, response).catch((error) => { response.statusCode = 500; response.end(String(error)); });
  } else {
    rest(request, response);
  }
});
console.log(url);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
