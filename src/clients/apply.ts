/** Writes a draft: backups first, each file atomically, and what was made is noted so that it can be unmade. */
import { dirname, join } from "node:path";
import { MailkeyError } from "../errors.ts";
import { ensurePrivateFolder, removeFile, replaceFile } from "../platform/files.ts";
import type { Paths } from "../platform/paths.ts";
import { makeFolders, readUserFile, removeEmptyFolder, replaceUserFile } from "../platform/user-files.ts";
import type { Draft, FileChange } from "./draft.ts";
import { writeSetupRecord, type SetupRecord } from "./record.ts";

export interface Applied {
  /** Where each file that was there before can be found as it was. */
  readonly backups: readonly { readonly path: string; readonly backup: string }[];
}

/**
 * @param now names the folder of this run's backups
 * @throws ERR_STORAGE; files written before the one that failed stay written, and noted
 */
export function applyDraft(paths: Paths, draft: Draft, now: Date): Applied {
  const { record, changes, folders } = draft;
  for (const change of changes) refuseSurprise(change);
  const backupFolder = join(paths.state, "backups", now.toISOString().replace(/[:.]/g, "-"));
  const backups = changes.flatMap((change) => backUp(change, backupFolder));
  try {
    for (const [program, needed] of folders) needFolders(record, program, needed);
    for (const change of changes) writeChange(change);
    releaseFolders(record);
  } finally {
    writeSetupRecord(paths, record);
  }
  return { backups };
}

/** Between showing and writing, people have editors open. */
function refuseSurprise({ path, before }: FileChange): void {
  const file = readUserFile(path);
  const now = file === undefined ? undefined : Buffer.from(file.content).toString("latin1");
  if (now === before) return;
  throw new MailkeyError("ERR_STORAGE", `${path} has changed meanwhile: nothing was written`, {
    hint: "run the same command again",
  });
}

/** Private, whatever the file's own mode is: there may be passwords in it. */
function backUp({ path, before }: FileChange, folder: string): Applied["backups"] {
  if (before === undefined) return [];
  const backup = join(folder, path);
  ensurePrivateFolder(dirname(backup));
  replaceFile(backup, Buffer.from(before, "latin1"));
  return [{ path, backup }];
}

function writeChange({ path, after, newMode }: FileChange): void {
  if (after === undefined) removeFile(path);
  else replaceUserFile(path, Buffer.from(after, "latin1"), newMode);
}

/** Makes what is missing. What setup has made belongs to all programs that need it. */
function needFolders(record: SetupRecord, program: string, needed: readonly string[]): void {
  for (const folder of needed) for (const made of makeFolders(folder)) record.folders[made] = [];
  for (const [made, programs] of Object.entries(record.folders)) {
    const isNeeded = needed.some((folder) => folder === made || folder.startsWith(`${made}/`));
    record.folders[made] = [...programs.filter((each) => each !== program), ...(isNeeded ? [program] : [])];
  }
}

/** Removes what no program needs any more and is empty; what has got a content is the user's from now on. */
function releaseFolders({ folders }: SetupRecord): void {
  const free = Object.entries(folders).flatMap(([folder, programs]) => (programs.length === 0 ? folder : []));
  for (const folder of free.toSorted((a, b) => b.length - a.length)) {
    removeEmptyFolder(folder);
    delete folders[folder];
  }
}
