import { expect, test } from "bun:test";
import { anything, assert, asyncProperty, json, oneof, string } from "fast-check";
import { MailkeyError } from "../../src/errors.ts";
import { controlDispatcher, type Operations } from "../../src/proxy/control.ts";
import { PROTOCOL_VERSION } from "../../src/proxy/protocol.ts";
import type { StatusReply } from "../../src/proxy/status.ts";

const HOME = { config: "/home/me/.config/mailkey", state: "/home/me/.local/state/mailkey" };
const done: string[] = [];
const operations: Operations = {
  status: () => Promise.resolve({ v: PROTOCOL_VERSION, pid: 7 } as StatusReply),
  metrics: () => "metric 1\n",
  reload: () => Promise.reject(new MailkeyError("ERR_CONFIG", "line 3 is none", { hint: "mailkey doctor" })),
  stop: () => void done.push("stop"),
};
const answer = controlDispatcher(operations, HOME);
const ask = async (request: object): Promise<unknown> =>
  JSON.parse(await answer(JSON.stringify({ v: PROTOCOL_VERSION, ...HOME, ...request })));

test("the proxy is asked for its status and metrics, and told to reload and stop", async () => {
  expect(await ask({ do: "status" })).toEqual({ v: 1, pid: 7 });
  expect(await ask({ do: "metrics" })).toEqual({ v: 1, metrics: "metric 1\n" });
  expect(await ask({ do: "stop" })).toEqual({ v: 1, done: true });
  expect(done).toEqual(["stop"]);
  expect(await ask({ do: "reload" })).toEqual({
    v: 1,
    error: { code: "ERR_CONFIG", message: "line 3 is none", hint: "mailkey doctor" },
  });
});

test("another home, another version and what is no request are turned away", async () => {
  expect(await ask({ do: "stop", state: "/elsewhere" })).toMatchObject({ error: { code: "other_home" } });
  expect(await ask({ do: "stop", v: 2 })).toMatchObject({ error: { code: "version" } });
  expect(await ask({ do: "token" })).toMatchObject({ error: { code: "request" } });
});

test("whatever is said, one line of JSON comes back", () =>
  assert(
    asyncProperty(
      oneof(
        string(),
        json(),
        anything().map((value) => JSON.stringify(value) ?? ""),
      ),
      async (line) => {
        const reply = await answer(line);
        expect(reply).not.toContain("\n");
        JSON.parse(reply);
      },
    ),
  ));
