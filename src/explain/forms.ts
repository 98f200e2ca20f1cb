/**
 * A pasted text in the forms in which its words may be found: without colours, log prefixes and line breaks, and decoded where it was
 * quoted on its way. Nothing of it is kept or shown.
 */
import { decodeFailureChallenge } from "../sasl/failure-challenge.ts";

/** In characters. The end of a log is what somebody asks about; patterns run over all of it, several times. */
export const MAX_LENGTH = 256 * 1024;

const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

/** `Oct 12 10:00:01 host program[123]: `, an ISO date with what follows up to the colon, mail's and patches' `> `. */
const PREFIXES: readonly RegExp[] = [
  /^(?:[>|]\s?)+/,
  /^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^\s\]]*\]?\s+/,
  /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\s+/,
  /^\S+ [\w./-]+\[\d+\]: /,
];

const CHALLENGE = /[A-Za-z0-9+/]{16,}={0,2}/g;

/** Every form once, each of them tidy. */
export function formsOf(text: string): string[] {
  const plain = text.slice(-MAX_LENGTH).replace(ANSI, "").replaceAll("\r", "");
  const unquoted = decodeQuotedPrintable(plain);
  // What looks like quoted-printable may as well be a number after an equals sign.
  const forms = [plain, unquoted, ...[plain, unquoted].map((form) => decodePercent(decodeEntities(decodeJson(form))))];
  const words = new Set(forms.flatMap((form) => form.match(CHALLENGE) ?? []));
  const challenges = [...words].flatMap((word) => challengeText(word) ?? []);
  return [...new Set([...forms.flatMap((form) => [form, withoutPrefixes(form)]), ...challenges].map(tidy))];
}

/** Without quotation marks, which programs print by locale, and with one space for a run of white space. */
export function tidy(text: string): string {
  return text
    .replace(/["'`\u00ab\u00b4\u00bb\u2018-\u201f]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

function withoutPrefixes(text: string): string {
  return text
    .split("\n")
    .map((line) => PREFIXES.reduce((rest, prefix) => rest.replace(prefix, ""), line))
    .join("\n");
}

function decodeQuotedPrintable(text: string): string {
  if (!/=\n|=[0-9A-F]{2}/.test(text)) return text;
  return text.replace(/=\n/g, "").replace(/(?:=[0-9A-F]{2})+/g, (bytes) => utf8(bytes.replaceAll("=", ""), bytes));
}

function decodeJson(text: string): string {
  return text
    .replace(/\\u([0-9a-fA-F]{4})/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\[nrt]/g, " ")
    .replace(/\\(["/\\])/g, "$1");
}

function decodeEntities(text: string): string {
  return text
    .replace(/&#(\d{1,6});/g, (all, code: string) => characterOf(Number(code), all))
    .replace(/&#x([0-9a-fA-F]{1,5});/g, (all, code: string) => characterOf(Number.parseInt(code, 16), all))
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

/** In an address with a query, and in other words with `%XX` in them, `+` is a space, too. */
function decodePercent(text: string): string {
  return text.replace(/\S+/g, (word) =>
    /%[0-9A-Fa-f]{2}|[?&][a-z_]+=/.test(word)
      ? word.replaceAll("+", " ").replace(/(?:%[0-9A-Fa-f]{2})+/g, (bytes) => utf8(bytes.replaceAll("%", ""), bytes))
      : word,
  );
}

function utf8(hex: string, otherwise: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(hex, "hex"));
  } catch {
    return otherwise;
  }
}

function characterOf(code: number, otherwise: string): string {
  return code <= 0x10_ffff ? String.fromCodePoint(code) : otherwise;
}

/** The base64 in which a server explains why it refuses a token, spelt out. */
function challengeText(word: string): string | undefined {
  const challenge = decodeFailureChallenge(word);
  if (challenge === undefined) return undefined;
  const { status, schemes, scope } = challenge;
  return JSON.stringify({ status, schemes, scope });
}
