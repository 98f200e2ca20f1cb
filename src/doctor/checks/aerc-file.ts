/** The mode of aerc's accounts.conf: aerc does not start when others can read it. */
import { join } from "node:path";
import { configHome } from "../../platform/paths.ts";
import { shellLine } from "../../platform/shell.ts";
import { modeFix } from "../change-mode.ts";
import type { MachineCheck } from "../check.ts";
import { modeText, statOf } from "../files.ts";

export const aercFile: MachineCheck = {
  of: "machine",
  id: "aerc-file",
  title: "the mode of aerc's accounts.conf",
  worst: "error",
  async examine(machine) {
    if ((await machine.find("aerc")) === undefined) return [];
    const path = join(configHome(machine.env), "aerc", "accounts.conf");
    const stat = statOf(path);
    if (stat?.isFile() !== true || (stat.mode & 0o077) === 0) return [];
    const does = shellLine(["chmod", "600", path]);
    return [
      {
        severity: "error",
        seen: `${path} can be read by other users (mode ${modeText(stat)})`,
        means: "aerc does not start: it says “account.conf permissions too lax”.",
        remedy: [does],
        ...modeFix(does, path, stat, 0o600),
      },
    ];
  },
};
