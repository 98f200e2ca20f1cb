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

/**
 * The address as it stands in a From field (RFC 5322 3.4.1): a local part with other signs than an atom's is in quotes. Without them a
 * comma or a parenthesis would be read as something else.
 */
export function addrSpec(address: string): string {
  const at = address.lastIndexOf("@");
  const [local, domain] = [address.slice(0, at), address.slice(at)];
  const isPlain = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\u{10ffff}-]+$/u.test(local) || /^"([^"\\]|\\.)*"$/.test(local);
  return `${isPlain ? local : doubleQuoted(local)}${domain}`;
}
