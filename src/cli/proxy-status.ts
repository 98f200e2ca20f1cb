/** `mailkey proxy status` in words. */
import { withoutControls } from "../platform/text.ts";
import type { Problem, StatusReply } from "../proxy/status.ts";
import { VERSION } from "../version.ts";
import { formatBytes } from "./bytes.ts";
import type { Context } from "./context.ts";
import { formatSeconds } from "./duration.ts";
import { table } from "./table.ts";
import { wrapText } from "./wrap.ts";

const PROTOCOLS: Readonly<Record<string, string>> = { imap: "IMAP", pop: "POP3", smtp: "SMTP" };

export function statusText(status: StatusReply, { clock, terminal }: Context): string {
  const now = clock.now().wallMs;
  const { logins, bytes, certificate } = status;
  const missing = status.protection.filter(({ isOn }) => !isOn).map(({ text }) => text);
  const lines = [
    `The proxy runs (process ${status.pid}, for ${formatSeconds((now - status.started_at_ms) / 1000)}).`,
    ...(status.version === VERSION
      ? []
      : [`It is version ${status.version}, this is ${VERSION}: mailkey proxy stop, and start it anew.`]),
    `Clients: ${status.connections} connected; logins: ${logins.good} good, ${logins.refused} refused, ${logins.failed} failed.`,
    `Passed: ${formatBytes(bytes.down)} down, ${formatBytes(bytes.up)} up.`,
    certificate === undefined
      ? `TLS for clients: none${status.not_served.length === 0 ? "" : `, so that ${status.not_served.join(", ")} are not served`}. To have it: mailkey proxy cert`
      : `Certificate: ${withoutControls(certificate.file)}, ${certificateEnd(certificate.ends_at_ms, now)}`,
    ...(missing.length === 0 ? [] : [`Not on this system: ${missing.join("; ")}.`]),
  ];
  const text = lines.map((line) => wrapText(line, terminal.columns)).join("\n");
  return `${text}\n${listeningTable(status)}${sessionTable(status)}${problemText(problemsOf(status), terminal.columns)}`;
}

/** Whoever was refused may see nothing but "login denied". */
function problemsOf({ problems, logins }: StatusReply): readonly Problem[] {
  if (logins.refused === 0) return problems;
  const text = "Logins are refused mostly for a password that is none of the proxy's. Whose there are:";
  return [...problems, { text, hint: "mailkey proxy password list" }];
}

function certificateEnd(endsAtMs: number, now: number): string {
  return endsAtMs <= now ? "over: mailkey proxy cert" : `for ${formatSeconds((endsAtMs - now) / 1000)} more.`;
}

function listeningTable({ listening }: StatusReply): string {
  if (listening.length === 0) return "\nIt listens nowhere.\n";
  const rows = listening.map(({ service, address, port }) => [
    { text: `${PROTOCOLS[service.replace(/s$/, "")] ?? service}${service.endsWith("s") ? " in TLS" : ""}` },
    { text: withoutControls(address) },
    { text: String(port) },
  ]);
  return `\n${table(["SERVED", "ADDRESS", "PORT"], rows, false)}`;
}

function sessionTable({ sessions }: StatusReply): string {
  if (sessions.length === 0) return "";
  const rows = sessions.map(({ protocol, address, count }) => [
    { text: withoutControls(address) },
    { text: PROTOCOLS[protocol] ?? protocol },
    { text: String(count) },
  ]);
  return `\n${table(["ACCOUNT", "PROTOCOL", "SESSIONS"], rows, false)}`;
}

function problemText(problems: readonly Problem[], columns: number): string {
  return problems
    .map(({ text, hint }) => [text, ...(hint === undefined ? [] : [hint])])
    .map((lines) => `\n${lines.map((line) => wrapText(withoutControls(line), columns)).join("\n")}\n`)
    .join("");
}
