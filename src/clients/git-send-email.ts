/** git send-email: mails patches, through msmtp. */
import { join } from "node:path";
import { configHome } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import { doubleQuoted } from "./quoting.ts";
import type { HandMade, Recipe, RenderRequest } from "./recipe.ts";
import { isAtLeast } from "./version.ts";

/** Where git keeps the commands that are not on PATH. */
const GIT_FOLDERS = ["/usr/lib/git-core", "/usr/libexec/git-core", "/opt/homebrew/opt/git/libexec/git-core"];

export const gitSendEmail: Recipe = {
  name: "git-send-email",
  title: "git send-email",
  summary: "mails patches through msmtp",
  capabilities: ["send"],
  buildsOn: ["msmtp"],
  executables: ["git"],
  versionArgs: ["--version"],
  versionPattern: /git version (\d+(?:\.\d+)+)/,
  isThere: (find) =>
    find("git") !== undefined && GIT_FOLDERS.some((folder) => find(join(folder, "git-send-email")) !== undefined),
  render(request) {
    const path = configFile(request);
    return {
      edits: [{ kind: "block", path, comment: "#", text: `[sendemail]\n${settings(request)}` }],
      handMade: findHandMade(request.read(path) ?? "", path, request.accounts[0].address),
      notes: [
        "On Debian and Ubuntu it is a package of its own, and needs another:\n    sudo apt install git-email libmailtools-perl",
        "Try it, sending nothing:\n    git send-email --dry-run --to=ADDRESS -1",
      ],
    };
  },
  sources: [
    "https://git-scm.com/docs/git-send-email",
    "https://github.com/git/git/blob/master/Documentation/RelNotes/2.33.0.txt", // sendmailCmd
  ],
};

/** Where `git config --global` would write. */
function configFile({ home, env, read }: RenderRequest): string {
  const old = join(home, ".gitconfig");
  const recent = join(configHome(env), "git", "config");
  return read(old) === undefined && read(recent) !== undefined ? recent : old;
}

/** msmtp takes the account of the patch's sender, whether setup or the user has written it, and the default one for other senders. */
function settings({ program, find }: RenderRequest): string {
  const msmtp = find("msmtp")?.path ?? "msmtp";
  const option = "--read-envelope-from";
  return isAtLeast(program?.version, "2.33")
    ? `\tsendmailCmd = ${doubleQuoted(shellLine([msmtp, option]))}\n`
    : `\tsmtpServer = ${doubleQuoted(msmtp)}\n\tsmtpServerOption = ${option}\n`;
}

function findHandMade(own: string, path: string, address: string): HandMade[] {
  let section = "";
  const lines = own.split("\n").flatMap((line, index) => {
    section = /^\s*\[([^\]]*)\]/.exec(line)?.[1]?.toLowerCase() ?? section;
    return section === "sendemail" && /^\s*sendmailcmd\s*=/i.test(line) ? index + 1 : [];
  });
  return lines.map((line) => ({ path, line, address }));
}
