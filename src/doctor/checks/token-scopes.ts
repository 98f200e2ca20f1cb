/** Scopes that were asked for and not granted. */
import { findResource } from "../../accounts/resolve.ts";
import type { Protocol, Resource } from "../../providers/provider.ts";
import type { AccountCheck, AccountSubject } from "../check.ts";
import { claimsOf, textsOf } from "../jwt.ts";
import { signInLine } from "../remedies.ts";

export const tokenScopes: AccountCheck = {
  of: "credential",
  id: "token-scopes",
  title: "what the access token permits",
  worst: "error",
  async examine(subject) {
    const { address } = subject.account;
    const missing = await missingScopes(subject);
    if (missing.length === 0) return [];
    const protocols = [...new Set(missing.flatMap(({ protocol }) => protocol ?? []))];
    const what =
      protocols.length === 0 ? "Some mail servers" : protocols.map((name) => name.toUpperCase()).join(" and ");
    return [
      {
        severity: "error",
        seen: `the access token of ${address} lacks ${[...new Set(missing.map(({ scope }) => scope))].join(" and ")}`,
        means: `${what} will refuse it: that permission was not granted, or was withdrawn.`,
        remedy: [signInLine(subject)],
        advice:
          "Leave all permissions ticked on the provider's page. In a company an administrator may have to grant them.",
      },
    ];
  },
};

/** A scope, and the protocol that needs it where that is known. */
export interface WantedScope {
  readonly protocol: Protocol | undefined;
  readonly scope: string;
}

/**
 * What was asked for and is not in the token; nothing when there is no token to look at. Microsoft's `.default` is no permission, but
 * stands for all that an administrator has granted.
 */
export async function missingScopes(subject: AccountSubject): Promise<WantedScope[]> {
  const fresh = await subject.token();
  if (fresh === undefined) return [];
  const scp = textsOf(claimsOf(fresh.value)?.["scp"]).flatMap((scopes) => scopes.split(" "));
  const granted = new Set([...fresh.scope.split(" "), ...scp].flatMap(namesOf));
  const asked = wanted(findResource(subject.account.provider, undefined));
  return asked.filter(({ scope }) => !scope.endsWith("/.default") && !namesOf(scope).some((name) => granted.has(name)));
}

const PROTOCOLS = ["imap", "pop", "smtp"] as const satisfies readonly Protocol[];

function wanted({ scopes }: Resource): WantedScope[] {
  const ofProtocols = PROTOCOLS.flatMap((protocol) => (scopes[protocol] ?? []).map((scope) => ({ protocol, scope })));
  return [...ofProtocols, ...(scopes.api ?? []).map((scope) => ({ protocol: protocolOf(scope), scope }))];
}

/** An account's own scopes say for what only by their names. */
function protocolOf(scope: string): Protocol | undefined {
  return PROTOCOLS.find((protocol) => new RegExp(String.raw`\b${protocol}\b`, "i").test(scope));
}

/** In full, and as Microsoft's `scp` has it: without the host. A slash at the end and case do not matter. */
function namesOf(scope: string): string[] {
  const plain = scope.toLowerCase().replace(/\/$/, "");
  return /^https:\/\/outlook\.office(?:365)?\.com\//.test(plain)
    ? [plain.slice(plain.lastIndexOf("/") + 1), plain]
    : [plain];
}
