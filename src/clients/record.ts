/**
 * What setup has made on this machine, `setup.json` in the state folder: where each program's part is, and which files and folders were
 * not there before, so that taking out leaves nothing behind. Marks in the files are the truth about accounts; without this record setup
 * still finds and mends its blocks, and only leaves empty files.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import * as v from "valibot";
import { MailkeyError } from "../errors.ts";
import { readPrivateText, replaceFile } from "../platform/files.ts";
import type { Paths } from "../platform/paths.ts";
import { checkShape } from "../platform/toml.ts";
import { shellWord } from "../platform/shell.ts";

const FileSchema = v.strictObject({
  /** Whose parts are in it. */
  programs: v.array(v.string()),
  /** It was not there before. */
  made: v.boolean(),
  /** For a file without marks: whose accounts it is for, and what was written (SHA-256). */
  whole: v.optional(v.strictObject({ accounts: v.array(v.string()), sha256: v.string() })),
});

const RecordSchema = v.strictObject({
  /** By absolute path. */
  files: v.record(v.string(), FileSchema),
  /** Folders that were made, and for which programs. */
  folders: v.record(v.string(), v.array(v.string())),
});

export type FileRecord = v.InferOutput<typeof FileSchema>;
export type SetupRecord = v.InferOutput<typeof RecordSchema>;

/** @throws ERR_CONFIG, ERR_UNTRUSTED_FILE, ERR_STORAGE */
export function readSetupRecord(paths: Paths): SetupRecord {
  const path = recordPath(paths);
  const text = readPrivateText(path, "trusted");
  if (text === undefined) return { files: {}, folders: {} };
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new MailkeyError("ERR_CONFIG", `${path} is not valid JSON`, { cause, hint: `rm ${shellWord(path)}` });
  }
  return checkShape(raw, RecordSchema, path);
}

/** @throws ERR_STORAGE with the old file intact */
export function writeSetupRecord(paths: Paths, record: SetupRecord): void {
  replaceFile(recordPath(paths), `${JSON.stringify(record, null, 2)}\n`);
}

/** How a file without marks is recognised. */
export function contentHash(content: string): string {
  return createHash("sha256").update(content, "latin1").digest("hex");
}

function recordPath(paths: Paths): string {
  return join(paths.state, "setup.json");
}
