import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import { makeSelfSigned } from "../../../src/platform/self-signed.ts";
import { proxyCertificate } from "../../../src/proxy/certificate/certificate.ts";
import { madeFiles, makeCertificate, namesOf, type Wish } from "../../../src/proxy/certificate/made.ts";
import { finish } from "../../e2e/harness.ts";
import { fakeContext, type FakeContext } from "../../support/fake-context.ts";
import { failureOf } from "../../vault/support.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const NONE = { certificateFile: undefined, keyFile: undefined };

let context: FakeContext;
beforeEach(() => {
  context = fakeContext();
});
afterEach(() => context.dispose());

const make = (wish: Wish = {}) => makeCertificate(context.paths, context.clock, wish);
const shown = (config: { certificateFile: string | undefined; keyFile: string | undefined } = NONE) =>
  proxyCertificate(context.paths, config, context.clock);
const modeOf = (path: string) => statSync(path).mode & 0o777;

describe("the certificate that is made", () => {
  test("is for this machine's names, is no authority, and keeps its key to the owner", async () => {
    expect(await shown()).toBeUndefined();
    const made = await make();
    expect(namesOf(made)).toEqual(["localhost", "127.0.0.1", "::1"]);
    expect(made.parsed.ca).toBe(false);
    expect((made.endsAtMs - Date.parse(made.parsed.validFrom)) / DAY_MS).toBeLessThanOrEqual(825);
    expect(modeOf(madeFiles(context.paths).key)).toBe(0o600);
    expect((await shown())?.certificate).toBe(made.certificate);
  });

  test("stays as it is when it will do, and keeps its other names unless told", async () => {
    const first = await make({ names: ["NAS.lan", "bücher.example", "2001:DB8:0::5", "localhost"] });
    expect(namesOf(first).slice(3)).toEqual(["nas.lan", "xn--bcher-kva.example", "2001:db8::5"]);
    for (const wish of [{}, { names: ["nas.lan", "bücher.example", "2001:db8::5"] }])
      expect((await make(wish)).certificate).toBe(first.certificate);
    expect(namesOf(await make({ names: [] }))).toEqual(["localhost", "127.0.0.1", "::1"]);
  });

  test("is renewed within a month of its end, with the same key and names", async () => {
    const first = await make({ names: ["nas.lan"] });
    context.clock.advance(first.endsAtMs - context.clock.wallMs - 30 * DAY_MS);
    expect((await shown())?.certificate).toBe(first.certificate);
    context.clock.advance(1);
    const renewed = await shown();
    expect(renewed?.endsAtMs).toBeGreaterThan(first.endsAtMs + 700 * DAY_MS);
    expect(renewed?.key).toBe(first.key);
    expect(renewed === undefined ? [] : namesOf(renewed)).toEqual(namesOf(first));
  });

  test("is renewed even when it is over", async () => {
    const first = await make();
    context.clock.advance(2000 * DAY_MS);
    expect((await shown())?.endsAtMs).toBeGreaterThan(context.clock.wallMs);
    expect((await shown())?.key).toBe(first.key);
  });

  test("goes on as it is while it cannot be renewed, until it is over", async () => {
    const first = await make();
    const lock = join(context.paths.state, "locks", "proxy-certificate.lock");
    rmSync(lock, { force: true });
    mkdirSync(lock); // where a file should be
    context.clock.advance(first.endsAtMs - context.clock.wallMs - DAY_MS);
    expect((await shown())?.certificate).toBe(first.certificate);
    context.clock.advance(2 * DAY_MS);
    expect(await failureOf(shown())).toMatchObject({ code: "ERR_STORAGE" });
  });

  test("is good for programs whose clock is a little behind", async () => {
    expect(Date.parse((await make()).parsed.validFrom)).toBe(context.clock.wallMs - 60 * 60_000);
  });

  test("gets another key only when that is asked for", async () => {
    const first = await make({ names: ["nas.lan"] });
    const second = await make({ names: ["nas.lan"], anew: true });
    expect(second.key).not.toBe(first.key);
    expect((await shown())?.key).toBe(second.key);
  });

  test.each([
    ["without its key", ({ key }: { key: string }) => rmSync(key)],
    ["with another's key", ({ key }: { key: string }) => writeFileSync(key, newKeyPem())],
    ["that is none", ({ certificate }: { certificate: string }) => writeFileSync(certificate, "nothing")],
  ])("%s is an error that says what mends it, and that does", async (_what, damage) => {
    await make();
    damage(madeFiles(context.paths));
    expect(await failureOf(shown())).toMatchObject(
      expect.objectContaining({ code: "ERR_CONFIG", hint: "mailkey proxy cert --new" }),
    );
    await make({ anew: true });
    expect(await shown()).toBeDefined();
  });

  test.each(["", "a b", "*", "nas.lan/", "nas:993", "x@y", "[::1]", "-\n"])("is for no name like %j", async (name) => {
    expect(await failureOf(make({ names: [name] }))).toMatchObject({ code: "ERR_USAGE" });
  });
});

describe("the user's own certificate", () => {
  let files: { certificateFile: string; keyFile: string };
  beforeEach(async () => {
    const folder = join(context.home, "own");
    mkdirSync(folder);
    files = { certificateFile: join(folder, "c.pem"), keyFile: join(folder, "k.pem") };
    const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const nowMs = context.clock.wallMs;
    const times = { fromMs: nowMs - DAY_MS, untilMs: nowMs + DAY_MS };
    writeFileSync(
      files.certificateFile,
      await makeSelfSigned({ subject: "CN=own", names: ["own.lan"], key, ...times }),
    );
    writeFileSync(files.keyFile, key.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  });

  test("is shown as it is, from two files or one, near its end too", async () => {
    const loaded = await shown(files);
    expect([loaded?.file, loaded?.certificate]).toEqual([
      files.certificateFile,
      readFileSync(files.certificateFile, "utf8"),
    ]);
    const both = join(context.home, "both.pem");
    writeFileSync(both, readFileSync(files.keyFile, "utf8") + readFileSync(files.certificateFile, "utf8"), {
      mode: 0o600,
    });
    expect((await shown({ certificateFile: both, keyFile: undefined }))?.key).toBe(loaded?.key);
    chmodSync(both, 0o644);
    expect(await failureOf(shown({ certificateFile: both, keyFile: undefined }))).toMatchObject({
      message: expect.stringContaining("can be read"),
    });
  });

  test("is refused with the reason when it will not do", async () => {
    const refused = async (reason: string, code = "ERR_CONFIG", config: Parameters<typeof shown>[0] = files) => {
      expect(await failureOf(shown(config))).toMatchObject({ code, message: expect.stringContaining(reason) });
    };
    await refused("is not there", "ERR_CONFIG", { ...files, certificateFile: `${files.certificateFile}x` });
    await refused("is not there", "ERR_CONFIG", { ...files, keyFile: `${files.keyFile}x` });
    await refused("and no certificate", "ERR_CONFIG", { ...files, certificateFile: undefined });
    await refused("holds no certificate", "ERR_CONFIG", { ...files, certificateFile: files.keyFile });
    await refused("holds no private key", "ERR_CONFIG", { ...files, keyFile: copyPrivately(files.certificateFile) });
    chmodSync(files.keyFile, 0o640);
    await refused("can be read or changed by other users", "ERR_UNTRUSTED_FILE");
    writeFileSync(files.keyFile, newKeyPem());
    chmodSync(files.keyFile, 0o600);
    await refused("is not the key of");
    writeFileSync(files.keyFile, newKeyPem("a passphrase"));
    await refused("is encrypted");
  });

  test("is refused before it begins and after its end", async () => {
    context.clock.advance(DAY_MS + 1000);
    expect(await failureOf(shown(files))).toMatchObject({
      message: expect.stringContaining("is over since 2026-01-16"),
    });
    context.clock.advance(-3 * DAY_MS);
    expect(await failureOf(shown(files))).toMatchObject({
      message: expect.stringContaining("is not valid before 2026-01-14"),
    });
  });

  function copyPrivately(file: string): string {
    writeFileSync(`${file}.copy`, readFileSync(file), { mode: 0o600 });
    return `${file}.copy`;
  }
});

describe("programs that are told to trust the made certificate", () => {
  /** Whether `args` connect to a server that shows it; the port is handed in. */
  async function connects(program: string, argsOf: (port: number, file: string) => string[], isTrusted: boolean) {
    // Their clocks are the machine's.
    context.clock.wallMs = Date.now();
    const made = await make();
    const other = await makeCertificate({ ...context.paths, state: join(context.home, "other") }, context.clock, {});
    const server = createServer({ cert: made.certificate, key: made.key }, (socket) => {
      socket.on("error", () => undefined);
      // To curl an answer, to msmtp a greeting that it takes its leave after, to Python bytes.
      if (program === "msmtp") {
        socket.on("data", (line) => answerSmtp(socket, line.toString()));
        socket.write("220 proxy\r\n");
      } else socket.end("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    server.on("tlsClientError", () => undefined);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const args = argsOf(port, isTrusted ? made.file : other.file);
    const result = await finish(spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] }));
    server.close();
    return result.status === 0;
  }

  const PYTHON = `import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))), server_hostname="localhost").read()`;

  test.each([
    ["curl", "curl", (port: number, file: string) => ["-sS", "--cacert", file, `https://127.0.0.1:${port}/`]],
    [
      "msmtp",
      "msmtp",
      (port: number, file: string) =>
        `--serverinfo --host=localhost --port=${port} --tls=on --tls-starttls=off --tls-trust-file=${file}`.split(" "),
    ],
    ["Python", "python3", (port: number, file: string) => ["-c", PYTHON, `${port}`, file]],
  ])("%s: does, and no other", async (_name, program, argsOf) => {
    expect(await connects(program, argsOf, true)).toBe(true);
    expect(await connects(program, argsOf, false)).toBe(false);
  });
});

function newKeyPem(passphrase?: string): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const encryption = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  return privateKey.export({ type: "pkcs8", format: "pem", ...encryption });
}

function answerSmtp(socket: TLSSocket, line: string): void {
  if (/^QUIT/i.test(line)) socket.end("221 bye\r\n");
  else socket.write("250 proxy\r\n");
}
