import { beforeEach, expect, test } from "bun:test";
import { Ledger } from "../../../src/agent/renewing/ledger.ts";
import { MailkeyError } from "../../../src/errors.ts";

const TARGET = { address: "me@hotmail.com", resource: "outlook" };
const NOW_MS = Date.UTC(2026, 0, 1);
const LIFETIME = { lifetimeSeconds: 3600 };

let ledger: Ledger;
let wallMs: number;

beforeEach(() => {
  wallMs = NOW_MS;
  ledger = new Ledger({ now: () => ({ wallMs }), sleep: () => Promise.resolve() });
  ledger.begin(TARGET, { ...LIFETIME, remainingSeconds: 600 });
});

test("a failure is told until there is a later token, though it changes the files", () => {
  const error = new MailkeyError("ERR_SIGN_IN_AGAIN", "it is over", { hint: "mailkey login" });
  ledger.observe({ kind: "failed", target: TARGET, error, isPermanent: true, validSeconds: 600 });
  wallMs += 10_000;
  ledger.begin(TARGET, { ...LIFETIME, remainingSeconds: 590.2 });
  expect(ledger.of(TARGET).problem).toEqual({ message: "it is over", hint: "mailkey login" });
  ledger.begin(TARGET, { ...LIFETIME, remainingSeconds: 3600 });
  expect(ledger.of(TARGET)).toEqual({ endsAtMs: wallMs + 3_600_000, problem: undefined });
});
