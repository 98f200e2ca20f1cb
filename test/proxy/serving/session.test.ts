import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { freePorts } from "../../../lab/ports.ts";
import { MailkeyError } from "../../../src/errors.ts";
import type { SessionEnd } from "../../../src/proxy/event.ts";
import type { Opened } from "../../../src/proxy/upstream/upstream.ts";
import { Listeners } from "../../../src/proxy/serving/listeners.ts";
import { until } from "../../support/until.ts";
import { Client } from "./client.ts";
import { LOGIN, PASSWORD, startServing, USER, type ServingWorld, type Settings } from "./world.ts";

const NO_PORTS = {
  imap: undefined,
  imaps: undefined,
  pop: undefined,
  pops: undefined,
  smtp: undefined,
  smtps: undefined,
};
let world: ServingWorld;

const start = async (settings: Partial<Settings> = {}) => {
  world = await startServing(settings);
};
beforeEach(() => start());
afterEach(() => world.stop());

/** With other settings than usual. */
const restart = async (settings: Partial<Settings>) => {
  await world.stop();
  await start(settings);
};
const hows = (): SessionEnd[] => world.events.flatMap((event) => (event.kind === "ended" ? [event.how] : []));
const outcomes = () => world.events.flatMap((event) => (event.kind === "login" ? [event.outcome] : []));
const allGone = () =>
  until(
    () => world.server.connections === 0,
    () => `${world.server.connections} are left`,
  );

describe("a session", () => {
  test("greets, logs in with the right password, and passes bytes both ways", async () => {
    const { client, server } = await world.logIn();
    client.write("b NOOP\r\n");
    const [asked] = (await once(server, "data")) as [Buffer];
    expect(String(asked)).toBe("b NOOP\r\n");
    server.write("b OK done\r\n");
    expect(await client.reads(/b OK/)).toBe("b OK done\r\n");
    expect(world.requests.at(-1)).toMatchObject({ protocol: "imap", mailbox: { address: USER } });
    expect(world.server.counts).toEqual([{ protocol: "imap", address: USER, count: 1 }]);
    expect(world.server.passing).toEqual({ up: 8, down: 11 });
    expect(outcomes()).toEqual(["good"]);
  });

  test("hands on what the client has sent with its login, and what the server has said after its own", async () => {
    const client = await world.connect();
    const { open } = world;
    world.open = async (request) => {
      const opened = await open(request);
      return "socket" in opened ? { ...opened, unread: Buffer.from("* 3 EXISTS\r\n") } : opened;
    };
    client.write(`${LOGIN}b SELECT INBOX\r\n`);
    await client.reads(/^a OK.*\r\n\* 3 EXISTS\r\n$/m);
    const server = await until(() => world.upstream[0]);
    const [asked] = (await once(server, "data")) as [Buffer];
    expect(String(asked)).toBe("b SELECT INBOX\r\n");
  });

  test("hands on the end of either side, and hears the other one out", async () => {
    const { client, server } = await world.logIn();
    client.socket.end("b LOGOUT\r\n");
    server.resume();
    await once(server, "end");
    server.end("* BYE\r\nb OK\r\n");
    expect(await client.readsAll()).toBe("* BYE\r\nb OK\r\n");
    await allGone();
  });

  test("serves who says everything at once and hangs up", async () => {
    const client = await world.connect();
    client.socket.end(`${LOGIN}b LOGOUT\r\n`);
    const server = await until(() => world.upstream[0]);
    server.resume();
    await once(server, "end");
    server.end("* BYE\r\nb OK\r\n");
    expect(await client.readsAll()).toMatch(/^a OK.*\r\n\* BYE\r\nb OK\r\n$/m);
    await allGone();
  });

  test("opens nothing for a wrong password, and for no password", async () => {
    const client = await world.connect();
    client.write(`a LOGIN ${USER} wrong\r\n`);
    await client.reads(/^a NO \[AUTHENTICATIONFAILED\]/m);
    client.write(`b LOGIN ${USER} ${PASSWORD}\r\n`);
    await client.reads(/^b OK/m);
    expect(outcomes()).toEqual(["password", "good"]);
    expect(world.requests).toHaveLength(1);
  });

  test("says what keeps a mailbox from opening, to those who know the password only", async () => {
    world.open = () => Promise.resolve({ kind: "needed", words: "somebody has to sign in", hint: "mailkey login" });
    const client = await world.connect();
    client.write(`a LOGIN ${USER} wrong\r\n`);
    expect(await client.reads(/^a NO/m)).not.toContain("sign in");
    client.write(`b LOGIN ${USER} ${PASSWORD}\r\n`);
    expect(await client.reads(/^b NO/m)).toContain("somebody has to sign in: mailkey login");
    expect(outcomes()).toEqual(["password", "needed"]);
  });

  test("takes its words for an account whose file is no good from the error", async () => {
    world.find = () => Promise.reject(new MailkeyError("ERR_CONFIG", "line 3 is none", { hint: "mailkey doctor" }));
    const client = await world.connect();
    client.write(LOGIN);
    expect(await client.reads(/^a NO/m)).toContain("line 3 is none: mailkey doctor");
  });

  test("ends with what its protocol says for it when the mail server cannot be reached", async () => {
    world.open = () => Promise.resolve({ kind: "unavailable", words: "nobody answers" });
    const client = await world.connect();
    client.write(LOGIN);
    expect(await client.readsAll()).toMatch(/^a NO .*nobody answers.*\r\n\* BYE/m);
    await allGone();
  });

  test("tells the client when the mail server hangs up in its midst, is reset, or says goodbye", async () => {
    const ended = await world.logIn();
    ended.server.end();
    expect(await ended.client.readsAll()).toMatch(/^\* BYE \[UNAVAILABLE\] .*\r\n$/);
    const reset = await world.logIn();
    reset.server.destroy();
    expect(await reset.client.readsAll()).toMatch(/^\* BYE \[UNAVAILABLE\] .*\r\n$/);
    const literal = await world.logIn();
    literal.server.end("* 1 FETCH (BODY[] {100}\r\nhalf of it");
    expect(await literal.client.readsAll()).toBe("* 1 FETCH (BODY[] {100}\r\nhalf of it");
    const polite = await world.logIn();
    polite.server.end("* BYE bye\r\n");
    expect(await polite.client.readsAll()).toBe("* BYE bye\r\n");
    for (const { client } of [ended, reset, literal, polite]) client.socket.end();
    await allGone();
    expect(hows()).toEqual(["server", "server", "server", "server"]);
  });

  test("ends the mail server's connection when the client is cut off", async () => {
    const { client, server } = await world.logIn();
    server.on("end", () => server.end()).resume();
    const closed = once(server, "close");
    client.socket.resetAndDestroy();
    await closed;
    await allGone();
    expect(hows()).toEqual(["client"]);
  });

  test("gives up opening a mailbox for a client that has gone", async () => {
    let reason: unknown;
    world.open = ({ signal }) =>
      new Promise<Opened>((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reason = signal.reason;
          reject(signal.reason as Error);
        });
      });
    for (const leave of ["end", "resetAndDestroy"] as const) {
      reason = undefined;
      const client = await world.connect();
      client.write(LOGIN);
      await until(() => world.requests.length > 0);
      world.requests.length = 0;
      client.socket[leave]();
      await until(() => reason);
    }
    await allGone();
    expect(outcomes()).toEqual(["gone", "gone"]);
  });

  test("lasts as long as something passes, and no longer than its idle time without", async () => {
    await restart({ limits: { idleMs: 400 } });
    const { client, server } = await world.logIn();
    for (let count = 0; count < 8; count += 1) {
      server.write("* 1 EXISTS\r\n");
      await client.reads(/EXISTS/);
      await Bun.sleep(80);
    }
    expect(await client.readsAll()).toMatch(/^\* BYE /);
    client.socket.end();
    await allGone();
    expect(hows()).toEqual(["idle"]);
  });

  test("ends without a login in time, whatever is said meanwhile", async () => {
    await restart({ limits: { loginMs: 300 } });
    const silent = await world.connect();
    const secret = await world.connect("imaps").catch(() => undefined);
    const busy = await world.connect();
    const nagging = setInterval(() => busy.write("x NOOP\r\n"), 50);
    expect(await silent.readsAll()).toMatch(/^\* OK .*\r\n\* BYE /);
    expect(await busy.readsAll()).toMatch(/\* BYE .*\r\n$/);
    clearInterval(nagging);
    for (const client of [silent, busy, secret]) client?.socket.end();
    await allGone();
    expect(hows()).toEqual(["time", "time", "time"]);
  });

  test("takes longer to log in than a client has for beginning to, and lasts longer", async () => {
    await restart({ limits: { loginMs: 200 } });
    const { open } = world;
    world.open = async (request) => {
      await Bun.sleep(500);
      return open(request);
    };
    const { client, server } = await world.logIn();
    await Bun.sleep(500);
    server.write("* 1 EXISTS\r\n");
    await client.reads(/^\* 1 EXISTS/);
  });

  test("ends when nobody tries again in time after a login that came to nothing", async () => {
    await restart({ limits: { loginMs: 300 } });
    const client = await world.connect();
    client.write(`a LOGIN ${USER} wrong\r\n`);
    expect(await client.readsAll()).toMatch(/^a NO .*\r\n\* BYE /m);
    client.socket.end();
    await allGone();
    expect(hows()).toEqual(["time"]);
  });

  test("hangs up a mailbox that opens for a client that has gone", async () => {
    const { open } = world;
    const opening = Promise.withResolvers<void>();
    let opened: Opened | undefined;
    world.open = async (request) => {
      await opening.promise;
      const made = await open({ ...request, signal: new AbortController().signal });
      if ("socket" in made) opened = made;
      return made;
    };
    const client = await world.connect();
    client.write(LOGIN);
    await until(() => world.requests.length > 0);
    client.socket.resetAndDestroy();
    await allGone();
    opening.resolve();
    await until(() => opened?.socket.destroyed);
  });

  test("is cut off in the end when its client takes nothing, not even goodbye", async () => {
    await restart({ limits: { idleMs: 400 } });
    const { client, server } = await world.logIn();
    client.socket.pause();
    server.write(Buffer.alloc(60_000_000, "x"));
    await allGone();
    expect(hows()).toEqual(["idle"]);
  });

  test("reads no more than a little ahead of its login, and passes all of it on", async () => {
    const { open } = world;
    world.open = async (request) => {
      await Bun.sleep(200); // for whatever can come until then
      return open(request);
    };
    const client = await world.connect();
    const ahead = "b NOOP\r\n".repeat(250_000);
    client.write(`${LOGIN}${ahead}`);
    const server = await until(() => world.upstream[0]);
    let heard = 0;
    server.on("data", (bytes: Buffer) => void (heard += bytes.length));
    await until(
      () => heard === ahead.length,
      () => `${heard} of ${ahead.length} bytes, and ${client.text}`,
    );
  });

  test("meets a bug alone", async () => {
    world.find = () => Promise.reject(new TypeError("words that quote a secret"));
    const { client } = { client: await world.connect() };
    client.write(LOGIN);
    expect(await client.readsAll()).toMatch(/\* BYE .*\r\n$/);
    expect(world.events.filter(({ kind }) => kind === "bug")).toHaveLength(1);
    expect(JSON.stringify(world.events)).not.toContain("quote a secret");
    world.find = undefined;
    await world.logIn();
  });
});

describe("TLS of a client's", () => {
  test("is there from the first byte on, or after STARTTLS, in every protocol", async () => {
    const imaps = await world.connect("imaps");
    await imaps.reads(/^\* OK/);
    imaps.write(LOGIN);
    await imaps.reads(/^a OK/m);
    const greetings = { imap: "s STARTTLS\r\n", pop: "STLS\r\n", smtp: "EHLO me\r\nSTARTTLS\r\n" } as const;
    for (const [service, command] of Object.entries(greetings)) {
      const plain = await world.connect(service as keyof typeof greetings);
      await plain.reads(/^(\* OK|\+OK|220)/);
      for (const line of command.split(/(?<=\n)/)) {
        plain.write(line);
        await plain.reads(/^(s OK|\+OK|250 |220 )/m);
      }
      const secure = await plain.secure(world.caPem);
      secure.write(service === "imap" ? "c NOOP\r\n" : "NOOP\r\n");
      await secure.reads(/^(c OK|\+OK|-ERR|250)/m);
      secure.socket.destroy();
    }
    await until(() => world.server.connections === 1);
  });

  test("is wanted before any login where the settings say so", async () => {
    await restart({ requireTls: true });
    const client = await world.connect();
    expect(await client.reads(/^\* OK .*\r\n/)).toContain("LOGINDISABLED");
    client.write(LOGIN);
    await client.reads(/^a (NO|BAD)/m);
    client.write("s STARTTLS\r\n");
    await client.reads(/^s OK/m);
    const secure = await client.secure(world.caPem);
    secure.write(LOGIN);
    await secure.reads(/^a OK/m);
  });

  test("is wanted before any login where other machines can connect", async () => {
    const listeners = new Listeners(world.server.accept, {});
    const [imap = 0] = await freePorts(1);
    await listeners.set({ addresses: ["0.0.0.0"], remote: true, ports: { ...NO_PORTS, imap } }, true);
    const client = await Client.connect(imap);
    expect(await client.reads(/^\* OK .*\r\n/)).toContain("STARTTLS LOGINDISABLED");
    client.socket.destroy();
    listeners.close();
  });

  test("takes no command that came before it for one in it", async () => {
    const client = await world.connect();
    await client.reads(/^\* OK/);
    client.write(`s STARTTLS\r\n${LOGIN}`);
    await client.readsAll();
    client.socket.end();
    await allGone();
    expect(world.requests).toEqual([]);
  });

  test("ends a connection that speaks something else", async () => {
    const client = await world.connect("imap");
    await client.reads(/^\* OK/);
    client.write("s STARTTLS\r\n");
    await client.reads(/^s OK/m);
    client.write("a LOGIN anna right\r\n");
    await client.readsAll();
    client.socket.destroy();
    await allGone();
    expect(hows()).toEqual(["handshake"]);
  });
});
