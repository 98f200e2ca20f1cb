/** `mailkey status`: how every account is, from what was noted at the last renewal; asks neither vault nor provider. */
import { shellLine, shellWord } from "../platform/shell.ts";
import { jsonText } from "../platform/text.ts";
import { defineCommand } from "./command.ts";
import type { Context, Terminal } from "./context.ts";
import { formatSeconds } from "./duration.ts";
import { EXIT_SIGN_IN_AGAIN } from "./exit.ts";
import { HEALTH, overviewJson, overviews, vaultName, type Overview } from "./overview.ts";
import { table, type Cell } from "./table.ts";

export const status = defineCommand({
  name: "status",
  summary: "show how every account is",
  description: `A table of accounts with the age of the sign-in, when it ends (for lack of use, or because the provider has said so), how long the
access token lasts, and health. It shows what was noted at the last renewal: no passphrase is asked for and no server contacted.
The exit status is 77 when an account has to sign in again.

With --watch it stays, and shows every change: a renewal, a failure, a new account. Ctrl-C ends it.`,
  args: [{ name: "ADDRESS", summary: "only this account", required: false }],
  options: {
    json: { type: "boolean", summary: "print a JSON array; with --watch one line for each change" },
    watch: { type: "boolean", summary: "stay, and show every change until Ctrl-C" },
  },
  examples: [
    { line: "mailkey status", meaning: "all accounts" },
    { line: "mailkey status --json | jq '.[].health'", meaning: "for scripts and status bars" },
  ],
  async run({ values, args, context }) {
    const json = values.json === true;
    if (values.watch === true) {
      const { watchStatus } = await import("./status-watch.ts");
      return watchStatus(context, json ? "lines" : "table", async () => {
        const gathered = await gather(context, args[0]);
        return { text: json ? statusJson(gathered, context) : statusText(gathered, context), mark: markOf(gathered) };
      });
    }
    const gathered = await gather(context, args[0]);
    const { found } = gathered;
    if (json) context.stdout(statusJson(gathered, context, 2));
    else if (found.length === 0) context.stderr(NO_ACCOUNTS);
    else context.stdout(statusText(gathered, context));
    return found.some(({ health }) => health === "sign-in-needed") ? EXIT_SIGN_IN_AGAIN : 0;
  },
});

const NO_ACCOUNTS = "no accounts yet: mailkey add you@example.com\n";

interface Gathered {
  readonly found: readonly Overview[];
  readonly vault: string | undefined;
}

async function gather(context: Context, address: string | undefined): Promise<Gathered> {
  return { found: await overviews(context, address), vault: await vaultName(context) };
}

function statusJson({ found, vault }: Gathered, { clock }: Context, indent?: number): string {
  const now = clock.now();
  return `${jsonText(
    found.map((each) => ({ ...overviewJson(each, now), vault: vault ?? null })),
    indent,
  )}\n`;
}

function statusText({ found, vault }: Gathered, { terminal }: Context): string {
  if (found.length === 0) return NO_ACCOUNTS;
  return [statusTable(found, vault, terminal), ...found.flatMap(advice).map((line) => `\n${line}\n`)].join("");
}

/** What a person or a script would call a change: all but the passing of time. */
function markOf({ found, vault }: Gathered): string {
  return JSON.stringify([
    vault,
    found.map(({ address, health, problem, record }) => [address, health, problem, record]),
  ]);
}

/** What is left out where the terminal is too narrow, one after the other: what is needed least comes first. */
const DISPENSABLE = ["VAULT", "AGE", "SIGNED IN", "PROVIDER"] as const;

function statusTable(found: readonly Overview[], vault = "none", { tableColumns, colourOut }: Terminal): string {
  for (let count = 0; count < DISPENSABLE.length; count += 1) {
    const without = DISPENSABLE.slice(0, count);
    const isNarrow = tableWithout(without, found, vault, false)
      .split("\n")
      .every(({ length }) => length <= tableColumns);
    if (isNarrow) return tableWithout(without, found, vault, colourOut);
  }
  return tableWithout(DISPENSABLE, found, vault, colourOut);
}

function tableWithout(without: readonly string[], found: readonly Overview[], vault: string, colour: boolean): string {
  const all: readonly (readonly [title: string, cell: (overview: Overview) => Cell])[] = [
    ["ACCOUNT", ({ address }) => ({ text: address })],
    ["PROVIDER", ({ account }) => ({ text: account?.provider.id ?? "?" })],
    ["VAULT", () => ({ text: vault })],
    ["SIGNED IN", (each) => ({ text: signedInText(each) })],
    ["SIGN-IN ENDS", (each) => ({ text: endText(each) })],
    ["ACCESS TOKEN", (each) => ({ text: accessTokenText(each, !without.includes("AGE")) })],
    ["HEALTH", ({ health }) => HEALTH[health]],
  ];
  const shown = all.filter(([title]) => !without.includes(title));
  return table(
    shown.map(([title]) => title),
    found.map((each) => shown.map(([, cell]) => cell(each))),
    colour,
  );
}

function signedInText({ account, signedInSeconds }: Overview): string {
  if (account !== undefined && account.grant !== "sign_in") return "nobody";
  return signedInSeconds === undefined ? "never" : `${formatSeconds(signedInSeconds)} ago`;
}

/** What ends first is told: of a sign-in, or of the client's secret or key. */
function endText({ signInEnding: signIn, clientEndsInSeconds: client }: Overview): string {
  if (client !== undefined && (signIn === undefined || client < signIn.inSeconds))
    return client < 0 ? "client over" : `client ${formatSeconds(client)}`;
  if (signIn === undefined) return "-";
  const { inSeconds, cause } = signIn;
  if (inSeconds < 0) return "over";
  return cause === "unused" ? `unused ${formatSeconds(inSeconds)}` : formatSeconds(inSeconds);
}

function advice(overview: Overview): string[] {
  const { address, account, health, problem, record, signInEnding, clientEndsInSeconds = 0 } = overview;
  if (health === "sign-in-needed") return [`${address}: mailkey login ${shellWord(account?.credential ?? address)}`];
  if (health === "expiring-client") {
    const ends = clientEndsInSeconds < 0 ? "has ended" : `ends in ${formatSeconds(clientEndsInSeconds)}`;
    return [
      `${address}: the secret or certificate of its client ${ends}: make a new one at the provider, then see ${shellLine(["mailkey", "show", address])}`,
    ];
  }
  if (health === "misconfigured") return [`${address}: ${problem ?? "its file cannot be used"}`];
  if (health === "failing") return [`${address}: ${record?.failure?.reason ?? "the last renewal failed"}`];
  if (health === "expiring-sign-in" && signInEnding !== undefined) {
    const ends = `${address}: the sign-in ends in ${formatSeconds(signInEnding.inSeconds)}`;
    return signInEnding.cause === "unused"
      ? [`${ends} unless a token is renewed: mailkey token ${shellWord(address)} --force >/dev/null`]
      : [`${ends}: mailkey login ${shellWord(account?.credential ?? address)}`];
  }
  return [];
}

function accessTokenText({ accessTokenSeconds, accessTokenAgeSeconds = 0 }: Overview, withAge: boolean): string {
  if (accessTokenSeconds === undefined) return "none";
  if (accessTokenSeconds <= 0) return "renewed at next use";
  const age = withAge ? ` (${formatSeconds(accessTokenAgeSeconds)} old)` : "";
  return formatSeconds(accessTokenSeconds) + age;
}
