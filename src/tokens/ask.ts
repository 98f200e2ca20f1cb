/**
 * One request for an access token, prepared: keys and secrets are read, and what is left is to send it, as often as it takes. Which
 * grant it is follows from the account. Loaded only when a token has to be asked for.
 */
import { authenticatedClient } from "../accounts/client-authentication.ts";
import type { KeyPorts } from "../accounts/client-key.ts";
import type { ResolvedAccount } from "../accounts/resolve.ts";
import type { MailkeyError } from "../errors.ts";
import { clientCredentialsGrant } from "../oauth/client-credentials.ts";
import { refreshGrant } from "../oauth/refresh.ts";
import type { PermanentFailure, TokenOutcome } from "../oauth/token-endpoint.ts";
import type { Instant } from "../platform/clock.ts";
import type { Fetch } from "../platform/http.ts";
import { Secret } from "../platform/secret.ts";
import { refuseSharedEndpoint } from "../providers/tenant-endpoints.ts";
import type { Credential } from "./credential.ts";
import { clientRejected } from "./client-failures.ts";
import { isMendedBySignIn, signInNeeded, signInOver } from "./failures.ts";

export type Ask = (fetch: Fetch) => Promise<TokenOutcome>;

/** What the vault keeps for asking. */
export type Kept = Pick<Credential, "refreshToken" | "clientSecret" | "serviceAccount">;

/**
 * @param scope space-separated
 * @throws ERR_SIGN_IN_AGAIN without a refresh token where one is needed, ERR_CONFIG, ERR_UNTRUSTED_FILE, ERR_UNSUPPORTED
 */
export async function prepareAsk(account: ResolvedAccount, kept: Kept, scope: string, ports: KeyPorts): Promise<Ask> {
  const { grant, provider } = account;
  if (grant === "service_account") return askForMailbox(account, kept, scope, ports);
  if (grant === "client_credentials") {
    refuseSharedEndpoint(provider, account.address);
    const client = await authenticatedClient(account, kept.clientSecret, ports);
    return (fetch) => clientCredentialsGrant(provider, client, scope, fetch);
  }
  if (kept.refreshToken === undefined) throw signInNeeded(account.credential);
  const refreshToken = new Secret(kept.refreshToken);
  const client = await authenticatedClient(account, kept.clientSecret, ports);
  return (fetch) => refreshGrant(provider, client, { refreshToken, scope }, fetch);
}

/** What the provider's refusal means for the account. @param now to compare the provider's clock with */
export function refusalError(account: ResolvedAccount, failure: PermanentFailure, now: Instant): MailkeyError {
  const isOver = account.grant === "sign_in" && isMendedBySignIn(failure.error);
  return isOver ? signInOver(account, failure) : clientRejected(account, failure, now);
}

/** Every mailbox has tokens of its own: the assertion names it. */
async function askForMailbox(account: ResolvedAccount, kept: Kept, scope: string, ports: KeyPorts): Promise<Ask> {
  const [{ serviceAccountOf }, { jwtBearerGrant }] = await Promise.all([
    import("../accounts/service-account.ts"), // nobody else needs them
    import("../oauth/jwt-bearer.ts"),
  ]);
  const { provider, login } = account;
  const { email, key, keyId } = await serviceAccountOf(account, kept.serviceAccount, ports.env);
  return (fetch) => {
    const nowMs = ports.clock.now().wallMs;
    return jwtBearerGrant(provider, { issuer: email, subject: login, scope, key, keyId, nowMs }, fetch);
  };
}
