/** The checks of mutt and neomutt: the real neomutt is seen to fail, the finding names it, and what it says to type mends it. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { startWorld, type World } from "../../../lab/world.ts";
import type { Finding } from "../../../src/doctor/check.ts";
import { muttAuthenticators } from "../../../src/doctor/checks/mutt-authenticators.ts";
import { muttHelper } from "../../../src/doctor/checks/mutt-helper.ts";
import { muttPassword } from "../../../src/doctor/checks/mutt-password.ts";
import { muttVersion } from "../../../src/doctor/checks/mutt-version.ts";
import { withPrograms } from "../../e2e/programs.ts";
import { MailHome } from "../mail-home.ts";
import { only, Patient } from "../patient.ts";

const ALL = [muttVersion, muttAuthenticators, muttHelper, muttPassword];
const FILE = ".neomuttrc";

withPrograms(["dovecot", "neomutt", "mutt"])("neomutt", () => {
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
    opened.clients.sendWithNeomutt({ to: world.address, subject: "hello", body: "hello" });

  const mended = (opened: MailHome, words: string | RegExp): Promise<Finding> =>
    opened.mended(ALL, () => send(opened), words);

  test("that works has no findings", async () => {
    const opened = await open();
    expect((await send(opened)).status).toBe(0);
    expect(await opened.examine(...ALL)).toEqual([]);
  });

  test("with a misspelt authenticator", async () => {
    const opened = await open();
    opened.edit(FILE, 'smtp_authenticators = "xoauth2"', "smtp_authenticators='oath2'");
    const finding = await mended(opened, /./);
    expect(finding.seen).toContain("smtp_authenticators = oath2: there is no mechanism OATH2");
  });

  test("with an authenticator for passwords", async () => {
    const opened = await open();
    opened.edit(FILE, 'smtp_authenticators = "xoauth2"', 'smtp_authenticators = "plain:login"');
    expect((await mended(opened, /./)).seen).toContain("PLAIN LOGIN is for passwords");
  });

  test("with a helper by a relative path", async () => {
    const opened = await open();
    opened.edit(
      FILE,
      `set smtp_oauth_refresh_command = "${opened.path("bin/mailkey")}`,
      'set smtp_oauth_refresh_command = "tools/mailkey',
    );
    expect((await mended(opened, /./)).seen).toContain("the path is relative");
  });

  test("without a helper", async () => {
    const opened = await open();
    opened.edit(FILE, /set smtp_oauth_refresh_command.*\n/, "");
    const finding = await mended(opened, /OAUTH refresh command|authenticat/i);
    expect(finding.seen).toContain("there is no smtp_oauth_refresh_command");
  });

  test("with a password: a warning, and it is not shown", async () => {
    const opened = await open();
    opened.edit(FILE, "set move = no", 'set imap_pass = "s3cret-password"\nset move = no');
    const finding = only(await opened.examine(...ALL));
    expect(finding.severity).toBe("warning");
    expect(JSON.stringify(finding)).not.toContain("s3cret");
    await opened.mend(finding);
    expect(await opened.examine(...ALL)).toEqual([]);
    expect((await send(opened)).status).toBe(0);
  });

  test("and mutt with one file between them: what is wrong in it is told once", async () => {
    const opened = await open();
    opened.edit(FILE, 'imap_authenticators = "xoauth2"', 'imap_authenticators = "xoath2"');
    renameSync(opened.path(FILE), opened.path(".muttrc"));
    const finding = only(await opened.examine(...ALL));
    expect(finding.means).toStartWith("mutt says");
  });

  test("with several settings on a line is not edited by sed", async () => {
    const opened = await open();
    opened.edit(FILE, 'set imap_authenticators = "xoauth2"', 'set imap_keepalive = 300 imap_authenticators = "xoath2"');
    const finding = only(await opened.examine(...ALL));
    expect(finding.remedy[0]).toMatch(/^\$\{EDITOR:-nano\} \+\d+ /);
    expect(finding.advice).toBe('Write there: set imap_authenticators = "xoauth2"');
  });
});

test("a mutt from before XOAUTH2 is found by its version", async () => {
  const old = await Patient.admit({ env: { PATH: "@/old:/usr/bin:/bin" } });
  old.write("old/mutt", "#!/bin/sh\necho 'Mutt 1.10.1 (2018-07-13)'\n", 0o700);
  old.write(".muttrc", "set imap_user = anna@mail.test\n");
  const finding = only([...(await muttVersion.examine(old.machine))]);
  expect(finding.seen).toContain("mutt 1.10.1 is installed, and 2.0.0 is the first that knows XOAUTH2");
  old.discharge();
});
