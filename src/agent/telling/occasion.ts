/**
 * What is worth a person's attention, and when it will be: from an account and the dates that were noted of it. Pure.
 *
 * An end that comes nearer is told in steps, each of which is a moment that is known in advance: nobody has to look in between.
 */
import type { ResolvedAccount } from "../../accounts/resolve.ts";
import type { Instant } from "../../platform/clock.ts";
import { shellLine, shellWord } from "../../platform/shell.ts";
import { secondsSince, signInEnding, type SignInEnding } from "../../tokens/health.ts";
import type { CredentialRecord } from "../../tokens/record.ts";

export type OccasionKind =
  /** The provider does not take the sign-in any more, or there is none. */
  | "sign-in-over"
  | "sign-in-ends"
  /** Of the client's secret or certificate. */
  | "client-ends"
  /** Renewing fails: for hours, or in a way that waiting does not mend. */
  | "failing";

/** Something to tell, once. Holds no secret; peers' words in it are one line without control characters. */
export interface Occasion {
  readonly kind: OccasionKind;
  /** The account whose credential it is about: one for all mailboxes that share it. */
  readonly address: string;
  readonly resource: string | undefined;
  readonly reason: string;
  /** The next command to type, or what else helps. */
  readonly hint: string | undefined;
  /** Milliseconds since the Unix epoch, by this machine's clock; undefined when nothing ends. */
  readonly endsAtMs: number | undefined;
}

/** One credential, as far as it can be known without opening a vault. */
export interface Subject {
  readonly account: ResolvedAccount;
  /** Undefined when nothing has been noted yet. */
  readonly record: CredentialRecord | undefined;
  /** When the client's secret or certificate ends, in milliseconds since the Unix epoch. */
  readonly clientEndsAtMs: number | undefined;
  /** Days that the sign-in before this one lasted because the client is in testing; undefined when it did not. */
  readonly testingDays: number | undefined;
}

/** An end that is known. */
export interface Ending {
  readonly kind: "sign-in-ends" | "client-ends";
  /** Tells this end from the one of the next sign-in, the next renewal or the next certificate. */
  readonly about: string;
  readonly inSeconds: number;
  /** Seconds before the end at which it is told, falling. */
  readonly steps: readonly number[];
  readonly hint: string;
  readonly words: string;
}

const DAY_SECONDS = 86_400;
const SIGN_IN_STEPS = [14, 3, 1].map((days) => days * DAY_SECONDS);
/** Who makes secrets and certificates is mostly somebody else, and needs longer. */
const CLIENT_STEPS = [30, 14, 3, 1, 0].map((days) => days * DAY_SECONDS);

/** The ends of a credential. One whose sign-in is over has none left. */
export function endingsOf(subject: Subject, now: Instant): Ending[] {
  return [signInEndingOf(subject, now), clientEndingOf(subject, now)].filter((ending) => ending !== undefined);
}

/** Whether what was noted says that somebody has to sign in. */
export function isSignInOver({ account, record }: Subject, now: Instant): boolean {
  if (record === undefined || account.grant !== "sign_in") return false;
  if (record.needsSignIn) return true;
  const ending = signInEnding(record, account.provider, now);
  return ending?.cause === "fixed" && ending.inSeconds <= 0;
}

/** What tells one sign-in from the next. */
export function signInMark(record: CredentialRecord | undefined): string {
  return record === undefined ? "never" : String(record.signedInAt.wallMs);
}

/** The step that an ending has reached, or undefined when it is not near. */
export function stepOf({ inSeconds, steps }: Ending): number | undefined {
  return steps.findLast((step) => inSeconds <= step);
}

/** Seconds until there may be something new to tell of it; undefined when there will not. */
export function nextStepInSeconds({ kind, inSeconds, steps }: Ending): number | undefined {
  const ahead = steps.find((step) => step < inSeconds);
  if (ahead !== undefined) return inSeconds - ahead;
  return kind === "sign-in-ends" && inSeconds > 0 ? inSeconds : undefined;
}

function signInEndingOf({ account, record, testingDays }: Subject, now: Instant): Ending | undefined {
  if (record === undefined || record.needsSignIn || account.grant !== "sign_in") return undefined;
  const address = shellWord(account.credential);
  const whose = `the sign-in of ${account.credential}`;
  const login = `mailkey login ${address}`;
  const expected = record.signInEnd === undefined ? testingEnd(record, testingDays, now) : undefined;
  if (expected !== undefined) return ends(record.signedInAt, expected, `${whose}, like the one before, ends`, login);
  const ending = signInEnding(record, account.provider, now);
  if (ending === undefined) return undefined;
  if (ending.cause === "fixed") return ends(record.signedInAt, ending, `${whose} ends`, login);
  const hint = `mailkey token ${address} --force >/dev/null`;
  return ends(record.refreshedAt ?? record.signedInAt, ending, `${whose} ends for want of use`, hint);
}

type Span = Pick<SignInEnding, "inSeconds" | "spanSeconds">;

function ends(about: Instant, { inSeconds, spanSeconds }: Span, words: string, hint: string): Ending {
  const steps = SIGN_IN_STEPS.filter((step) => step <= spanSeconds / 2);
  return { kind: "sign-in-ends", about: String(about.wallMs), inSeconds, steps, words, hint };
}

/** Undefined also when it is past: then the rule does not hold any more. */
function testingEnd(record: CredentialRecord, days: number | undefined, now: Instant): Span | undefined {
  if (days === undefined) return undefined;
  const spanSeconds = days * DAY_SECONDS;
  const inSeconds = spanSeconds - secondsSince(record.signedInAt, now);
  return inSeconds > 0 ? { inSeconds, spanSeconds } : undefined;
}

function clientEndingOf({ account, clientEndsAtMs }: Subject, now: Instant): Ending | undefined {
  if (clientEndsAtMs === undefined) return undefined;
  return {
    kind: "client-ends",
    about: String(clientEndsAtMs),
    inSeconds: (clientEndsAtMs - now.wallMs) / 1000,
    steps: CLIENT_STEPS,
    words: `the secret or certificate of the client of ${account.credential} ends`,
    hint: shellLine(["mailkey", "show", account.credential]),
  };
}

export function occasionOf({ account }: Subject, ending: Ending, now: Instant): Occasion {
  const { kind, inSeconds, words, hint } = ending;
  return {
    kind,
    address: account.credential,
    resource: undefined,
    reason: inSeconds <= 0 ? words.replace(/ ends$/, " has ended") : `${words} ${dayText(inSeconds)}`,
    hint,
    endsAtMs: now.wallMs + inSeconds * 1000,
  };
}

/** Rounded: an alarm that rings a second late must not turn three days into two. */
function dayText(seconds: number): string {
  const days = Math.round(seconds / DAY_SECONDS);
  return days <= 1 ? "within a day" : `in ${days} days`;
}
