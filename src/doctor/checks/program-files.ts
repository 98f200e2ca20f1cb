/** Files of mail programs that others can change: whoever does has commands run as you, and gets your token. */
import type { Stats } from "node:fs";
import { join } from "node:path";
import { configHome, homeFolder } from "../../platform/paths.ts";
import { shellLine } from "../../platform/shell.ts";
import { modeFix } from "../change-mode.ts";
import type { Machine, MachineCheck } from "../check.ts";
import { modeText, statOf } from "../files.ts";

const OTHERS_WRITE = 0o022;
const EVERYBODY_WRITES = 0o002;

export const programFiles: MachineCheck = {
  of: "machine",
  id: "program-files",
  title: "who may change the files of mail programs",
  worst: "error",
  examine(machine) {
    if (process.platform === "win32") return [];
    return filesOf(machine).flatMap((path) => {
      const stat = statOf(path);
      if (stat === undefined || !stat.isFile() || !isOpen(stat)) return [];
      const does = shellLine(["chmod", "go-w", path]);
      return [
        {
          severity: "error" as const,
          seen: `${path} can be changed by other users (mode ${modeText(stat)})`,
          means: "Whoever writes a command into it has it run as you, with your token.",
          remedy: [does],
          ...modeFix(does, path, stat, stat.mode & 0o7777 & ~OTHERS_WRITE),
        },
      ];
    });
  },
};

/** To a group that is not the user's own, or to everybody: many systems give each user a group, and new files are its. */
function isOpen({ mode, gid }: Stats): boolean {
  return (mode & EVERYBODY_WRITES) !== 0 || ((mode & OTHERS_WRITE) !== 0 && gid !== process.getgid?.());
}

/** Those that name commands to be run. */
function filesOf({ env }: Machine): string[] {
  const home = [
    ".mbsyncrc",
    ".msmtprc",
    ".muttrc",
    ".mutt/muttrc",
    ".neomuttrc",
    ".emacs",
    ".emacs.d/init.el",
    ".offlineimaprc",
    ".gitconfig",
  ];
  const config = [
    "isyncrc",
    "msmtp/config",
    "mutt/muttrc",
    "neomutt/neomuttrc",
    "aerc/accounts.conf",
    "himalaya/config.toml",
    "emacs/init.el",
    "git/config",
  ];
  return [...home.map((name) => join(homeFolder(env), name)), ...config.map((name) => join(configHome(env), name))];
}
