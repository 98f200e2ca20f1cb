/** Token files: kept by the real agent, read by the real msmtp, allowed by Debian's AppArmor profile. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { isAllowed } from "../../src/doctor/apparmor.ts";
import { isInMemory } from "../../src/platform/memory-folder.ts";
import { succeeded } from "../e2e/harness.ts";
import { waitFor, withMailbox } from "./harness.ts";

const MEMORY = "/dev/shm";
const PROFILE = "/etc/apparmor.d/usr.bin.msmtp";

(isInMemory(MEMORY) ? describe : describe.skip)("with a file system in memory", () => {
  withMailbox(["msmtp", "mbsync", "XOAUTH2 for mbsync", "apparmor_parser"], "a token file", (mailbox) => {
    let runtime: string;
    let path: string;
    let agent: ChildProcess;

    const mailkey = async (...words: readonly string[]) => succeeded(await mailbox.home.mailkey(words));
    const isThere = (wanted: boolean) =>
      waitFor(`the token file ${wanted ? "" : "not "}to be there`, () =>
        existsSync(path) === wanted ? wanted : undefined,
      );

    async function startAgent(): Promise<void> {
      agent = mailbox.home.start(["agent", "run"]);
      let answers = false;
      await waitFor("the agent", () => {
        void mailbox.home.mailkey(["agent", "status", "--json"]).then(({ status }) => (answers ||= status === 0));
        return answers ? true : undefined;
      });
    }

    beforeAll(async () => {
      runtime = mkdtempSync(join(MEMORY, "mk-"));
      mailbox.home.env["XDG_RUNTIME_DIR"] = runtime;
      path = join(runtime, "mailkey/tokens", mailbox.address);
      await startAgent();
    });
    afterAll(() => {
      agent.kill("SIGKILL");
      rmSync(runtime, { recursive: true });
    });

    test("is there as soon as it is switched on, and msmtp sends with what setup writes", async () => {
      const { stdout } = await mailkey("agent", "token-file", mailbox.address);
      expect(stdout).toContain(`    ${path}\n`);
      await isThere(true);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
      const token = (await mailkey("token", mailbox.address)).stdout;
      expect(readFileSync(path, "utf8")).toBe(token);

      await mailbox.setUp("msmtp");
      expect(readFileSync(mailbox.path(".msmtprc"), "utf8")).toContain(`\npasswordeval "/bin/cat ${path}"\n`);
      await mailbox.runs("msmtp", [mailbox.address], { input: mailbox.message("by the file") });
      expect(await mailbox.arrived("by the file")).toContain("Hello.");
    });

    test("is what mbsync fetches with", async () => {
      await mailbox.setUp("mbsync");
      expect(readFileSync(mailbox.path(".mbsyncrc"), "utf8")).toContain(`\nPassCmd "/bin/cat ${path}"\n`);
      await mailbox.deliver("for mbsync");
      await mailbox.runs("mbsync", ["anna-mail-test"]);
      expect(mailbox.fetched("for mbsync", "Maildir", "anna-mail-test", "INBOX")).toContain("Hello.");
    });

    test("is what AppArmor's profile of msmtp lets it read: cat runs outside of the profile", async () => {
      const profile = readFileSync(PROFILE, "utf8");
      expect((await mailbox.run("apparmor_parser", ["-QK", PROFILE])).status).toBe(0);
      expect(isAllowed(profile, "/bin/cat", mailbox.home.folder)).toBe(true);
      expect(isAllowed(profile, "/usr/bin/cat", mailbox.home.folder)).toBe(true);
      // PUx: by a profile of its own if there were one, else confined by none. Whatever the file, cat may read it.
      expect(profile).toMatch(/^\s*\/\{,usr\/\}bin\/cat\s+PUx,$/m);
      expect(readdirSync("/etc/apparmor.d").filter((name) => /\bcat$/.test(name))).toEqual([]);
    });

    test.each(["the agent", "a program that knows of no agent"])(
      "has the new token when %s has renewed",
      async (who) => {
        const before = readFileSync(path, "utf8");
        const env = who === "the agent" ? {} : { XDG_RUNTIME_DIR: mailbox.path("elsewhere") };
        const { stdout } = succeeded(await mailbox.home.mailkey(["token", "--force", mailbox.address], { env }));
        expect(stdout).not.toBe(before);
        await waitFor("the new token", () => (readFileSync(path, "utf8") === stdout ? true : undefined));
      },
    );

    test("goes when the agent is locked, and msmtp then fails instead of sending nothing as a password", async () => {
      await mailkey("agent", "lock");
      expect(existsSync(path)).toBe(false);
      const { status, stderr } = await mailbox.run("msmtp", [mailbox.address], { input: mailbox.message("never") });
      expect(status).not.toBe(0);
      expect(stderr).toContain("cannot read output of");
      await mailkey("agent", "unlock");
      await isThere(true);
    });

    test("goes when it is switched off, and comes back", async () => {
      await mailkey("agent", "token-file", "--off", mailbox.address);
      await isThere(false);
      await mailkey("agent", "token-file", mailbox.address);
      await isThere(true);
    });

    test("goes when the agent stops", async () => {
      await mailkey("agent", "stop");
      await new Promise((resolve) => (agent.exitCode === null ? agent.once("exit", resolve) : resolve(undefined)));
      expect(existsSync(path)).toBe(false);
    });

    test("stays when the agent is killed, until the next one starts", async () => {
      await startAgent();
      await isThere(true);
      const inode = statSync(path).ino;
      agent.kill("SIGKILL");
      await new Promise((resolve) => agent.once("exit", resolve));
      expect(existsSync(path)).toBe(true);
      await startAgent();
      await waitFor("a file of the new agent's", () =>
        existsSync(path) && statSync(path).ino !== inode ? true : undefined,
      );
    });
  });
});
