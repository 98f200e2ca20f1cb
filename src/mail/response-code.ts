/** The codes in brackets that IMAP and POP3 put before their words. @see RFC 9051 7.1, RFC 5530, RFC 2449 8, RFC 3206 */
import type { MailProtocol } from "./report.ts";

const CODE = /^\[([^\]]*)\] ?/;

/** A text without the code before it, if there is one. */
export function withoutCode(text: string): string {
  return text.replace(CODE, "");
}

/** Refusals that pass by themselves, whoever logs in. Servers without codes say nothing of the kind. */
const PASSING = new Set(["UNAVAILABLE", "SERVERBUG", "INUSE", "LIMIT", "IN-USE", "LOGIN-DELAY", "SYS/TEMP"]);

/** Whether a refusal's code says that it has nothing to do with the credentials, and passes. SMTP says so by the reply code's first digit. */
export function isPassingReply(protocol: MailProtocol, text: string): boolean {
  return protocol === "smtp" ? text.startsWith("4") : PASSING.has(CODE.exec(text)?.[1]?.toUpperCase() ?? "");
}
