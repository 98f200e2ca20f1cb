import type { Clock, Instant } from "../../src/platform/clock.ts";

/** A clock that moves only when told, or when somebody sleeps. Wall and boot clock can be moved apart. */
export class FakeClock implements Clock {
  wallMs = Date.UTC(2026, 0, 15, 12);
  bootMs = 5_000_000;
  bootId = "boot-1";
  /** Without it, instants have no boot clock: another system. */
  hasBootClock = true;
  readonly sleeps: number[] = [];

  now(): Instant {
    return this.hasBootClock
      ? { wallMs: this.wallMs, boot: { id: this.bootId, ms: this.bootMs } }
      : { wallMs: this.wallMs };
  }

  sleep(ms: number): Promise<void> {
    this.sleeps.push(ms);
    this.advance(ms);
    return Promise.resolve();
  }

  /** Real time passes. */
  advance(ms: number): void {
    this.wallMs += ms;
    this.bootMs += ms;
  }

  /** Somebody sets the wall clock. */
  jump(ms: number): void {
    this.wallMs += ms;
  }

  reboot(downMs: number): void {
    this.wallMs += downMs;
    this.bootMs = 1000;
    this.bootId = `${this.bootId}'`;
  }
}
