import { afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Account } from "../../src/accounts/account.ts";
import { saveAccount } from "../../src/accounts/store.ts";
import { runCommandLine } from "../../src/cli/run.ts";
import { encodeCredential } from "../../src/tokens/credential.ts";
import { openVault } from "../../src/vault/open.ts";
import { createAuthority, type ServerIdentity } from "../mail/certificates.ts";
import { TOKEN } from "../mail/harness.ts";
import { playImap, playPop } from "../mail/obliging.ts";
import { startStub, type Peer, type StubServer } from "../mail/stub-server.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";

const ADDRESS = "me@example.com";
let ca: string;
let tls: ServerIdentity;
let context: FakeContext;
const running: StubServer[] = [];

beforeAll(async () => {
  const authority = await createAuthority();
  ca = authority.ca;
  tls = await authority.issue(["localhost"]);
});

beforeEach(async () => {
  context = fakeContext();
  const caFile = join(context.home, "ca.pem");
  writeFileSync(caFile, ca);
  Object.assign(context.env, { NODE_EXTRA_CA_CERTS: caFile });
  await runCommandLine(["vault", "use", "age"], context);
  const now = context.clock.now();
  await (await openVault(context.paths, context.env)).write(
    ADDRESS,
    encodeCredential({
      version: 1,
      signedInAt: now,
      accessTokens: { mail: { token: TOKEN, obtainedAt: now, lifetimeSeconds: 3600, scope: "mail" } },
    }),
  );
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
  context.dispose();
});

/** An account with these servers. */
async function configure(plays: Partial<Record<"imap" | "pop" | "smtp", (peer: Peer) => unknown>>): Promise<void> {
  const servers: NonNullable<Account["servers"]> = {};
  for (const protocol of ["imap", "pop", "smtp"] as const) {
    const play = plays[protocol];
    if (play === undefined) continue;
    const server = await startStub({ security: "tls", tls }, play);
    running.push(server);
    servers[protocol] = { host: "localhost", port: server.port, security: "tls" };
  }
  saveAccount(context.paths, {
    address: ADDRESS,
    provider: "custom",
    client: { id: "test" },
    endpoints: { token: "https://login.invalid/token" },
    scopes: { mail: ["mail"] },
    servers,
  });
}

/** The exit status and what the command wrote. */
async function run(...words: string[]): Promise<{ status: number; out: string; err: string }> {
  const [out, err] = [context.out().length, context.err().length];
  const status = await runCommandLine(["test", ADDRESS, ...words], context);
  const result = { status, out: context.out().slice(out), err: context.err().slice(err) };
  expect(result.out + result.err).not.toContain(TOKEN.slice(0, 8));
  return result;
}

async function refuse(peer: Peer): Promise<void> {
  peer.send("220 ready\r\n");
  await peer.readLine();
  peer.send("250-hello\r\n250 AUTH XOAUTH2\r\n");
  await peer.readLine();
  peer.send("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.\r\n");
}

describe("mailkey test", () => {
  test("tells of each server that it works, with mechanism, TLS and the server's words, and exits with 0", async () => {
    await configure({ imap: playImap, pop: playPop });
    const { status, out } = await run();
    expect(status).toBe(0);
    expect(out).toMatch(/^IMAP localhost:\d+ {2}works {2}\(XOAUTH2, TLSv1\.3\)\n {5}it says: NAMESPACE completed\n/);
    expect(out).toMatch(/^POP {2}localhost:\d+ {2}works /m);
  });

  test("tells what does not work, in the server's words, with what to do about it, and exits with 69", async () => {
    await configure({ imap: playImap, smtp: refuse });
    const { status, out } = await run();
    expect(status).toBe(69);
    expect(out).toMatch(/^IMAP .* works/m);
    expect(out).toMatch(/^SMTP .* does not work/m);
    const words = out.replace(/\s+/g, " ");
    expect(words).toContain("it says: 535 5.7.139 Authentication unsuccessful");
    expect(words).toContain(`why: SMTP is switched off`);
    expect(words).toContain(`Set-CASMailbox -Identity ${ADDRESS}`);
  });

  test("tests only what it is told to", async () => {
    await configure({ imap: playImap, smtp: refuse });
    const { status, out } = await run("--imap");
    expect(status).toBe(0);
    expect(out).not.toContain("SMTP");
  });

  test("prints JSON with --json, and nothing else", async () => {
    await configure({ imap: playImap, smtp: refuse });
    const { status, out } = await run("--json");
    expect(status).toBe(69);
    expect(JSON.parse(out)).toMatchObject([
      { protocol: "imap", host: "localhost", ok: true, mechanism: "XOAUTH2", tls_version: "TLSv1.3" },
      { protocol: "smtp", ok: false, stage: "authentication", problem: "refused", hint: expect.any(String) },
    ]);
  });

  test("refuses a protocol that the account has no server for", async () => {
    await configure({ imap: playImap });
    const { status, err } = await run("--pop");
    expect(status).toBe(78);
    expect(err).toContain("has no POP server");
  });

  test("refuses an account without mail servers", async () => {
    await configure({});
    const { status, err } = await run();
    expect(status).toBe(78);
    expect(err).toContain("no mail servers are known");
  });

  test("with --force renews first, and connects nowhere when that fails", async () => {
    await configure({ imap: playImap });
    const { status, out } = await run("--force");
    expect(status).toBe(77); // the credential has no refresh token
    expect(out).toBe("");
    expect(running[0]?.received).toHaveLength(0);
  });
});
