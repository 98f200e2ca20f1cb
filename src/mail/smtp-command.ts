/** SMTP commands as clients send them, as far as a login needs it: values in, values out. @see RFC 5321 4.1 */

export interface SmtpCommand {
  /** Upper case; empty when the line does not begin with one. */
  readonly verb: string;
  readonly argument: string;
}

const COMMAND = /^([A-Za-z]+)(?: +(.*))?$/s;

/** White space at the end is allowed for (RFC 5321 4.1.1). @param line without its end */
export function parseSmtpCommand(line: string): SmtpCommand {
  const [, verb = "", argument = ""] = COMMAND.exec(line.trimEnd()) ?? [];
  return { verb: verb.toUpperCase(), argument };
}

const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
/** Its last label is not a number: 127.0.0.1 without brackets is no name (RFC 5321 4.1.3). */
const DOMAIN = new RegExp(`^(?:${LABEL}\\.)*(?![0-9]+$)${LABEL}$`);
const ADDRESS_LITERAL = /^\[(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\]$/;
const MAX_DOMAIN_LENGTH = 255;

/** Whether a client may call itself that (EHLO, HELO). */
export function isClientName(name: string): boolean {
  return name.length <= MAX_DOMAIN_LENGTH && (DOMAIN.test(name) || ADDRESS_LITERAL.test(name));
}
