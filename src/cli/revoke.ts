/** `mailkey revoke`: withdraws a sign-in, at the provider first and then here. The account's settings stay. */
import { authenticatedClient } from "../accounts/client-authentication.ts";
import { loadAccount, type ResolvedAccount } from "../accounts/resolve.ts";
import { mailboxesSharing } from "../accounts/store.ts";
import { MailkeyError } from "../errors.ts";
import { revokeRefreshToken } from "../oauth/revocation.ts";
import type { Secret } from "../platform/secret.ts";
import { shellLine, shellWord } from "../platform/shell.ts";
import { jsonText } from "../platform/text.ts";
import type { TokenPorts } from "../tokens/get-token.ts";
import { forgetGrant, storedRefreshToken, storedSecrets } from "../tokens/sign-in.ts";
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
    refuseBorrower(account);
    const others = mailboxesSharing(context.paths, address);
    if (values.yes !== true) await agree(account, others, askerOf(context, json));
    const ports = tokenPorts(context);
    const token = await storedRefreshToken(ports, address);
    const revoked = token !== undefined && provider.endpoints.revocation !== undefined;
    if (revoked) await revokeAtProvider(account, ports, token);
    await forgetGrant(ports, account);
    const page = revoked || token === undefined ? undefined : provider.grantsPage;
    if (json) {
      const result = { address, removed: token !== undefined, revoked, page: page ?? null };
      return context.stdout(`${jsonText(result)}\n`);
    }
    const told =
      account.grant === "sign_in" ? conclusion(account, token !== undefined, revoked) : nobodySignedIn(account);
    context.stdout(`${wrapText(told, context.terminal.columns)}\n`);
  },
});

/** Others may be using that sign-in: it is withdrawn by its own name. */
function refuseBorrower({ address, credential }: ResolvedAccount): void {
  if (credential === address) return;
  throw new MailkeyError("ERR_USAGE", `${address} has no sign-in of its own: it uses that of ${credential}`, {
    hint: `${shellLine(["mailkey", "revoke", credential])} withdraws it for both; ${shellLine(["mailkey", "remove", address])} forgets this mailbox`,
  });
}

async function agree(
  { address, grant }: ResolvedAccount,
  others: readonly string[],
  asker: ReturnType<typeof askerOf>,
): Promise<void> {
  if (asker === undefined) {
    throw new MailkeyError("ERR_USAGE", "cannot ask whether to revoke: there is no terminal", {
      hint: `mailkey revoke ${shellWord(address)} --yes`,
    });
  }
  const lost = others.length === 0 ? "" : ` So does ${others.join(", ")}, which uses it too.`;
  const question =
    grant === "sign_in"
      ? `Withdraw the sign-in of ${address}? Mail programs lose their access.${lost}`
      : `Remove the token of ${address} here? The next one who needs it gets a new one.`;
  if (!(await asker.confirm(question, false))) throw new MailkeyError("ERR_INTERRUPTED", "nothing was revoked");
}

/** @throws ERR_PROVIDER_UNAVAILABLE, ERR_UNSUPPORTED; the tokens are still here then, for another try */
async function revokeAtProvider(account: ResolvedAccount, ports: TokenPorts, token: Secret): Promise<void> {
  const { address, provider } = account;
  const { clientSecret } = await storedSecrets(ports, account);
  const outcome = await revokeRefreshToken(
    provider,
    await authenticatedClient(account, clientSecret, ports),
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
    hint: `mailkey remove ${shellWord(address)} forgets it on this machine${provider.grantsPage === undefined ? "" : `; withdraw it at ${provider.grantsPage}`}`,
    details: { error: outcome.error },
  });
}

function nobodySignedIn({ address, client }: ResolvedAccount): string {
  return `The tokens of ${address} are gone from this machine. Nobody signed in, so that there is no sign-in to withdraw: who wants to keep ${client.id} out of the mailbox takes its permission away at the provider.`;
}

function conclusion({ address, provider }: ResolvedAccount, removed: boolean, revoked: boolean): string {
  if (!removed) return `${address} was not signed in here: there was nothing to revoke.`;
  if (revoked) return `The sign-in of ${address} is revoked, and its tokens are gone from this machine.`;
  const where =
    provider.grantsPage === undefined ? "in the account's settings on the web" : `at ${provider.grantsPage}`;
  return `The tokens of ${address} are gone from this machine.\n${provider.name} has no way to revoke a sign-in from here: to end it there as well, withdraw it ${where}`;
}
