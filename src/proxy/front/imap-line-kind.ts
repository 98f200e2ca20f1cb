/** What a line of an IMAP server's is, told from how it begins. */

export type ImapLineKind =
  /** Too little of it is there to say. */
  | "open"
  | "capabilities"
  /** `OK`, `NO`, `BAD`, and `+`: words follow, and no literal. */
  | "words"
  | "bye"
  | "data"
  /** No IMAP. */
  | "alien";

/** Most lines: `* 12 FETCH …` */
const NUMBERED = /^\* [0-9]/;
/** Whose it is: nobody's, or a command's by the tag that its client chose. */
const OWNER = /^(?:\*|[^\0-\x20\x7f-\xff(){%*"\\+]{1,128})(?: |$)/;

interface Beginning {
  readonly pattern: RegExp;
  readonly kind: ImapLineKind;
}

const STATUSES: readonly Beginning[] = [
  { pattern: /^(?:OK|NO|BAD|PREAUTH) \[CAPABILITY[ \]\r\n]/i, kind: "capabilities" },
  { pattern: /^(?:OK|NO|BAD|PREAUTH)[ \r\n]/i, kind: "words" },
];
const UNTAGGED: readonly Beginning[] = [
  { pattern: /^CAPABILITY[ \r\n]/i, kind: "capabilities" },
  { pattern: /^BYE[ \r\n]/i, kind: "bye" },
  ...STATUSES,
  { pattern: /^/, kind: "data" },
];
const CODES = ["OK", "NO", "BAD", "PREAUTH"].map((status) => `${status} [CAPABILITY `);
/** As long as the line is no more than the beginning of one of these, it is open. */
const TO_COME = ["CAPABILITY ", "BYE ", ...CODES];

/** @param head the line with its end, or at least its first 160 characters. Latin-1 */
export function imapLineKind(head: string): ImapLineKind {
  if (NUMBERED.test(head)) return "data";
  if (/^[+\r\n]/.test(head)) return "words";
  const owner = OWNER.exec(head)?.[0];
  if (owner === undefined) return "alien";
  const rest = head.slice(owner.length);
  if (TO_COME.some((words) => words.startsWith(rest.toUpperCase()))) return "open";
  const beginnings = owner === "* " ? UNTAGGED : STATUSES;
  return beginnings.find(({ pattern }) => pattern.test(rest))?.kind ?? "alien";
}
