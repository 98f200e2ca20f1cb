/** `mailkey import`: takes sign-ins over from other tools. */
import { existsSync } from "node:fs";
import { accountPath } from "../accounts/store.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import { collect, type Candidate, type Collection } from "../import/collect.ts";
import { openForeignFile, othersCanRead } from "../import/open.ts";
import { refuseExisting, storeImport } from "../import/store.ts";
import type { ForeignFile, ImportPorts, Unusable } from "../import/tool.ts";
import { isToolName, loadTool, loadTools, TOOL_NAMES } from "../import/tools.ts";
import type { Pipes } from "../mutt-oauth2/pipes.ts";
import { loadSettings } from "../mutt-oauth2/settings.ts";
import { splitWords } from "../mutt-oauth2/shlex.ts";
import { shellWord } from "../platform/shell.ts";
import { jsonText, withoutControls } from "../platform/text.ts";
import { ensureVault } from "../vault/choose.ts";
import { askerOf, type Asker } from "./ask.ts";
import { defineCommand, type Values } from "./command.ts";
import type { Context } from "./context.ts";
import { importPorts } from "./import-ports.ts";
import { candidateJson, shownCandidate, shownNext, unusableJson } from "./import-text.ts";
import { tokenPorts } from "./ports.ts";

const OPTIONS = {
  from: { type: "string", value: "TOOL", summary: TOOL_NAMES.join(", ") },
  address: { type: "string", value: "ADDRESS", summary: "only this mailbox; or the one of a file that names none" },
  "password-file": {
    type: "string",
    value: "FILE",
    summary: "the password that encrypts email-oauth2-proxy's tokens",
  },
  "run-commands": {
    type: "boolean",
    summary: "run the commands that the file names for its secrets, or keep them for renewals",
  },
  "decryption-pipe": { type: "string", value: "COMMAND", summary: "decrypts the file; default: gpg --decrypt" },
  "client-id": { type: "string", value: "ID", summary: "the client, for a file that names none" },
  script: { type: "string", value: "FILE", summary: "take pipe and client from your edited copy of mutt_oauth2.py" },
  replace: { type: "boolean", summary: "put it in the place of an account that is there already" },
  "dry-run": { type: "boolean", short: "n", summary: "say what would be done, and do nothing" },
  yes: { type: "boolean", short: "y", summary: "do not ask" },
  json: { type: "boolean", summary: "print a JSON object" },
} as const;

export const importCommand = defineCommand({
  name: "import",
  summary: "take accounts and sign-ins over from another tool",
  description: `Reads files of ${TOOL_NAMES.join(", ")}, and makes accounts out of them: client, endpoints, refresh token, and the
access token while it lasts. Where the file has a sign-in, nobody has to sign in again. The file stays as it is.

At a terminal it shows what it would do, and asks. Without FILE it looks where those tools usually have theirs. Whose file it is shows in
its content; --from says it where it does not. docs/import.md tells what can be taken from each tool.`,
  args: [{ name: "FILE", summary: "a file of the other tool's", required: false, multiple: true }],
  options: OPTIONS,
  examples: [
    { line: "mailkey import", meaning: "what is there to import?" },
    { line: "mailkey import ~/.mutt/me@example.com.tokens", meaning: "mutt_oauth2.py; decrypts with gpg" },
    { line: "mailkey import emailproxy.config --address me@example.com", meaning: "asks for the proxy's password" },
    { line: "mailkey import ~/.config/oama/config.yaml --dry-run", meaning: "looks first" },
    { line: "mailkey import /etc/tokens/me@example.com --from sasl-xoauth2", meaning: "says whose file it is" },
  ],
  async run({ values, args, context }) {
    const json = values.json === true;
    const asker = askerOf(context, json);
    const { collection, wereNamed } = await gather(values, args, context, asker);
    const { candidates } = collection;
    const [first, ...others] = collection.unusable;
    const told = candidates.length === 0 ? others : collection.unusable;
    if (!json)
      for (const { error } of told) context.stderr(`mailkey: ${withoutControls(error.message)}\n${hintOf(error)}`);
    if (candidates.length === 0) throw first?.error ?? new MailkeyError("ERR_CONFIG", "there is nothing to import");
    const wantsDry = values["dry-run"] === true;
    const wasShown = asker !== undefined && values.yes !== true && !wantsDry;
    if (wasShown) {
      context.stderr(shownAll(candidates, context, false));
      const isWanted = await asker.confirm(`Import ${candidates.length === 1 ? "it" : "them"}?`, true);
      if (!isWanted) throw new MailkeyError("ERR_INTERRUPTED", "nothing was imported");
    }
    // Without a terminal, files that were named are imported, and those that were only found are shown.
    const isDry = wantsDry || (asker === undefined && !wereNamed && values.yes !== true);
    if (!isDry) await importAll(candidates, context);
    if (json) context.stdout(jsonOf(collection, context, !isDry));
    else if (!wasShown) context.stdout(shownAll(candidates, context, !isDry));
    if (!json && !isDry) context.stdout(candidates.map(shownNext).join("\n"));
    if (isDry && !wantsDry) context.stderr("mailkey: nothing was imported: --yes does it\n");
  },
});

/** Reads the files, those named or those in the usual places, and plans. */
async function gather(
  values: Values<typeof OPTIONS>,
  args: readonly string[],
  context: Context,
  asker: Asker | undefined,
): Promise<{ collection: Collection; wereNamed: boolean }> {
  const { paths, env, clock } = context;
  const settings = loadSettings(paths, env, {
    decryptionPipe: pipeOf(values["decryption-pipe"]),
    script: values.script,
    clientId: values["client-id"],
  });
  const choices = {
    address: values.address,
    passwordFile: values["password-file"],
    mayRunCommands: values["run-commands"] === true,
  };
  const ports = importPorts(context, settings, choices, asker);
  const [from, named] = toolAndFiles(values.from, args);
  const tool = from === undefined ? undefined : await loadTool(from);
  const wereNamed = named.length > 0;
  const isEncrypted = values["decryption-pipe"] !== undefined || values.script !== undefined;
  const sources = {
    paths: wereNamed ? named : await usualFiles(from, ports),
    wereNamed,
    tool,
    open: (path: string) => openFile(path, settings.pipes, isEncrypted),
  };
  const collection = await collect(sources, ports, clock.now());
  return { collection: withoutExisting(collection, context, values.replace === true), wereNamed };
}

/** The tool may come before the files, as in `mailkey import mutt-oauth2 TOKENFILE`. */
function toolAndFiles(from: string | undefined, args: readonly string[]): [string | undefined, readonly string[]] {
  const [first, ...others] = args;
  const isTool = from === undefined && first !== undefined && isToolName(first) && !existsSync(first);
  return isTool ? [first, others] : [from, args];
}

async function openFile(path: string, pipes: Pipes, isEncrypted: boolean): Promise<ForeignFile> {
  const file = await openForeignFile(path, pipes, isEncrypted);
  if (file === undefined) throw new MailkeyError("ERR_CONFIG", `there is no file ${path}`);
  if (file.text.trim() !== "") return file;
  throw new MailkeyError("ERR_CONFIG", `there are no tokens in ${path}: it is empty`);
}

/** @throws ERR_CONFIG when there is none */
async function usualFiles(from: string | undefined, ports: ImportPorts): Promise<string[]> {
  const tools = from === undefined ? await loadTools() : [await loadTool(from)];
  const places = tools.flatMap((tool) => tool.usualFiles(ports));
  const present = places.filter((path) => existsSync(path));
  if (present.length > 0) return present;
  throw new MailkeyError("ERR_CONFIG", "there is no file of another tool in the usual places", {
    hint: "name it: mailkey import FILE",
  });
}

function withoutExisting(
  { candidates, unusable: refused }: Collection,
  context: Context,
  mayReplace: boolean,
): Collection {
  const kept: Candidate[] = [];
  const existing: Unusable[] = [];
  for (const candidate of candidates) {
    try {
      refuseExisting(context, candidate.plan, mayReplace);
      kept.push(candidate);
    } catch (error) {
      if (!isMailkeyError(error, "ERR_CONFIG")) throw error;
      existing.push({ name: candidate.plan.account.address, error });
    }
  }
  return { candidates: kept, unusable: [...refused, ...existing] };
}

async function importAll(candidates: readonly Candidate[], context: Context): Promise<void> {
  const { paths, env, clock } = context;
  const { reason } = await ensureVault(paths, env, { clock });
  if (reason !== undefined) context.stderr(`mailkey: ${reason}\n`);
  const stored: string[] = [];
  try {
    for (const { plan } of candidates) {
      await storeImport(plan, tokenPorts(context));
      stored.push(plan.account.address);
    }
  } catch (error) {
    // The rest can be imported by the same line again: what is there already is left alone.
    if (stored.length > 0)
      context.stderr(withoutControls(`mailkey: imported, before it failed: ${stored.join(", ")}`) + "\n");
    throw error;
  }
}

function shownAll(candidates: readonly Candidate[], context: Context, isDone: boolean): string {
  const shown = candidates.map((candidate) => {
    return shownCandidate(candidate, accountPath(context.paths, candidate.plan.account.address), isDone);
  });
  const open = [...new Set(candidates.map(({ file }) => file.path))].filter(othersCanRead);
  const warnings = open.map((path) => `${withoutControls(`Others can read ${path}: chmod go= ${shellWord(path)}`)}\n`);
  return `${isDone ? "imported" : "would import"}:\n${shown.join("\n")}${warnings.join("")}${isDone ? "\n" : ""}`;
}

function jsonOf(collection: Collection, context: Context, isDone: boolean): string {
  const accounts = collection.candidates.map((candidate) =>
    candidateJson(candidate, accountPath(context.paths, candidate.plan.account.address), isDone),
  );
  return `${jsonText({ accounts, refused: collection.unusable.map(unusableJson) }, 2)}\n`;
}

function hintOf({ hint }: MailkeyError): string {
  return hint === undefined ? "" : `mailkey: hint: ${withoutControls(hint)}\n`;
}

function pipeOf(line: string | undefined): readonly string[] | undefined {
  if (line === undefined) return undefined;
  const words = splitWords(line);
  if (words !== undefined && words.length > 0) return words;
  throw new MailkeyError("ERR_USAGE", "--decryption-pipe is not a command", {
    hint: "--decryption-pipe 'gpg --decrypt'",
  });
}
