/**
 * Changes of files as people read them: a unified diff, without lines around a change. Those are the user's own, and passwords, keys and
 * tokens stand in them in more forms than anybody knows.
 */
import { styleText } from "node:util";
import { structuredPatch } from "diff";
import { utf8 } from "./block.ts";
import type { FileChange } from "./draft.ts";

/**
 * One file's change. Passwords that somebody wrote into mailkey's part, and what would confuse a terminal, are not shown.
 *
 * @param name the path as it is to be shown
 */
export function unifiedDiff({ before, after, newMode }: FileChange, name: string, colour: boolean): string {
  const paint = (style: "bold" | "cyan" | "green" | "red", text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const what =
    before === undefined ? `new file, mode ${newMode.toString(8)}` : after === undefined ? "removed" : "changed";
  const { hunks } = structuredPatch("", "", lines(before), lines(after), "", "", { context: 0 });
  const shownLine = (line: string) => {
    const text = line.charAt(0) + withoutPassword(shown(line.slice(1)));
    if (line.startsWith("+")) return paint("green", text);
    return line.startsWith("-") ? paint("red", text) : text;
  };
  const heads = hunks.map(({ oldStart, oldLines, newStart, newLines }) =>
    paint("cyan", `@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`),
  );
  const changed = hunks.flatMap((hunk, index) => [heads[index] ?? "", hunk.lines.map(shownLine)].flat());
  return [paint("bold", `${name} (${what})`), ...changed].map((line) => `${line}\n`).join("");
}

/** Where there is no line, the one before is named. */
function range(start: number, count: number): string {
  return `${count === 0 ? start - 1 : start},${count}`;
}

/** That a last line has got its newline is no change to show: the line is the user's. */
function lines(text = ""): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

/** UTF-8 where it is; control characters, the carriage return of DOS files among them, are not for the terminal. */
function shown(line: string): string {
  return utf8(line)
    .replace(/\r$/, "")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, "?");
}

/** `password secret`, `Pass = secret`, `client_secret: secret`, `imaps://user:secret@host`; not the commands that print one. */
function withoutPassword(line: string): string {
  return line
    .replace(/((?:^|[^\w-])[\w-]*pass(?:word|wd|phrase)?["']?(?:\s*[=:.]\s*|\s+))\S.*/i, "$1…")
    .replace(/((?:^|\W)[\w-]*(?:secret|refresh[-_]token|access[-_]token|raw)["']?(?:\.raw)?\s*[=:]\s*)\S.*/i, "$1…")
    .replace(/(:\/\/[^\s:/]*:)[^\s/]+@/g, "$1…@");
}
