/** `mailkey agent status` in words. */
import type { StatusReply, TokenStatus } from "../agent/status.ts";
import { withoutControls } from "../platform/text.ts";
import { VERSION } from "../version.ts";
import type { Context, Terminal } from "./context.ts";
import { formatSeconds } from "./duration.ts";
import { table, type Cell } from "./table.ts";
import { wrapText } from "./wrap.ts";

const STATES: Record<StatusReply["state"], string> = {
  unlocked: "the vault is open",
  closed: "the vault opens when somebody asks: mailkey agent unlock",
  refused: "the vault stays closed, because nobody typed its passphrase: mailkey agent unlock",
  locked: "locked: mailkey agent unlock",
};

export function statusText(status: StatusReply, { clock, terminal }: Context): string {
  const now = clock.now().wallMs;
  const { clients, memory, locks_at_ms: locksAtMs, token_files: files } = status;
  const locks = locksAtMs === undefined ? "" : `, for ${formatSeconds((locksAtMs - now) / 1000)} more`;
  const missing = status.protection.filter(({ isOn }) => !isOn).map(({ text }) => text);
  const lines = [
    `The agent runs (process ${status.pid}, for ${formatSeconds((now - status.started_at_ms) / 1000)}); ${STATES[status.state]}${locks}.`,
    ...(status.version === VERSION
      ? []
      : [`It is version ${status.version}, this is ${VERSION}: mailkey agent stop, and it starts anew.`]),
    `Socket: ${withoutControls(status.socket)}`,
    `Clients: ${clients.served} answered, ${clients.connected} connected, ${clients.dropped} timed out, ${clients.refused} refused.`,
    `Memory: ${memory.secrets} ${memory.secrets === 1 ? "secret" : "secrets"}, ${memory.unlockedBytes === 0 ? "kept out of swap" : "some could be swapped out"}${missing.length === 0 ? "" : `. Not on this system: ${missing.join("; ")}`}.`,
    ...(files.addresses.length === 0 ? [] : [`Token files: ${files.addresses.map(withoutControls).join(", ")}.`]),
    ...(files.problem === undefined ? [] : [`Token files: ${withoutControls(files.problem)}.`]),
  ];
  const text = lines.map((line) => wrapText(line, terminal.columns)).join("\n");
  return `${text}\n${tokenTable(status, now, terminal)}`;
}

const WELL: Cell = { text: "ok", tone: "good" };
const FAILING: Cell = { text: "failing", tone: "warn" };
const LOCKED: Cell = { text: "locked", tone: "warn" };

/** What fails for want of an open vault is told once, above it. */
function tokenTable({ tokens, state }: StatusReply, now: number, { colourOut, columns }: Terminal): string {
  if (tokens.length === 0) return "";
  const isOpen = state === "unlocked";
  const rows = tokens.map(({ address, resource, ends_at_ms: ends, renews_at_ms: renews, problem }) => [
    { text: withoutControls(address) },
    { text: resource },
    { text: ends === undefined ? "none" : ends <= now ? "over" : formatSeconds((ends - now) / 1000) },
    { text: !isOpen ? "once unlocked" : renews === undefined ? "-" : `in ${formatSeconds((renews - now) / 1000)}` },
    !isOpen ? LOCKED : problem === undefined ? WELL : FAILING,
  ]);
  const problems = isOpen ? tokens.flatMap(problemOf) : [];
  const told = problems.map(
    (lines) => `\n${lines.map((line) => wrapText(withoutControls(line), columns)).join("\n")}\n`,
  );
  return `\n${table(["ACCOUNT", "RESOURCE", "TOKEN ENDS", "RENEWED", "STATE"], rows, colourOut)}${told.join("")}`;
}

/** Most name the account by themselves. */
function problemOf({ address, problem, hint }: TokenStatus): string[][] {
  if (problem === undefined) return [];
  const text = problem.includes(address) ? problem : `${address}: ${problem}`;
  return [hint === undefined ? [text] : [text, hint]];
}
