/** What log and metrics make of what happens. */
import { describe, expect, test } from "bun:test";
import type { ProxyEvent, SessionFacts } from "../../../src/proxy/event.ts";
import { logObserver } from "../../../src/proxy/telling/log-events.ts";
import { MESSAGES } from "../../../src/proxy/telling/messages.ts";
import { Metrics } from "../../../src/proxy/telling/metrics.ts";
import { createLog } from "../../../src/service/log.ts";
import { parseExposition } from "../../support/exposition.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const stranger: SessionFacts = { id: "1", service: "imaps", protocol: "imap", peer: "192.0.2.7" };
const anna: SessionFacts = { ...stranger, address: "anna@example.test", device: "the scanner" };
const ended = (session: SessionFacts, up: number, down: number): ProxyEvent => ({
  kind: "ended",
  session,
  how: "client",
  seconds: 1.23456,
  up,
  down,
});

describe("the log", () => {
  const lines: string[] = [];
  const observe = logObserver(createLog(MESSAGES, new FakeClock(), "debug", (line) => lines.push(line)));
  const said = (event: ProxyEvent) => {
    lines.length = 0;
    observe(event);
    return lines.map((line) => line.replace(/^\S+ /, ""));
  };

  test("names session, peer, mailbox, device, outcome, bytes and seconds", () => {
    const who = 'session=1 service=imaps peer=192.0.2.7 address=anna@example.test device="the scanner"';
    expect(said({ kind: "login", session: anna, outcome: "good", upstreamSeconds: 0.01234 })).toEqual([
      `info  logged in ${who} seconds=0.012`,
    ]);
    expect(said(ended(anna, 10, 200))).toEqual([`info  session ended ${who} how=client seconds=1.235 up=10 down=200`]);
    expect(said({ kind: "login", session: anna, outcome: "needed", reason: "sign in" })).toEqual([
      `warn  login failed ${who} why=needed reason="sign in"`,
    ]);
  });

  test("says of strangers where they come from, and of their names nothing", () => {
    expect(said({ kind: "login", session: stranger, outcome: "password" })).toEqual([
      "warn  login refused session=1 service=imaps peer=192.0.2.7 why=password",
    ]);
    expect(said(ended(stranger, 0, 0))).toEqual([
      "debug connection ended without a login session=1 service=imaps peer=192.0.2.7 how=client seconds=1.235 up=0 down=0",
    ]);
  });

  test("does not warn of a client that did not wait", () => {
    expect(said({ kind: "login", session: anna, outcome: "gone" })[0]).toMatch(/^info  a client did not wait/);
  });

  test("takes control characters out of the words of servers", () => {
    const [line = ""] = said({ kind: "login", session: anna, outcome: "server", reason: "no\r\n\u001b[31mway" });
    expect(line).not.toMatch(/[\u0000-\u001f]/);
  });
});

describe("the metrics", () => {
  const clock = new FakeClock();
  const metrics = new Metrics({
    clock,
    sessions: () => [{ protocol: "imap", address: 'an"na\n@example.test', count: 2 }],
    connections: () => 3,
    handshakesWaiting: () => 4,
    passing: () => ({ up: 1, down: 2 }),
    certificateEndsAtMs: () => clock.wallMs + 5000,
  });
  const value = (name: string, labels: Record<string, string> = {}) =>
    parseExposition(metrics.write()).find(
      (sample) => sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
    )?.value;

  test("count logins, ends, bugs and bytes", () => {
    metrics.observe({ kind: "came", session: stranger });
    metrics.observe({ kind: "login", session: stranger, outcome: "password" });
    metrics.observe({ kind: "login", session: anna, outcome: "good", upstreamSeconds: 0.02 });
    metrics.observe({ kind: "login", session: anna, outcome: "unavailable", upstreamSeconds: 7 });
    metrics.observe({ kind: "login", session: anna, outcome: "gone" }); // nobody's failure
    metrics.observe({ kind: "bug", session: anna, where: "here" });
    metrics.observe(ended(anna, 40, 500));
    metrics.observe(ended(anna, 60, 1500));
    expect(value("mailkey_proxy_logins_total", { protocol: "imap", outcome: "password" })).toBe(1);
    expect(value("mailkey_proxy_logins_total", { protocol: "imap", outcome: "good" })).toBe(1);
    expect(value("mailkey_proxy_connections_total", { how: "client" })).toBe(2);
    expect(value("mailkey_proxy_connections_total", { how: "idle" })).toBe(0);
    expect(value("mailkey_proxy_bugs_total")).toBe(1);
    expect(value("mailkey_proxy_bytes_total", { direction: "down" })).toBe(2002);
    expect(value("mailkey_proxy_upstream_seconds_bucket", { le: "0.025" })).toBe(1);
    expect(value("mailkey_proxy_upstream_seconds_count")).toBe(2);
    expect(metrics.logins).toEqual({ good: 1, refused: 1, failed: 1 });
    expect(metrics.passed).toEqual({ up: 101, down: 2002 });
  });

  test("look at what is open when somebody asks", () => {
    expect(value("mailkey_proxy_sessions", { protocol: "imap", address: 'an"na @example.test' })).toBe(2);
    expect(value("mailkey_proxy_connections")).toBe(3);
    expect(value("mailkey_proxy_handshakes_waiting")).toBe(4);
    expect(value("mailkey_proxy_certificate_ends_in_seconds")).toBe(5);
  });
});
