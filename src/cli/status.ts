/** `mailkey status`: how every account is, from what was noted at the last renewal; asks neither vault nor provider. */
import { shellLine, shellWord } from "../platform/shell.ts";
import { defineCommand } from "./command.ts";
import { formatSeconds } from "./duration.ts";
import { EXIT_SIGN_IN_AGAIN } from "./exit.ts";
import { HEALTH, overviewJson, overviews, vaultName, type Overview } from "./overview.ts";
import { table, type Cell } from "./table.ts";

export const status = defineCommand({
  name: "status",
  summary: "show how every account is",
  description: `A table of accounts with the age of the sign-in, when it ends for lack of use (where the provider has such a limit), how long the
access token lasts, and health. It shows what was noted at the last renewal: no passphrase is asked for and no server contacted.
The exit status is 77 when an account has to sign in again.`,
  args: [{ name: "ADDRESS", summary: "only this account", required: false }],
  options: { json: { type: "boolean", summary: "print a JSON array" } },
  examples: [
    { line: "mailkey status", meaning: "all accounts" },
    { line: "mailkey status --json | jq '.[].health'", meaning: "for scripts and status bars" },
  ],
  async run({ values, args, context }) {
    const found = await overviews(context, args[0]);
    const now = context.clock.now();
    const vault = await vaultName(context);
    if (values.json === true) {
      context.stdout(
        `${JSON.stringify(
          found.map((each) => ({ ...overviewJson(each, now), vault: vault ?? null })),
          null,
          2,
        )}\n`,
      );
    } else if (found.length === 0) {
      context.stderr("no accounts yet: mailkey add you@example.com\n");
    } else {
      const header = ["ACCOUNT", "PROVIDER", "VAULT", "SIGNED IN", "SIGN-IN ENDS", "ACCESS TOKEN", "HEALTH"];
      context.stdout(
        table(
          header,
          found.map((each) => row(each, vault)),
          context.terminal.colourOut,
        ),
      );
      for (const line of found.flatMap(advice)) context.stdout(`\n${line}\n`);
    }
    return found.some(({ health }) => health === "sign-in-needed") ? EXIT_SIGN_IN_AGAIN : 0;
  },
});

function row(overview: Overview, vault: string | undefined): Cell[] {
  return [
    { text: overview.address },
    { text: overview.account?.provider.id ?? "?" },
    { text: vault ?? "none" },
    { text: signedInText(overview) },
    { text: endText(overview) },
    {
      text: accessTokenText(overview),
    },
    HEALTH[overview.health],
  ];
}

function signedInText({ account, signedInSeconds }: Overview): string {
  if (account !== undefined && account.grant !== "sign_in") return "nobody";
  return signedInSeconds === undefined ? "never" : `${formatSeconds(signedInSeconds)} ago`;
}

/** What ends first is told: of a sign-in, or of the client's secret or key. */
function endText({ signInEndsInSeconds: unused, clientEndsInSeconds: client }: Overview): string {
  if (client !== undefined && (unused === undefined || client < unused))
    return client < 0 ? "client over" : `client ${formatSeconds(client)}`;
  if (unused === undefined) return "-";
  return unused < 0 ? "over" : `unused ${formatSeconds(unused)}`;
}

function advice(overview: Overview): string[] {
  const { address, account, health, problem, record, signInEndsInSeconds, clientEndsInSeconds = 0 } = overview;
  if (health === "sign-in-needed") return [`${address}: mailkey login ${shellWord(account?.credential ?? address)}`];
  if (health === "expiring-client") {
    const ends = clientEndsInSeconds < 0 ? "has ended" : `ends in ${formatSeconds(clientEndsInSeconds)}`;
    return [
      `${address}: the secret or certificate of its client ${ends}: make a new one at the provider, then see ${shellLine(["mailkey", "show", address])}`,
    ];
  }
  if (health === "misconfigured") return [`${address}: ${problem ?? "its file cannot be used"}`];
  if (health === "failing") return [`${address}: ${record?.failure?.reason ?? "the last renewal failed"}`];
  if (health === "expiring-sign-in")
    return [
      `${address}: the sign-in ends in ${formatSeconds(signInEndsInSeconds ?? 0)} unless a token is renewed: mailkey token ${shellWord(address)} --force >/dev/null`,
    ];
  return [];
}

function accessTokenText({ accessTokenSeconds, accessTokenAgeSeconds = 0 }: Overview): string {
  if (accessTokenSeconds === undefined) return "none";
  if (accessTokenSeconds <= 0) return "renewed at next use";
  return `${formatSeconds(accessTokenSeconds)} (${formatSeconds(accessTokenAgeSeconds)} old)`;
}
