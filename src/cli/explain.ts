/** `mailkey explain`: what an error means, and what to do about it. What is pasted is never shown again: logs hold tokens. */
import { loadAccount } from "../accounts/resolve.ts";
import { MailkeyError } from "../errors.ts";
import { CATALOGUE } from "../explain/catalogue.ts";
import { AREAS, type Area, type Entry } from "../explain/entry.ts";
import { fillEntry, type Values } from "../explain/fill.ts";
import { MAX_LENGTH } from "../explain/forms.ts";
import { explain, vendorCodesIn } from "../explain/match.ts";
import { commandPath } from "../platform/command-path.ts";
import { shellLine } from "../platform/shell.ts";
import { jsonText } from "../platform/text.ts";
import { defineCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { whyOf } from "./explain-error.ts";
import { tinted } from "./table.ts";
import { wrapText } from "./wrap.ts";

/** As grep does when it finds nothing. */
const NOTHING_FOUND = 1;

export const explainCommand = defineCommand({
  name: "explain",
  summary: "say what an error means and what to do",
  description: `Takes an error code (AADSTS700082), the text of an error, or a whole log, also on standard input, and says what happened, why,
and what to do. Where a program hangs after its error, Ctrl-C ends it, and what it said is explained. Nothing of what it is given is shown again or kept, and nothing is asked over the network.

With --account, the account's own address, servers and client stand in the commands. The exit status is 1 when nothing is known.`,
  args: [
    { name: "TEXT", summary: "a code or an error's text; left out: standard input", required: false, multiple: true },
  ],
  options: {
    account: { type: "string", value: "ADDRESS", summary: "fill in the values of this account" },
    list: { type: "boolean", summary: "list everything that can be explained" },
    json: { type: "boolean", summary: "print a JSON array" },
  },
  examples: [
    { line: "mailkey explain AADSTS700082", meaning: "a code" },
    { line: "mailkey explain 'User is authenticated but not connected.'", meaning: "words of a mail server" },
    { line: "mbsync -a 2>&1 | mailkey explain --account you@hotmail.com", meaning: "whatever a program says" },
  ],
  async run({ values, args, context }) {
    const own = values.account === undefined ? {} : await valuesOf(context, values.account);
    const text = values.list === true ? "" : await textFrom(args, context);
    const found = values.list === true ? CATALOGUE : explain(text);
    if (values.json === true)
      context.stdout(
        `${jsonText(
          found.map((entry) => fillEntry(entry, own)),
          2,
        )}\n`,
      );
    else if (values.list === true) context.stdout(listing(context));
    else context.stdout(found.map((entry) => entryText(fillEntry(entry, own), context)).join("\n"));
    if (found.length > 0) return 0;
    context.stderr(nothingKnown(text, values.account));
    return NOTHING_FOUND;
  },
});

async function textFrom(args: readonly string[], { readInput }: Context): Promise<string> {
  if (args.length > 0) return args.join(" ");
  const input = await readInput(MAX_LENGTH);
  if (input === undefined)
    throw new MailkeyError("ERR_USAGE", "explain needs TEXT, or something on standard input", {
      hint: "mailkey explain AADSTS700082",
    });
  return input;
}

async function valuesOf({ paths, env }: Context, address: string): Promise<Values> {
  const account = await loadAccount(paths, address);
  const { imap, smtp } = account.provider.servers;
  return {
    address: account.address,
    clientId: account.client.id,
    imapHost: imap?.host,
    smtpHost: smtp?.host,
    helper: [commandPath(env), "token", account.address],
  };
}

/** One entry as people read it. */
function entryText(entry: Entry, { terminal }: Context): string {
  const { id, title, more, steps, sources } = entry;
  const line = (text: string) => `${wrapText(text, terminal.columns)}\n`;
  const todo = steps.map(({ say, type }, index) => {
    const number = steps.length === 1 ? "" : `${index + 1}. `;
    const command =
      type
        ?.split("\n")
        .map((each) => `       ${each}\n`)
        .join("") ?? "";
    return `${line(`  ${number}${capitalised(say)}${type === undefined ? "." : ":"}`)}${command}`;
  });
  return [
    `${tinted({ text: id, tone: "warn" }, terminal.colourOut)}: ${title}\n\n`,
    line(`Why: ${whyOf(entry)}.${more === undefined ? "" : ` ${more}`}`),
    "\nWhat to do:\n",
    ...todo,
    "\nSources:\n",
    ...sources.map((source) => `  ${source}\n`),
  ].join("");
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function listing({ terminal }: Context): string {
  const width = Math.max(...CATALOGUE.map(({ id }) => id.length));
  return (Object.entries(AREAS) as [Area, string][])
    .map(([area, title]) => {
      const rows = CATALOGUE.filter((entry) => entry.area === area);
      return `${title}\n${rows.map((entry) => `  ${entry.id.padEnd(width)}  ${entry.title}\n`).join("")}`;
    })
    .map((text) =>
      terminal.colourOut ? text.replace(/^.*/, (title) => tinted({ text: title, tone: "dim" }, true)) : text,
    )
    .join("\n");
}

function nothingKnown(text: string, account: string | undefined): string {
  const [code] = vendorCodesIn(text);
  const hint =
    code === undefined
      ? shellLine(["mailkey", "doctor", ...(account === undefined ? [] : [account])])
      : `see https://login.microsoftonline.com/error?code=${code.replace("AADSTS", "")}`;
  return `mailkey: nothing is known about ${code ?? "this text"}\nmailkey: hint: ${hint}\n`;
}
