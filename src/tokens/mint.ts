/** The first token of an account where nobody signs in: whether it can be had at all, before anything is kept. */
import { findResource, scopesOf, type ResolvedAccount } from "../accounts/resolve.ts";
import type { TokenGrant } from "../oauth/token-endpoint.ts";
import type { Instant } from "../platform/clock.ts";
import { prepareAsk, refusalError } from "./ask.ts";
import { unavailableError } from "./failures.ts";
import type { TokenPorts } from "./get-token.ts";
import { patienceFor, renew } from "./renew.ts";
import type { KeptSecrets } from "./sign-in.ts";

/**
 * Asks for a token of the default resource; stores nothing.
 *
 * @throws ERR_CLIENT_REJECTED, ERR_PROVIDER_UNAVAILABLE, ERR_CONFIG, ERR_UNTRUSTED_FILE
 */
export async function mintToken(
  ports: TokenPorts,
  account: ResolvedAccount,
  kept: KeptSecrets,
): Promise<{ readonly grant: TokenGrant; readonly obtainedAt: Instant }> {
  const ask = await prepareAsk(account, kept, scopesOf(findResource(account.provider, undefined)).join(" "), ports);
  const outcome = await renew(ask, patienceFor(ports.config, false), ports);
  if (outcome.kind === "granted") return outcome;
  if (outcome.kind === "permanent") throw refusalError(account, outcome, ports.clock.now());
  throw unavailableError(account.address, outcome);
}
