/** `mailkey tunnel`: mailboxes on standard input and output. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../../lab/world.ts";
import { finish, Home, succeeded, type Result } from "./harness.ts";

let world: World;
let home: Home;

beforeAll(async () => {
  world = await startWorld();
  home = new Home(world);
  succeeded(await home.mailkey(["vault", "init", "age"]));
  succeeded(await home.add(["--no-test"]));
});
afterAll(async () => {
  await world.stop();
  home.dispose();
});

/** Ends by itself when the server has hung up: standard input stays open, as programs leave it. */
function tunnel(lines: readonly string[], protocol = "imap"): Promise<Result> {
  const child = home.start(["tunnel", home.address, "--protocol", protocol]);
  for (const line of lines) child.stdin?.write(`${line}\r\n`);
  return finish(child);
}

describe("a tunnel", () => {
  test("to IMAP greets as logged in, with what the server can do", async () => {
    const { status, stdout, stderr } = await tunnel(["a SELECT INBOX", "b LOGOUT"]);
    const [greeting = "", ...rest] = stdout.split("\r\n");
    expect(greeting).toMatch(/^\* PREAUTH \[CAPABILITY IMAP4rev1 [^\]]+\] mailkey: .+@.+ is logged in$/);
    expect(greeting).not.toMatch(/AUTH=|STARTTLS|SASL-IR/);
    expect(rest.some((line) => /^a OK .*Select completed/.test(line))).toBe(true);
    expect(rest.some((line) => line.startsWith("b OK"))).toBe(true);
    expect([status, stderr]).toEqual([0, ""]);
  });

  test("to POP3 takes any password, or none", async () => {
    const withPassword = await tunnel(["USER whoever", "PASS whatever", "STAT", "QUIT"], "pop");
    expect(withPassword.stdout).toMatch(/^\+OK .*\r\n\+OK .*\r\n\+OK .*\r\n\+OK \d+ \d+\r\n\+OK/);
    const without = await tunnel(["STAT", "QUIT"], "pop");
    expect(without.stdout).toMatch(/^\+OK .*\r\n\+OK \d+ \d+\r\n\+OK/);
  });

  test("to SMTP sends, with the server's own extensions and no login", async () => {
    const said = await tunnel(
      [
        "EHLO me",
        `MAIL FROM:<${home.address}>`,
        `RCPT TO:<${home.address}>`,
        "DATA",
        "Subject: hi",
        "",
        "you",
        ".",
        "QUIT",
      ],
      "smtp",
    );
    expect(said.stdout).toMatch(/^220 /);
    expect(said.stdout).toMatch(/^250[- ]SIZE/m);
    expect(said.stdout).not.toMatch(/^250[- ](AUTH|STARTTLS)/m);
    expect(said.stdout).toMatch(/^354 /m);
    expect(said.status).toBe(0);
  });

  test("carries large messages both ways without changing a byte", async () => {
    const line = `${".ÿ\n* CAPABILITY AUTH=PLAIN ".repeat(40)}\r\n`;
    const message = `Subject: large\r\n\r\n${line.repeat(4000)}`;
    const length = Buffer.byteLength(message);
    const { stdout, status } = await tunnel([
      `a APPEND INBOX {${length}+}`,
      message,
      "b SELECT INBOX",
      "c FETCH * (BODY.PEEK[])",
      "d LOGOUT",
    ]);
    expect(stdout).toContain(`BODY[] {`);
    expect(stdout.includes(message.replaceAll(/(?<!\r)\n/g, "\r\n"))).toBe(true);
    expect(status).toBe(0);
  });
});

describe("a tunnel that cannot be", () => {
  test("says so in its protocol's way, and as all commands do", async () => {
    const run = (protocol: string) => home.mailkey(["tunnel", "nobody@example.test", "--protocol", protocol]);
    const [imap, pop, smtp] = await Promise.all(["imap", "pop", "smtp"].map(run));
    const words = "there is no account nobody@example.test: mailkey add nobody@example.test\r\n";
    expect([imap?.stdout, pop?.stdout, smtp?.stdout]).toEqual([
      `* BYE ${words}`,
      `-ERR ${words}`,
      `421 4.3.0 ${words}`,
    ]);
    expect([imap?.status, pop?.status, smtp?.status]).toEqual([78, 78, 78]);
    expect(imap?.stderr).toContain("mailkey: hint: mailkey add nobody@example.test");
  });

  test("ends with 75 while the provider is down, and renews a token that the server refuses when it is up", async () => {
    world.expireNow();
    await world.stopAuthorizationServer();
    const down = await tunnel(["a LOGOUT"]);
    await world.startAuthorizationServer();
    expect(down.stdout).toMatch(/^\* BYE .*\r\n$/);
    expect(down.status).toBe(75);
    const before = world.refreshCount();
    expect((await tunnel(["a LOGOUT"])).stdout).toMatch(/^\* PREAUTH/);
    expect(world.refreshCount()).toBe(before + 1);
  });

  test("ends with 77 when somebody has to sign in again", async () => {
    world.revokeGrants(home.address);
    const { stdout, stderr, status } = await tunnel(["a LOGOUT"]);
    expect(stdout).toMatch(/^\* BYE .*mailkey login .*\r\n$/);
    expect(stderr).toMatch(/^mailkey: hint: .*mailkey login /m);
    expect(status).toBe(77);
  });
});
