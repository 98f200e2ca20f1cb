/** A provider that repeats what it was sent, in all it says: none of it may reach what the agent writes, shows or runs. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { saveAccount } from "../../src/accounts/store.ts";
import type { AgentEvent } from "../../src/agent/event.ts";
import { Hooks } from "../../src/agent/telling/hooks.ts";
import { MESSAGES } from "../../src/agent/telling/messages.ts";
import { createLog } from "../../src/service/log.ts";
import { logObserver, logOccasion } from "../../src/agent/telling/log-events.ts";
import { fileSink, logPath } from "../../src/service/log-sinks.ts";
import { Metrics } from "../../src/agent/telling/metrics.ts";
import { Notifications } from "../../src/agent/telling/notify.ts";
import { Warnings } from "../../src/agent/telling/warnings.ts";
import { MailkeyError } from "../../src/errors.ts";
import { ADDRESS, granted, Harness, refused } from "../tokens/harness.ts";
import { until } from "../support/until.ts";
import { FakeAlarm } from "./world.ts";

const REFRESH_TOKEN = "M.C552_BAY.0.U.-CtopSecretRefreshTokenOfNobody!!$$";
const ACCESS_TOKEN = "EwB4A8l6BAAUsecretAccessTokenOfNobody+/+/abcdefgh=";
const TARGET = { address: ADDRESS, resource: "outlook" };

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.stop());

/** What the token path comes to, as the agent's observers are told it. */
async function attempt(): Promise<AgentEvent> {
  try {
    const { token } = await harness.token({ force: true });
    return { kind: "token", target: TARGET, token, isNew: true };
  } catch (error) {
    if (!(error instanceof MailkeyError)) throw error;
    return { kind: "failed", target: TARGET, error, isPermanent: true, validSeconds: 0 };
  }
}

/** All files below a folder, as one text. */
function everything(folder: string): string {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .map((path) => (statSync(path).isDirectory() ? everything(path) : readFileSync(path, "latin1")))
    .join("\n");
}

test("log, hooks, notifications, metrics and notes hold no token, nor a piece of one", async () => {
  const { account, ports, home } = harness;
  const { paths, clock } = ports;
  saveAccount(paths, account.account);
  const seen = join(home, "seen");
  const bin = join(home, "bin");
  for (const folder of [seen, bin]) mkdirSync(folder);
  writeFileSync(join(bin, "osascript"), `#!/bin/sh\n{ printf '%s\\n' "$@"; env; } > "${seen}/notification.$$"\n`);
  chmodSync(join(bin, "osascript"), 0o755);
  const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}` };
  const hook = `{ env; tr '\\0' '\\n' < /proc/$$/cmdline; } > "${seen}/$MAILKEY_EVENT"`;

  const sink = fileSink(logPath(paths, "agent"));
  const log = createLog(MESSAGES, clock, "debug", sink);
  const hooks = new Hooks({ commands: { needsLogin: hook, renewed: hook, error: hook }, env, log });
  const notifications = new Notifications({ env, platform: "darwin", log, launch: async () => undefined });
  const warnings = new Warnings({
    paths,
    env,
    clock,
    alarm: new FakeAlarm(harness.clock),
    log,
    tell: (occasion) => {
      logOccasion(log, occasion);
      hooks.tell(occasion);
      notifications.tell(occasion);
    },
    mended: (address) => log("mended", { address }),
  });
  const metrics = new Metrics({
    clock,
    provider: () => "custom",
    signInEnds: () => warnings.signInEnds,
    clients: () => 0,
    memory: () => 0,
  });
  const echo = `you sent ${REFRESH_TOKEN} or ${Buffer.from(REFRESH_TOKEN).toString("base64")} or ${REFRESH_TOKEN.slice(3, 30)}`;
  await harness.seed({ refreshToken: REFRESH_TOKEN });
  harness.replies.push(
    granted({ access_token: ACCESS_TOKEN, refresh_token: undefined, refresh_token_expires_in: 604_799 }),
    refused("invalid_grant", echo),
    refused("invalid_client", echo),
  );
  for (let attempts = 0; attempts < 3; attempts += 1) {
    const event = await attempt();
    for (const observe of [logObserver(log), warnings.observe, hooks.observe, metrics.observe]) observe(event);
  }
  await warnings.settled;
  const files = ["renewed", "needs_login", "error"].map((name) => join(seen, name));
  await until(() => files.every((path) => existsSync(path)) && readdirSync(seen).length === 5);
  await hooks.stop();
  notifications.stop();
  sink.close();

  const written = [everything(seen), everything(join(paths.state, "agent")), metrics.write()];
  const [shown = "", kept = "", measured = ""] = written;
  // What was looked for there is there: the refusals, once each, in the hooks, on the desktop and in the log.
  expect(readdirSync(seen)).toHaveLength(5);
  expect(shown).toContain("MAILKEY_EVENT=needs_login");
  expect(shown).toContain("Sign in again");
  expect(kept).toContain("invalid_client");
  expect(measured).toContain('mailkey_token_expires_in_seconds{address="me@hotmail.example",resource="outlook"}');
  for (const text of written) {
    for (const secret of [REFRESH_TOKEN, ACCESS_TOKEN, Buffer.from(REFRESH_TOKEN).toString("base64")])
      for (let at = 0; at + 10 <= secret.length; at += 1) expect(text).not.toContain(secret.slice(at, at + 10));
  }
});
