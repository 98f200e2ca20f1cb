/** The checks of msmtp: the real one is seen to fail in each way, the finding names it, and what it says to type mends it. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { startWorld, type World } from "../../../lab/world.ts";
import type { Finding } from "../../../src/doctor/check.ts";
import { msmtpAuth } from "../../../src/doctor/checks/msmtp-auth.ts";
import { msmtpFile } from "../../../src/doctor/checks/msmtp-file.ts";
import { msmtpHelper } from "../../../src/doctor/checks/msmtp-helper.ts";
import { msmtpServer } from "../../../src/doctor/checks/msmtp-server.ts";
import { msmtpTls } from "../../../src/doctor/checks/msmtp-tls.ts";
import { tokenLength } from "../../../src/doctor/checks/token-length.ts";
import { withPrograms } from "../../e2e/programs.ts";
import { MailHome } from "../mail-home.ts";
import { only, Patient } from "../patient.ts";
import { obtainTokens } from "../../../lab/token-client.ts";

const ALL = [msmtpFile, msmtpAuth, msmtpTls, msmtpServer, msmtpHelper];
const FILE = ".msmtprc";

withPrograms(["msmtp"])("msmtp", () => {
  let world: World;
  let home: MailHome | undefined;
  beforeAll(async () => {
    world = await startWorld({ mail: "dovecot" });
  });
  afterAll(() => world.stop());
  afterEach(() => home?.close());

  async function open(): Promise<MailHome> {
    home = await MailHome.open(world);
    return home;
  }

  const send = (opened: MailHome) =>
    opened.clients.sendWithMsmtp({ to: world.address, subject: "hello", body: "hello" });

  const mended = (opened: MailHome, words: string | RegExp): Promise<Finding> =>
    opened.mended(ALL, () => send(opened), words);

  test("that works has no findings, whatever its file's mode: there is no secret in it", async () => {
    const opened = await open();
    chmodSync(opened.path(FILE), 0o644);
    expect((await send(opened)).status).toBe(0);
    expect(await opened.examine(...ALL)).toEqual([]);
  });

  test.each([
    ["auth xoauth", /invalid argument xoauth/, "there is no mechanism XOAUTH; XOAUTH2 is meant"],
    ["auth on", /./, "auth on"],
    ["auth plain", /./, "PLAIN is for passwords"],
    ["auth off", /./, "auth off"],
  ])("with %s", async (line, words, seen) => {
    const opened = await open();
    opened.edit(FILE, "auth xoauth2", line);
    expect((await mended(opened, words)).seen).toContain(seen);
  });

  test("without auth", async () => {
    const opened = await open();
    opened.edit(FILE, "auth xoauth2\n", "");
    expect((await mended(opened, /./)).seen).toContain("account default has no auth");
  });

  test("without TLS shows the token to the network, and says nothing about it", async () => {
    const opened = await open();
    opened.edit(FILE, "tls on", "tls off");
    expect((await send(opened)).status).toBe(0); // Dovecot thinks a connection from its own machine safe
    const finding = only(await opened.examine(...ALL));
    expect(finding).toMatchObject({ severity: "error", seen: expect.stringContaining("tls off") });
    await opened.mend(finding);
    expect(await opened.examine(...ALL)).toEqual([]);
    expect((await send(opened)).status).toBe(0);
  });

  test("with TLS at once where it begins after STARTTLS", async () => {
    const opened = await open();
    opened.edit(FILE, "tls_starttls on", "tls_starttls off");
    expect((await mended(opened, "TLS handshake failed")).seen).toContain(
      `tls_starttls off with port ${world.servers.smtp?.port}`,
    );
  });

  test("with a helper by a relative path", async () => {
    const opened = await open();
    opened.edit(FILE, opened.path("bin/mailkey"), "tools/mailkey");
    expect((await mended(opened, "cannot read output of")).seen).toContain("the path is relative");
  });

  test("with a token file that the agent does not keep", async () => {
    const opened = await open();
    const path = `/run/user/4242/mailkey/tokens/${world.address}`;
    opened.edit(FILE, /passwordeval .*\n/, `passwordeval "/bin/cat ${path}"\n`);
    const { seen } = await mended(opened, "cannot read output of");
    expect(seen).toEndWith(`msmtp runs /bin/cat ${path}: the agent keeps no such file`);
  });

  test("without a helper", async () => {
    const opened = await open();
    opened.edit(FILE, /passwordeval .*\n/, "");
    expect((await mended(opened, /password/)).seen).toContain("has no passwordeval");
  });

  test("as another user than the token's", async () => {
    const opened = await open();
    opened.edit(FILE, `user ${world.address}`, "user bert@mail.test");
    expect((await mended(opened, "authentication failed")).seen).toContain(
      `user bert@mail.test, with the token of ${world.address}`,
    );
  });

  test("at another provider's host", async () => {
    const opened = await open();
    opened.edit(FILE, "host localhost", "host smtp.gmail.com");
    expect((await mended(opened, "smtp.gmail.com")).seen).toContain("a server of Gmail / Google Workspace");
  });

  test("with a stored password, which it sends instead of the token", async () => {
    const opened = await open();
    opened.edit(FILE, "auth xoauth2", "auth xoauth2\npassword s3cret-password");
    const finding = await mended(opened, "authentication failed");
    expect(JSON.stringify(finding)).not.toContain("s3cret");
  });

  test("with a password in a file that others can read: it refuses its own file", async () => {
    const opened = await open();
    opened.edit(FILE, "auth xoauth2", "auth xoauth2\npassword s3cret-password");
    chmodSync(opened.path(FILE), 0o644);
    // It looks at nobody's modes as root, and only at the file that it finds by itself.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await opened.shell(`chmod 755 . && chown nobody ${FILE}`);
    const asUser = isRoot ? "setpriv --reuid nobody --regid nogroup --clear-groups" : "";
    const { status, stderr } = await opened.shell(`echo hello | ${asUser} msmtp ${world.address}`);
    expect(status).not.toBe(0);
    expect(stderr).toContain("no more than user read/write permissions");
    const finding = only(await opened.examine(msmtpFile));
    await opened.mend(finding);
    expect(await opened.examine(msmtpFile)).toEqual([]);
  });

  test("on port 25, because none is given, is a warning", async () => {
    const opened = await open();
    opened.edit(FILE, /port .*\n/, "");
    const finding = only(await opened.examine(...ALL));
    expect(finding).toMatchObject({ severity: "warning", seen: expect.stringContaining("has no port") });
    await opened.mend(finding);
    expect((await send(opened)).status).toBe(0);
  });

  test("through a proxy on this machine is nobody's business", async () => {
    const smtp = { host: "smtp.office365.com", port: 587, security: "starttls" } as const;
    const patient = await Patient.admit({ account: { servers: { smtp } } });
    patient.write(FILE, "account default\nhost localhost\nport 1587\nuser anna@mail.test\nauth plain\npassword x\n");
    for (const check of ALL) expect(await check.examine(patient.machine)).toEqual([]);
    patient.discharge();
  });

  test("without certificates checked is a warning", async () => {
    const opened = await open();
    opened.edit(FILE, "tls on", "tls on\ntls_certcheck off");
    const finding = only(await opened.examine(...ALL));
    expect(finding.severity).toBe("warning");
    await opened.mend(finding);
    expect(await opened.examine(...ALL)).toEqual([]);
  });

  test("with defaults: the line to mend is where it stands, and an alias is not reported again", async () => {
    const opened = await open();
    opened.patient.write(
      FILE,
      `defaults\n  auth plain\n  tls on\n\naccount a\nhost localhost\nport ${world.servers.smtp?.port}\nuser ${world.address}\npasswordeval ${opened.path("bin/mailkey")} token ${world.address}\n\naccount default : a\n`,
    );
    const finding = only(await opened.examine(...ALL));
    expect(finding.seen).toContain(`${opened.path(FILE)} line 2: auth plain`);
    await opened.mend(finding);
    expect(await opened.examine(...ALL)).toEqual([]);
  });

  test("with lines that an edit has moved: nothing happens to the wrong one, and the next round mends the rest", async () => {
    const opened = await open();
    opened.edit(FILE, "auth xoauth2\n", "");
    opened.edit(FILE, "tls on\n", "");
    opened.edit(FILE, opened.path("bin/mailkey"), "tools/mailkey");
    for (let round = 1; round <= 2; round++) {
      for (const finding of await opened.examine(...ALL)) await opened.mend(finding);
    }
    expect(await opened.examine(...ALL)).toEqual([]);
    const { status, stderr } = await send(opened);
    if (status !== 0) throw new Error(stderr);
    expect((await Bun.file(opened.path(FILE)).text()).match(/passwordeval/g)).toHaveLength(1);
  });

  test("that cannot take so long a token", async () => {
    const long = await startWorld({ mail: "smtp", tokenCharacters: 3100 });
    const opened = await MailHome.open(await withImap(long));
    const { status, stderr } = await send(opened);
    expect(status).toBe(65);
    expect(stderr).toContain("longer than 4094 characters");
    const finding = (await tokenLength.examine(opened.patient.subject)).find(({ seen }) => seen.includes("msmtp"));
    expect(finding?.seen).toContain(`msmtp 1.8.23 takes ${3049 - world.address.length}`);
    opened.close();
    await long.stop();
  });

  test("whose address runs no command, however it is written", async () => {
    const address = "a'$(touch${IFS}hacked)`touch${IFS}hacked`&x@mail.test";
    const { refreshToken } = await obtainTokens(world);
    const patient = await Patient.admit({ world: { ...world, address }, credential: { refreshToken } });
    const file = patient.write(
      FILE,
      `account default\n  host localhost\n  port ${world.servers.smtp?.port}\n  tls on\n  auth plain\n  user ${address}\n`,
    );
    for (const check of ALL) {
      for (const { remedy } of await check.examine(patient.machine)) {
        for (const line of remedy) {
          const shell = Bun.spawn(["/bin/sh", "-c", line], { cwd: patient.home });
          expect(await shell.exited).toBe(0);
        }
      }
    }
    const text = await Bun.file(file).text();
    expect(text).toContain("\n  auth xoauth2\n");
    expect(text).toContain(`\n  user ${address}\n`);
    expect(text).toContain(
      "passwordeval \"/usr/bin/mailkey token 'a'\\''$(touch${IFS}hacked)`touch${IFS}hacked`&x@mail.test'\"",
    );
    expect(await Bun.file(`${patient.home}/hacked`).exists()).toBe(false);
    patient.discharge();
  });

  /** Files for mbsync are written, too, and want a server; nobody asks it. */
  async function withImap(other: World): Promise<World> {
    return { ...other, servers: { ...other.servers, imap: { host: "localhost", port: 1, security: "tls" } } };
  }
});
