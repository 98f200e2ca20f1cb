/** mutt and neomutt with a file as their manuals have it, whatever way they go to the servers. */
import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import type { Mailbox } from "./harness.ts";
import { Terminal } from "./terminal.ts";

const TO = "bert@mail.test";

export interface Ways {
  /** Lines of the file: how to get to the IMAP server. */
  readonly reading: readonly string[];
  /** And how to the one for sending: these come after those. */
  readonly sending: readonly string[];
}

/**
 * Opens the message "for everybody", the only one in the INBOX, and sends another to somebody else.
 *
 * @param name of this try, for its files and subject
 */
export async function readsAndSends(mailbox: Mailbox, program: string, name: string, ways: Ways): Promise<void> {
  const file = (kind: keyof Ways, lines: readonly string[]) => {
    const path = mailbox.path(`${program}-${name}-${kind}.rc`);
    const always = [`set from = "${mailbox.address}"`, 'set spoolfile = "+INBOX"', "set copy = no"];
    writeFileSync(path, `${[...lines, ...always].join("\n")}\n`, { mode: 0o600 });
    return path;
  };
  const line = `${program} -F ${file("reading", ways.reading)}`;
  await Terminal.with({ home: mailbox.home, line }, async (terminal) => {
    await terminal.shows("for everybody");
    await terminal.press("Enter");
    await terminal.shows("Hello.");
  });
  const subject = `from ${program} ${name}`;
  const sending = file("sending", [...ways.reading, ...ways.sending]);
  const words = ["-F", sending, "-s", subject, "--", TO];
  await mailbox.runs(program, words, { input: "sent by a real program\n" });
  expect(await mailbox.arrived(subject, TO)).toContain("sent by a real program");
}
