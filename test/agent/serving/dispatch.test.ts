import { describe, expect, test } from "bun:test";
import { anything, assert, asyncProperty, json, oneof, string } from "fast-check";
import { dispatcher, type Operations } from "../../../src/agent/serving/dispatch.ts";
import { PROTOCOL_VERSION } from "../../../src/agent/protocol.ts";
import type { StatusReply } from "../../../src/agent/status.ts";
import { MailkeyError } from "../../../src/errors.ts";

const PATHS = { config: "/home/me/.config/mailkey", state: "/home/me/.local/state/mailkey" };
const done: string[] = [];

const operations: Operations = {
  tokens: { answer: ({ address = "the only one" }) => JSON.stringify({ token: `of ${address}` }) },
  status: () => Promise.resolve({ v: PROTOCOL_VERSION, pid: 7 } as StatusReply),
  metrics: () => "metric 1\n",
  lock: () => void done.push("lock"),
  unlock: (passphrase, env) => {
    done.push(`unlock ${passphrase?.reveal() ?? "without"} ${JSON.stringify(env)}`);
    return passphrase?.reveal() === "wrong"
      ? Promise.reject(
          new MailkeyError("ERR_VAULT_LOCKED", "that is not it", {
            hint: "mailkey agent unlock",
            details: { reason: "bad_passphrase" },
          }),
        )
      : Promise.resolve();
  },
  reload: () => Promise.reject(new TypeError("words that quote a secret")),
  stop: () => void done.push("stop"),
};
const dispatch = dispatcher(operations, PATHS);
const ask = async (request: object): Promise<unknown> =>
  JSON.parse(await dispatch(JSON.stringify({ v: PROTOCOL_VERSION, ...PATHS, ...request })));

describe("a line on the socket", () => {
  test("asks for a token, a status, the metrics", async () => {
    expect(await ask({ do: "token", address: "me@x.test" })).toEqual({ token: "of me@x.test" });
    expect(await ask({ do: "token" })).toEqual({ token: "of the only one" });
    expect(await ask({ do: "status" })).toEqual({ v: 1, pid: 7 });
    expect(await ask({ do: "metrics" })).toEqual({ v: 1, metrics: "metric 1\n" });
  });

  test("locks, unlocks and stops", async () => {
    done.length = 0;
    await ask({ do: "lock" });
    await ask({ do: "unlock", passphrase: "open sesame", env: { DISPLAY: ":0" } });
    await ask({ do: "unlock" });
    expect(await ask({ do: "stop" })).toEqual({ v: 1, done: true });
    expect(done).toEqual(["lock", 'unlock open sesame {"DISPLAY":":0"}', "unlock without {}", "stop"]);
  });

  test("gets an error's code, words, hint and particulars; of a bug only what kind it is", async () => {
    expect(await ask({ do: "unlock", passphrase: "wrong" })).toEqual({
      v: 1,
      error: {
        code: "ERR_VAULT_LOCKED",
        message: "that is not it",
        hint: "mailkey agent unlock",
        details: { reason: "bad_passphrase" },
      },
    });
    expect(JSON.stringify(await ask({ do: "reload" }))).not.toContain("secret");
  });

  test.each([
    ["of another home", { config: "/elsewhere" }, "other_home"],
    ["of another state folder", { state: "/elsewhere" }, "other_home"],
    ["of a later version", { v: 2 }, "version"],
    ["with an unknown operation", { do: "explode" }, "request"],
    ["with an address of the wrong type", { address: 7 }, "request"],
    ["with an address longer than addresses are", { address: "a".repeat(321) }, "request"],
    ["with time that nobody has", { min_ttl: 1e9 }, "request"],
    ["with an environment that could change more than where to ask", { env: { "LD_PRELOAD ": "x" } }, "request"],
  ])("%s is refused, so that its program does without", async (_what, change, code) => {
    expect(await ask({ do: "token", ...change })).toMatchObject({ error: { code } });
  });

  test("may carry fields of a later mailkey", async () => {
    expect(await ask({ do: "token", address: "a@b.test", colour: "green" })).toEqual({ token: "of a@b.test" });
  });

  test("of any content is answered with one line of JSON", async () => {
    await assert(
      asyncProperty(
        oneof(
          string(),
          json(),
          anything().map((value) => JSON.stringify({ v: 1, ...PATHS, do: value, address: value }) ?? ""),
        ),
        async (line) => {
          const reply = await dispatch(line);
          expect(reply).not.toContain("\n");
          expect(JSON.parse(reply)).toBeObject();
        },
      ),
      { numRuns: 500 },
    );
  });
});
