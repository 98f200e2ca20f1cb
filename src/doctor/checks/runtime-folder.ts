/** The folder that lasts as long as the session: sockets, and token files for those who ask for them. */
import { mkdirSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { tokenFolder } from "../../accounts/token-file.ts";
import { shellLine } from "../../platform/shell.ts";
import { modeFix } from "../change-mode.ts";
import type { Finding, MachineCheck } from "../check.ts";
import { modeText, statOf } from "../files.ts";

const MEANS = "Programs keep sockets and short-lived secrets in there.";

export const runtimeFolder: MachineCheck = {
  id: "runtime-folder",
  title: "the runtime folder: there, and private",
  worst: "error",
  of: "machine",
  examine({ env, paths }) {
    const given = env["XDG_RUNTIME_DIR"] ?? "";
    // Without one, and with a relative one, mailkey uses its state folder, which other checks look at.
    const folders = isAbsolute(given) && paths.runtime === join(given, "mailkey") ? [given] : [];
    return [...folders, paths.runtime, tokenFolder(paths)].flatMap((folder) => examineFolder(folder, folder === given));
  },
};

/** @param sessions whether it is the session's own folder and must be there */
function examineFolder(folder: string, sessions: boolean): Finding[] {
  const stat = statOf(folder);
  if (stat === undefined) return sessions ? [missing(folder)] : [];
  const user = process.getuid?.();
  if (user === undefined) return [];
  if (stat.uid !== user) {
    const seen = `${folder} belongs to another user (uid ${stat.uid})`;
    return [
      { severity: "error", seen, means: `${MEANS} Their owner can read them.`, remedy: ["unset XDG_RUNTIME_DIR"] },
    ];
  }
  if ((stat.mode & 0o077) === 0) return [];
  const command = shellLine(["chmod", "go=", folder]);
  return [
    {
      severity: "error",
      seen: `other users can get into ${folder} (mode ${modeText(stat)})`,
      means: MEANS,
      remedy: [command],
      ...modeFix(command, folder, stat, stat.mode & 0o7700),
    },
  ];
}

function missing(folder: string): Finding {
  const command = shellLine(["mkdir", "-p", "-m", "700", folder]);
  const bySystemd = folder.startsWith("/run/user/");
  return {
    severity: "warning",
    seen: `XDG_RUNTIME_DIR is ${folder}, which does not exist`,
    means: MEANS,
    remedy: bySystemd ? ['sudo loginctl enable-linger "$USER"'] : [command],
    ...(bySystemd
      ? {}
      : { fix: { does: command, run: () => void mkdirSync(folder, { recursive: true, mode: 0o700 }) } }),
  };
}
