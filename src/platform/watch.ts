/** Being told when something in a folder has changed, by the kernel: nothing is looked at again and again. */
import { statSync, watch, type FSWatcher, type Stats } from "node:fs";
import { dirname } from "node:path";
import { listFolder } from "./files.ts";

export interface Watch {
  close(): void;
}

/** Editors and atomic replacements make several changes of one. */
const SETTLE_MS = 100;

/**
 * Tells soon after something in one of the folders has changed, once for changes that come together. A folder that does not exist yet, or
 * is made anew, counts from when it is there. Where a folder cannot be watched, nothing is told.
 *
 * @param changed receives the names of the files; temporary ones are left out, and those of a folder that is gone are not known
 */
export function watchFolders(folders: readonly string[], changed: (names: ReadonlySet<string>) => void): Watch {
  const watching = new FolderWatch(folders, changed);
  watching.arm();
  return watching;
}

/** What is really watched: the folder, or in its place the nearest one above it that exists. */
interface Place {
  readonly path: string;
  /** Another one for a folder of the same name that was made anew. */
  readonly key: string;
  readonly isFolder: boolean;
}

class FolderWatch implements Watch {
  readonly #folders: readonly string[];
  readonly #changed: (names: ReadonlySet<string>) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #names = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(folders: readonly string[], changed: (names: ReadonlySet<string>) => void) {
    this.#folders = folders;
    this.#changed = changed;
  }

  /** @returns the folders that are watched from now on */
  arm(): string[] {
    const places = this.#folders.map(placeOf);
    for (const [key, watcher] of this.#watchers) {
      if (places.some((place) => place.key === key)) continue;
      watcher.close();
      this.#watchers.delete(key);
    }
    const added = places.filter(({ key }) => !this.#watchers.has(key));
    for (const place of added) this.#add(place);
    return added.filter(({ isFolder }) => isFolder).map(({ path }) => path);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #add({ key, path, isFolder }: Place): void {
    if (this.#watchers.has(key)) return; // stands in for two
    try {
      const watcher = watch(path, (_event, name) => (isFolder ? this.#note(name) : this.#settle()));
      watcher.on("error", () => this.#settle());
      this.#watchers.set(key, watcher);
    } catch {
      // gone again, or the system has no watches left
    }
  }

  #note(name: string | null): void {
    if (name?.startsWith(".") === true) return;
    if (name !== null) this.#names.add(name);
    this.#settle();
  }

  #settle(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const known = new Set(this.#watchers.keys());
      const names = new Set([...this.#names, ...this.arm().flatMap(entriesOf)]);
      this.#names = new Set();
      const isOther = [...known].some((key) => !this.#watchers.has(key));
      if (names.size > 0 || isOther) this.#changed(names);
    }, SETTLE_MS);
  }
}

function placeOf(folder: string): Place {
  for (let path = folder; ; path = dirname(path)) {
    const stat = statOf(path);
    if (stat?.isDirectory() !== true && path !== dirname(path)) continue;
    const isFolder = path === folder;
    // File systems use an inode's number again as soon as it is free; its birth tells as well.
    return { path, isFolder, key: `${stat?.ino}.${stat?.birthtimeMs} ${isFolder} ${path}` };
  }
}

/** A folder that cannot be looked at is none: it may be on a disk that is not there at the moment. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function entriesOf(folder: string): string[] {
  try {
    return listFolder(folder);
  } catch {
    return [];
  }
}
