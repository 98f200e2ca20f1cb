/** The mode of ~/.msmtprc: with a password in it, msmtp refuses a file that others can read. */
import { shellLine } from "../../platform/shell.ts";
import { modeFix } from "../change-mode.ts";
import type { MachineCheck } from "../check.ts";
import { msmtpFile as findFile } from "../configs/msmtp.ts";
import { modeText, statOf } from "../files.ts";

export const msmtpFile: MachineCheck = {
  of: "machine",
  id: "msmtp-file",
  title: "who may read msmtp's file",
  worst: "error",
  async examine(machine) {
    if ((await machine.find("msmtp")) === undefined) return [];
    const found = findFile(machine);
    const stat = found === undefined ? undefined : statOf(found.file);
    if (found === undefined || stat === undefined || (stat.mode & 0o077) === 0) return [];
    if (!/^\s*password\s/m.test(found.text)) return [];
    const does = shellLine(["chmod", "600", found.file]);
    return [
      {
        severity: "error",
        seen: `${found.file} holds a password, and others can read it (mode ${modeText(stat)})`,
        means: "msmtp refuses the file: it says “must have no more than user read/write permissions”.",
        remedy: [does],
        ...modeFix(does, found.file, stat, 0o600),
      },
    ];
  },
};
