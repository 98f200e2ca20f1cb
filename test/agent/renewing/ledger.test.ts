import { beforeEach, expect, test } from "bun:test";
import { Ledger } from "../../../src/agent/renewing/ledger.ts";
import { MailkeyError } from "../../../src/errors.ts";

const TARGET = { address: "me@hotmail.com", resource: "outlook" };
const NOW_MS = Date.UTC(2026, 0, 1);
const LIFETIME = { lifetimeSeconds: 3600 };

let ledger: Ledger;
let wallMs: number;

/** @param refusal why somebody has to sign in, as the record has it */
const begin = (remainingSeconds: number, refusal?: string) =>
  ledger.begin({
    renewable: { target: TARGET, origin: "https://login.example", ahead: { marginSeconds: 600 } },
    credential: TARGET.address,
    times: { ...LIFETIME, remainingSeconds },
    refusal,
  });

beforeEach(() => {
  wallMs = NOW_MS;
  ledger = new Ledger({ now: () => ({ wallMs }), sleep: () => Promise.resolve() });
  begin(600);
});

test("a failure is told until there is a later token, though it changes the files", () => {
  const error = new MailkeyError("ERR_SIGN_IN_AGAIN", "it is over", { hint: "mailkey login" });
  ledger.observe({ kind: "failed", target: TARGET, error, isPermanent: true, validSeconds: 600 });
  wallMs += 10_000;
  begin(590.2);
  expect(ledger.of(TARGET).problem).toEqual({ message: "it is over", hint: "mailkey login" });
  begin(3600);
  expect(ledger.of(TARGET)).toEqual({ endsAtMs: wallMs + 3_600_000, problem: undefined });
});

test("a sign-in that was over before the agent started is told from the start", () => {
  ledger = new Ledger({ now: () => ({ wallMs }), sleep: () => Promise.resolve() });
  begin(600, "it is over");
  expect(ledger.of(TARGET).problem).toEqual({ message: "it is over", hint: "mailkey login me@hotmail.com" });
  begin(3600);
  expect(ledger.of(TARGET).problem).toBeUndefined();
});
