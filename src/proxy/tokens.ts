/** Where the proxy gets access tokens. It has no refresh token and no key of a vault: it asks whoever has. */
import type { Secret } from "../platform/secret.ts";
import type { Mailbox } from "./mailboxes.ts";

export interface TokenWish {
  readonly mailbox: Mailbox;
  readonly resource: string | undefined;
  /** A token that a server has just refused, though it should still be good: another one is wanted. */
  readonly refused?: Secret | undefined;
  readonly signal: AbortSignal;
}

export interface AccessTokens {
  /** @throws ERR_SIGN_IN_AGAIN, ERR_VAULT_LOCKED, ERR_PROVIDER_UNAVAILABLE and its kin; the signal's reason */
  get(wish: TokenWish): Promise<Secret>;
}
