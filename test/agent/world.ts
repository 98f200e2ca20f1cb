/** The agent's surroundings: a clock and an alarm that move when told, and account files and records like those of the token path. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Account } from "../../src/accounts/account.ts";
import { saveAccount } from "../../src/accounts/store.ts";
import type { AgentEvent } from "../../src/agent/event.ts";
import type { Occasion } from "../../src/agent/telling/occasion.ts";
import { MailkeyError, type ErrorCode } from "../../src/errors.ts";
import type { Alarm } from "../../src/platform/alarm.ts";
import { resolvePaths } from "../../src/platform/paths.ts";
import { Secret } from "../../src/platform/secret.ts";
import { recordPath, writeRecord, type CredentialRecord } from "../../src/tokens/record.ts";
import { FakeClock } from "../support/fake-clock.ts";

export const ADDRESS = "me@hotmail.com";
export const TARGET = { address: ADDRESS, resource: "outlook" };
export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;

/** Rings when the clock is moved past it. */
export class FakeAlarm implements Alarm {
  readonly #clock: FakeClock;
  #set: { readonly atMs: number; readonly ring: () => void } | undefined;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  set(afterMs: number, ring: () => void): void {
    this.#set = { atMs: this.#clock.bootMs + afterMs, ring };
  }

  clear(): void {
    this.#set = undefined;
  }

  /** Milliseconds until it rings, or undefined when it is not set. */
  get inMs(): number | undefined {
    return this.#set === undefined ? undefined : this.#set.atMs - this.#clock.bootMs;
  }

  /** Lets the time pass until it rings. */
  ring(): void {
    const set = this.#set;
    if (set === undefined) throw new Error("the alarm is not set");
    this.#set = undefined;
    this.#clock.advance(Math.max(0, set.atMs - this.#clock.bootMs));
    set.ring();
  }
}

export class AgentWorld {
  readonly home = mkdtempSync(join(tmpdir(), "mailkey-agent-"));
  readonly paths = resolvePaths({ MAILKEY_HOME: this.home });
  readonly clock = new FakeClock();
  readonly alarm = new FakeAlarm(this.clock);

  account(change: Partial<Account> = {}): void {
    saveAccount(this.paths, {
      address: ADDRESS,
      provider: "microsoft-personal",
      client: { id: "9e5f94bc-e8a4-4e73-b8be-63364c29d753", preset: "thunderbird" },
      ...change,
    });
  }

  /** Signed in just now, unless told otherwise. */
  record(change: Partial<CredentialRecord> = {}, address = ADDRESS): void {
    const now = this.clock.now();
    writeRecord(recordPath(this.paths, address), {
      version: 1,
      signedInAt: now,
      refreshedAt: now,
      accessTokens: {},
      needsSignIn: false,
      ...change,
    });
  }

  token(isNew = true, target = TARGET): AgentEvent {
    const token = {
      value: new Secret("access-token-of-the-test"),
      resource: target.resource,
      scope: "s",
      expiresAtMs: this.clock.wallMs + HOUR_MS,
      obtainedAt: this.clock.now(),
      lifetimeSeconds: 3600,
    };
    return { kind: "token", target, token, isNew };
  }

  dispose(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

export function failed(code: ErrorCode, message = "it does not work", target = TARGET): AgentEvent {
  const error = new MailkeyError(code, message, code === "ERR_CLIENT_REJECTED" ? { hint: "mailkey show it" } : {});
  return { kind: "failed", target, error, isPermanent: code !== "ERR_PROVIDER_UNAVAILABLE", validSeconds: 0 };
}

export function occasion(change: Partial<Occasion> = {}): Occasion {
  return {
    kind: "sign-in-over",
    address: ADDRESS,
    resource: "outlook",
    reason: "the provider refuses",
    hint: `mailkey login ${ADDRESS}`,
    endsAtMs: undefined,
    ...change,
  };
}
