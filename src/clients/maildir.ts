/** Where mail is fetched to, so that the programs that fetch and those that read agree. */
import { join } from "node:path";

/** The folder that holds every account's mail: what mu and notmuch index. */
export function maildirRoot(home: string): string {
  return join(home, "Maildir");
}

/** One account's mail: `INBOX` and the other folders are Maildirs in it, named as on the server. */
export function accountMaildir(home: string, label: string): string {
  return join(maildirRoot(home), label);
}

/**
 * The same for a program that only downloads, or keeps folders in step in its own way: a place of its own. In a folder that mbsync
 * keeps in step with the server, each message would be taken for a new one, uploaded, and be there twice.
 */
export function ownMaildir(home: string, label: string, program: string): string {
  return accountMaildir(home, `${label}-${program}`);
}

/** The folders that make `path` a Maildir, for programs that do not make them. */
export function maildirFolders(path: string): readonly string[] {
  return ["cur", "new", "tmp"].map((name) => join(path, name));
}
