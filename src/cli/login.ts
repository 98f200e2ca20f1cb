/** `mailkey login`: signs in again for an account that is there. Only the credential changes, and only when all went well. */
import { loadAccount, type ResolvedAccount } from "../accounts/resolve.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import { FLOWS, type Flow } from "../signin/choose.ts";
import type { TokenPorts } from "../tokens/get-token.ts";
import { storedSecrets, storeSignIn, type KeptSecrets } from "../tokens/sign-in.ts";
import { ensureVault } from "../vault/choose.ts";
import { RESOURCE_OPTION } from "./add-flags.ts";
import { defineCommand } from "./command.ts";
import { outcomeOf } from "./exit.ts";
import { withCommandHints } from "./flag-hint.ts";
import { tokenPorts } from "./ports.ts";
import { obtainGrant } from "./sign-in-account.ts";
import { isRefusedEverywhere, reportsJson, tryMailbox } from "./try-mailbox.ts";
import { shellWord } from "../platform/shell.ts";
import { jsonText } from "../platform/text.ts";

export const login = defineCommand({
  name: "login",
  summary: "sign in again for an account that is there",
  description: `For when the provider has ended the sign-in: a changed password, a policy, months without use. Settings stay as they are. The old
credential is replaced only after the new sign-in has succeeded, as the right person. For a shared mailbox it is the person of the other
account who signs in. Where nobody signs in, a new token is asked for.`,
  args: [{ name: "ADDRESS", summary: "the account; may be left out when there is only one", required: false }],
  options: {
    flow: {
      type: "string",
      value: "FLOW",
      choices: FLOWS,
      summary: "loopback, paste or device, instead of what fits best",
    },
    resource: RESOURCE_OPTION,
    "no-browser": { type: "boolean", summary: "open no browser" },
    "no-test": { type: "boolean", summary: "do not log in to the mail servers afterwards" },
    json: {
      type: "boolean",
      summary: "ask nothing; print a JSON object, and progress as JSON lines on standard error",
    },
  },
  examples: [
    { line: "mailkey login you@hotmail.com", meaning: "through the browser" },
    { line: "mailkey login you@hotmail.com --resource graph", meaning: "for tokens of Microsoft Graph as well" },
    { line: "mailkey login you@hotmail.com --flow device", meaning: "with a code typed in on a telephone" },
  ],
  async run({ values, args, context }) {
    const json = values.json === true;
    const account = await loadAccount(context.paths, args[0]);
    const { address, credential } = account;
    const ports = tokenPorts(context);
    const say = (text: string) => (json ? undefined : context.stderr(`${text}\n`));
    const { reason } = await ensureVault(context.paths, context.env, ports); // the account may have come without one
    if (reason !== undefined) say(`First use: ${reason}.`);
    const before = introduction(account);
    if (before !== undefined) say(before);
    const kept = await secretsInVault(ports, account);
    const obtained = await withCommandHints(
      (flag) =>
        flag === "--flow" ? `mailkey login ${shellWord(address)}` : `mailkey add ${shellWord(credential)} --replace`,
      () =>
        obtainGrant(context, ports, account, kept, {
          flow: values.flow as Flow | undefined,
          browser: values["no-browser"] !== true,
          json,
          resources: values.resource ?? [],
        }),
    );
    const tested = values["no-test"] !== true;
    const keep = () => storeSignIn(ports, account, { grant: obtained.grant, at: obtained.obtainedAt });
    // Where the provider does not say who signed in, the mailbox does, before the good credential is replaced.
    const isKnown = obtained.isCertain || !tested;
    if (isKnown) await keep();
    const { who, flow } = obtained;
    say(account.grant === "sign_in" ? `Signed in${who === undefined ? "" : ` as ${who}`}.` : "There is a new token.");
    const reports = tested ? await tryMailbox(context, ports, account, obtained.grant.accessToken, json) : [];
    if (!isKnown) {
      if (isRefusedEverywhere(reports)) throw wrongMailbox(account.user, account.login);
      await keep();
    }
    if (json) {
      const result = { address, flow, signed_in_as: who ?? null, tests: reportsJson(reports, account) };
      context.stdout(`${jsonText(result)}\n`);
    }
    return reports.every((report) => report.ok) ? 0 : outcomeOf("ERR_MAIL_LOGIN").status;
  },
});

function wrongMailbox(user: string, person: string): MailkeyError {
  const text = `somebody signed in, but the mailbox of ${user} is not open to them: the old sign-in is kept`;
  return new MailkeyError("ERR_WRONG_USER", text, { hint: `sign in as ${person}` });
}

function introduction({ grant, address, credential }: ResolvedAccount): string | undefined {
  if (grant !== "sign_in") return `There is nobody to sign in for ${address}: it has tokens without a person.`;
  return credential === address ? undefined : `${address} uses the sign-in of ${credential}, which is what is renewed.`;
}

/** Signing in is the remedy for a credential that cannot be read. */
async function secretsInVault(ports: TokenPorts, account: ResolvedAccount): Promise<KeptSecrets> {
  try {
    return await storedSecrets(ports, account);
  } catch (error) {
    if (isMailkeyError(error, "ERR_VAULT_DAMAGED")) return {};
    throw error;
  }
}
