/** Looking for secrets where none may be. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** As it is, in base64, in a URL; whole, or a part that would do. */
export function holds(text: string, secret: string): boolean {
  const forms = [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
    secret.slice(0, 12),
    secret.slice(-12),
  ];
  return forms.some((form) => text.includes(form));
}

export function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) return filesBelow(path);
    return stat?.isFile() === true ? [path] : [];
  });
}

/** A script that notes in `log` how it was called, and becomes the program `real`. */
export function watcher(log: string, real: string): string {
  return `#!/bin/dash\n{ tr '\\0' '\\n' </proc/$$/cmdline; tr '\\0' '\\n' </proc/$$/environ; } >>'${log}'\nexec '${real}' "$@"\n`;
}
