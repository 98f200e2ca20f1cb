import { afterEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { freePorts } from "../../../lab/ports.ts";
import type { ProxyService } from "../../../src/accounts/proxy-config.ts";
import { isMailkeyError } from "../../../src/errors.ts";
import { Listeners, type Listening } from "../../../src/proxy/serving/listeners.ts";

const accepted: Listening[] = [];
const open: (Listeners | Server)[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
  accepted.length = 0;
});

function listeners(): Listeners {
  const made = new Listeners((socket, listening) => {
    accepted.push(listening);
    socket.destroy();
  }, {});
  open.push(made);
  return made;
}

async function visit(port: number, host = "127.0.0.1"): Promise<void> {
  const socket = connect(port, host);
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.on("close", resolve));
}

async function ports(): Promise<Record<ProxyService, number>> {
  const [imap = 0, imaps = 0, pop = 0, pops = 0, smtp = 0, smtps = 0] = await freePorts(6);
  return { imap, imaps, pop, pops, smtp, smtps };
}

const none = { imap: undefined, imaps: undefined, pop: undefined, pops: undefined, smtp: undefined, smtps: undefined };
const loopback = { addresses: ["127.0.0.1"], remote: false };
const refusal = async (work: Promise<void>) => {
  const error: unknown = await work.catch((reason: unknown) => reason);
  return isMailkeyError(error) ? { code: error.code, message: error.message, hint: error.hint } : error;
};

describe("the proxy listens", () => {
  test("for each service at its port, with TLS only where there is a certificate", async () => {
    const all = await ports();
    const some = listeners();
    await some.set({ ...loopback, ports: all }, false);
    expect(some.all.map(({ service }) => service)).toEqual(["imap", "pop", "smtp"]);
    await some.set({ ...loopback, ports: all }, true);
    expect(some.all).toHaveLength(6);
    await visit(all.smtps);
    expect(accepted).toEqual([{ service: "smtps", address: "127.0.0.1", port: all.smtps }]);
  });

  test("on without a break where nothing changes, and no more where nothing is wanted", async () => {
    const all = await ports();
    const some = listeners();
    await some.set({ ...loopback, ports: { ...none, imap: all.imap, pop: all.pop } }, false);
    const queued = connect(all.imap, "127.0.0.1");
    await some.set({ ...loopback, ports: { ...none, imap: all.imap, smtp: all.smtp } }, false);
    await once(queued, "close");
    expect(some.all.map(({ service }) => service)).toEqual(["imap", "smtp"]);
    await visit(all.pop);
    await visit(all.smtp);
    expect(accepted.map(({ service }) => service)).toEqual(["imap", "smtp"]);
  });

  test("for another service at the port of one that is not wanted any more", async () => {
    const { imap } = await ports();
    const some = listeners();
    await some.set({ ...loopback, ports: { ...none, imap } }, false);
    await some.set({ ...loopback, ports: { ...none, smtp: imap } }, false);
    await visit(imap);
    expect([some.all, accepted].map((each) => each.map(({ service }) => service))).toEqual([["smtp"], ["smtp"]]);
  });

  test("for one service at each port", async () => {
    const { imap } = await ports();
    const some = listeners();
    await some.set({ ...loopback, ports: { ...none, imap } }, false);
    const both = await refusal(some.set({ ...loopback, ports: { ...none, imap, pop: imap } }, false));
    expect(both).toMatchObject({ code: "ERR_CONFIG", message: `port ${imap} cannot be both for imap and for pop` });
    expect(some.all.map(({ service }) => service)).toEqual(["imap"]);
  });

  test("without an address that this machine does not have, as long as there is another one", async () => {
    const all = await ports();
    const some = listeners();
    const absent = "::2";
    await some.set({ addresses: ["127.0.0.1", absent], remote: true, ports: { ...none, imap: all.imap } }, true);
    expect(some.all).toEqual([{ service: "imap", address: "127.0.0.1", port: all.imap }]);
    const alone = some.set({ addresses: [absent], remote: true, ports: { ...none, imap: all.imap } }, true);
    expect(await refusal(alone)).toMatchObject({ code: "ERR_CONFIG" });
    expect(some.all).toHaveLength(1);
  });

  test("nowhere new when one port is taken, and says which and how to find out by whom", async () => {
    const all = await ports();
    const other = createServer().listen(all.pop, "127.0.0.1");
    open.push(other);
    await once(other, "listening");
    const some = listeners();
    expect(await refusal(some.set({ ...loopback, ports: all }, true))).toEqual({
      code: "ERR_CONFIG",
      message: `cannot listen at 127.0.0.1 port ${all.pop} for pop: another program does`,
      hint: `ss -ltnp 'sport = :${all.pop}', or another port: docs/proxy.md`,
    });
    expect(some.all).toEqual([]);
    await visit(all.imap);
    expect(accepted).toEqual([]);
  });

  test("to other machines only where that is said, and with a certificate", async () => {
    const all = await ports();
    const address =
      Object.values(networkInterfaces())
        .flat()
        .find((each) => each?.internal === false)?.address ?? "0.0.0.0";
    const some = listeners();
    for (const listen of [address, "0.0.0.0", "::"]) {
      const wanted = { addresses: ["127.0.0.1", listen], ports: all };
      expect(await refusal(some.set({ ...wanted, remote: false }, true))).toMatchObject({
        message: `other machines can connect to ${listen}`,
        hint: "set remote = true under [proxy] in config.toml if they may",
      });
      expect(await refusal(some.set({ ...wanted, remote: true }, false))).toMatchObject({ hint: "mailkey proxy cert" });
    }
    expect(some.all).toEqual([]);
  });
});
