/**
 * How much each provider is asked: so many renewals at once and so many a second, whatever else wants to. Who waits is let in by
 * need: first a program that waits for its token, then accounts without a valid one, then by what theirs still lasts.
 *
 * Programs and renewals ahead share the rate, but not the places: a renewal may wait for the lock of an account that a program holds, and
 * must not keep that program from asking meanwhile.
 */
import type { Alarm } from "../../platform/alarm.ts";

export interface BudgetPorts {
  /** Milliseconds of a time that only goes forward. */
  readonly nowMs: () => number;
  /** The budget's own: rings when the next one may be let in. */
  readonly alarm: Alarm;
}

export interface Limits {
  /** Of programs, and of renewals ahead. */
  readonly atOnce: number;
  readonly perSecond: number;
  /** So many may come together after a quiet time. */
  readonly burst: number;
}

/** Far below what providers refuse (none publishes its limit), and 500 accounts are through in 100 s. */
export const DEFAULT_LIMITS: Limits = { atOnce: 4, perSecond: 5, burst: 10 };

interface Waiting {
  readonly need: number;
  readonly start: () => Promise<unknown> | undefined;
}

interface Lane {
  readonly waiting: Waiting[];
  running: number;
}

function newLane(): Lane {
  return { waiting: [], running: 0 };
}

interface Gate {
  readonly programs: Lane;
  readonly ahead: Lane;
  allowance: number;
  countedAtMs: number;
}

export class Budget {
  readonly #ports: BudgetPorts;
  readonly #limits: Limits;
  readonly #gates = new Map<string, Gate>();

  constructor(ports: BudgetPorts, limits = DEFAULT_LIMITS) {
    this.#ports = ports;
    this.#limits = limits;
  }

  /** Does `work` for a program that waits for it, before everything else at `origin`. */
  run<T>(origin: string, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const start = () => {
        const done = work();
        done.then(resolve, reject);
        return done.catch(() => undefined); // told to the caller already
      };
      this.#gate(origin).programs.waiting.push({ need: 0, start });
      this.#letIn();
    });
  }

  /**
   * Calls `start` as soon as `origin` may be asked, perhaps at once.
   *
   * @param need seconds that the token in hand still lasts: less goes first
   * @param start begins, or returns undefined when it is not wanted any more, which costs nothing
   */
  enter(origin: string, need: number, start: Waiting["start"]): void {
    this.#gate(origin).ahead.waiting.push({ need, start });
    this.#letIn();
  }

  #gate(origin: string): Gate {
    let gate = this.#gates.get(origin);
    if (gate === undefined) {
      const [programs, ahead] = [newLane(), newLane()];
      gate = { programs, ahead, allowance: this.#limits.burst, countedAtMs: this.#ports.nowMs() };
      this.#gates.set(origin, gate);
    }
    return gate;
  }

  #letIn(): void {
    let nextMs = Infinity;
    for (const gate of this.#gates.values()) {
      this.#count(gate);
      for (const lane of [gate.programs, gate.ahead]) {
        this.#letInOf(gate, lane);
        if (lane.waiting.length === 0 || lane.running >= this.#limits.atOnce) continue;
        nextMs = Math.min(nextMs, ((1 - gate.allowance) / this.#limits.perSecond) * 1000);
      }
    }
    if (nextMs === Infinity) this.#ports.alarm.clear();
    else this.#ports.alarm.set(Math.ceil(nextMs), () => this.#letIn());
  }

  #count(gate: Gate): void {
    const { perSecond, burst } = this.#limits;
    const nowMs = this.#ports.nowMs();
    gate.allowance = Math.min(burst, gate.allowance + ((nowMs - gate.countedAtMs) / 1000) * perSecond);
    gate.countedAtMs = nowMs;
  }

  #letInOf(gate: Gate, lane: Lane): void {
    while (lane.running < this.#limits.atOnce && gate.allowance >= 1) {
      const next = takeNeediest(lane.waiting);
      if (next === undefined) return;
      lane.running += 1;
      gate.allowance -= 1;
      const running = next.start();
      if (running === undefined) {
        lane.running -= 1;
        gate.allowance += 1;
        continue;
      }
      void running.finally(() => {
        lane.running -= 1;
        this.#letIn();
      });
    }
  }
}

/** Of equals the one that has waited longest. */
function takeNeediest(waiting: Waiting[]): Waiting | undefined {
  let best = 0;
  waiting.forEach(({ need }, index) => {
    if (need < (waiting[best]?.need ?? Infinity)) best = index;
  });
  return waiting.splice(best, 1)[0];
}
