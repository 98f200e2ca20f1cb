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
