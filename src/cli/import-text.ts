/** What `import` shows and prints. */
import { needsSignIn, type ImportPlan } from "../import/plan.ts";
import type { Candidate } from "../import/collect.ts";
import type { Unusable } from "../import/tool.ts";
import { shellWord } from "../platform/shell.ts";
import { withoutControls } from "../platform/text.ts";
import { formatSeconds } from "./duration.ts";

/** @param isDone false for what would be */
export function shownCandidate({ plan, tool, file }: Candidate, accountFile: string, isDone: boolean): string {
  const { account, provider, preset, accessTokenSeconds, notTaken } = plan;
  const { id, secret, key } = account.client;
  const kept = isDone ? "in the vault" : "would go into the vault";
  const rows = [
    ["account", account.address],
    ["from", `${tool.title}: ${file.path}`],
    ["provider", `${provider.name} (${provider.id})`],
    ...(provider.id === "custom"
      ? [["goes to", `${provider.name}, which mailkey does not know: is it your provider's?`] as const]
      : []),
    ["client", preset === undefined ? `${id}, your own registration` : `${preset.name} (${id})`],
    [
      "client secret",
      secret === "vault"
        ? kept
        : key !== undefined
          ? "none: it has a key"
          : secret === undefined
            ? "none: a public client"
            : "printed by a command",
    ],
    [
      "refresh token",
      account.grant !== undefined ? "none is needed" : needsSignIn(plan) ? "none: you have to sign in" : kept,
    ],
    [
      "access token",
      accessTokenSeconds === undefined
        ? "none that is still valid: the next use renews it"
        : `${kept}, valid for ${formatSeconds(accessTokenSeconds)} more`,
    ],
    ["file", accountFile],
    ...notTaken.map((words) => ["not taken", words] as const),
  ] as const;
  const shown = needsSignIn(plan) ? rows.filter(([name]) => name !== "access token") : rows;
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${withoutControls(value)}\n`).join("");
}

/** What to do now. */
export function shownNext({ plan, tool, file }: Candidate): string {
  const { address } = plan.account;
  const path = withoutControls(file.path);
  const word = shellWord(address);
  if (needsSignIn(plan)) return `Next: mailkey login ${word}\n`;
  if (plan.account.grant !== undefined) return `Next: mailkey test ${word}\n`;
  return `Next: mailkey test ${word}
From now on use "mailkey token ${word}" where your programs use ${tool.title}, and do not let
${tool.title} renew ${address} any more: ${whyNotBoth(plan)}.
When all works, take the tokens out of ${path}.
`;
}

/** Both renew the same grant: what that does depends on the provider. */
function whyNotBoth({ provider }: ImportPlan): string {
  const { rotation, reuseDetection } = provider.tokens;
  if (rotation === "never") return "two tools with one sign-in get in each other's way";
  return reuseDetection === true
    ? "a refresh token that both use ends the sign-in"
    : "a renewal by one of the two can end the sign-in of the other";
}

export function candidateJson({ plan, tool, file }: Candidate, accountFile: string, isDone: boolean) {
  const { account, accessTokenSeconds, notTaken } = plan;
  return {
    address: account.address,
    tool: tool.name,
    provider: account.provider,
    tokenHost: tokenHostOf(plan),
    client: { id: account.client.id, preset: account.client.preset, secret: account.client.secret !== undefined },
    signIn: !needsSignIn(plan),
    accessTokenSeconds,
    notTaken,
    accountFile,
    from: file.path,
    imported: isDone,
  };
}

/** Who gets refresh token and client secret at each renewal. */
function tokenHostOf({ provider }: ImportPlan): string | undefined {
  const { token } = provider.endpoints;
  return token === undefined ? undefined : new URL(token).host;
}

export function unusableJson({ name, error }: Unusable) {
  return { name, code: error.code, message: error.message, hint: error.hint ?? null };
}
