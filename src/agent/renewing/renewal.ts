/** What one attempt to have a fresh token came to, as the renewer sees it. */
import type { MailkeyError } from "../../errors.ts";
import type { Target } from "../event.ts";

export type Attempt =
  | {
      readonly kind: "fresh";
      readonly remainingSeconds: number;
      readonly lifetimeSeconds: number;
      /** It was obtained by this very attempt; otherwise another process had been faster. */
      readonly isNew: boolean;
    }
  | {
      readonly kind: "failed";
      readonly error: MailkeyError;
      readonly isPermanent: boolean;
      /** Milliseconds that the provider asked to be left alone for (RFC 9110 10.2.3). */
      readonly retryAfterMs: number | undefined;
      /** Of the token that is still valid; 0 when there is none. */
      readonly remainingSeconds: number;
    }
  /** The vault is locked: nothing to try until it is unlocked. */
  | { readonly kind: "locked" }
  /**
   * Nobody is signed in, the account cannot be used, or its credential is locked in a vault that is open: nothing to try until a file
   * changes, or a person has put it right.
   */
  | { readonly kind: "idle" };

/**
 * Has a token of `target` that lasts at least `minTtlSeconds`, renewing it when it does not. One bounded attempt; never rejects.
 * Attempts for one target never overlap, across processes neither.
 */
export type Renew = (target: Target, minTtlSeconds: number) => Promise<Attempt>;
