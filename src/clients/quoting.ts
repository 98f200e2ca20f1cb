/** How values are written in the configuration files of several programs. Lines for a shell are made by `platform/shell.ts`. */

/**
 * In double quotes, with a backslash before quotes, backslashes and each of `special`.
 *
 * @param special what else the program would interpret between double quotes: "$`" for mutt
 */
export function doubleQuoted(text: string, special = ""): string {
  const escaped = text.replace(/[\u0021-\u007e]/g, (sign) => (`"\\${special}`.includes(sign) ? `\\${sign}` : sign));
  return `"${escaped}"`;
}

/** A string of Python's. What JSON escapes, Python reads in the same way. */
export function pythonString(text: string): string {
  return JSON.stringify(text);
}
