/**
 * The challenge in which a server explains why it refuses a token: JSON in base64. Google, Yahoo and Dovecot send it;
 * Exchange sends none. The client has to answer it (`SaslMechanism.answerFailure`) before the server says no.
 *
 * @see RFC 7628 3.2.2, https://developers.google.com/gmail/imap/xoauth2-protocol#error_response
 */
import { decodeBase64 } from "./base64.ts";

/** The server's words as they came: clean them before showing them. */
export interface FailureChallenge {
  /** An HTTP status (`400`, Google) or an RFC 6750 error (`invalid_token`, Dovecot). */
  readonly status: string;
  /** Authentication schemes the server would accept. */
  readonly schemes?: string;
  /** The scope a token needs, space-separated. */
  readonly scope?: string;
  /** Where the authorization server's metadata is. */
  readonly openidConfiguration?: string;
}

/** A few hundred bytes is usual; whoever sends more is not explaining anything. */
const MAX_ENCODED_LENGTH = 8192;

/** @returns undefined when it is anything but such a challenge; servers send the empty one, too */
export function decodeFailureChallenge(encoded: string): FailureChallenge | undefined {
  const text = encoded.trim();
  if (text.length > MAX_ENCODED_LENGTH) return undefined;
  const json = decodeBase64(text);
  if (json === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const fields = new Map(Object.entries(value));
  const status = textOf(fields.get("status"));
  if (status === undefined) return undefined;
  const schemes = textOf(fields.get("schemes"));
  const scope = textOf(fields.get("scope"));
  const openidConfiguration = textOf(fields.get("openid-configuration"));
  return {
    status,
    ...(schemes === undefined ? {} : { schemes }),
    ...(scope === undefined ? {} : { scope }),
    ...(openidConfiguration === undefined ? {} : { openidConfiguration }),
  };
}

/** Some servers write the status as a number. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value : undefined;
}
