/** TLS of clients is the runtime's work, and each tells in its own way that a client has gone. */
import { expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import { freePorts } from "../../lab/ports.ts";
import { until } from "../support/until.ts";
import { Home, succeeded } from "./harness.ts";
import { configureProxy, startProxy, stopChild } from "./started-proxy.ts";

test("a client that hangs up in the middle of its handshake is not waited for", async () => {
  const home = new Home();
  const [imaps = 0] = await freePorts(1);
  const ports = await configureProxy(home, [
    `imaps = ${imaps}`,
    "pops = false",
    "smtps = false",
    'log_level = "debug"',
  ]);
  succeeded(await home.mailkey(["proxy", "cert"]));
  const proxy = await startProxy(home, ports);
  try {
    const client = connect({ port: imaps, host: "127.0.0.1" });
    await once(client, "connect");
    client.write(Buffer.from("1603010200010001fc0303", "hex")); // the beginning of a ClientHello
    client.end();
    const session = await until(() => /connected session=(\w+) service=imaps/.exec(proxy.log)?.[1]);
    const end = await until(() => new RegExp(`ended .*session=${session} .*how=(\\w+)`).exec(proxy.log)?.[1]);
    expect(end).toBe("handshake");
  } finally {
    await stopChild(proxy.child);
    home.dispose();
  }
});
