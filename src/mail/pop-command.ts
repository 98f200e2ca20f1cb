/** POP3 commands as clients send them, as far as a login needs it: values in, values out. @see RFC 1939 3 */

export interface PopCommand {
  /** Upper case; empty when the line does not begin with one. */
  readonly keyword: string;
  /** All that follows the first space, as it is: a password may begin and end with spaces (RFC 1939 7, PASS). */
  readonly argument: string;
}

const COMMAND = /^([A-Za-z0-9]+)(?: (.*))?$/s;

/** @param line without its end */
export function parsePopCommand(line: string): PopCommand {
  const [, keyword = "", argument = ""] = COMMAND.exec(line) ?? [];
  return { keyword: keyword.toUpperCase(), argument };
}

/** Keywords whose reply goes on to a lone dot when it is +OK; some only when they have no argument, which is then about all messages. */
const ALWAYS = new Set(["RETR", "TOP", "CAPA"]);
const WITHOUT_ARGUMENT = new Set(["LIST", "UIDL", "LANG", "AUTH"]);

/** Whether a successful reply to it has several lines. */
export function hasMultilineReply({ keyword, argument }: PopCommand): boolean {
  return ALWAYS.has(keyword) || (WITHOUT_ARGUMENT.has(keyword) && argument.trim() === "");
}
