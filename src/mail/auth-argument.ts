/** What follows AUTH, in SMTP and POP3 alike. @see RFC 4954 4, RFC 5034 4 */

export interface AuthArgument {
  /** As it was written. */
  readonly mechanism: string;
  /** In base64; undefined when the client waits for a challenge. */
  readonly initialResponse: string | undefined;
}

const AUTH = /^([^ ]+)(?: +([^ ]+))?$/;

/** An equals sign is an empty initial response. @returns undefined when it is neither one word nor two */
export function parseAuthArgument(argument: string): AuthArgument | undefined {
  const match = AUTH.exec(argument);
  if (match === null) return undefined;
  const [, mechanism = "", initial] = match;
  return { mechanism, initialResponse: initial === "=" ? "" : initial };
}
