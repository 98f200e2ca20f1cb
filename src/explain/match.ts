/** Finds what is known about a text: a code, an error, or a whole log with other things around. */
import { CATALOGUE } from "./catalogue.ts";
import type { Entry } from "./entry.ts";
import { formsOf, tidy } from "./forms.ts";

/** Microsoft's codes stand alone: the digits of a longer number are another code. */
const VENDOR_CODES: readonly RegExp[] = [
  /(?<![A-Za-z0-9])AADSTS(\d{4,8})(?![A-Za-z0-9])/gi,
  /error_codes\W{1,6}([\d, ]+)/g,
  /\berror\?code=(\d{4,8})(?!\d)/g,
];
const BARE_CODE = /^(?:AADSTS)?(\d{5,8})$/i;

/** Characters that `…` stands for. */
const GAP = ".{0,200}?";

interface Match {
  readonly entry: Entry;
  /** A code is worth more than words, many words more than a few. */
  readonly weight: number;
}

const CODE_WEIGHT = 10_000;

/** @returns the most specific first; empty when nothing is known */
export function explain(text: string): Entry[] {
  const whole = tidy(text).toLowerCase();
  const named = CATALOGUE.find(({ id, codes = [] }) => [id, ...codes].some((name) => name.toLowerCase() === whole));
  if (named !== undefined) return [named];
  const forms = formsOf(text);
  const codes = codesIn(forms);
  const matches = CATALOGUE.map((entry) => ({ entry, weight: weightOf(entry, forms, codes) }))
    .filter(({ weight }) => weight > 0)
    .toSorted((one, other) => other.weight - one.weight);
  return withoutGeneral(matches).map(({ entry }) => entry);
}

/** What is known about a provider's or the protocol's code. */
export function explainCode(code: string): Entry | undefined {
  return CATALOGUE.find(({ codes = [] }) => codes.includes(code));
}

/** Whether the entry's own words are in the text. */
export function isSaidIn(entry: Entry, text: string): boolean {
  const forms = formsOf(text);
  return weightOf(entry, forms, codesIn(forms)) > 0;
}

/** The codes of Microsoft's in a text, known or not: `AADSTS700082`. */
export function vendorCodesIn(text: string): string[] {
  return [...codesIn(formsOf(text))].filter((code) => code.startsWith("AADSTS"));
}

function codesIn(forms: readonly string[]): ReadonlySet<string> {
  const codes = new Set<string>();
  for (const form of forms) {
    const bare = BARE_CODE.exec(form)?.[1];
    if (bare !== undefined) codes.add(`AADSTS${bare}`);
    for (const pattern of VENDOR_CODES) {
      for (const [, digits = ""] of form.matchAll(pattern)) {
        for (const number of digits.match(/\d+/g) ?? []) codes.add(`AADSTS${number}`);
      }
    }
    for (const [word] of form.matchAll(/(?<![A-Za-z0-9_])[a-z]+(?:_[a-z]+)+(?![A-Za-z0-9_])/g)) codes.add(word);
  }
  return codes;
}

function weightOf(entry: Entry, forms: readonly string[], codes: ReadonlySet<string>): number {
  if (entry.codes?.some((code) => codes.has(code)) === true) return CODE_WEIGHT;
  const exceptions = (entry.except ?? []).map(patternOf);
  const lengths = (entry.texts ?? [])
    .filter((text) => {
      const pattern = patternOf(text);
      return forms.some((form) => pattern.test(form) && !exceptions.some((exception) => exception.test(form)));
    })
    .map(({ length }) => length);
  return Math.max(0, ...lengths);
}

/** For a tidy form: white space may be missing where it was, or come after punctuation, and case does not matter. */
function patternOf(text: string): RegExp {
  const source = tidy(text)
    .split("…")
    .map((part) =>
      part
        .trim()
        .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
        .replace(/ /g, "\\s*")
        .replace(/([:;,])(?!\\s)/g, "$1\\s*"),
    )
    .join(GAP);
  const before = /^["']?\w/.test(text) ? "(?<![A-Za-z0-9])" : "";
  const after = /\w["']?$/.test(text) ? "(?![A-Za-z0-9])" : "";
  return new RegExp(`${before}${source}${after}`, "i");
}

function withoutGeneral(matches: readonly Match[]): readonly Match[] {
  const specific = matches.filter(({ entry }) => entry.general !== true);
  return specific.length > 0 ? specific : matches;
}
