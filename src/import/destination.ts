/**
 * Who would get the sign-in. A file may name a page that people trust, and send what they do there to somebody else: whoever runs the token
 * endpoint gets the refresh token, and the client secret with it.
 */
import type { Account } from "../accounts/account.ts";
import { MailkeyError } from "../errors.ts";
import { shellWord } from "../platform/shell.ts";
import { matchDomain, toHostName } from "../providers/domain.ts";
import type { OAuthProvider } from "../providers/provider.ts";
import { hostOf, hostsOf, loadOAuthProviders } from "./identify.ts";

/**
 * @param account as it would be stored: what the provider's own endpoints have replaced does no harm
 * @throws ERR_CONFIG when sign-in and tokens are different parties', or a provider's mailbox would be given to somebody else
 */
export async function refuseOtherDestination({ address, provider, endpoints }: Account): Promise<void> {
  const tokens = hostOf(endpoints?.token);
  if (endpoints === undefined || tokens === undefined) return;
  const refuse = (why: string) => {
    throw new MailkeyError("ERR_CONFIG", `cannot import ${address}: ${why}`, {
      hint: `mailkey add ${shellWord(address)}`,
    });
  };
  const providers = await loadOAuthProviders();
  const hosts = providers.map(hostsOf);
  const isKnown = hosts.some((each) => each.has(tokens));
  for (const page of [hostOf(endpoints.authorization), hostOf(endpoints.device)]) {
    if (page === undefined || hosts.some((each) => each.has(page) && each.has(tokens))) continue;
    // Of two hosts that nobody knows nothing can be said.
    if (isKnown || hosts.some((each) => each.has(page)))
      refuse(`it signs in at ${page}, and sends what that gives to ${tokens}`);
  }
  const owner = provider === "custom" ? ownerOf(address, providers) : undefined;
  if (owner !== undefined) refuse(`the mailbox is at ${owner.name}, and the file sends its sign-in to ${tokens}`);
}

/** Whose addresses these are; undefined where that does not show in the domain. */
function ownerOf(address: string, providers: readonly OAuthProvider[]): OAuthProvider | undefined {
  const domain = toHostName(address.slice(address.lastIndexOf("@") + 1));
  return domain === null ? undefined : (matchDomain(domain, providers) ?? undefined);
}
