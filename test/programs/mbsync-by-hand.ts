/** mbsync with a file as its manual has it, whatever way it goes to the server. */
import { expect } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Mailbox } from "./harness.ts";

/**
 * Fetches the INBOX, in which there is a message "for everybody".
 *
 * @param name of the Maildir, in the home folder
 * @param way the lines of the account, or of the store where there is none: how to get to the server
 */
export async function fetchesWithMbsync(mailbox: Mailbox, name: string, way: readonly string[]): Promise<void> {
  mkdirSync(mailbox.path(name));
  const config = mailbox.path(`${name}.rc`);
  const text = `IMAPAccount far
${way.join("\n")}

IMAPStore far
Account far

MaildirStore near
Path ${mailbox.path(name)}/
Inbox ${mailbox.path(name, "INBOX")}
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Near
SyncState *
`;
  writeFileSync(config, text, { mode: 0o600 });
  await mailbox.runs("mbsync", ["-c", config, "-a"]);
  expect(mailbox.fetched("for everybody", name, "INBOX")).toContain("Hello.");
}
