import { expect, test } from "bun:test";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { addHostileAccount, deliverToHostileUser, renewToken } from "./accounts.ts";
import { type Mailbox, withMailbox } from "./harness.ts";
import { lockOut } from "./locked-out.ts";
import { proved } from "./proof.ts";
import { Terminal } from "./terminal.ts";

withMailbox(["aerc", "tmux"], "aerc", (mailbox) => {
  test("reads and sends with the file that setup wrote, and again after the token was renewed", async () => {
    const { stdout } = await mailbox.setUp("aerc");
    expect(stdout).toContain(`SSL_CERT_FILE=${mailbox.world.caFile} aerc`);
    await readsAndSends(mailbox, "first");

    await renewToken(mailbox);
    await readsAndSends(mailbox, "second");

    const version = await mailbox.version("aerc");
    proved({ recipe: "aerc", program: "aerc", version, fetches: true, sends: true, how: "IMAP and SMTP, XOAUTH2" });
  });

  test("asks anew for a token to send with, but not for one to read with, as its note says", async () => {
    await mailbox.setUp("aerc");
    await inAerc(mailbox, async (terminal) => {
      await terminal.shows("Connected");
      await renewToken(mailbox);
      await send(terminal, mailbox.address, "sent in a long session");
      await mailbox.arrived("sent in a long session");
      await command(terminal, "disconnect");
      await terminal.shows("Disconnected");
      await command(terminal, "connect");
      await terminal.shows("authentication error");
    });
  });

  test("asks for each account's own token, whatever the address is made of", async () => {
    await addHostileAccount(mailbox);
    await mailbox.setUp("aerc");
    await mailbox.deliver("only for anna");
    await deliverToHostileUser(mailbox, "only for bob");
    await inAerc(mailbox, async (terminal) => {
      await terminal.shows("only for anna");
      await command(terminal, "next-tab");
      await terminal.shows("only for bob");
      await send(terminal, "bert@mail.test", "from a hostile address");
      expect(await mailbox.arrived("from a hostile address", "bert@mail.test")).toContain("touch${IFS}pwned");
    });
    expect(existsSync(mailbox.path("pwned"))).toBe(false);
  });

  test("does not start when the sign-in is over, as its note says", async () => {
    const { stdout } = await mailbox.setUp("aerc");
    expect(stdout.replace(/\s+/g, " ")).toContain('"Invalid source credentials"');
    await lockOut(mailbox);
    await inAerc(mailbox, (terminal) => terminal.shows("Invalid source credentials"));
  });
});

function inAerc(mailbox: Mailbox, use: (terminal: Terminal) => Promise<unknown>): Promise<void> {
  const editor = mailbox.path("editor");
  writeFileSync(editor, '#!/bin/sh\nfor file; do :; done\necho "typed in an editor" >> "$file"\n');
  chmodSync(editor, 0o755);
  const env = { SSL_CERT_FILE: mailbox.world.caFile, EDITOR: editor };
  return Terminal.with({ home: mailbox.home, line: "aerc", env }, use);
}

async function readsAndSends(mailbox: Mailbox, which: string): Promise<void> {
  await mailbox.deliver(`${which} for aerc`);
  await inAerc(mailbox, async (terminal) => {
    await terminal.shows(`${which} for aerc`);
    await terminal.press("Enter");
    await terminal.shows("Hello.");
    await command(terminal, "close");
    await send(terminal, mailbox.address, `${which} from aerc`);
    expect(await mailbox.arrived(`${which} from aerc`)).toContain("typed in an editor");
  });
}

/** aerc sends on after this returns: it must stay until the message has arrived. */
async function send(terminal: Terminal, to: string, subject: string): Promise<void> {
  await command(terminal, `compose -H "To: <${to}>" -H "Subject: ${subject}"`);
  await terminal.shows("Send this email?");
  await terminal.press("y");
}

async function command(terminal: Terminal, line: string): Promise<void> {
  await terminal.type(`:${line}`);
  await terminal.press("Enter");
}
