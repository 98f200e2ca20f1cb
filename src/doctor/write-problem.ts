/** Whether a folder can be written, tried out as mailkey writes. */
import { join } from "node:path";
import { MailkeyError, systemErrorCode } from "../errors.ts";
import { removeFile, replaceFile } from "../platform/files.ts";

export interface WriteProblem {
  readonly folder: string;
  /** The system's own: `ENOSPC`, `EROFS`, … */
  readonly code: string | undefined;
  readonly message: string;
}

/** As large as a credential with several long tokens. */
const TRIAL_BYTES = 64 * 1024;

/** Undefined when a file can be written and removed. The folder has to be there. */
export function writeProblem(folder: string): WriteProblem | undefined {
  const path = join(folder, `.doctor-${process.pid}`);
  try {
    replaceFile(path, new Uint8Array(TRIAL_BYTES), "as-is");
    removeFile(path);
    return undefined;
  } catch (error) {
    if (!(error instanceof MailkeyError)) throw error;
    return { folder, code: systemErrorCode(error.cause), message: error.message.replace(path, folder) };
  }
}
