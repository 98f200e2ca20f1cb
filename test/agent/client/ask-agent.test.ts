import { afterEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askAgent, findAgent, socketPath } from "../../../src/agent/client/ask-agent.ts";
import { MAX_REPLY_BYTES } from "../../../src/service/asking.ts";
import { startAgent } from "../../../src/agent/client/start-agent.ts";
import type { MailkeyError } from "../../../src/errors.ts";
import type { Paths } from "../../../src/platform/paths.ts";

const folder = mkdtempSync(join(tmpdir(), "mkq-"));
const servers: Server[] = [];
let count = 0;

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function home(): Paths {
  const runtime = join(folder, `r${++count}`);
  mkdirSync(runtime, { mode: 0o700 });
  return { config: join(folder, "config"), state: join(folder, "state"), runtime };
}

/** Somebody at the socket, who is sent the request's line. */
async function listen(paths: Paths, hear: (socket: Socket, line: string) => void): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => hear(socket, chunk.toString()));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(socketPath(paths), resolve));
}

const ask = (paths: Paths, options = {}) =>
  askAgent<{ token: string }>(paths, { do: "token", address: "a@b.test" }, options);

describe("asking the agent", () => {
  test("sends one line, and hands over what comes back", async () => {
    const paths = home();
    let request: unknown;
    await listen(paths, (socket, line) => {
      request = JSON.parse(line);
      socket.write('{"v":1,"token":"tok');
      setTimeout(() => socket.write('en"}\n'), 5);
    });
    expect(await ask(paths)).toEqual({ v: 1, token: "token" } as never);
    expect(request).toEqual({ v: 1, config: paths.config, state: paths.state, do: "token", address: "a@b.test" });
  });

  test("waits as long as the agent says that it works", async () => {
    const paths = home();
    const waited: string[] = [];
    await listen(paths, (socket) => {
      socket.write('{"v":1,"wait":"working"}\n{"v":1,"wait":"working"}\n');
      setTimeout(() => socket.write('{"v":1,"token":"late"}\n'), 20);
    });
    expect((await ask(paths, { onWait: (what: string) => waited.push(what) }))?.token).toBe("late");
    expect(waited).toEqual(["working", "working"]);
  });

  test("throws the agent's error as its own", async () => {
    const paths = home();
    const error = { code: "ERR_SIGN_IN_AGAIN", message: "over", hint: "mailkey login", details: { error: "x" } };
    await listen(paths, (socket) => socket.write(`${JSON.stringify({ v: 1, error })}\n`));
    const thrown = await ask(paths).catch((reason: unknown) => reason as MailkeyError);
    expect(thrown).toMatchObject(error);
  });

  test("ends with the signal", async () => {
    const paths = home();
    const controller = new AbortController();
    await listen(paths, () => controller.abort(new Error("interrupted")));
    expect(ask(paths, { signal: controller.signal })).rejects.toThrow("interrupted");
  });
});

describe("there is no agent", () => {
  test("without a folder, without a socket, and where nobody listens any more", async () => {
    expect(await ask({ config: "", state: "", runtime: join(folder, "nowhere") })).toBeUndefined();
    const paths = home();
    expect(await ask(paths)).toBeUndefined();
    await listen(paths, () => undefined);
    servers.splice(0)[0]?.close();
    expect(await ask(paths)).toBeUndefined();
  });

  test.each([
    ["serves another home", '{"v":1,"error":{"code":"other_home","message":"no"}}\n'],
    ["does not speak this version", '{"v":2,"error":{"code":"version","message":"no"}}\n'],
    ["has no place left", '{"v":1,"error":{"code":"busy","message":"no"}}\n'],
    ["answers in another version", '{"v":2,"token":"token"}\n'],
    ["answers something else", '{"v":1,"done":true}\n'],
    ["answers with a token that is no text", '{"v":1,"token":5}\n'],
    ["warns without words", '{"v":1,"token":"token","warning":"?"}\n'],
    ["fails without words", '{"v":1,"error":null}\n'],
    ["fails in a way of its own", '{"v":1,"error":{"code":"constructor","message":"no"}}\n'],
    ["says something that is no JSON", "hello\n"],
    ["says something that is no object", "7\n"],
    ["says more than any reply", "x".repeat(MAX_REPLY_BYTES + 1)],
  ])("for us in one that %s", async (_what, words) => {
    const paths = home();
    await listen(paths, (socket) => socket.write(words));
    expect(await ask(paths)).toBeUndefined();
  });

  test("that is worth starting, where one is that is of no use", async () => {
    const paths = home();
    let asked = 0;
    await listen(paths, (socket) => {
      asked += 1;
      socket.write('{"v":1,"error":{"code":"other_home","message":"no"}}\n');
    });
    expect(await findAgent(paths)).toBe("useless");
    expect(await startAgent(paths, {})).toBe(false);
    expect(asked).toBe(2);
    servers.splice(0)[0]?.close();
    expect(await findAgent(paths)).toBe("absent");
  });

  test("in one that hangs up", async () => {
    const paths = home();
    await listen(paths, (socket) => socket.end());
    expect(await ask(paths)).toBeUndefined();
  });

  test("in a folder that others can write to or that is a link: who listens there may be anybody", async () => {
    const paths = home();
    await listen(paths, (socket) => socket.write('{"v":1,"token":"planted"}\n'));
    expect((await ask(paths))?.token).toBe("planted");
    chmodSync(paths.runtime, 0o770);
    expect(await ask(paths)).toBeUndefined();
    expect(await findAgent(paths)).toBe("useless"); // and not worth starting: nobody would ask it
    chmodSync(paths.runtime, 0o700);
    const link = `${paths.runtime}-link`;
    symlinkSync(paths.runtime, link);
    expect(await ask({ ...paths, runtime: link })).toBeUndefined();
  });
});
