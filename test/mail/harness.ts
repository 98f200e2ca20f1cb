/** What the tests of logins share: one certificate authority, stub servers that end with their test, and a request to fill in. */
import { afterEach, beforeAll } from "bun:test";
import { Secret } from "../../src/platform/secret.ts";
import type { LoginRequest } from "../../src/mail/login.ts";
import { testLogin } from "../../src/mail/test-login.ts";
import type { LoginFailure, LoginReport, LoginSuccess, MailProtocol } from "../../src/mail/report.ts";
import { createAuthority, type ServerIdentity, type TestAuthority } from "./certificates.ts";
import { startStub, type Peer, type StubOptions, type StubServer } from "./stub-server.ts";

/** Distinct in all its parts, so that any piece of it in a report is found. */
export const TOKEN = "EwBgA8l6BAAUO9chh8cJscQLmU+LSWpbnr0vmwwAAbQ7xVt2Zk9pYHs3QmDn5RfKe1WoLc8JgTu4NiXa6EyrPzvBs0";
export const USER = "me@example.com";
/** For servers that keep silent on purpose: long enough for the machine, short enough for the test. */
export const SHORT_MS = 300;
/** For everything else: never reached. */
const LONG_MS = 20_000;

export interface World {
  authority: TestAuthority;
  identity: ServerIdentity;
}

export type Play = (peer: Peer) => unknown;

export interface Scene extends Partial<LoginRequest> {
  readonly protocol: MailProtocol;
  readonly security?: StubOptions["security"];
  readonly tls?: StubOptions["tls"];
  readonly host?: string;
}

/** To be called at the top of a test file. */
export function useWorld() {
  const running: StubServer[] = [];
  const world = {} as World;
  beforeAll(async () => {
    world.authority = await createAuthority();
    world.identity = await world.authority.issue(["localhost", "127.0.0.1"]);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.stop()));
  });

  /** Starts a server that plays `play`, and logs in to it. */
  async function login(scene: Scene, play: Play): Promise<{ report: LoginReport; received: readonly string[] }> {
    const { security = "tls", tls = world.identity, host = "localhost", protocol, ...rest } = scene;
    const server = await startStub({ security, tls }, play);
    running.push(server);
    const report = await testLogin({
      protocol,
      server: { host, port: server.port, security },
      user: USER,
      token: new Secret(TOKEN),
      mechanisms: ["XOAUTH2", "OAUTHBEARER"],
      certificates: [world.authority.ca],
      timeoutMs: LONG_MS,
      ...rest,
    });
    expectNoSecrets(report);
    return { report, received: server.received };
  }

  async function failingLogin(
    scene: Scene,
    play: Play,
  ): Promise<{ report: LoginFailure; received: readonly string[] }> {
    const { report, received } = await login(scene, play);
    if (report.ok) throw new Error(`the login should have failed: ${JSON.stringify(report)}`);
    return { report, received };
  }

  async function goodLogin(scene: Scene, play: Play): Promise<{ report: LoginSuccess; received: readonly string[] }> {
    const { report, received } = await login(scene, play);
    if (!report.ok) throw new Error(`the login should have succeeded: ${JSON.stringify(report)}`);
    return { report, received };
  }

  return { world, failingLogin, goodLogin };
}

/** No eight characters of the token, bare or in base64, in anything that is shown. */
function expectNoSecrets(report: LoginReport): void {
  const shown = JSON.stringify(report);
  const encoded = Buffer.from(`user=${USER}\u0001auth=Bearer ${TOKEN}\u0001\u0001`).toString("base64");
  for (const secret of [TOKEN, encoded]) {
    for (let at = 0; at + 8 <= secret.length; at++) {
      if (shown.includes(secret.slice(at, at + 8))) throw new Error("a piece of the token is in the report");
    }
  }
}

/** Whether the server was sent the token. */
export function sawToken(received: readonly string[]): boolean {
  return received.some((line) => line.includes(TOKEN) || Buffer.from(line, "base64").toString().includes(TOKEN));
}
