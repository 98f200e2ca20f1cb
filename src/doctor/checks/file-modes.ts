/** Who may read and write mailkey's files: what others can write, mailkey does not trust. */
import type { Stats } from "node:fs";
import { shellLine } from "../../platform/shell.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { modeFix } from "../change-mode.ts";
import { guardedFiles, linkStatOf, modeText, statOf, type GuardedFile } from "../files.ts";

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
const MODE_BITS = 0o7777;

export const fileModes: MachineCheck = {
  id: "file-modes",
  title: "who may read and change mailkey's files",
  worst: "error",
  of: "machine",
  examine: (machine) =>
    process.platform === "win32" ? [] : guardedFiles(machine).flatMap((file) => findingsOf(file, machine)),
};

function findingsOf(file: GuardedFile, machine: Machine): Finding[] {
  const stat = statOf(file.path);
  if (stat === undefined) return [];
  if (!stat.isFile() && !stat.isDirectory()) return [noFile(file)];
  return [...tooOpen(file, stat), ...tooClosed(file, stat, machine)];
}

/** Other rights for it, typed by root, would close `/dev/null` to everybody. */
function noFile({ path }: GuardedFile): Finding {
  return {
    severity: "error",
    seen: `${path} leads to a device, a pipe or a socket`,
    means: "mailkey refuses to use it.",
    remedy: [shellLine(["ls", "-lL", path])],
    advice: "Put a file in its place, or remove it.",
  };
}

function tooOpen(file: GuardedFile, stat: Stats): Finding[] {
  const { path, kind, privacy, own } = file;
  const writable = (stat.mode & OTHERS_WRITE) !== 0;
  if ((stat.mode & OTHERS) === 0 || (privacy === "trusted" && !writable)) return [];
  // In a sticky folder such as /tmp nobody can replace what is another's.
  if (kind === "folder" && !own && (stat.mode & STICKY) !== 0) return [];
  const forbidden = privacy === "secret" ? OTHERS : OTHERS_WRITE;
  const command = shellLine(["chmod", privacy === "secret" ? "go=" : "go-w", path]);
  return [
    {
      severity: kind === "file" || writable ? "error" : "warning",
      seen: `${path} can be ${writable ? "changed" : "read"} by other users (mode ${modeText(stat)})`,
      means: meaningOf(file, writable),
      remedy: [command],
      ...(isLeftToUser(file) ? {} : modeFix(command, path, stat, stat.mode & MODE_BITS & ~forbidden)),
    },
  ];
}

/** A folder that the user has shared on purpose; and a link among the credentials, which mailkey never makes. */
function isLeftToUser({ path, kind, privacy, own }: GuardedFile): boolean {
  if (!own) return kind === "folder";
  return privacy === "secret" && linkStatOf(path)?.isSymbolicLink() === true;
}

/** A configuration that its owner cannot write is made so on purpose by some; what mailkey stores has to be written. */
function tooClosed({ path, kind, own }: GuardedFile, stat: Stats, { paths }: Machine): Finding[] {
  const written = kind === "folder" && !path.startsWith(paths.config);
  const needed = kind === "file" ? 0o400 : written ? 0o700 : 0o500;
  if (!own || stat.uid !== process.getuid?.() || (stat.mode & needed) === needed) return [];
  const rights = kind === "file" ? "r" : written ? "rwx" : "rx";
  const command = shellLine(["chmod", `u+${rights}`, path]);
  return [
    {
      severity: "error",
      seen: `you may not ${written ? "write in" : "read"} ${path} (mode ${modeText(stat)})`,
      means: "mailkey, which runs as you, cannot use it.",
      remedy: [command],
      ...modeFix(command, path, stat, (stat.mode & MODE_BITS) | needed),
    },
  ];
}

function meaningOf({ kind, privacy, own }: GuardedFile, writable: boolean): string {
  if (kind === "file" && privacy === "secret")
    return "mailkey refuses to use it, and mail programs get no token: whoever reads it may get into your mailbox.";
  if (kind === "file") return "Others could have your sign-in sent to a server of theirs.";
  if (!writable) return "Others can see for which addresses this machine holds a credential.";
  return `Others can put a file of theirs in the place of yours.${own ? " mailkey refuses to write there." : ""}`;
}
