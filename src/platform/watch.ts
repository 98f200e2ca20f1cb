/** Being told when something in a folder has changed, by the kernel. */
import { watch } from "node:fs";
import { ensurePrivateFolder } from "./files.ts";

export interface Watch {
  close(): void;
}

/** Editors and atomic replacements make several changes of one. */
const SETTLE_MS = 100;

/**
 * Tells soon after something in one of the folders (private ones; made when missing) has changed, once for changes that come together.
 * Where a folder cannot be watched, nothing is told.
 *
 * @param changed receives the names of the files; temporary ones are left out
 */
export function watchFolders(folders: readonly string[], changed: (names: ReadonlySet<string>) => void): Watch {
  let names = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const note = (name: string | null) => {
    if (name === null || name.startsWith(".")) return;
    names.add(name);
    timer ??= setTimeout(() => {
      const settled = names;
      names = new Set();
      timer = undefined;
      changed(settled);
    }, SETTLE_MS);
  };
  const watchers = folders.flatMap((folder) => {
    try {
      ensurePrivateFolder(folder);
      const watcher = watch(folder, (_event, name) => note(name));
      watcher.on("error", () => watcher.close());
      return [watcher];
    } catch {
      return [];
    }
  });
  return {
    close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}
