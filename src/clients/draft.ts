/**
 * Changes of files as they are being planned. What was planned before is seen by what is planned after it, so that several programs can
 * share a file; nothing is written here.
 */
import { readUserFile } from "../platform/user-files.ts";
import type { FileRecord, SetupRecord } from "./record.ts";

/** Contents are Latin-1, a character for each byte; undefined where there is no file. */
export interface FileChange {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** For a file that has to be made. */
  readonly newMode: number;
}

const PRIVATE = 0o600;

export class Draft {
  readonly #changes = new Map<string, FileChange>();
  readonly #record: SetupRecord;
  /** Folders that have to be there, by program; empty for a program that is taken out. */
  readonly #folders = new Map<string, readonly string[]>();

  constructor(record: SetupRecord) {
    this.#record = structuredClone(record);
  }

  /** For an attempt that may be given up. */
  copy(): Draft {
    const copy = new Draft(this.#record);
    for (const [path, change] of this.#changes) copy.#changes.set(path, change);
    for (const [program, folders] of this.#folders) copy.#folders.set(program, folders);
    return copy;
  }

  /** What will be known when the changes are made. */
  get record(): SetupRecord {
    return this.#record;
  }

  get folders(): ReadonlyMap<string, readonly string[]> {
    return this.#folders;
  }

  /** Those that change something. */
  get changes(): FileChange[] {
    return [...this.#changes.values()].filter(({ before, after }) => before !== after);
  }

  /** The file as it will be. @throws ERR_STORAGE */
  read(path: string): string | undefined {
    const planned = this.#changes.get(path);
    return planned === undefined ? readLatin1(path) : planned.after;
  }

  write(path: string, after: string | undefined, newMode: number = PRIVATE): void {
    const planned = this.#changes.get(path);
    const before = planned === undefined ? readLatin1(path) : planned.before;
    this.#changes.set(path, { path, before, after, newMode: planned?.newMode ?? newMode });
  }

  fileRecord(path: string): FileRecord | undefined {
    return Object.hasOwn(this.#record.files, path) ? this.#record.files[path] : undefined;
  }

  setFileRecord(path: string, record: FileRecord | undefined): void {
    if (record === undefined) delete this.#record.files[path];
    else this.#record.files[path] = record;
  }

  setFolders(program: string, folders: readonly string[]): void {
    this.#folders.set(program, folders);
  }
}

function readLatin1(path: string): string | undefined {
  const file = readUserFile(path);
  return file === undefined ? undefined : Buffer.from(file.content).toString("latin1");
}
