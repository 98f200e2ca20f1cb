/** Being told when something in a folder changes, without looking again and again. */
import { statSync, watch, type FSWatcher } from "node:fs";
import { dirname } from "node:path";

/** One replacement of a file is several events. */
const SETTLE_MS = 50;

/**
 * Calls `changed` some time after anything in one of `folders` has, once for what comes together. A folder that does not exist yet, or is
 * made anew, counts from when it is there: until then its nearest parent is watched.
 *
 * @returns ends it
 */
export function watchFolders(folders: readonly string[], changed: () => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  const settle = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      rearm();
      changed();
    }, SETTLE_MS);
  };
  const rearm = () => {
    const wanted = new Map(folders.map(nearest).map(({ path, identity }) => [`${identity} ${path}`, path]));
    for (const [key, watcher] of watchers) {
      if (wanted.has(key)) continue;
      watcher.close();
      watchers.delete(key);
    }
    for (const [key, path] of wanted) {
      if (watchers.has(key)) continue;
      try {
        const watcher = watch(path, settle);
        watcher.on("error", settle);
        watchers.set(key, watcher);
      } catch {
        // gone again, or the system has no watches left: then nothing is told of it
      }
    }
  };
  rearm();
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
    watchers.clear();
  };
}

/** The folder, or the nearest one above it that exists. File systems use a number again as soon as it is free: its birth tells as well. */
function nearest(path: string): { readonly path: string; readonly identity: string } {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) return { path, identity: `${stat.ino}.${stat.birthtimeMs}` };
  return path === dirname(path) ? { path, identity: "" } : nearest(dirname(path));
}
