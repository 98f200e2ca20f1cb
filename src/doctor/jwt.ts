/**
 * Looks into an access token that happens to be a JWT. Tokens are for the server that they are meant for and may be anything: this is
 * for explaining alone, and nothing is decided or verified by it.
 */
import type { Secret } from "../platform/secret.ts";

/** The claims, or undefined for an opaque token. */
export function claimsOf(token: Secret): Readonly<Record<string, unknown>> | undefined {
  const parts = token.reveal().split(".");
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? "", "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null && !Array.isArray(claims)
      ? (claims as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A claim's text, or texts. */
export function textsOf(claim: unknown): string[] {
  return (Array.isArray(claim) ? claim : [claim]).filter((value): value is string => typeof value === "string");
}
