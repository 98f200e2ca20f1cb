/** Puts an account's values in the places that explanations leave for them. */
import { shellLine, shellWord } from "../platform/shell.ts";
import { withoutControls } from "../platform/text.ts";
import type { Entry, Step } from "./entry.ts";

/** What is known; a place without a value keeps its capital word. */
export interface Values {
  readonly address?: string | undefined;
  readonly clientId?: string | undefined;
  readonly imapHost?: string | undefined;
  readonly smtpHost?: string | undefined;
  /** The command that mail programs run, as words. */
  readonly helper?: readonly string[] | undefined;
}

const PLACES = /\b(?:ADDRESS|CLIENT|IMAP_HOST|SMTP_HOST|HELPER)\b/g;

/** The entry with the values in it: quoted for a shell or PowerShell where the line is for one. */
export function fillEntry(entry: Entry, values: Values): Entry {
  const [first, ...others] = entry.steps.map((step) => fillStep(step, values));
  return {
    ...entry,
    why: fillText(entry.why, values),
    ...(entry.more === undefined ? {} : { more: fillText(entry.more, values) }),
    steps: [first ?? entry.steps[0], ...others],
  };
}

/** A step on one line. */
export function stepText({ say, type }: Step): string {
  return type === undefined ? say : `${say}: ${type.replaceAll("\n", " ")}`;
}

function fillStep(step: Step, values: Values): Step {
  const say = fillText(step.say, values);
  return step.type === undefined ? { ...step, say } : { ...step, say, type: fill(step.type, values, quoteFor(step)) };
}

function fillText(text: string, values: Values): string {
  return fill(text, values, (word) => word);
}

function fill(text: string, values: Values, quote: (word: string) => string): string {
  return text.replace(PLACES, (place) => valueOf(place, values, quote) ?? place);
}

/** On one line whatever is in it: a line of a value's own would be taken for a command of its own. */
function valueOf(place: string, values: Values, quote: (word: string) => string): string | undefined {
  if (place === "HELPER") {
    const helper = values.helper ?? ["mailkey", "token", values.address ?? "ADDRESS"];
    return shellLine(helper.map(withoutControls));
  }
  const value = {
    ADDRESS: values.address,
    CLIENT: values.clientId,
    IMAP_HOST: values.imapHost,
    SMTP_HOST: values.smtpHost,
  }[place];
  return value === undefined ? undefined : quote(withoutControls(value));
}

function quoteFor(step: Step): (word: string) => string {
  if (step.in === "text") return (word) => word;
  if (step.in === "powershell") return powershellWord;
  return shellWord;
}

/** Single quotation marks, typographic ones too, end a string in PowerShell and are doubled in it. */
function powershellWord(word: string): string {
  return /^[A-Za-z0-9@+_.-]+$/.test(word) && !word.startsWith("@") && !word.startsWith("-")
    ? word
    : `'${word.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
}
