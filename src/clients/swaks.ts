/** swaks: no release knows XOAUTH2 or OAUTHBEARER, but it tests any server that a command speaks for. Changes no file. */
import { shellLine } from "../platform/shell.ts";
import { neededServer } from "./needed.ts";
import type { MailAccount, Recipe } from "./recipe.ts";

const NAME = "swaks";

export const swaks: Recipe = {
  name: NAME,
  title: NAME,
  summary: "test messages through the account's server",
  capabilities: ["send"],
  executables: [NAME],
  versionArgs: ["--version"],
  versionPattern: /swaks version (\S+)/,
  ways: ["tunnel"],
  render: ({ accounts }) => ({
    edits: [],
    way: "tunnel",
    notes: [`It sends what you tell it to:\n${accounts.map(commandLine).join("\n")}`],
  }),
  sources: ["https://github.com/jetmore/swaks/pull/44", "https://jetmore.org/john/code/swaks/latest/doc/ref.txt"],
};

function commandLine(account: MailAccount): string {
  neededServer(account, "smtp", NAME);
  const { address, tunnelCommands } = account;
  return `    ${shellLine([NAME, "--pipe", shellLine(tunnelCommands.smtp), "--from", address, "--to", "SOMEBODY"])}`;
}
