/** What is asked of mutt and of neomutt alike. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { addHostileAccount, deliverToHostileUser, HOSTILE_USER, renewToken } from "./accounts.ts";
import { type Mailbox, withMailbox } from "./harness.ts";
import { lockOut } from "./locked-out.ts";
import { proved } from "./proof.ts";
import { Terminal } from "./terminal.ts";

/** @param complaint what the program says when it gets no token, as the recipe's note has it */
export function provesMuttLike(program: "mutt" | "neomutt", complaint: string): void {
  withMailbox([program, "tmux"], program, (mailbox) => {
    test("reads and sends with the file that setup wrote, and again after the token was renewed", async () => {
      await mailbox.setUp(program);
      await readsAndSends(mailbox, program, "first");

      await renewToken(mailbox);
      await readsAndSends(mailbox, program, "second");

      const version = await mailbox.version(program);
      const how = "IMAP and SMTP, XOAUTH2";
      proved({ recipe: program, program, version, fetches: true, sends: true, how });
    });

    test("asks for each account's own token, whatever the address is made of", async () => {
      const { home, world } = mailbox;
      await addHostileAccount(mailbox);
      await mailbox.setUp(program);
      await mailbox.deliver("only for anna");
      await deliverToHostileUser(mailbox, "only for bob");

      await Terminal.with({ home, line: program }, async (terminal) => {
        await terminal.shows("only for anna");
        await terminal.type("c");
        await terminal.shows("Open mailbox");
        await terminal.press("C-u"); // the other one's INBOX may stand there, since it has new mail
        await terminal.type(`imaps://${encodeURIComponent(HOSTILE_USER)}@localhost:${world.servers.imap?.port}/INBOX`);
        await terminal.press("Enter");
        await terminal.shows("only for bob");
        await terminal.type(":set ?from");
        await terminal.press("Enter");
        await terminal.shows("touch${IFS}pwned");
        await terminal.type(":set ?smtp_url");
        await terminal.press("Enter");
        await terminal.shows(`${encodeURIComponent(HOSTILE_USER)}@`);
      });
      expect(existsSync(mailbox.path("pwned"))).toBe(false);
    });

    test("says what the note of setup says when the sign-in is over", async () => {
      const { stdout } = await mailbox.setUp(program);
      expect(stdout.replace(/\s+/g, " ")).toContain(`"${complaint}"`);
      await lockOut(mailbox);
      await Terminal.with({ home: mailbox.home, line: program }, (terminal) => terminal.shows(complaint));
      const batch = await mailbox.run(program, ["-s", "never", "--", mailbox.address], { input: "x\n" });
      expect(batch.status).not.toBe(0);
      expect(batch.stderr).toContain("mailkey: error: ");
    });
  });
}

async function readsAndSends(mailbox: Mailbox, program: string, which: string): Promise<void> {
  const subject = `${which} for ${program}`;
  await mailbox.deliver(subject);
  await Terminal.with({ home: mailbox.home, line: program }, async (terminal) => {
    await terminal.shows(subject);
    await terminal.press("End", "Enter");
    await terminal.shows("Hello.");
  });

  const sent = `${which} from ${program}`;
  await mailbox.runs(program, ["-s", sent, "--", mailbox.address], { input: "sent by a real program\n" });
  expect(await mailbox.arrived(sent)).toMatch(new RegExp(`^From: .*${mailbox.address}`, "m"));
}
