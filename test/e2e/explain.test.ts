/** What the real programs say when they are really broken, explained by the real program. */
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeMailClients } from "../../lab/clients.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { finish, Home } from "./harness.ts";
import { withPrograms } from "./programs.ts";

let home: Home;

/** The ids of what is known about `log`, as somebody would pipe it in. */
async function explained(log: string): Promise<string[]> {
  const { status, stdout } = await home.mailkey(["explain", "--json"], { input: log });
  if (status !== 0) throw new Error(`exit ${status}: nothing is known about ${JSON.stringify(log)}`);
  return (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
}

describe("mailkey explain", () => {
  beforeEach(() => {
    home = new Home();
  });
  afterEach(() => home.dispose());

  test("finds one line in a long log on standard input", async () => {
    const noise = "Nov 24 08:00:01 laptop postfix/smtpd[5000]: connect from unknown[203.0.113.9]\n".repeat(20_000);
    expect(await explained(`${noise}mbsync: PassCmd exited with status 127\n${noise.slice(0, 100_000)}`)).toEqual([
      "passcmd-127",
    ]);
  });

  test("explains at Ctrl-C what has come so far, from a program that hangs after its error", async () => {
    const child = home.start(["explain"]);
    const ended = finish(child);
    // More than any pipe holds: once it is written, most of it has been read.
    const said = "Error: IMAP wants more steps despite successful SASL authentication.\n".repeat(30_000);
    await new Promise<void>((resolve, reject) =>
      child.stdin?.write(said, (error) => (error == null ? resolve() : reject(error))),
    );
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ status: 0, stdout: expect.stringContaining("mbsync-more-steps"), stderr: "" });
  });

  test("ends at once, with nothing known, when there is nothing to read", async () => {
    const result = await home.mailkey(["explain"], { input: "" });
    expect([result.status, result.stdout]).toEqual([1, ""]);
  });
});

withPrograms(["dovecot", "mbsync", "XOAUTH2", "msmtp"])("a broken mail program", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());
  beforeEach(() => {
    home = new Home(world);
  });
  afterEach(() => home.dispose());

  const MESSAGE = { to: "nobody@mail.test", subject: "hello", body: "hello" };

  /** Everything that the program prints with this command for its token, and its file changed as told. */
  async function said(
    program: "mbsync" | "msmtp",
    tokenCommand: string,
    change: (file: string) => string = (file) => file,
  ): Promise<string> {
    const clients = writeMailClients({ world, home: home.folder, tokenCommand, timeoutSeconds: 6 });
    const path = join(home.folder, `.${program}rc`);
    writeFileSync(path, change(readFileSync(path, "utf8")), { mode: 0o600 });
    const { status, stdout, stderr } =
      program === "mbsync" ? await clients.fetchWithMbsync() : await clients.sendWithMsmtp(MESSAGE);
    expect(status).not.toBe(0);
    return stdout + stderr;
  }

  test.each([
    ["mbsync", "no-such-command", "passcmd-127"],
    ["mbsync", "exit 77", "passcmd-77"],
    ["mbsync", "false", "passcmd-failed"],
    ["mbsync", "true", "passcmd-empty"],
    ["msmtp", "no-such-command", "msmtp-no-output"],
    ["msmtp", "echo not-a-token", "msmtp-refused"],
  ] as const)("%s that runs %p for its token is explained by %s", async (program, command, id) => {
    expect(await explained(await said(program, command))).toContain(id);
  });

  test("mbsync with a misspelt mechanism, and with a newer version's word, is explained", async () => {
    const misspelt = await said("mbsync", "echo token", (file) => file.replace("XOAUTH2", "OATHOU2"));
    expect(await explained(misspelt)).toEqual(["mbsync-authmechs"]);
    const newer = await said("mbsync", "echo token", (file) => file.replace("SSLType", "TLSType"));
    expect(await explained(newer)).toEqual(["mbsync-tlstype"]);
  });

  test("mbsync without the plugin is explained", async () => {
    const clients = writeMailClients({
      world,
      home: home.folder,
      tokenCommand: "echo token",
      environment: { SASL_PATH: home.folder },
      timeoutSeconds: 6,
    });
    const { stdout, stderr } = await clients.fetchWithMbsync();
    expect(await explained(stdout + stderr)).toEqual(["mbsync-no-plugin"]);
  });

  test("mbsync with a refused token is explained, and the token in its words not shown", async () => {
    const words = await said("mbsync", "echo hunter22hunter22");
    const result = await home.mailkey(["explain"], { input: words });
    expect(result.stdout).toStartWith("mbsync-more-steps: ");
    expect(result.stdout + result.stderr).not.toContain("hunter22");
  });
});
