/**
 * A credential: what the provider granted, as it rests in the vault (JSON, UTF-8). Secret as a whole.
 *
 * Times are kept as instants, so that a token's age can be told across suspend and clock jumps. A credential of a newer
 * version is refused rather than cut down: writing it back would lose what it has more.
 */
import * as v from "valibot";
import { MailkeyError } from "../errors.ts";
import type { Instant } from "../platform/clock.ts";
import type { Secret } from "../platform/secret.ts";
import { shellWord } from "../platform/shell.ts";

export const instant = v.object({ wallMs: v.number(), boot: v.optional(v.object({ id: v.string(), ms: v.number() })) });

const accessToken = v.object({
  token: v.string(),
  obtainedAt: instant,
  /** Seconds the provider gave it; the default of 3600 when it did not say. */
  lifetimeSeconds: v.number(),
  /** What was granted, space-separated. */
  scope: v.string(),
});

/** The end of a refresh token, as the provider said with its last answer. */
export const signInEnd = v.object({
  toldAt: instant,
  /** Seconds that it had left then. */
  seconds: v.number(),
  /** Seconds from when that end was first heard of: all that a person had, and the measure of "soon". */
  spanSeconds: v.number(),
});

const refusal = v.object({
  /** The RFC 6749 `error` value. */
  error: v.string(),
  /** The provider's own code, such as `AADSTS700082`. */
  vendorCode: v.optional(v.string()),
  at: instant,
  /** The client id that was refused: a new one deserves a new try. */
  clientId: v.string(),
});

export const CredentialSchema = v.object({
  version: v.literal(1),
  refreshToken: v.optional(v.string()),
  /** When a person last signed in; of a grant without one, since when it has been in use. */
  signedInAt: instant,
  /** When the refresh token was last used or replaced. */
  refreshedAt: v.optional(instant),
  /** When the refresh token comes to its end whether used or not; absent when the provider does not say. */
  signInEnd: v.optional(signInEnd),
  /** Access tokens by resource name. */
  accessTokens: v.record(v.string(), accessToken),
  /** A confidential client's secret, where the account says it is kept in the vault. */
  clientSecret: v.optional(v.string()),
  /** A service account's key file, where the account says it is kept in the vault. */
  serviceAccount: v.optional(v.string()),
  /** The authorization server refused the grant for good, and how. Signing in again clears it. */
  refused: v.optional(refusal),
});

/** The stored form. Its strings are live secrets: pass `Secret` on, not these. */
export type Credential = v.InferOutput<typeof CredentialSchema>;
export type StoredAccessToken = v.InferOutput<typeof accessToken>;
export type SignInEnd = v.InferOutput<typeof signInEnd>;
export type Refusal = v.InferOutput<typeof refusal>;

/** An access token on its way to a mail program. */
export interface AccessToken {
  readonly value: Secret;
  readonly resource: string;
  readonly scope: string;
  /** Milliseconds since the Unix epoch, by this machine's clock. */
  readonly expiresAtMs: number;
  readonly obtainedAt: Instant;
  /** Seconds that the provider gave it when it was new. */
  readonly lifetimeSeconds: number;
}

/** @throws ERR_VAULT_DAMAGED without quoting any of it */
export function decodeCredential(bytes: Uint8Array, address: string): Credential {
  try {
    return v.parse(CredentialSchema, JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    // The cause is left out on purpose: a parser's message quotes what it stumbled over.
    throw new MailkeyError("ERR_VAULT_DAMAGED", `the stored credential of ${address} cannot be understood`, {
      hint: `mailkey login ${shellWord(address)}`,
    });
  }
}

export function encodeCredential(credential: Credential): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(credential));
}
