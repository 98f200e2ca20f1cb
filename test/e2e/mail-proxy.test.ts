/** The proxy's life: mail programs that know a password log in by it, it is asked, reloaded and stopped, and it asks the agent for tokens. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { appendFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { freePorts, waitForPort } from "../../lab/ports.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { madeFiles } from "../../src/proxy/certificate/made.ts";
import { proxySocketPath } from "../../src/proxy/client/ask-proxy.ts";
import type { StatusReply } from "../../src/proxy/status.ts";
import { resolvePaths } from "../../src/platform/paths.ts";
import { makeSelfSigned } from "../../src/platform/self-signed.ts";
import { run } from "../../src/platform/process.ts";
import { Client } from "../proxy/serving/client.ts";
import { until } from "../support/until.ts";
import { ARTEFACT, Home, succeeded } from "./harness.ts";
import { withPrograms } from "./programs.ts";
import {
  configureProxy,
  proxyPassword,
  startProxy,
  stopChild,
  type ProxyPorts,
  type StartedProxy,
} from "./started-proxy.ts";

let world: World;
let home: Home;
let ports: ProxyPorts;
let password: string;
const started: StartedProxy[] = [];

beforeAll(async () => {
  world = await startWorld();
  home = new Home(world);
  succeeded(await home.mailkey(["vault", "init", "age"]));
  succeeded(await home.add(["--no-test"]));
  password = await proxyPassword(home, home.address);
});
afterAll(async () => {
  await home.mailkey(["agent", "stop"]);
  home.dispose();
  await world.stop();
});
beforeEach(async () => {
  ports = await configureProxy(home);
});
afterEach(async () => {
  for (const { child } of started.splice(0)) await stopChild(child);
  await home.mailkey(["proxy", "stop"]);
});

const proxy = async () => {
  const one = await startProxy(home, ports);
  started.push(one);
  return one;
};
const status = async () => JSON.parse(succeeded(await home.mailkey(["proxy", "--json"])).stdout) as StatusReply;
const logIn = async (tag = "a") => {
  const client = await Client.connect(ports.imap);
  await client.reads(/^\* OK .*\r\n/);
  client.write(`${tag} LOGIN ${home.address} ${password}\r\n`);
  await client.reads(new RegExp(`^${tag} OK`, "m"));
  return client;
};
/** One of mailkey's own in its last month. @returns its file */
const makeDueCertificate = async () => {
  succeeded(await home.mailkey(["proxy", "cert"]));
  const files = madeFiles(resolvePaths(home.environment()));
  const pem = await makeSelfSigned({
    subject: "CN=localhost",
    names: ["localhost", "127.0.0.1", "::1"],
    key: createPrivateKey(await Bun.file(files.key).text()),
    fromMs: Date.now() - 1000,
    untilMs: Date.now() + 24 * 60 * 60 * 1000,
  });
  await Bun.write(files.certificate, pem);
  return files.certificate;
};
const curl = (...words: string[]) =>
  run("curl", ["--silent", "--show-error", "--user", `${home.address}:${password}`, ...words], {
    env: home.environment(),
  });

withPrograms(["curl", "systemd-analyze", "dovecot"])("a proxy", () => {
  test("lets programs in by its password, for IMAP, POP3 and SMTP", async () => {
    const one = await proxy();
    const letter = join(home.folder, "letter");
    await Bun.write(letter, "Subject: by the proxy\r\n\r\nhello\r\n");
    const address = home.address;
    const sent = await curl(
      "--upload-file",
      letter,
      "--mail-from",
      address,
      "--mail-rcpt",
      address,
      `smtp://127.0.0.1:${ports.smtp}`,
    );
    expect(sent).toMatchObject({ status: 0, stderr: "" });
    await until(() => world.inbox(address).some((message) => message.includes("by the proxy")));
    const list = await curl(`pop3://127.0.0.1:${ports.pop}`);
    expect(String(list.stdout)).toMatch(/^1 \d+\r\n/);
    const found = await curl(`imap://127.0.0.1:${ports.imap}/INBOX`, "--request", "SEARCH SUBJECT proxy");
    expect(String(found.stdout)).toBe("* SEARCH 1\r\n");
    await until(() => one.log.split("session ended").length > 3);
    expect(one.log).toMatch(/ logged in session=\w+ service=smtp peer=127\.0\.0\.1 address=\S+ device=\S+ seconds=/);
    for (const secret of [password, ...world.secrets]) expect(one.log.includes(secret)).toBe(false);
  });

  test("says who is logged in, what it has counted, and that it runs", async () => {
    await proxy();
    const client = await logIn();
    expect(await status()).toMatchObject({
      connections: 1,
      sessions: [{ protocol: "imap", address: home.address, count: 1 }],
      logins: { good: 1, refused: 0, failed: 0 },
      agent: "serves",
    });
    const text = succeeded(await home.mailkey(["proxy"])).stdout;
    expect(text).toContain(`${home.address}  IMAP      1`);
    expect(text).not.toContain("password list");
    const stranger = await Client.connect(ports.imap);
    await stranger.reads(/^\* OK .*\r\n/);
    stranger.write(`a LOGIN ${home.address} guessed\r\n`);
    await stranger.reads(/^a NO /m);
    stranger.socket.destroy();
    expect(succeeded(await home.mailkey(["proxy"])).stdout).toContain("mailkey proxy password list");
    const metrics = succeeded(await home.mailkey(["proxy", "metrics"])).stdout;
    expect(metrics).toContain('mailkey_proxy_logins_total{protocol="imap",outcome="good"} 1');
    const socket = proxySocketPath(resolvePaths(home.environment()));
    const page = await run("curl", ["--silent", "--unix-socket", socket, "http://localhost/metrics"], {
      env: home.environment(),
    });
    expect(String(page.stdout)).toContain(`mailkey_proxy_sessions{protocol="imap",address="${home.address}"} 1`);
    client.socket.destroy();
  });

  test("reads its settings again and keeps its sessions; what is wrong in them changes nothing", async () => {
    await proxy();
    const client = await logIn();
    const [imap = 0] = await freePorts(1);
    const file = join(resolvePaths(home.environment()).config, "config.toml");
    const before = await Bun.file(file).text();
    await Bun.write(file, before.replace(`imap = ${ports.imap}`, `imap = ${imap}`));
    succeeded(await home.mailkey(["proxy", "reload"]));
    const listening = (await status()).listening.map(({ service, port }) => [service, port] as const);
    expect(Object.fromEntries(listening)).toEqual({ ...ports, imap });
    appendFileSync(file, "sessions = 'many'\n");
    expect((await home.mailkey(["proxy", "reload"])).status).toBe(78);
    client.write("b NOOP\r\n");
    await client.reads(/^b OK/m);
    ports = { ...ports, imap };
    client.socket.destroy();
    (await logIn()).socket.destroy();
  });

  test("runs once, is started in the background, and stopped with a word to everybody", async () => {
    succeeded(await home.mailkey(["proxy", "start"]));
    expect(await home.mailkey(["proxy", "run"])).toMatchObject({ status: 75 });
    const client = await Client.connect(ports.imap);
    await client.reads(/^\* OK .*\r\n/);
    const stopped = home.mailkey(["proxy", "stop"]);
    expect(await client.readsAll()).toMatch(/^\* BYE /);
    client.socket.end();
    succeeded(await stopped);
    expect(await home.mailkey(["proxy"])).toMatchObject({ status: 1 });
  });

  test("is started by whoever connects to a socket of systemd's", async () => {
    const { imap, smtp } = ports;
    const listen = [imap, smtp].flatMap((port) => ["-l", `127.0.0.1:${port}`]);
    const names = Object.keys(home.environment()).flatMap((name) => ["-E", name]);
    const words = [...listen, "--fdname=imap:smtp", ...names, ARTEFACT, "proxy", "run"];
    const child = spawn("systemd-socket-activate", words, { env: home.environment(), stdio: "ignore" });
    await waitForPort(imap, () => child.exitCode === null);
    const client = await logIn();
    expect(await status()).toMatchObject({
      started_by: "socket",
      listening: [
        { service: "imap", address: "127.0.0.1", port: imap },
        { service: "smtp", address: "127.0.0.1", port: smtp },
      ],
    });
    client.socket.destroy();
    await stopChild(child);
  });

  test("renews its certificate before it hears the first client, who has had it started", async () => {
    const [imaps = 0] = await freePorts(1);
    const file = await makeDueCertificate();
    const due = await Bun.file(file).text();
    const names = Object.keys(home.environment()).flatMap((name) => ["-E", name]);
    const words = ["-l", `127.0.0.1:${imaps}`, "--fdname=imaps", ...names, ARTEFACT, "proxy", "run"];
    const child = spawn("systemd-socket-activate", words, { env: home.environment(), stdio: "ignore" });
    await waitForPort(imaps, () => child.exitCode === null);
    // Which one it will show nobody knows yet.
    const client = new Client(connectTls({ port: imaps, host: "127.0.0.1", rejectUnauthorized: false }));
    await client.reads(/^\* OK .*AUTH=PLAIN/);
    client.socket.destroy();
    expect(await Bun.file(file).text()).not.toBe(due);
    await stopChild(child);
    for (const each of Object.values(madeFiles(resolvePaths(home.environment())))) rmSync(each);
  });

  test("tells who waits at a socket of systemd's when it cannot start, who would have it started without end", async () => {
    const { imap } = ports;
    appendFileSync(join(resolvePaths(home.environment()).config, "config.toml"), "sessions = 'many'\n");
    const names = Object.keys(home.environment()).flatMap((name) => ["-E", name]);
    const ended = home.program("systemd-socket-activate", [
      "-l",
      `127.0.0.1:${imap}`,
      "--fdname=imap",
      ...names,
      ARTEFACT,
      "proxy",
      "run",
    ]);
    await waitForPort(imap, () => true);
    const client = await Client.connect(imap);
    expect(await client.readsAll()).toMatch(/^\* BYE \[UNAVAILABLE\] /);
    client.socket.destroy();
    expect(await ended).toMatchObject({ status: 78 });
  });

  test("takes no socket from systemd that is not one of the network's", async () => {
    const path = join(home.folder, "imap.sock");
    const names = Object.keys(home.environment()).flatMap((name) => ["-E", name]);
    const words = ["-l", path, "--fdname=imap", ...names, ARTEFACT, "proxy", "run"];
    const ended = home.program("systemd-socket-activate", words);
    await until(() => existsSync(path));
    const client = connect(path).on("error", () => undefined);
    const { status: code, stderr } = await ended;
    expect([code, stderr]).toEqual([78, expect.stringContaining("hands over for imap is not one of TCP")]);
    client.destroy();
  });

  test("is not reloaded any more while it waits for sessions to end, which go on", async () => {
    const one = await proxy();
    const client = await logIn();
    one.child.kill("SIGTERM");
    await until(() => one.log.includes("proxy stops"));
    const { status: code, stderr } = await home.mailkey(["proxy", "reload"]);
    expect([code, stderr]).toEqual([78, expect.stringContaining("the proxy is about to end")]);
    one.child.kill("SIGHUP");
    expect(Client.connect(ports.imap)).rejects.toThrow();
    client.write("b NOOP\r\n");
    await client.reads(/^b OK/m);
    client.socket.destroy();
  });

  test("names the port that is taken, and how to find out by whom", async () => {
    const other = Bun.listen({ hostname: "127.0.0.1", port: ports.imap, socket: { data: () => undefined } });
    const { status: code, stderr } = await home.mailkey(["proxy", "run"]);
    other.stop(true);
    expect(code).toBe(78);
    expect(stderr).toContain(`cannot listen at 127.0.0.1 port ${ports.imap} for imap: another program does`);
    expect(stderr).toContain(`ss -ltnp 'sport = :${ports.imap}'`);
  });

  test("says what is wrong with its settings when it is started in the background, too", async () => {
    appendFileSync(join(resolvePaths(home.environment()).config, "config.toml"), "sessions = 'many'\n");
    const { status: code, stderr } = await home.mailkey(["proxy", "start"]);
    expect(code).toBe(78);
    expect(stderr).toContain("config.toml: proxy.sessions");
  });

  // The last one: without other settings, what needs a certificate is at the same ports everywhere.
  test("serves TLS as soon as there is a certificate, and sessions without go on", async () => {
    const [imaps = 0] = await freePorts(1);
    ports = await configureProxy(home, [`imaps = ${imaps}`, "pops = false", "smtps = false"]);
    await proxy();
    const client = await logIn();
    expect(await status()).toMatchObject({ not_served: ["imaps"] });
    succeeded(await home.mailkey(["proxy", "cert"]));
    succeeded(await home.mailkey(["proxy", "reload"]));
    const { certificate } = await status();
    const secure = await Client.connect(imaps, await Bun.file(certificate?.file ?? "").text());
    secure.write(`a LOGIN ${home.address} ${password}\r\n`);
    await secure.reads(/^a OK/m);
    client.write("b NOOP\r\n");
    await client.reads(/^b OK/m);
    for (const { socket } of [client, secure]) socket.destroy();
  });
});
