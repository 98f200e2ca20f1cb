/** `mailkey add`: from an address to a mailbox that mail programs can use. Discover, choose, sign in, store, test, say what next. */
import * as v from "valibot";
import { normaliseAddress } from "../accounts/address.ts";
import { AccountFileSchema, isShared, type Account, type AccountFile } from "../accounts/account.ts";
import { resolveAccount, resolveShared, type ResolvedAccount } from "../accounts/resolve.ts";
import { accountPath, readAccount, saveAccount } from "../accounts/store.ts";
import { MailkeyError } from "../errors.ts";
import type { LoginReport } from "../mail/report.ts";
import { commandPath } from "../platform/command-path.ts";
import { loadProvider } from "../providers/registry.ts";
import { Secret } from "../platform/secret.ts";
import type { Flow } from "../signin/choose.ts";
import { getToken, type TokenPorts } from "../tokens/get-token.ts";
import { removeCredential, storeSignIn } from "../tokens/sign-in.ts";
import { ensureVault } from "../vault/choose.ts";
import type { Vault } from "../vault/vault.ts";
import { chooseClient, type ClientChoice } from "./add-client.ts";
import { ADD_OPTIONS, serversFrom, usage, type AddValues } from "./add-flags.ts";
import { chooseProvider } from "./add-provider.ts";
import { findLender } from "./add-shared.ts";
import { chooseApplication, chooseServiceAccount } from "./add-unattended.ts";
import { askerOf, type Asker } from "./ask.ts";
import { defineCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { outcomeOf } from "./exit.ts";
import { withCommandHints } from "./flag-hint.ts";
import { nextStepText, tokenCommand } from "./next-step.ts";
import { tokenPorts } from "./ports.ts";
import { obtainGrant, type Obtained } from "./sign-in-account.ts";
import { isRefusedEverywhere, reportsJson, tryMailbox } from "./try-mailbox.ts";
import { wrapText } from "./wrap.ts";
import { shellWord } from "../platform/shell.ts";
import { jsonText } from "../platform/text.ts";

export const add = defineCommand({
  name: "add",
  summary: "sign a mailbox in, store the sign-in encrypted, and test it",
  description: `Finds out who hosts the mailbox, signs in there through a browser or with a code, keeps what was granted in the vault, and logs in
to the mail servers once to see that it works. Everything that is asked at a terminal can be given as a flag.

Signing in happens in a browser on this machine where there is one, and otherwise with a code that is typed in on any other device;
--flow chooses. Over SSH nothing special is needed.

A mailbox that is shared with somebody who is signed in already needs no sign-in of its own: --login-as names that person, --share any
account. --app-only and --service-account are for organisations whose administrator lets an application open mailboxes.`,
  args: [{ name: "ADDRESS", summary: "the mailbox; asked for at a terminal", required: false, complete: "nothing" }],
  options: ADD_OPTIONS,
  examples: [
    { line: "mailkey add you@hotmail.com", meaning: "the provider and everything else is found out" },
    { line: "mailkey add you@hotmail.com --flow device", meaning: "with a code typed in on a telephone" },
    {
      line: "mailkey add you@gmail.com --client-id ID --client-secret-file ~/.config/google-secret",
      meaning: "with your own registration",
    },
    {
      line: "mailkey add info@example.com --provider microsoft --login-as you@example.com",
      meaning: "a shared mailbox that you may open",
    },
    {
      line: "mailkey add info@example.com --app-only --client-id ID --certificate FILE",
      meaning: "without a person: see docs/unattended.md",
    },
    {
      line: "mailkey add you@example.com --issuer https://login.example.com --client-id mail --imap imap.example.com:993",
      meaning: "any other provider with OAuth2",
    },
  ],
  async run({ values, args, context }) {
    const adding = new Adding(values, context);
    const address = args[0] ?? (await adding.askAddress());
    return withCommandHints(
      () => `mailkey add ${shellWord(address)}`,
      () => adding.run(address),
    );
  },
});

class Adding {
  readonly #values: AddValues;
  readonly #context: Context;
  readonly #ports: TokenPorts;
  readonly #json: boolean;
  readonly #asker: Asker | undefined;

  constructor(values: AddValues, context: Context) {
    this.#values = values;
    this.#context = context;
    this.#ports = tokenPorts(context);
    this.#json = values.json === true;
    this.#asker = askerOf(context, this.#json);
  }

  async run(address: string): Promise<number> {
    normaliseAddress(address); // refuses what is none
    await this.#makeRoom(address);
    const lender = findLender(this.#ports.paths, address, this.#values);
    if (lender !== undefined) return this.#share(address, lender);
    const { account, kept } = await this.#describe(address);
    const resolved = await resolveAccount(account);
    const { vault, reason } = await ensureVault(this.#ports.paths, this.#ports.env, this.#ports);
    if (reason !== undefined) this.#say(`First use: ${reason}.`);
    const obtained = await obtainGrant(this.#context, this.#ports, resolved, kept, {
      flow: this.#values.flow as Flow | undefined,
      browser: this.#values["no-browser"] !== true,
      json: this.#json,
      resources: this.#values.resource ?? [],
    });
    this.#say(toldOf(resolved, obtained));
    const keep = async () => {
      const secrets = {
        clientSecret: kept.clientSecret === undefined ? undefined : new Secret(kept.clientSecret),
        serviceAccount: kept.serviceAccount === undefined ? undefined : new Secret(kept.serviceAccount),
      };
      await storeSignIn(this.#ports, resolved, { grant: obtained.grant, at: obtained.obtainedAt, ...secrets });
      saveAccount(this.#ports.paths, account);
    };
    const reports = await this.#keepAndTest(resolved, obtained, keep);
    return this.#conclude(resolved, obtained, reports, vault);
  }

  /** The lender's token is asked for before anything is written: without one there is nothing to share. */
  async #share(address: string, lender: Account): Promise<number> {
    const { user } = this.#values;
    const servers = serversFrom(this.#values);
    const mailbox = {
      address,
      credential: lender.address,
      ...(user === undefined ? {} : { user }),
      ...(servers === undefined ? {} : { servers }),
    };
    const { paths } = this.#ports;
    const resolved = await resolveShared(lender, checked(mailbox));
    const { token } = await getToken(this.#ports, resolved);
    this.#say(`Opens the mailbox with the sign-in of ${lender.address}: there is nothing more to sign in.`);
    const previous = readAccount(paths, address);
    saveAccount(paths, mailbox);
    if (previous !== undefined && !isShared(previous)) await removeCredential(this.#ports, address);
    const reports =
      this.#values["no-test"] === true
        ? []
        : await tryMailbox(this.#context, this.#ports, resolved, token.value, this.#json);
    const vault = await this.#ports.openVault();
    return this.#conclude(resolved, { flow: "shared", who: lender.login ?? lender.address }, reports, vault);
  }

  async askAddress(): Promise<string> {
    if (this.#asker === undefined)
      throw new MailkeyError("ERR_USAGE", "add needs an address", { hint: "mailkey add you@example.com" });
    return this.#asker.text("Which mailbox?", "you@example.com", (answer) =>
      /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(answer) ? undefined : "an e-mail address, please",
    );
  }

  /** An account that is there already is not overwritten by accident. */
  async #makeRoom(address: string): Promise<void> {
    if (this.#values.replace === true || readAccount(this.#ports.paths, address) === undefined) return;
    const agrees = await this.#asker?.confirm(`There is an account ${address} already. Replace it?`, false);
    if (agrees === true) return;
    throw new MailkeyError("ERR_USAGE", `there is an account ${address} already`, {
      hint: `mailkey login ${shellWord(address)} signs in again; --replace starts over`,
    });
  }

  async #describe(address: string) {
    const values = this.#values;
    const provider = await chooseProvider(address, values, {
      fetch: this.#ports.createFetch(this.#ports.config.timeoutMs),
      signal: this.#context.signal,
      asker: this.#asker,
    });
    this.#say(provider.told);
    const { part } = provider;
    const client = await this.#chooseClient(part.provider);
    this.#say(client.told);
    const { user, "login-as": login, "catch-all": domain } = values;
    const endpoints = { ...part.endpoints, ...client.part.endpoints };
    const account = {
      address,
      ...part,
      ...(user === undefined ? {} : { user }),
      ...(login === undefined ? {} : { login }),
      ...client.part,
      ...(domain === undefined ? {} : { catch_all: domain }),
      ...(Object.keys(endpoints).length === 0 ? {} : { endpoints }),
    };
    return { account: checked(account), kept: client.kept };
  }

  async #chooseClient(providerId: string): Promise<ClientChoice> {
    const values = this.#values;
    const provider = providerId === "custom" ? undefined : await loadProvider(providerId);
    const known = provider?.kind === "oauth2" ? provider : undefined;
    const { "service-account": keyFile } = values;
    if (values["app-only"] === true) return chooseApplication(values, this.#asker);
    if (keyFile !== undefined) return chooseServiceAccount(keyFile, known, values, this.#ports.env);
    return chooseClient(known, values, this.#asker);
  }

  /** Where the provider does not say who signed in, the mailbox does: refused there, nothing is stored. */
  async #keepAndTest(account: ResolvedAccount, obtained: Obtained, keep: () => Promise<void>): Promise<LoginReport[]> {
    const isKnown = obtained.isCertain || this.#values["no-test"] === true;
    if (isKnown) await keep();
    if (this.#values["no-test"] === true) return [];
    const reports = await tryMailbox(this.#context, this.#ports, account, obtained.grant.accessToken, this.#json);
    if (isKnown) return reports;
    if (isRefusedEverywhere(reports)) {
      throw new MailkeyError(
        "ERR_WRONG_USER",
        `somebody signed in, but the mailbox of ${account.user} is not open to them: nothing has been stored`,
        { hint: `sign in as ${account.login}, or say with --user and --login-as whose mailbox it is and who signs in` },
      );
    }
    await keep();
    return reports;
  }

  /** @returns the exit status */
  #conclude(
    account: ResolvedAccount,
    { flow, who }: Pick<Obtained, "flow" | "who">,
    reports: readonly LoginReport[],
    vault: Vault,
  ): number {
    const status = reports.every((report) => report.ok) ? 0 : outcomeOf("ERR_MAIL_LOGIN").status;
    const { address } = account;
    const file = accountPath(this.#ports.paths, address);
    const command = commandPath(this.#ports.env);
    if (this.#json) {
      const result = {
        address,
        provider: account.provider.id,
        client: { id: account.client.id, name: account.client.name },
        flow,
        signed_in_as: who ?? null,
        vault: { kind: vault.kind, description: vault.description },
        file,
        token_command: tokenCommand(account, command),
        tests: reportsJson(reports, account),
      };
      this.#context.stdout(`${jsonText(result)}\n`);
      return status;
    }
    this.#say(`\nThe account is in ${file}.`);
    if (status !== 0) this.#say(`It is kept; mailkey test ${shellWord(address)} tries again.`);
    this.#context.stdout(`\n${nextStepText(account, command)}`);
    return status;
  }

  #say(text: string): void {
    if (!this.#json) this.#context.stderr(`${wrapText(text, this.#context.terminal.columns)}\n`);
  }
}

function toldOf({ grant }: ResolvedAccount, { who }: Obtained): string {
  if (grant !== "sign_in") return "The provider has given a token.";
  return `Signed in${who === undefined ? "" : ` as ${who}`}.`;
}

/** What the account file would not take is better said before anybody signs in. */
function checked<F extends AccountFile>(file: F): F {
  const result = v.safeParse(AccountFileSchema, file);
  if (result.success) return file;
  const [issue] = result.issues;
  throw usage(`${v.getDotPath(issue) ?? "the account"}: ${issue.message}`);
}
