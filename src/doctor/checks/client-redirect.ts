/** Redirect addresses that the client's registration does not have. */
import { findClient } from "../../providers/registry.ts";
import type { AccountCheck } from "../check.ts";
import { editLender } from "../remedies.ts";

export const clientRedirect: AccountCheck = {
  of: "credential",
  id: "client-redirect",
  title: "the client's redirect addresses",
  worst: "warning",
  examine(subject) {
    const { account, client, credential, provider } = subject.account;
    const own = account.client.redirect_uris;
    const registered = findClient(provider, client.id)?.redirectUris;
    if (own === undefined || registered === undefined) return [];
    const strange = own.filter((uri) => !registered.some((known) => comparable(known) === comparable(uri)));
    if (strange.length < own.length) return []; // one of them works, and is the one that is used
    return [
      {
        severity: "warning",
        seen: `redirect_uris of ${credential} has ${strange.join(", ")}; the client ${client.name} is registered with ${registered.join(", ")}`,
        means: "Tokens are still renewed, but the next sign-in will be refused (AADSTS50011, redirect_uri_mismatch).",
        remedy: [editLender(subject)],
        advice: "Delete the line redirect_uris: what is registered is then used.",
      },
    ];
  },
};

/** The port of a loopback address does not count. @see RFC 8252 7.3 */
function comparable(uri: string): string {
  if (!URL.canParse(uri)) return uri;
  const url = new URL(uri);
  if (["localhost", "127.0.0.1", "[::1]"].includes(url.hostname)) url.port = "";
  return url.href;
}
