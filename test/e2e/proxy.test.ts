/** HTTPS_PROXY and certificate authorities of the user's own, in both runtimes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Server } from "proxy-chain";
import { startWorld, type World } from "../../lab/world.ts";
import { Home, succeeded } from "./harness.ts";

let world: World;
let home: Home;
let proxy: Server;
const tunnels: string[] = [];

beforeAll(async () => {
  world = await startWorld({ mail: "none" });
  home = new Home(world);
  succeeded(await home.mailkey(["vault", "init", "age"]));
  succeeded(await home.add(["--no-test"]));
  proxy = new Server({
    host: "127.0.0.1",
    port: 0,
    prepareRequestFunction({ hostname, port }) {
      tunnels.push(`${hostname}:${port}`);
    },
  });
  await proxy.listen();
});
afterAll(async () => {
  await proxy.close(true);
  await world.stop();
  home.dispose();
});

const renew = (env: Record<string, string>) => home.mailkey(["token", home.address, "--force"], { env });

test("a renewal goes through the proxy that HTTPS_PROXY names", async () => {
  succeeded(await renew({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }));
  expect(tunnels).toEqual([new URL(world.issuer).host]);
});

test("a host that NO_PROXY names is reached directly", async () => {
  const before = tunnels.length;
  succeeded(await renew({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: "localhost" }));
  expect(tunnels).toHaveLength(before);
});

test("a proxy that is not there is an outage, not a way around it", async () => {
  writeFileSync(join(home.folder, ".config/mailkey/config.toml"), "[network]\nretry_seconds = 1\n", { mode: 0o600 });
  const result = await renew({ HTTPS_PROXY: "http://127.0.0.1:1" });
  expect([result.status, result.stdout]).toEqual([75, ""]);
});

test("a server whose certificate nobody vouches for is refused, and ca_file makes it trusted", async () => {
  const config = join(home.folder, ".config/mailkey/config.toml");
  writeFileSync(config, "[network]\nretry_seconds = 1\n", { mode: 0o600 });
  const refused = await renew({ NODE_EXTRA_CA_CERTS: "" });
  expect([refused.status, refused.stdout]).toEqual([75, ""]);
  const careless = await renew({ NODE_EXTRA_CA_CERTS: "", NODE_TLS_REJECT_UNAUTHORIZED: "0" });
  expect([careless.status, careless.stdout]).toEqual([75, ""]);
  writeFileSync(config, `[network]\nca_file = "${world.caFile}"\n`, { mode: 0o600 });
  succeeded(await renew({ NODE_EXTRA_CA_CERTS: "" }));
});
