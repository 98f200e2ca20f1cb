/** POP3 as far as logging in needs it: values in, values out. @see RFC 1939, RFC 2449 (CAPA), RFC 5034 (AUTH) */

export type PopReply =
  | { readonly kind: "ok" | "error"; readonly text: string }
  /** `+ …`: the server waits for a SASL response. */
  | { readonly kind: "continuation"; readonly text: string };

const REPLY = /^(\+OK|-ERR)(?: (.*))?$/is;

/** @returns undefined when it is not POP3 */
export function parsePopReply(line: string): PopReply | undefined {
  if (line === "+" || line.startsWith("+ ")) return { kind: "continuation", text: line.slice(2) };
  const match = REPLY.exec(line);
  if (match === null) return undefined;
  return { kind: match[1]?.startsWith("+") === true ? "ok" : "error", text: match[2] ?? "" };
}

/** The lines of a multi-line reply end with a lone dot; other leading dots are doubled (RFC 1939 3). */
export const MULTILINE_END = ".";

/** The mechanisms on the `SASL` line of a CAPA reply; undefined when there is no such line. */
export function mechanismsInCapa(lines: readonly string[]): string[] | undefined {
  for (const line of lines) {
    const [name, ...words] = line.split(" ").filter(Boolean);
    if (name?.toUpperCase() === "SASL") return words.map((word) => word.toUpperCase());
  }
  return undefined;
}
