/** Tokens as tools write them down, checked. */
import { Secret } from "../platform/secret.ts";
import type { StoredAccessToken } from "../tokens/credential.ts";

/** A token is of visible ASCII characters (RFC 6749 appendix A); undefined for what is none, an empty one included. */
export function tokenOf(text: string | undefined): Secret | undefined {
  return text !== undefined && /^[\u0021-\u007e]+$/.test(text) ? new Secret(text) : undefined;
}

/** A client's secret. Tools write an empty one for public clients. */
export function clientSecretOf(text: string | undefined): Secret | undefined {
  return text === undefined || text === "" ? undefined : new Secret(text);
}

/**
 * An access token of which only the end is known: it counts from when its file was written.
 *
 * @param expiresAtSeconds since the Unix epoch
 * @returns undefined for one that is over, or whose end nobody knows
 */
export function accessTokenUntil(
  token: string | undefined,
  expiresAtSeconds: number | undefined,
  writtenAtMs: number,
): StoredAccessToken | undefined {
  const lifetimeSeconds = (expiresAtSeconds ?? 0) - writtenAtMs / 1000;
  const value = tokenOf(token);
  if (value === undefined || !(lifetimeSeconds > 0) || !Number.isFinite(lifetimeSeconds)) return undefined;
  return { token: value.reveal(), obtainedAt: { wallMs: writtenAtMs }, lifetimeSeconds, scope: "" };
}

/** Words between spaces. */
export function scopesIn(text: string | undefined): readonly string[] | undefined {
  const words = (text ?? "").split(/[\s,]+/).filter((word) => word !== "");
  return words.length === 0 ? undefined : words;
}
