/** `mailkey proxy password`: makes, lists and removes what programs log in to the proxy with. */
import type { ProxyConfig } from "../accounts/proxy-config.ts";
import { loadConfig } from "../accounts/config.ts";
import { proxyHost } from "../clients/by-proxy.ts";
import { MailkeyError } from "../errors.ts";
import { shellLine } from "../platform/shell.ts";
import { jsonText, withoutControls } from "../platform/text.ts";
import { lastUsedMs, readLastUses } from "../proxy/passwords/last-used.ts";
import { normaliseOwner, requireOwner } from "../proxy/passwords/owner.ts";
import {
  addPassword,
  isHolder,
  listPasswords,
  removePasswords,
  USUAL_DEVICE,
  type Holder,
} from "../proxy/passwords/store.ts";
import { askerOf } from "./ask.ts";
import type { Context } from "./context.ts";
import { table } from "./table.ts";
import { wrapText } from "./wrap.ts";

export interface PasswordValues {
  readonly device?: string | undefined;
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
}

const ACTIONS = ["add", "list", "remove"] as const;
export type PasswordAction = (typeof ACTIONS)[number];

/** @param words what to do, and whose: both may be left out. @throws ERR_USAGE, and what the actions throw */
export async function proxyPassword(context: Context, words: readonly string[], values: PasswordValues): Promise<void> {
  const [action = "list", owner, ...more] = words;
  if (more.length > 0 || (action === "list" && owner !== undefined))
    throw usage(`proxy password ${action} takes ${action === "list" ? "no address" : "one address"}`);
  if (action === "list") return list(context, values);
  if (action === "add") return add(context, owner, values);
  if (action === "remove") return remove(context, owner, values);
  throw usage(`there is no action ${JSON.stringify(action)} for passwords: ${ACTIONS.join(", ")}`);
}

async function add(context: Context, owner: string | undefined, values: PasswordValues): Promise<void> {
  const { paths, env, clock, stdout, stderr } = context;
  const { device = USUAL_DEVICE, json } = values;
  const holder = { for: requireOwner(paths, owner), device };
  const { proxy } = loadConfig(paths, env);
  const isThere = listPasswords(paths).some((each) => isHolder(each, holder));
  if (isThere && values.yes !== true) await confirmReplacing(context, holder, values);
  const password = (await addPassword(paths, clock, holder)).reveal();
  if (json === true) return stdout(`${jsonText({ for: holder.for, device, password })}\n`);
  stderr(`${wrapText(headOf(holder), context.terminal.columns)}\n\n`);
  stdout(`${password}\n`);
  stderr(`\n${wrapText(adviceOf(holder, proxy), context.terminal.columns)}\n`);
}

function headOf(holder: Holder): string {
  return `The proxy's password for ${nameOf(holder)}. It is shown this once:`;
}

function adviceOf(holder: Holder, { ports, addresses }: ProxyConfig): string {
  const named = { imap: "IMAP", pop: "POP3", smtp: "SMTP" } as const;
  const served = Object.entries(named).flatMap(([service, name]) => {
    const port = ports[service as keyof typeof named];
    return port === undefined ? [] : [`${name} port ${port}`];
  });
  const user = holder.for.startsWith("@") ? `any address that ends in ${holder.for}` : holder.for;
  return `In the program: this password, user name ${user}, server ${proxyHost(addresses)}, ${served.join(", ")}. \
Hyphens, spaces and capitals do not matter in it. Is it lost, make another: that takes its place.`;
}

function list({ paths, clock, stdout, stderr, terminal }: Context, { json }: PasswordValues): void {
  const uses = readLastUses(paths);
  const found = listPasswords(paths).map((kept) => ({ kept, usedMs: lastUsedMs(uses, kept) }));
  if (json === true) {
    const shown = found.map(({ kept, usedMs }) => ({
      for: kept.for,
      device: kept.device,
      made: kept.made,
      last_used: usedMs === undefined ? null : new Date(usedMs).toISOString(),
    }));
    return stdout(`${jsonText(shown, 2)}\n`);
  }
  if (found.length === 0) return stderr("no passwords yet: mailkey proxy password add\n");
  const nowMs = clock.now().wallMs;
  const rows = found.map(({ kept, usedMs }) => [
    { text: kept.for },
    { text: kept.device },
    { text: kept.made.slice(0, 10) },
    { text: usedMs === undefined ? "never" : usedText(usedMs, nowMs) },
  ]);
  stdout(table(["FOR", "DEVICE", "MADE", "LAST USED"], rows, terminal.colourOut));
}

/** It is known to the hour. */
function usedText(usedMs: number, nowMs: number): string {
  const iso = new Date(usedMs).toISOString();
  return iso.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10) ? "today" : iso.slice(0, 10);
}

async function remove(context: Context, given: string | undefined, values: PasswordValues): Promise<void> {
  const { paths, clock, stdout } = context;
  const { device, json } = values;
  if (given === undefined) throw usage("whose password? name the address");
  const owner = normaliseOwner(given);
  const isMeant = (each: Holder) => each.for === owner && (device === undefined || each.device === device);
  const found = listPasswords(paths).filter(isMeant);
  if (found.length === 0) {
    const of = device === undefined ? "" : ` for the device ${JSON.stringify(device)}`;
    throw new MailkeyError("ERR_USAGE", `${owner} has no password${of}`, { hint: "mailkey proxy password list" });
  }
  if (found.length > 1 && values.yes !== true) await confirmRemoving(context, owner, found, values);
  const gone = await removePasswords(paths, clock, isMeant);
  if (json === true) return stdout(`${jsonText({ for: owner, removed: gone.map((each) => each.device) })}\n`);
  for (const each of gone) stdout(`removed the password for ${nameOf(each)}\n`);
}

async function confirmReplacing(context: Context, holder: Holder, values: PasswordValues): Promise<void> {
  const question = `There is a password for ${nameOf(holder)}. Make another, which takes its place?`;
  const owner = ["mailkey", "proxy", "password", "add", holder.for, "--device", holder.device];
  await confirm(context, values, question, {
    whether: "to replace the password",
    hint: `${shellLine([...owner, "--yes"])}; for another device: --device NAME`,
  });
}

async function confirmRemoving(
  context: Context,
  owner: string,
  found: readonly Holder[],
  values: PasswordValues,
): Promise<void> {
  const devices = found.map(({ device }) => withoutControls(device)).join(", ");
  await confirm(context, values, `Remove all passwords of ${owner} (${devices})?`, {
    whether: `to remove all passwords of ${owner}`,
    hint: `${shellLine(["mailkey", "proxy", "password", "remove", owner, "--yes"])}; or one of them: --device NAME`,
  });
}

/** @throws ERR_USAGE when there is nobody to ask, ERR_INTERRUPTED when the answer is no */
async function confirm(
  context: Context,
  { json }: PasswordValues,
  question: string,
  without: { readonly whether: string; readonly hint: string },
): Promise<void> {
  const asker = askerOf(context, json === true);
  if (asker === undefined)
    throw new MailkeyError("ERR_USAGE", `cannot ask whether ${without.whether}: there is no terminal`, {
      hint: without.hint,
    });
  if (!(await asker.confirm(question, false))) throw new MailkeyError("ERR_INTERRUPTED", "nothing was changed");
}

function nameOf(holder: Holder): string {
  const device = holder.device === USUAL_DEVICE ? "" : `, device ${JSON.stringify(holder.device)}`;
  return withoutControls(`${holder.for}${device}`);
}

function usage(message: string): MailkeyError {
  return new MailkeyError("ERR_USAGE", message, { hint: "mailkey help proxy" });
}
