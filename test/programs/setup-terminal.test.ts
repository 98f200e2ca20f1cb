/** `mailkey setup` as a person uses it: choosing, looking, agreeing. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { ARTEFACT } from "../e2e/harness.ts";
import { withMailbox } from "./harness.ts";
import { Terminal } from "./terminal.ts";

withMailbox(["tmux", "mbsync", "msmtp"], "setup in a terminal", (mailbox) => {
  const inTerminal = (line: string, use: (terminal: Terminal) => Promise<unknown>) =>
    Terminal.with({ home: mailbox.home, line: `${ARTEFACT} ${line}` }, use);

  test("writes nothing when the person says no", async () => {
    await inTerminal("setup msmtp", async (terminal) => {
      await terminal.shows("Write this?");
      await terminal.press("Right", "Enter");
      await terminal.shows("nothing was written");
    });
    expect(existsSync(mailbox.path(".msmtprc"))).toBe(false);
  });

  test("offers the installed programs, shows the diff of those chosen, and writes on consent", async () => {
    writeFileSync(mailbox.path(".msmtprc"), "# mine\n", { mode: 0o600 });
    await inTerminal("setup", async (terminal) => {
      await terminal.shows("Which programs?");
      expect(await terminal.screen()).not.toContain("swaks"); // installed, but of no use
      await terminal.press("Down", "Space", "Enter"); // msmtp is the second
      const screen = await terminal.shows("Write this?");
      expect(screen).toContain("+account default : anna-mail-test");
      await terminal.press("Enter");
      await terminal.shows("wrote ~/.msmtprc; as it was: ~/.local/state/mailkey/backups/");
      await terminal.shows("echo hello | msmtp -a anna-mail-test anna@mail.test");
    });
    expect(readFileSync(mailbox.path(".msmtprc"), "utf8")).toStartWith("# mine\n# >>> mailkey msmtp: anna@mail.test\n");
    expect(existsSync(mailbox.path(".mbsyncrc"))).toBe(false);
  });

  test("asks nothing when there is nothing to change", async () => {
    await inTerminal("setup msmtp", (terminal) => terminal.shows("nothing to change: msmtp"));
  });

  test("takes out on consent", async () => {
    await inTerminal("setup --remove", async (terminal) => {
      await terminal.shows("Write this?");
      await terminal.press("Enter");
      await terminal.shows("wrote ~/.msmtprc");
    });
    expect(readFileSync(mailbox.path(".msmtprc"), "utf8")).toBe("# mine\n");
  });
});
