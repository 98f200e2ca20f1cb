/**
 * IMAP as far as logging in needs it: values in, values out.
 *
 * @see RFC 9051, RFC 3501, RFC 4959 (SASL-IR)
 */
import { Secret } from "../platform/secret.ts";
import type { MechanismName } from "../sasl/mechanism.ts";

export type ImapStatus = "OK" | "NO" | "BAD" | "BYE" | "PREAUTH";

export type ImapResponse =
  /** A command's end. */
  | { readonly kind: "tagged"; readonly tag: string; readonly status: "OK" | "NO" | "BAD"; readonly text: string }
  /** `* OK …`, `* BYE …` */
  | { readonly kind: "status"; readonly status: ImapStatus; readonly text: string }
  /** `* CAPABILITY …` and all other data. */
  | { readonly kind: "data"; readonly text: string }
  /** `+ …` */
  | { readonly kind: "continuation"; readonly text: string };

const TAGGED = /^([A-Za-z0-9.]+) (OK|NO|BAD)(?: (.*))?$/is;
const STATUS = /^\* (OK|NO|BAD|BYE|PREAUTH)(?: (.*))?$/is;
const LITERAL = /\{([0-9]{1,10})\+?\}$/;
const CAPABILITY_CODE = /^\[CAPABILITY ([^\]]*)\]/i;
const CAPABILITY_DATA = /^CAPABILITY (.*)$/i;

/** @returns undefined when it is not IMAP */
export function parseImapResponse(line: string): ImapResponse | undefined {
  if (line === "+" || line.startsWith("+ ")) return { kind: "continuation", text: line.slice(2) };
  const status = STATUS.exec(line);
  if (status !== null) return { kind: "status", status: upper(status[1]) as ImapStatus, text: status[2] ?? "" };
  if (line.startsWith("* ")) return { kind: "data", text: line.slice(2) };
  const tagged = TAGGED.exec(line);
  if (tagged === null) return undefined;
  const [, tag = "", word, text = ""] = tagged;
  return { kind: "tagged", tag, status: upper(word) as "OK" | "NO" | "BAD", text };
}

/** How many bytes follow the line as a literal; undefined when none do. */
export function literalLength(line: string): number | undefined {
  const match = LITERAL.exec(line);
  return match === null ? undefined : Number(match[1]);
}

/** The capabilities that a response carries, as the server writes them; undefined when it carries none. */
export function capabilitiesIn(response: ImapResponse): string[] | undefined {
  const list = (response.kind === "data" ? CAPABILITY_DATA : CAPABILITY_CODE).exec(response.text)?.[1];
  return list?.split(" ").filter(Boolean);
}

/** The SASL mechanisms among capabilities, upper case. */
export function mechanismsAmong(capabilities: readonly string[]): string[] {
  return capabilities.flatMap((name) => /^AUTH=(.+)$/i.exec(name)?.[1]?.toUpperCase() ?? []);
}

/** With the initial response on the same line when the server allows it (SASL-IR). */
export function encodeAuthenticate(
  tag: string,
  mechanism: MechanismName,
  initialResponse: Secret | undefined,
): string | Secret {
  const command = `${tag} AUTHENTICATE ${mechanism}`;
  return initialResponse === undefined ? command : new Secret(`${command} ${initialResponse.reveal()}`);
}

function upper(word: string | undefined): string {
  return (word ?? "").toUpperCase();
}
