/** What the proxy must not have, and what it must not show: it parses what strangers send, and so it holds as little as it can. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Turns } from "../../src/platform/turns.ts";
import { IS_NODE } from "./harness.ts";
import { logIn, PasswordClient, PROTOCOLS } from "./password-client.ts";
import { foundInMemory } from "./process-memory.ts";
import { withPrograms } from "./programs.ts";
import { ProxiedHome } from "./proxied-home.ts";
import { filesBelow, holds } from "./secret-search.ts";

const IS_ROOT = process.getuid?.() === 0;
const LOGINS = 1000;
const AT_ONCE = 16;

const identityFile = ({ home }: ProxiedHome) => join(home.folder, ".config/mailkey/age-identity.txt");

if (!IS_NODE)
  withPrograms(["dovecot"])("after 1,000 logins", () => {
    let scene: ProxiedHome;
    beforeAll(async () => {
      scene = await ProxiedHome.open({ reuse: true });
      await logIns(LOGINS / 2);
      scene.world.expireNow(); // from here on with a token that was renewed meanwhile
      await logIns(LOGINS / 2);
    });
    afterAll(() => scene.close());

    async function logIns(count: number): Promise<void> {
      const turns = new Turns(AT_ONCE);
      await Promise.all(Array.from({ length: count }, () => turns.take(logsIn)));
    }

    async function logsIn(): Promise<void> {
      const { isIn, said, client } = await scene.logIn("imap");
      client.close();
      if (!isIn) throw new Error(said);
    }

    const refreshTokens = () => scene.world.refreshTokens;
    const identity = () => /^AGE-SECRET-KEY-\S+/m.exec(readFileSync(identityFile(scene), "latin1"))?.[0] ?? "";

    test("the agent has renewed", () => {
      expect(refreshTokens()).toHaveLength(2);
      expect(identity().length).toBeGreaterThan(50);
    });

    if (IS_ROOT) {
      test("no refresh token and no key of the vault is in the proxy's memory", () => {
        const sought = [...refreshTokens(), identity(), scene.credentials.user];
        expect(foundInMemory(scene.proxy.pid, sought)).toEqual([scene.credentials.user]);
      });

      test("they are in the agent's memory, where such a search finds them", async () => {
        const current = refreshTokens().at(-1) ?? "";
        const sought = [current, identity()];
        expect(foundInMemory(await scene.agentPid(), sought)).toEqual(sought);
      });
    } else
      test("its memory is closed to other processes of the user", () => {
        expect(() => foundInMemory(scene.proxy.pid, [scene.credentials.user])).toThrow(/EACCES|EPERM/);
      });
  });

withPrograms(["dovecot"])("the proxy at its most talkative", () => {
  const WRONG = "wrong-password-5b1c";
  let scene: ProxiedHome;
  let printed = "";
  beforeAll(async () => {
    scene = await ProxiedHome.open({ config: ['log_level = "debug"'] });
    await everythingHappens();
  });
  afterAll(() => scene.close());

  async function everythingHappens(): Promise<void> {
    const { world, home, proxy, credentials } = scene;
    const say = async (...words: string[]) => {
      const { stdout, stderr } = await home.mailkey(words);
      printed += stdout + stderr;
    };
    const everybodyTries = async () => {
      for (const { said } of Object.values(await scene.logInByAll())) printed += said;
    };
    await everybodyTries();
    for (const protocol of PROTOCOLS)
      for (const user of [credentials.user, "stranger@mail.test"]) {
        const { said, client } = await logIn(protocol, proxy.ports, { user, password: WRONG });
        client.close();
        printed += said;
      }
    await malformedLogins();
    world.expireNow();
    await everybodyTries();
    for (const protocol of PROTOCOLS) scene.servers[protocol].cut();
    await everybodyTries();
    await Promise.all(PROTOCOLS.map((protocol) => scene.servers[protocol].mend()));
    world.revokeGrants(home.address);
    world.expireNow();
    await everybodyTries();
    for (const action of ["status", "metrics", "reload"]) await say("proxy", action, "--verbose");
    await say("proxy", "status", "--json");
    await say("proxy", "password", "list");
  }

  /** Passwords where none belong. */
  async function malformedLogins(): Promise<void> {
    const { ports } = scene.proxy;
    const { user, password } = scene.credentials;
    const lines = {
      imap: [`a LOGIN ${user} "${password}`, `b LOGIN ${user} ${password} ${password}`, `${password} ${password}`],
      pop: [`PASS ${password}`, `USER ${user} ${password}`, `AUTH PLAIN ${password}`],
      smtp: [`AUTH PLAIN ${password}`, `AUTH ${password}`, password],
    };
    for (const protocol of PROTOCOLS) {
      const client = await PasswordClient.to(ports[protocol]);
      for (const line of lines[protocol]) printed += await client.hears(/^([ab*+-]|\d{3} )/, line);
      client.close();
    }
  }

  const secrets = () => {
    const { user, password } = scene.credentials;
    const plain = [password, WRONG].map((each) => Buffer.from(`\0${user}\0${each}`).toString("base64"));
    const tokens = scene.world.secrets.map((token) =>
      Buffer.from(`user=${user}\u0001auth=Bearer ${token}\u0001\u0001`).toString("base64"),
    );
    return [...scene.world.secrets, ...tokens, password, password.replaceAll("-", ""), WRONG, ...plain];
  };
  const found = (text: string) => secrets().filter((secret) => holds(text, secret));

  test("has said and logged what happened", () => {
    for (const sign of ["wrong user name or password", "mailkey login", "mailkey_proxy_", "UNAVAILABLE"])
      expect(printed).toContain(sign);
    for (const sign of ["logged in", "login refused", "login failed", "client connected"])
      expect(scene.proxy.log).toContain(sign);
  });

  test("shows no token and no password in what it answered", () => {
    expect(printed.split("\n").filter((line) => found(line).length > 0)).toEqual([]);
  });

  test("shows none in its log", () => {
    expect(scene.proxy.log.split("\n").filter((line) => found(line).length > 0)).toEqual([]);
  });

  test("has none in the arguments or the environment of its processes", async () => {
    const pids = [scene.proxy.pid, await scene.agentPid()];
    const texts = pids.flatMap((pid) => ["cmdline", "environ"].map((name) => readProcess(pid, name)));
    if (IS_ROOT) expect(texts.join("")).toContain("XDG_RUNTIME_DIR=");
    expect(texts.join("")).toContain("run");
    expect(texts.filter((text) => found(text).length > 0)).toEqual([]);
  });

  test("leaves none in a file outside the vault", () => {
    const files = filesBelow(scene.home.folder).filter((path) => !path.includes("/.local/state/mailkey/vault/"));
    expect(files.some((path) => path.includes("/proxy/"))).toBe(true);
    expect(files.filter((path) => found(readFileSync(path, "latin1")).length > 0)).toEqual([]);
  });
});

/** Whoever may not look at the environment of a hardened process sees none. */
function readProcess(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1").replaceAll("\0", "\n");
  } catch {
    return "";
  }
}
