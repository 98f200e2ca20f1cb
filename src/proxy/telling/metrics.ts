/** What the proxy counts and measures, for Prometheus. Addresses are in it, as labels; nothing secret is. */
import type { Clock } from "../../platform/clock.ts";
import { runtimeVersion } from "../../platform/runtime.ts";
import { withoutControls } from "../../platform/text.ts";
import { Counter, Gauge, Histogram, type Metric } from "../../service/exposition.ts";
import { VERSION } from "../../version.ts";
import { isOwnRefusal, SESSION_ENDS, type ProxyEvent } from "../event.ts";
import type { SessionCount } from "../status.ts";

/** To mail servers, and down to clients. */
export interface Passed {
  readonly up: number;
  readonly down: number;
}

export interface MetricPorts {
  readonly clock: Clock;
  /** Those that are logged in. */
  sessions(): Iterable<SessionCount>;
  /** Connections that are open, logged in or not. */
  connections(): number;
  handshakesWaiting(): number;
  /** By sessions that are open. */
  passing(): Passed;
  /** Milliseconds since the Unix epoch; undefined when there is none. */
  certificateEndsAtMs(): number | undefined;
}

/** A server nearby answers within 50 ms, one across the sea within half a second, one with a token to renew in some. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export class Metrics {
  /** Served as. */
  static readonly CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
  readonly #ports: MetricPorts;
  readonly #ended = new Counter(
    "mailkey_proxy_connections_total",
    "Connections of clients that have ended, and who ended them.",
    SESSION_ENDS.map((how) => ({ how })),
  );
  readonly #logins = new Counter("mailkey_proxy_logins_total", "Logins, and what came of them.");
  readonly #bugs = new Counter("mailkey_proxy_bugs_total", "Sessions that met a bug in mailkey.", [{}]);
  readonly #upstreamSeconds = new Histogram(
    "mailkey_proxy_upstream_seconds",
    "From the right password to the mail server's answer.",
    SECONDS,
  );
  readonly #gauges: readonly Metric[];
  #passed: Passed = { up: 0, down: 0 };
  #counts = { good: 0, refused: 0, failed: 0 };

  constructor(ports: MetricPorts) {
    this.#ports = ports;
    const now = () => ports.clock.now().wallMs;
    const startedAtMs = now();
    this.#gauges = [
      new Gauge("mailkey_proxy_sessions", "Sessions that are logged in.", () =>
        [...ports.sessions()].map(
          ({ protocol, address, count }) => [{ protocol, address: withoutControls(address) }, count] as const,
        ),
      ),
      one("mailkey_proxy_connections", "Connections of clients that are open.", () => ports.connections()),
      one("mailkey_proxy_handshakes_waiting", "Clients that wait for their TLS handshake.", () =>
        ports.handshakesWaiting(),
      ),
      new Gauge("mailkey_proxy_certificate_ends_in_seconds", "Until the proxy's certificate ends.", () => {
        const endsAtMs = ports.certificateEndsAtMs();
        return endsAtMs === undefined ? [] : [[{}, Math.round((endsAtMs - now()) / 1000)]];
      }),
      new Gauge("mailkey_build_info", "1; which mailkey this is.", () => [
        [{ version: VERSION, runtime: runtimeVersion(), platform: `${process.platform}-${process.arch}` }, 1],
      ]),
      one("process_start_time_seconds", "Start time, in seconds since the Unix epoch.", () => startedAtMs / 1000),
      one("process_resident_memory_bytes", "Resident memory size in bytes.", () => process.memoryUsage.rss()),
    ];
  }

  /** Since the start. */
  get logins(): { readonly good: number; readonly refused: number; readonly failed: number } {
    return this.#counts;
  }

  /** Since the start. */
  get passed(): Passed {
    const { up, down } = this.#ports.passing();
    return { up: this.#passed.up + up, down: this.#passed.down + down };
  }

  readonly observe = (event: ProxyEvent): void => {
    switch (event.kind) {
      case "came":
        return;
      case "login":
        return this.#login(event);
      case "ended":
        this.#ended.add({ how: event.how });
        this.#passed = { up: this.#passed.up + event.up, down: this.#passed.down + event.down };
        return;
      case "bug":
        return this.#bugs.add({});
    }
  };

  /** All of it, in the text format. */
  write(): string {
    const bytes = new Counter("mailkey_proxy_bytes_total", "Bytes passed: up to mail servers, down to clients.");
    for (const [direction, count] of Object.entries(this.passed)) bytes.add({ direction }, count as number);
    const all = [this.#ended, this.#logins, this.#bugs, this.#upstreamSeconds, bytes, ...this.#gauges];
    return all.map((metric) => metric.write()).join("");
  }

  #login({ session, outcome, upstreamSeconds }: ProxyEvent & { readonly kind: "login" }): void {
    this.#logins.add({ protocol: session.protocol, outcome });
    if (upstreamSeconds !== undefined) this.#upstreamSeconds.observe(upstreamSeconds);
    if (outcome === "good") this.#counts.good += 1;
    else if (isOwnRefusal(outcome)) this.#counts.refused += 1;
    else if (outcome !== "gone") this.#counts.failed += 1;
  }
}

/** A gauge without labels. */
function one(name: string, help: string, read: () => number): Gauge {
  return new Gauge(name, help, () => [[{}, read()]]);
}
