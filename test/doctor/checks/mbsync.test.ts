/** The checks of mbsync: the real one is seen to fail in each way, the finding names it, and what it says to type mends it. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, realpathSync, symlinkSync, renameSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { startWorld, type World } from "../../../lab/world.ts";
import type { Finding } from "../../../src/doctor/check.ts";
import { mbsyncHelper } from "../../../src/doctor/checks/mbsync-helper.ts";
import { mbsyncMechanism } from "../../../src/doctor/checks/mbsync-mechanism.ts";
import { mbsyncSasl } from "../../../src/doctor/checks/mbsync-sasl.ts";
import { mbsyncServer } from "../../../src/doctor/checks/mbsync-server.ts";
import { mbsyncTls } from "../../../src/doctor/checks/mbsync-tls.ts";
import { withPrograms } from "../../e2e/programs.ts";
import { MailHome } from "../mail-home.ts";
import { only, type PatientOptions } from "../patient.ts";

const ALL = [mbsyncSasl, mbsyncMechanism, mbsyncTls, mbsyncServer, mbsyncHelper];
const FILE = ".mbsyncrc";

withPrograms(["dovecot", "mbsync", "XOAUTH2 for mbsync"])("mbsync", () => {
  let world: World;
  let home: MailHome | undefined;
  beforeAll(async () => {
    world = await startWorld({ mail: "dovecot" });
  });
  afterAll(() => world.stop());
  afterEach(() => home?.close());

  async function open(options?: PatientOptions): Promise<MailHome> {
    home = await MailHome.open(world, options);
    return home;
  }

  const mended = (opened: MailHome, words: string | RegExp): Promise<Finding> =>
    opened.mended(ALL, () => opened.clients.fetchWithMbsync(), words);

  test("that works has no findings", async () => {
    const opened = await open();
    expect((await opened.clients.fetchWithMbsync()).status).toBe(0);
    expect(await opened.examine(...ALL)).toEqual([]);
  });

  test("that is set up for another mailbox is nobody's business", async () => {
    const opened = await open();
    opened.patient.write(
      FILE,
      "IMAPAccount x\nHost mail.example\nUser other@mail.example\nAuthMechs OATHOU2\nPassCmd pass\n",
    );
    expect(await opened.examine(...ALL)).toEqual([]);
  });

  test("with a misspelt mechanism", async () => {
    const opened = await open();
    opened.edit(FILE, "AuthMechs XOAUTH2", "AuthMechs OATHOU2");
    const finding = await mended(opened, /supports no acceptable authentication mechanism|not available/);
    expect(finding.seen).toContain("AuthMechs OATHOU2: there is no mechanism OATHOU2; XOAUTH2 is meant");
  });

  test("with a mechanism for passwords", async () => {
    const opened = await open();
    opened.edit(FILE, "AuthMechs XOAUTH2", "AuthMechs LOGIN PLAIN");
    const finding = await mended(opened, /no acceptable authentication mechanism|not available|LOGIN/);
    expect(finding.seen).toContain("LOGIN PLAIN is for passwords");
  });

  test("with a helper by a relative path", async () => {
    const opened = await open();
    opened.edit(FILE, opened.path("bin/mailkey"), "tools/mailkey");
    expect((await mended(opened, "PassCmd exited with status 127")).seen).toContain("the path is relative");
  });

  test("with a helper that is nowhere on PATH", async () => {
    const opened = await open();
    opened.edit(FILE, opened.path("bin/mailkey"), "mailkey-not-here --password=s3cret");
    const finding = await mended(opened, "status 127");
    expect(finding.seen).toContain("there is no mailkey-not-here on PATH");
    expect(JSON.stringify(finding)).not.toContain("s3cret");
  });

  test("with a helper that does not exist", async () => {
    const opened = await open();
    opened.edit(FILE, opened.path("bin/mailkey"), "/opt/nothing/mailkey");
    expect((await mended(opened, "status 127")).seen).toContain("/opt/nothing/mailkey does not exist");
  });

  test("with a helper that cannot be executed", async () => {
    const opened = await open();
    opened.edit(FILE, opened.path("bin/mailkey"), opened.patient.write("lib/mailkey", "#!/bin/sh\n", 0o600));
    expect((await mended(opened, "status 126")).seen).toContain("is not executable");
  });

  test("with TLSType before version 1.5", async () => {
    const opened = await open();
    opened.edit(FILE, "SSLType IMAPS", "TLSType IMAPS");
    expect((await mended(opened, /keyword .TLSType. is not recognized/)).seen).toContain("does not know");
  });

  test("without TLS", async () => {
    const opened = await open();
    opened.edit(FILE, "SSLType IMAPS", "SSLType None");
    // mbsync waits for words that never come, until its time is up.
    expect((await mended(opened, /^$/)).seen).toContain("SSLType None");
  });

  test("without a word about TLS", async () => {
    const opened = await open();
    opened.edit(FILE, "SSLType IMAPS\n", "");
    expect((await mended(opened, /^$/)).seen).toContain("nothing is said about TLS");
  });

  test("through a proxy on this machine, or a tunnel, is nobody's business", async () => {
    const imap = { host: "outlook.office365.com", port: 993, security: "tls" } as const;
    const opened = await open({ account: { servers: { imap } } });
    const proxied = `IMAPAccount p\nHost 127.0.0.1\nPort 1993\nUser ${world.address}\nPass x\nSSLType None\nAuthMechs LOGIN\n`;
    const tunnel = `\nIMAPAccount t\nTunnel "ssh host imapd"\nHost h\nUser ${world.address}\n`;
    opened.patient.write(FILE, proxied + tunnel);
    expect(await opened.examine(...ALL)).toEqual([]);
  });

  test("without a user", async () => {
    const opened = await open();
    opened.edit(FILE, /User .*\n/, "");
    expect((await mended(opened, /user/i)).seen).toContain("no user is set");
  });

  test("as another user than the token's", async () => {
    const opened = await open();
    opened.edit(FILE, `User ${world.address}`, "User bert@mail.test");
    expect((await mended(opened, /wants more steps despite successful/)).seen).toContain(
      `user bert@mail.test, with the token of ${world.address}`,
    );
  });

  test("at another provider's host", async () => {
    const opened = await open();
    opened.edit(FILE, "Host localhost", "Host imap.gmail.com");
    expect((await mended(opened, /imap\.gmail\.com/)).seen).toContain("a server of Gmail / Google Workspace");
  });

  test("without a command, asking for a password", async () => {
    const opened = await open();
    opened.edit(FILE, /PassCmd .*\n/, "");
    expect((await mended(opened, /password|terminal/i)).seen).toContain("there is no PassCmd");
  });

  test("with a password beside the command: a warning, and the password is not shown", async () => {
    const opened = await open();
    opened.edit(FILE, "AuthMechs", "Pass s3cret-password\nAuthMechs");
    const finding = only(await opened.examine(...ALL));
    expect(finding.severity).toBe("warning");
    expect(JSON.stringify(finding)).not.toContain("s3cret");
    await opened.mend(finding);
    expect((await opened.clients.fetchWithMbsync()).status).toBe(0);
    expect(await opened.examine(...ALL)).toEqual([]);
  });

  test("with mailkey for an account that it does not have", async () => {
    const opened = await open();
    opened.edit(FILE, `token ${world.address}`, "token nobody@mail.test");
    const finding = only(await opened.examine(...ALL));
    expect(finding.seen).toContain("mailkey has no account nobody@mail.test");
    await opened.mend(finding);
    expect(await opened.examine(...ALL)).toEqual([]);
  });

  test("with mailkey by its bare name is a warning: cron has another PATH", async () => {
    const opened = await open();
    opened.edit(FILE, opened.path("bin/mailkey"), "mailkey");
    const machine = {
      ...opened.patient.machine,
      env: { ...opened.patient.machine.env, PATH: `${opened.path("bin")}:/usr/bin:/bin` },
    };
    const finding = only([...(await mbsyncHelper.examine(machine))]);
    expect(finding.severity).toBe("warning");
    expect(finding.seen).toContain("is found by PATH alone");
  });

  test("without a plugin for XOAUTH2", async () => {
    const empty = join(world.folder, "no-plugins");
    mkdirSync(empty, { recursive: true });
    const opened = await open({ env: { SASL_PATH: empty } });
    const { status, stderr } = await opened.clients.fetchWithMbsync();
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/selected SASL mechanism\(s\) not available;\s+selected: XOAUTH2/);
    const finding = only(await opened.examine(...ALL));
    expect(finding.seen).toContain(`none in ${empty}`);
    expect(finding.remedy).toEqual(["sudo apt install libsasl2-modules-kdexoauth2"]);
  });

  test("with Postfix's plugin alone", async () => {
    const folder = join(world.folder, "postfix-plugins");
    mkdirSync(folder, { recursive: true });
    const system = realpathSync("/usr/lib/x86_64-linux-gnu/sasl2");
    const real = readdirSync(system).find((name) => name === "libkdexoauth2.so") ?? "";
    copyFileSync(join(system, real), join(folder, "libsasl-xoauth2.so"));
    const opened = await open({ env: { SASL_PATH: folder } });
    expect(only(await opened.examine(...ALL)).seen).toContain("sasl-xoauth2, which is for Postfix");
  });

  test("whose file is a link stays so when it is mended", async () => {
    const opened = await open();
    renameSync(opened.path(FILE), opened.path("dotfile"));
    symlinkSync("dotfile", opened.path(FILE));
    opened.edit("dotfile", "AuthMechs XOAUTH2", "    AuthMechs OATHOU2");
    await mended(opened, /./);
    expect(lstatSync(opened.path(FILE)).isSymbolicLink()).toBe(true);
  });
});
