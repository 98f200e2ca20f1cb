/**
 * Tells what needs a person, each occasion once: the sign-in is over, it or the client's secret ends soon, renewing keeps failing.
 *
 * Failures come as events; ends are known in advance from the records beside the credentials, and one alarm is set for the next of
 * them. Nothing is looked at in between, and no vault is opened.
 */
import { clientEndsAtMs } from "../../accounts/client-key.ts";
import { loadAccount } from "../../accounts/resolve.ts";
import { listAddresses } from "../../accounts/store.ts";
import { isMailkeyError, type MailkeyError } from "../../errors.ts";
import type { Alarm } from "../../platform/alarm.ts";
import { elapsedMs, type Clock, type Instant } from "../../platform/clock.ts";
import type { Environment, Paths } from "../../platform/paths.ts";
import { shellLine } from "../../platform/shell.ts";
import { peerText } from "../../platform/text.ts";
import { readRecord, recordPath } from "../../tokens/record.ts";
import { endedByTesting, testingDaysOf } from "../../tokens/testing.ts";
import type { AgentEvent, Target } from "../event.ts";
import type { AgentLog } from "./messages.ts";
import {
  endingsOf,
  isSignInOver,
  nextStepInSeconds,
  occasionOf,
  signInMark,
  stepOf,
  type Occasion,
  type OccasionKind,
  type Subject,
} from "./occasion.ts";
import { Streaks } from "./streak.ts";
import { Told, type News } from "./told.ts";

export interface WarningPorts {
  readonly paths: Paths;
  readonly env: Environment;
  readonly clock: Clock;
  /** Used by nothing else. */
  readonly alarm: Alarm;
  readonly log: AgentLog;
  /** Receives what is news. Must not throw. */
  tell(occasion: Occasion): void;
  /** What had been told of `address` is over: it works again. Must not throw. */
  mended(address: string): void;
}

/** What may pass by itself; all other failures need somebody at once. */
const PASSING: ReadonlySet<string> = new Set([
  "ERR_PROVIDER_UNAVAILABLE",
  "ERR_LOCK_TIMEOUT",
  "ERR_STORAGE",
  "ERR_PROGRAM",
  "ERR_VAULT_UNUSABLE",
]);
/** Told elsewhere, or nothing to tell. */
const IGNORED: ReadonlySet<string> = new Set(["ERR_VAULT_LOCKED", "ERR_INTERRUPTED"]);
const MAX_REASON_LENGTH = 300;
/** Among what was told: the client whose sign-ins end for being in testing. */
const TESTING = "testing";

interface Next {
  readonly at: Instant;
  readonly afterMs: number;
}

export class Warnings {
  readonly #ports: WarningPorts;
  readonly #told: Told;
  readonly #streaks = new Streaks();
  /** When to look again, by credential. */
  readonly #next = new Map<string, Next>();
  readonly #endsAtMs = new Map<string, number>();
  /** When the last token of each target was obtained, by the wall clock of then. */
  readonly #obtainedAtMs = new Map<string, number>();
  /** One after the other: each looks at files. */
  #work: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(ports: WarningPorts) {
    this.#ports = ports;
    this.#told = new Told(ports.paths);
  }

  /** An observer of the agent's. */
  readonly observe = (event: AgentEvent): void => {
    if (event.kind === "token" && this.#isNew(event)) void this.#then(() => this.#renewed(event.target));
    if (event.kind === "failed") void this.#then(() => this.#failed(event.target, event.error));
    if (event.kind === "gone") {
      this.#obtainedAtMs.delete(keyOf(event.target));
      void this.#then(() => this.#forget(event.target.address));
    }
  };

  /** Looks at every account: at the start, and when account files have changed. */
  look(): Promise<void> {
    return this.#then(async () => {
      const seen = new Set<string>();
      for (const address of listAddresses(this.#ports.paths)) {
        const subject = await this.#subject(address);
        if (subject === undefined) seen.add(address);
        else if (!seen.has(subject.account.credential)) {
          seen.add(subject.account.credential);
          if (this.#examine(subject)) this.#ports.mended(subject.account.credential);
        }
      }
      this.#told.keepOnly(seen);
      for (const address of this.#next.keys()) if (!seen.has(address)) this.#forget(address);
      this.#setAlarm();
    });
  }

  /** Looks at the credential of `address`: another process may have signed in, or met a refusal. */
  lookAt(address: string): Promise<void> {
    return this.#then(async () => {
      const subject = await this.#subject(address);
      if (subject !== undefined && this.#examine(subject)) this.#ports.mended(subject.account.credential);
      this.#setAlarm();
    });
  }

  /** When each sign-in that has a known end comes to it, in milliseconds since the Unix epoch, by the credential's address. */
  get signInEnds(): ReadonlyMap<string, number> {
    return this.#endsAtMs;
  }

  /** Resolves when everything observed so far has been dealt with. */
  get settled(): Promise<void> {
    return this.#work;
  }

  stop(): void {
    this.#isStopped = true;
    this.#ports.alarm.clear();
  }

  /** `mailkey login`, or another process's renewal, is found in the vault as a token that is another than the one before. */
  #isNew({ target, token, isNew }: Extract<AgentEvent, { kind: "token" }>): boolean {
    const key = keyOf(target);
    const { wallMs } = token.obtainedAt;
    const before = this.#obtainedAtMs.get(key) ?? wallMs;
    this.#obtainedAtMs.set(key, wallMs);
    return isNew || before !== wallMs;
  }

  #then(work: () => Promise<void> | void): Promise<void> {
    this.#work = this.#after(this.#work, work);
    return this.#work;
  }

  async #after(earlier: Promise<void>, work: () => Promise<void> | void): Promise<void> {
    await earlier;
    if (this.#isStopped) return;
    try {
      await work();
    } catch (error) {
      // Must not end the agent. Its message stays out of the log: it may quote what it stumbled over.
      this.#ports.log("bug", { part: "warnings", error: error instanceof Error ? error.name : typeof error });
    }
  }

  async #renewed(target: Target): Promise<void> {
    const subject = await this.#subject(target.address);
    const address = subject?.account.credential ?? target.address;
    this.#streaks.end(address);
    // A token of one resource says nothing of those that are refused for another.
    const isMended = (what: string, { resource = target.resource }: News) =>
      (what === "sign-in-over" || what.startsWith("failing ")) && resource === target.resource;
    const works = this.#told.forget(address, isMended);
    const lasts = subject !== undefined && this.#examine(subject);
    if (works || lasts) this.#ports.mended(address);
    this.#setAlarm();
  }

  async #failed(target: Target, error: MailkeyError): Promise<void> {
    if (IGNORED.has(error.code)) return;
    const subject = await this.#subject(target.address);
    const address = subject?.account.credential ?? target.address;
    if (error.code === "ERR_SIGN_IN_AGAIN") {
      const { resource } = target;
      if (!this.#told.isNews(address, "sign-in-over", { about: signInMark(subject?.record), resource })) return;
      const told = failure("sign-in-over", address, target, error, login(address));
      return this.#ports.tell({ ...told, reason: told.reason + this.#testing(subject, this.#ports.clock.now()) });
    }
    const mayPass = PASSING.has(error.code);
    if (mayPass && !this.#streaks.lasts(address, this.#ports.clock.now())) return;
    const { resource } = target;
    if (!this.#told.isNews(address, `failing ${resource}`, { about: error.code, resource })) return;
    // What may pass by itself says "try again later", which has been done for hours.
    const told = mayPass ? { message: error.message } : error;
    this.#ports.tell(failure("failing", address, target, told, "mailkey doctor"));
  }

  /**
   * Tells what the record says: an end that has come near, or a refusal from before the agent was there.
   *
   * @returns whether something that had been told is over: the end is not near any more, or there is a new sign-in
   */
  #examine(subject: Subject): boolean {
    const now = this.#ports.clock.now();
    const { credential } = subject.account;
    const endings = endingsOf(subject, now);
    const near = new Set<string>();
    for (const ending of endings) {
      const { kind, about, inSeconds } = ending;
      const step = stepOf(ending);
      if (step === undefined) continue;
      near.add(kind);
      const isPast = kind === "sign-in-ends" && inSeconds <= 0; // of which somebody else speaks
      if (!isPast && this.#told.isNews(credential, kind, { about, step }))
        this.#ports.tell(occasionOf(subject, ending, now));
    }
    const isOver = isSignInOver(subject, now);
    const isRenewed = ({ about }: News) =>
      !isOver && subject.record !== undefined && about !== signInMark(subject.record);
    const isMended = this.#told.forget(credential, (what, news) =>
      what === "sign-in-over" ? isRenewed(news) : what.endsWith("-ends") && !near.has(what),
    );
    if (isOver) this.#tellOver(subject);
    const signIn = endings.find(({ kind }) => kind === "sign-in-ends");
    if (signIn === undefined) this.#endsAtMs.delete(credential);
    else this.#endsAtMs.set(credential, now.wallMs + signIn.inSeconds * 1000);
    const next = endings.map(nextStepInSeconds).filter((seconds) => seconds !== undefined);
    if (next.length === 0) this.#next.delete(credential);
    else this.#next.set(credential, { at: now, afterMs: Math.min(...next) * 1000 });
    return isMended;
  }

  #tellOver(subject: Subject): void {
    const { account, record } = subject;
    const { credential, provider } = account;
    const failed = record?.failure;
    if (!this.#told.isNews(credential, "sign-in-over", { about: signInMark(record) })) return;
    const words = `${provider.name} no longer accepts the sign-in of ${credential}`;
    this.#ports.tell({
      kind: "sign-in-over",
      address: credential,
      resource: undefined,
      reason: clean(failed?.reason ?? words) + this.#testing(subject, failed?.at ?? this.#ports.clock.now()),
      hint: login(credential),
      endsAtMs: undefined,
    });
  }

  /** Words about a client in testing, when the sign-in has ended for that; remembered for the next one. */
  #testing(subject: Subject | undefined, end: Instant): string {
    const { account, record } = subject ?? {};
    if (account === undefined || record === undefined) return "";
    if (!endedByTesting(account, elapsedMs(record.signedInAt, end))) return "";
    this.#told.isNews(account.credential, TESTING, { about: account.client.id });
    return `; it lasted ${account.provider.tokens.testingDays} days, as sign-ins do while the client is in testing: publish it`;
  }

  #forget(address: string): void {
    this.#told.forget(address, () => true);
    this.#streaks.end(address);
    this.#next.delete(address);
    this.#endsAtMs.delete(address);
    this.#setAlarm();
  }

  #setAlarm(): void {
    const now = this.#ports.clock.now();
    const left = [...this.#next.values()].map(({ at, afterMs }) => afterMs - elapsedMs(at, now));
    if (left.length === 0) return this.#ports.alarm.clear();
    this.#ports.alarm.set(Math.max(0, Math.min(...left)), () => void this.look());
  }

  /** @returns undefined when the account's files cannot be used: whoever needs a token is told so */
  async #subject(address: string): Promise<Subject | undefined> {
    const { paths, env } = this.#ports;
    try {
      const account = await loadAccount(paths, address);
      const record = readRecord(recordPath(paths, account.credential));
      const isInTesting = this.#told.knows(account.credential, TESTING, account.client.id);
      return {
        account,
        record,
        clientEndsAtMs: clientEndsAtMs(account.account.client, env),
        testingDays: isInTesting ? testingDaysOf(account) : undefined,
      };
    } catch (error) {
      if (isMailkeyError(error)) return undefined;
      throw error;
    }
  }
}

function keyOf({ address, resource }: Target): string {
  return `${resource} ${address}`;
}

/** @param usualHint where the error brings none of its own */
function failure(
  kind: OccasionKind,
  address: string,
  { resource }: Target,
  { message, hint }: Pick<MailkeyError, "message"> & Partial<Pick<MailkeyError, "hint">>,
  usualHint: string,
): Occasion {
  return { kind, address, resource, reason: clean(message), hint: clean(hint ?? usualHint), endsAtMs: undefined };
}

function login(address: string): string {
  return shellLine(["mailkey", "login", address]);
}

function clean(words: string): string {
  return peerText(words, MAX_REASON_LENGTH);
}
