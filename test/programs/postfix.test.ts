/**
 * A real Postfix with folders of its own. Only root can start one; that is what the tests run as in CI, and elsewhere these are left out.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mailkeyFlags } from "../../lab/mailkey-flags.ts";
import { succeeded } from "../e2e/harness.ts";
import { waitFor, withMailbox } from "./harness.ts";
import { lockOut } from "./locked-out.ts";
import { proved } from "./proof.ts";
import { handOver, IS_ROOT, type Owner } from "./unprivileged.ts";

const SECOND = "carla@mail.test";
const DEBIAN = "/etc/postfix/master.cf";

if (!IS_ROOT) describe.skip("Postfix (only root can start it)", () => undefined);
else
  withMailbox(["postfix", "msmtp"], "Postfix", (mailbox) => {
    let owner: Owner;
    let version: string;
    let folder: string;
    let before: string[];
    const configuration = () => ["main.cf", "master.cf"].map((name) => readFileSync(join(folder, "etc", name), "utf8"));
    const log = () => readFileSync(join(folder, "log"), "utf8");
    const postfix = (...args: string[]) => mailbox.runs("postfix", args, { env: { MAIL_CONFIG: join(folder, "etc") } });
    const send = (subject: string, to: string, from = "root@box.test") =>
      mailbox.runs("sendmail", ["-f", from, to], {
        input: `From: Somebody <${from}>\nTo: ${to}\nSubject: ${subject}\n\nHello.\n`,
        env: { MAIL_CONFIG: join(folder, "etc") },
      });
    /** As root, with this Postfix in the place of the machine's. */
    const asRoot = (name: string) =>
      mailbox.runs("sh", [mailbox.path(".config", "postfix-mailkey", name)], {
        env: { MAIL_CONFIG: join(folder, "etc") },
      });

    beforeAll(async () => {
      version = await mailbox.version("postfix");
      const { world, home } = mailbox;
      const second = ["add", SECOND, ...mailkeyFlags(world), "--no-test"];
      succeeded(await home.mailkey(second, { env: { LAB_LOGIN: SECOND } }));
      owner = handOver(mailbox);
      folder = mkdtempSync(join(tmpdir(), "mk-postfix-"));
      chmodSync(folder, 0o755);
      for (const name of ["etc", "queue", "data"]) mkdirSync(join(folder, name));
      spawnSync("chown", ["postfix", join(folder, "data")]);
      writeFileSync(join(folder, "etc", "main.cf"), mainConfiguration(folder));
      copyFileSync(DEBIAN, join(folder, "etc", "master.cf"));
      // No port: what this machine sends comes from the sendmail command.
      await mailbox.runs("postconf", ["-c", join(folder, "etc"), "-MX", "smtp/inet"]);
      before = configuration();
      await postfix("start");
    });
    afterAll(() => {
      // Not through the mailbox, which is closed by now.
      spawnSync("postfix", ["stop"], { env: { ...process.env, MAIL_CONFIG: join(folder, "etc") } });
      rmSync(folder, { recursive: true });
    });

    test("relays what the machine sends, as the mailbox, through the transport that the script installs", async () => {
      succeeded(await owner.mailkey(["setup", "postfix", "--account", mailbox.address, "--yes"]));
      await asRoot("install");
      const check = await postfix("check");
      expect(check.stdout + check.stderr).toBe("");
      await send("from Postfix", "bert@mail.test");
      const text = await mailbox.arrived("from Postfix", "bert@mail.test");
      expect(text).toContain(`\nFrom: ${mailbox.address}\n`);
      // The log is written after the delivery.
      const line = "status=sent (delivered via mailkey-anna-mail-test service)";
      await waitFor(`"${line}" in the log`, () => (log().includes(line) ? line : undefined));
      proved({
        recipe: "postfix",
        program: "Postfix relay",
        version,
        fetches: false,
        sends: true,
        how: "pipe transport, msmtp: SMTP, XOAUTH2",
      });
    });

    test("installs twice as once, refuses to overwrite, and uninstalls without a trace", async () => {
      const installed = configuration();
      await asRoot("install");
      expect(configuration()).toEqual(installed);
      await asRoot("uninstall");
      expect(configuration()).toEqual(before);
      await mailbox.runs("postconf", ["-c", join(folder, "etc"), "-e", "default_transport=smtp"]);
      const own = configuration();
      expect(await asRoot("install").catch(String)).toContain("default_transport is set in main.cf");
      expect(configuration()).toEqual(own);
      await mailbox.runs("postconf", ["-c", join(folder, "etc"), "-X", "default_transport"]);
    });

    test("sends from each of several mailboxes through that one, and all else through the first", async () => {
      succeeded(await owner.mailkey(["setup", "postfix", "--yes"]));
      await asRoot("install");
      await send("from the second", "bert@mail.test", SECOND);
      expect(await mailbox.arrived("from the second", "bert@mail.test")).toContain(`\nFrom: ${SECOND}\n`);
      await send("from elsewhere", "bert@mail.test");
      expect(await mailbox.arrived("from elsewhere", "bert@mail.test")).toContain(`\nFrom: ${mailbox.address}\n`);
      succeeded(await owner.mailkey(["setup", "postfix", "--remove", "--account", SECOND, "--yes"]));
      await asRoot("install");
      expect(configuration().join("")).not.toContain("carla");
    });

    test("keeps mail in its queue when the sign-in has ended, and says what to do", async () => {
      await lockOut(mailbox, (args) => owner.mailkey(args));
      await send("without a token", "bert@mail.test");
      const line = await waitFor("the deferral", () => /^.*status=deferred.*$/m.exec(log())?.[0]);
      expect(line).toContain("temporary failure");
      expect(line).toMatch(/mailkey login|mailkey add/);
      expect(log()).not.toContain("status=bounced");
      for (const secret of mailbox.world.secrets) expect(log()).not.toContain(secret);
    });
  });

function mainConfiguration(folder: string): string {
  return `compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
myhostname = box.test
mydestination = localhost
inet_interfaces = loopback-only
alias_maps =
alias_database =
maillog_file_prefixes = ${folder}
maillog_file = ${folder}/log
`;
}
