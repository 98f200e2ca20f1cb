/** `mailkey list`: the accounts, a line each. */
import type { ResolvedAccount } from "../accounts/resolve.ts";
import { jsonText } from "../platform/text.ts";
import { defineCommand } from "./command.ts";
import { HEALTH, overviewJson, overviews, vaultName } from "./overview.ts";
import { table } from "./table.ts";

export const list = defineCommand({
  name: "list",
  summary: "list the accounts",
  args: [],
  options: { json: { type: "boolean", summary: "print a JSON array" } },
  examples: [
    { line: "mailkey list", meaning: "addresses, providers and whose registration signs in" },
    { line: "mailkey list --json", meaning: "the same for scripts" },
  ],
  async run({ values, context }) {
    const found = await overviews(context, undefined);
    const vault = (await vaultName(context)) ?? null;
    if (values.json === true) {
      const now = context.clock.now();
      return context.stdout(
        `${jsonText(
          found.map((each) => ({ ...overviewJson(each, now), vault })),
          2,
        )}\n`,
      );
    }
    if (found.length === 0) return context.stderr("no accounts yet: mailkey add you@example.com\n");
    const rows = found.map(({ address, account, health, problem }) => [
      { text: address },
      { text: account?.provider.id ?? "?" },
      { text: vault ?? "none" },
      account === undefined ? { text: problem ?? "?", tone: "bad" as const } : { text: clientOf(account) },
      HEALTH[health],
    ]);
    context.stdout(table(["ACCOUNT", "PROVIDER", "VAULT", "CLIENT", "HEALTH"], rows, context.terminal.colourOut));
  },
});

function clientOf({ address, credential, client }: ResolvedAccount): string {
  return credential === address ? client.name : `sign-in of ${credential}`;
}
