/**
 * What the agent counts and measures, for Prometheus. Addresses are in it, as labels; nothing secret is. What lies in the future is
 * computed when somebody asks: nothing has to tick for it.
 */
import type { Clock } from "../../platform/clock.ts";
import { runtimeVersion } from "../../platform/runtime.ts";
import { withoutControls } from "../../platform/text.ts";
import { VERSION } from "../../version.ts";
import type { AgentEvent, Target } from "../event.ts";
import { Counter, Gauge, Histogram, type Labels, type Metric } from "../../service/exposition.ts";

/** `cached`, `refreshed`, `superseded` and `stale` are how tokens were had; `none` is an answer without one. */
export const ANSWER_SOURCES = ["hot", "cached", "refreshed", "superseded", "stale", "none"] as const;
export type AnswerSource = (typeof ANSWER_SOURCES)[number];

export const CLIENT_FATES = ["served", "refused", "timed_out"] as const;
/** How a connection ended. */
export type ClientFate = (typeof CLIENT_FATES)[number];

export interface MetricPorts {
  readonly clock: Clock;
  /** A provider's id, for an account's address; undefined for one that is not looked after: nobody renews its tokens ahead. */
  provider(address: string): string | undefined;
  /** When sign-ins end, in milliseconds since the Unix epoch, by address. */
  signInEnds(): ReadonlyMap<string, number>;
  /** Connections that are open now. */
  clients(): number;
  /** Bytes of memory that the process takes. */
  memory(): number;
}

/** Half a millisecond is a token in hand, ten seconds a slow provider's. */
const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1, 2.5, 5, 10, 30];

export class Metrics {
  /** Served as. */
  static readonly CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
  readonly #ports: MetricPorts;
  readonly #answers = new Counter("mailkey_answers_total", "Requests for a token that were answered.");
  readonly #renewals = new Counter("mailkey_renewals_total", "Attempts to renew a token, by whichever process.");
  readonly #clients = new Counter(
    "mailkey_clients_total",
    "Connections that have ended.",
    CLIENT_FATES.map((fate) => ({ fate })),
  );
  readonly #answerSeconds = new Histogram("mailkey_answer_seconds", "From a request to its answer.", SECONDS);
  readonly #tokenEndsAtMs = new Map<string, { readonly target: Target; readonly endsAtMs: number }>();
  readonly #metrics: readonly Metric[];
  #isLocked = false;

  constructor(ports: MetricPorts) {
    this.#ports = ports;
    const now = () => ports.clock.now().wallMs;
    const startedAtMs = now();
    this.#metrics = [
      this.#answers,
      this.#answerSeconds,
      this.#renewals,
      this.#clients,
      new Gauge(
        "mailkey_clients",
        "Connections that are open.",
        one(() => ports.clients()),
      ),
      new Gauge(
        "mailkey_locked",
        "1 when everything secret is forgotten, otherwise 0.",
        one(() => Number(this.#isLocked)),
      ),
      new Gauge("mailkey_token_expires_in_seconds", "Until an access token ends; negative when it has.", () =>
        [...this.#tokenEndsAtMs.values()]
          .filter(({ target }) => ports.provider(target.address) !== undefined)
          .map(({ target, endsAtMs }) => [targetLabels(target), secondsUntil(endsAtMs, now())] as const),
      ),
      new Gauge("mailkey_sign_in_ends_in_seconds", "Until a sign-in ends, where its end is known.", () =>
        [...ports.signInEnds()].map(
          ([address, endsAtMs]) => [addressLabel(address), secondsUntil(endsAtMs, now())] as const,
        ),
      ),
      new Gauge("mailkey_build_info", "1; which mailkey this is.", () => [
        [{ version: VERSION, runtime: runtimeVersion(), platform: `${process.platform}-${process.arch}` }, 1],
      ]),
      new Gauge(
        "process_start_time_seconds",
        "Start time, in seconds since the Unix epoch.",
        one(() => startedAtMs / 1000),
      ),
      new Gauge(
        "process_resident_memory_bytes",
        "Resident memory size in bytes.",
        one(() => ports.memory()),
      ),
    ];
  }

  /** An observer of the agent's. */
  readonly observe = (event: AgentEvent): void => {
    switch (event.kind) {
      case "token":
        this.#isLocked = false;
        this.#tokenEndsAtMs.set(keyOf(event.target), { target: event.target, endsAtMs: event.token.expiresAtMs });
        if (event.isNew) this.#renewals.add({ ...this.#providerLabel(event.target), outcome: "renewed" });
        return;
      case "failed":
        return this.#renewals.add({
          ...this.#providerLabel(event.target),
          outcome: event.isPermanent ? "refused" : "unavailable",
        });
      case "gone":
        this.#tokenEndsAtMs.delete(keyOf(event.target));
        return;
      case "locked":
        this.#isLocked = true;
        return;
      case "unlocked":
        this.#isLocked = false;
        return;
    }
  };

  /** @param code of the error, where there was no token */
  answered(source: AnswerSource, seconds: number, code?: string): void {
    this.#answers.add({ source, outcome: code ?? "token" });
    this.#answerSeconds.observe(seconds);
  }

  clientEnded(fate: ClientFate): void {
    this.#clients.add({ fate });
  }

  /** All of it, in the text format. */
  write(): string {
    return this.#metrics.map((metric) => metric.write()).join("");
  }

  #providerLabel({ address }: Target): Labels {
    return { provider: this.#ports.provider(address) ?? "unknown" };
  }
}

/** Of a gauge without labels. */
function one(read: () => number): () => [[Labels, number]] {
  return () => [[{}, read()]];
}

function keyOf({ address, resource }: Target): string {
  return `${resource} ${address}`;
}

function targetLabels({ address, resource }: Target): Labels {
  return { ...addressLabel(address), resource };
}

function addressLabel(address: string): Labels {
  return { address: withoutControls(address) };
}

/** To the millisecond. */
function secondsUntil(endsAtMs: number, nowMs: number): number {
  return Math.round(endsAtMs - nowMs) / 1000;
}
