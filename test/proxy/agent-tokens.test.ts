/** Access tokens from the agent, as the proxy asks for them. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { once } from "node:events";
import { chmodSync, mkdirSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { socketPath } from "../../src/agent/client/ask-agent.ts";
import { Secret } from "../../src/platform/secret.ts";
import { AgentTokens } from "../../src/proxy/agent-tokens.ts";
import { digestOf } from "../../src/tokens/digest.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";
import { mailboxAt } from "./upstream/world.ts";

let context: FakeContext;
let agent: Server | undefined;
const questions: Record<string, unknown>[] = [];

beforeEach(() => {
  context = fakeContext();
  mkdirSync(context.paths.runtime, { recursive: true, mode: 0o700 });
});
afterEach(() => {
  agent?.close();
  questions.length = 0;
  context.dispose();
});

/** An agent that answers everything with `reply`. */
async function answering(reply: object): Promise<void> {
  agent = createServer((socket) => {
    socket.on("data", (bytes) => {
      questions.push(JSON.parse(bytes.toString()) as Record<string, unknown>);
      socket.end(`${JSON.stringify({ v: 1, ...reply })}\n`);
    });
  }).listen(socketPath(context.paths));
  await once(agent, "listening");
}

const mailbox = mailboxAt("imap", { host: "imap.test", port: 993, security: "tls" });
const get = (refused?: Secret) =>
  new AgentTokens(context.paths, context.env).get({
    mailbox,
    resource: "mail",
    refused,
    signal: new AbortController().signal,
  });

test("the agent is asked for the account's token, and told which one a server has refused, but not in the clear", async () => {
  await answering({ token: "fresh" });
  expect((await get()).reveal()).toBe("fresh");
  await get(new Secret("stale"));
  expect(questions).toMatchObject([
    { do: "token", address: mailbox.account, resource: "mail" },
    { do: "token", address: mailbox.account, resource: "mail", refused: digestOf("stale") },
  ]);
  expect(JSON.stringify(questions)).not.toContain("stale");
});

test("what the agent cannot do is told as it says it", async () => {
  await answering({ error: { code: "ERR_SIGN_IN_AGAIN", message: "sign in again", hint: "mailkey login x" } });
  expect(get()).rejects.toMatchObject({ code: "ERR_SIGN_IN_AGAIN", hint: "mailkey login x" });
});

test("an agent whose socket others could have made is not asked, and nobody is told a token", async () => {
  await answering({ token: "fresh" });
  chmodSync(context.paths.runtime, 0o755);
  expect(get()).rejects.toMatchObject({ code: "ERR_PROVIDER_UNAVAILABLE", hint: "mailkey agent start" });
  expect(questions).toEqual([]);
});
