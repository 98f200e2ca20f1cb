/** `mailkey revoke`: withdraws a sign-in, at the provider first and then here. The account's settings stay. */
import { clientSecret, loadAccount, type ResolvedAccount } from "../accounts/resolve.ts";
import { MailkeyError } from "../errors.ts";
import { revokeRefreshToken } from "../oauth/revocation.ts";
import type { Secret } from "../platform/secret.ts";
import type { TokenPorts } from "../tokens/get-token.ts";
import { removeCredential, storedClientSecret, storedRefreshToken } from "../tokens/sign-in.ts";
import { askerOf } from "./ask.ts";
import { defineCommand } from "./command.ts";
import { tokenPorts } from "./ports.ts";
import { wrapText } from "./wrap.ts";

export const revoke = defineCommand({
  name: "revoke",
  summary: "withdraw a sign-in at the provider, and remove its tokens here",
  description: `Where the provider can revoke tokens, mailkey asks it to. Where it cannot (Microsoft), mailkey names the page on which a person
can. Afterwards the tokens on this machine are removed. The account stays: "mailkey login" signs in again, "mailkey remove" forgets it.`,
  args: [{ name: "ADDRESS", summary: "the account", required: true }],
  options: {
    yes: { type: "boolean", short: "y", summary: "do not ask" },
    json: { type: "boolean", summary: "print a JSON object" },
  },
  examples: [{ line: "mailkey revoke you@gmail.com", meaning: "asks first" }],
  async run({ values, args, context }) {
    const json = values.json === true;
    const account = await loadAccount(context.paths, args[0]);
    const { address, provider } = account;
    if (values.yes !== true) await agree(address, askerOf(context, json));
    const ports = tokenPorts(context);
    const token = await storedRefreshToken(ports, address);
    const revoked = token !== undefined && provider.endpoints.revocation !== undefined;
    if (revoked) await revokeAtProvider(account, ports, token);
    await removeCredential(ports, address);
    const page = revoked || token === undefined ? undefined : provider.grantsPage;
    if (json) {
      const result = { address, removed: token !== undefined, revoked, page: page ?? null };
      return context.stdout(`${JSON.stringify(result)}\n`);
    }
    context.stdout(`${wrapText(conclusion(account, token !== undefined, revoked), context.terminal.columns)}\n`);
  },
});

async function agree(address: string, asker: ReturnType<typeof askerOf>): Promise<void> {
  if (asker === undefined) {
    throw new MailkeyError("ERR_USAGE", "cannot ask whether to revoke: there is no terminal", {
      hint: `mailkey revoke ${address} --yes`,
    });
  }
  if (!(await asker.confirm(`Withdraw the sign-in of ${address}? Mail programs lose their access.`, false)))
    throw new MailkeyError("ERR_INTERRUPTED", "nothing was revoked");
}

/** @throws ERR_PROVIDER_UNAVAILABLE, ERR_UNSUPPORTED; the tokens are still here then, for another try */
async function revokeAtProvider(account: ResolvedAccount, ports: TokenPorts, token: Secret): Promise<void> {
  const { address, provider, client } = account;
  const inVault = client.secret === "vault" ? await storedClientSecret(ports, address) : undefined;
  const secret = await clientSecret(client, inVault?.reveal(), ports.env);
  const outcome = await revokeRefreshToken(
    provider,
    { id: client.id, secret },
    token,
    ports.createFetch(ports.config.timeoutMs),
  );
  if (outcome.kind === "revoked") return;
  if (outcome.kind === "transient") {
    throw new MailkeyError("ERR_PROVIDER_UNAVAILABLE", `cannot revoke at ${provider.name}: ${outcome.reason}`, {
      cause: outcome.cause,
      hint: "nothing has changed: try again later",
    });
  }
  const words = outcome.description === undefined ? outcome.error : `${outcome.error}: ${outcome.description}`;
  throw new MailkeyError("ERR_UNSUPPORTED", `${provider.name} does not revoke the sign-in (${words})`, {
    hint: `mailkey remove ${address} forgets it on this machine${provider.grantsPage === undefined ? "" : `; withdraw it at ${provider.grantsPage}`}`,
    details: { error: outcome.error },
  });
}

function conclusion({ address, provider }: ResolvedAccount, removed: boolean, revoked: boolean): string {
  if (!removed) return `${address} was not signed in here: there was nothing to revoke.`;
  if (revoked) return `The sign-in of ${address} is revoked, and its tokens are gone from this machine.`;
  const where =
    provider.grantsPage === undefined ? "in the account's settings on the web" : `at ${provider.grantsPage}`;
  return `The tokens of ${address} are gone from this machine.\n${provider.name} has no way to revoke a sign-in from here: to end it there as well, withdraw it ${where}`;
}
