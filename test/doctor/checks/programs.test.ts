/** The checks of aerc, Emacs, git send-email, and of files that others can change. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { chmodSync, statSync } from "node:fs";
import { startWorld, type World } from "../../../lab/world.ts";
import { aercAccounts } from "../../../src/doctor/checks/aerc-accounts.ts";
import { aercFile } from "../../../src/doctor/checks/aerc-file.ts";
import { emacsSmtpmail } from "../../../src/doctor/checks/emacs-smtpmail.ts";
import { gitSendEmail } from "../../../src/doctor/checks/git-send-email.ts";
import { programFiles } from "../../../src/doctor/checks/program-files.ts";
import { withPrograms } from "../../e2e/programs.ts";
import { MailHome } from "../mail-home.ts";
import { only, type PatientOptions } from "../patient.ts";

let world: World;
let home: MailHome;
beforeAll(async () => {
  world = await startWorld({ mail: "dovecot" });
});
afterAll(() => world.stop());
afterEach(() => home.close());

async function open(options?: PatientOptions): Promise<MailHome> {
  home = await MailHome.open(world, options);
  return home;
}

withPrograms(["dovecot", "aerc"])("aerc", () => {
  const FILE = ".config/aerc/accounts.conf";
  const user = () => encodeURIComponent(world.address);
  const accounts = (
    scheme: string,
    outgoing = "smtp+xoauth2",
    command = `source-cred-cmd = ${home.path("bin/mailkey")} token ${world.address}\n`,
  ) =>
    `[lab]\nsource = ${scheme}://${user()}@localhost:${world.servers.imap?.port}\n${command}outgoing = ${outgoing}://${user()}@localhost:${world.servers.smtp?.port}\noutgoing-cred-cmd = \`${home.path("bin/mailkey")} token ${world.address}\`\n`;

  test("that is set up well has no findings", async () => {
    await open();
    home.patient.write(FILE, accounts("imaps+xoauth2"));
    expect(await home.examine(aercFile, aercAccounts)).toEqual([]);
  });

  test("does not start when others can read its file; the remedy mends that", async () => {
    await open();
    home.patient.write(FILE, accounts("imaps+xoauth2"), 0o644);
    const { stdout } = await home.shell("timeout 5 script -qec aerc /dev/null");
    expect(stdout).toContain("permissions too lax");
    const finding = only(await home.examine(aercFile, aercAccounts));
    expect(finding.fix?.does).toBe(`chmod 600 ${home.path(FILE)}`);
    await finding.fix?.run();
    expect(statSync(home.path(FILE)).mode & 0o777).toBe(0o600);
    expect(await home.examine(aercFile)).toEqual([]);
  });

  test("with a scheme for passwords", async () => {
    await open();
    home.patient.write(FILE, accounts("imaps", "smtp+plain"));
    const findings = await home.examine(aercAccounts);
    expect(findings.map(({ seen }) => seen)).toEqual([
      `${home.path(FILE)} line 2: source begins with imaps://`,
      `${home.path(FILE)} line 4: outgoing begins with smtp+plain://`,
    ]);
    for (const finding of findings) await home.mend(finding);
    expect(await home.examine(aercAccounts)).toEqual([]);
    expect(await Bun.file(home.path(FILE)).text()).toBe(accounts("imaps+xoauth2"));
  });

  test("with a password in the URL, which is not shown", async () => {
    await open();
    home.patient.write(FILE, accounts("imaps").replace(user(), `${user()}:s3cret`));
    const finding = only(await home.examine(aercAccounts));
    expect(JSON.stringify(finding)).not.toContain("s3cret");
    expect(finding.remedy).toEqual([]);
  });

  test("without a command, or with one that does not exist", async () => {
    await open();
    home.patient.write(FILE, accounts("imaps+xoauth2", "smtp+xoauth2", ""));
    const missing = only(await home.examine(aercAccounts));
    expect(missing.seen).toContain("there is no source-cred-cmd");
    await home.mend(missing);
    expect(await home.examine(aercAccounts)).toEqual([]);
    home.edit(FILE, `source-cred-cmd = ${home.path("bin/mailkey")}`, "source-cred-cmd = /opt/none/mailkey");
    const broken = only(await home.examine(aercAccounts));
    expect(broken.seen).toContain("/opt/none/mailkey does not exist");
    await home.mend(broken);
    expect(await home.examine(aercAccounts)).toEqual([]);
  });
});

withPrograms(["emacs"])("Emacs's smtpmail", () => {
  const FILE = ".emacs.d/init.el";
  const init = (extra = "") =>
    `;; xoauth2 is only spoken of here\n(setq send-mail-function 'smtpmail-send-it\n      smtpmail-smtp-server "localhost")\n${extra}`;
  const added = "(with-eval-after-load 'smtpmail (add-to-list 'smtpmail-auth-supported 'xoauth2))\n";

  test("has no xoauth2 of its own: the finding is what Emacs itself says", async () => {
    await open();
    const ask = async () => {
      const form = "(progn (require 'smtpmail) (princ (if (memq 'xoauth2 smtpmail-auth-supported) 'yes 'no)))";
      return (await home.shell(`emacs --batch -l ${home.path(FILE)} --eval "${form}"`)).stdout;
    };
    home.patient.write(FILE, init());
    expect(await ask()).toBe("no");
    const finding = only(await home.examine(emacsSmtpmail));
    expect(finding.remedy).toEqual(["mailkey setup smtpmail"]);
    home.patient.write(FILE, init(added));
    expect(await ask()).toBe("yes");
    expect(await home.examine(emacsSmtpmail)).toEqual([]);
  });

  test("of somebody who sends elsewhere is nobody's business", async () => {
    await open();
    home.patient.write(FILE, init().replace("localhost", "smtp.other.example"));
    expect(await home.examine(emacsSmtpmail)).toEqual([]);
  });
});

test("git send-email with a password, and without a mechanism for tokens", async () => {
  await open();
  const git = async (name: string, value: string) => {
    const { status, stderr } = await home.shell(`git config --global '${name}' '${value}'`);
    if (status !== 0) throw new Error(stderr);
  };
  await git("sendemail.smtpUser", world.address);
  await git("sendemail.smtpServer", "localhost");
  await git("sendemail.smtpPass", "s3cret");
  const findings = await home.examine(gitSendEmail);
  expect(findings.map(({ seen }) => seen)).toEqual([
    "git's configuration has a password in sendemail.smtpPass",
    "git's configuration has no sendemail.smtpAuth",
  ]);
  expect(JSON.stringify(findings)).not.toContain("s3cret");
  await home.mend(findings[0] ?? only(findings));
  await git("sendemail.smtpAuth", "XOAUTH2");
  expect(await home.examine(gitSendEmail)).toEqual([]);
  await git("sendemail.smtpUser", "other@mail.test");
  await git("sendemail.smtpAuth", "LOGIN");
  expect(await home.examine(gitSendEmail)).toEqual([]);
});

test("files of mail programs that others can change, and what closes them", async () => {
  await open();
  expect(await home.examine(programFiles)).toEqual([]);
  chmodSync(home.path(".mbsyncrc"), 0o664); // the user's own group: as with umask 002
  expect(await home.examine(programFiles)).toEqual([]);
  chmodSync(home.path(".mbsyncrc"), 0o666);
  const finding = only(await home.examine(programFiles));
  expect(finding.seen).toBe(`${home.path(".mbsyncrc")} can be changed by other users (mode 666)`);
  await finding.fix?.run();
  expect(statSync(home.path(".mbsyncrc")).mode & 0o777).toBe(0o644);
  expect(await home.examine(programFiles)).toEqual([]);
});
