/** An access token for somebody else: another resource, or another client's. */
import { findResource, scopesOf } from "../../accounts/resolve.ts";
import { peerText } from "../../platform/text.ts";
import type { AccountCheck, Finding } from "../check.ts";
import { claimsOf, textsOf } from "../jwt.ts";
import { editLender, signInLine } from "../remedies.ts";

const GRAPH = "Microsoft Graph";
const OUTLOOK = "Outlook";

/** Microsoft's resources by what `aud` calls them. @see https://learn.microsoft.com/entra/identity-platform/access-tokens */
const AUDIENCES: Readonly<Record<string, string>> = {
  "graph.microsoft.com": GRAPH,
  "00000003-0000-0000-c000-000000000000": GRAPH,
  "outlook.office.com": OUTLOOK,
  "outlook.office365.com": OUTLOOK,
  "00000002-0000-0ff1-ce00-000000000000": OUTLOOK,
};

export const tokenAudience: AccountCheck = {
  of: "credential",
  id: "token-audience",
  title: "what the access token is for",
  worst: "error",
  async examine(subject) {
    const { provider, client, address } = subject.account;
    const token = await subject.token();
    const claims = token === undefined ? undefined : claimsOf(token.value);
    if (claims === undefined) return [];
    const findings: Finding[] = [];
    const asked = scopesOf(findResource(provider, undefined)).flatMap((scope) => AUDIENCES[hostOf(scope)] ?? []);
    const given = textsOf(claims["aud"]).flatMap((audience) => AUDIENCES[hostOf(audience)] ?? []);
    if (asked.length > 0 && given.length > 0 && !given.some((audience) => asked.includes(audience)))
      findings.push({
        severity: "error",
        seen: `the access token of ${address} is for ${given.join(" and ")}, and ${asked[0]} was asked for`,
        means: "The mail servers refuse it, although renewing works.",
        remedy: [editLender(subject)],
        advice: "Correct [scopes] there, or delete them: the provider's own are then asked for. Then sign in again.",
        sources: ["https://github.com/MicrosoftDocs/office-developer-exchange-docs/issues/87"],
      });
    const holder = textsOf(claims["appid"] ?? claims["azp"])[0];
    if (holder !== undefined && holder !== client.id)
      findings.push({
        severity: "warning",
        seen: `the access token of ${address} belongs to the client ${peerText(holder, 60)}, and the account says ${client.id}`,
        means: "The stored sign-in was made with another client: it ends as soon as the provider insists.",
        remedy: [signInLine(subject)],
      });
    return findings;
  },
};

function hostOf(text: string): string {
  return URL.canParse(text) && text.includes("://") ? new URL(text).hostname : text;
}
