/** `mailkey proxy`: the process that lets programs in that know only passwords; how it is started, asked, reloaded and stopped. */
import { loadConfig } from "../accounts/config.ts";
import { MailkeyError } from "../errors.ts";
import { jsonText } from "../platform/text.ts";
import { askProxy } from "../proxy/client/ask-proxy.ts";
import type { StatusReply } from "../proxy/status.ts";
import { defineCommand, type Values } from "./command.ts";
import type { Context } from "./context.ts";
import { noProxy, proxyTrouble } from "./proxy-absent.ts";
import type { PasswordAction } from "./proxy-password.ts";
import { statusText } from "./proxy-status.ts";

const ACTIONS = [
  "run",
  "start",
  "status",
  "reload",
  "stop",
  "metrics",
  "install",
  "uninstall",
  "password",
  "cert",
] as const;
type Action = (typeof ACTIONS)[number];
/** For TAB; the command itself is loaded when it is run. */
const PASSWORD_ACTIONS: readonly PasswordAction[] = ["add", "list", "remove"];

const OPTIONS = {
  json: { type: "boolean", summary: "status, password, cert: print JSON" },
  "dry-run": { type: "boolean", short: "n", summary: "install, uninstall: show what would be done" },
  detached: { type: "boolean", summary: "run: write the log to a file", hidden: true },
  device: { type: "string", value: "NAME", complete: "nothing", summary: "password: of this device or program" },
  yes: { type: "boolean", short: "y", summary: "password: do not ask" },
  name: { type: "string", multiple: true, value: "HOST", summary: "cert: also for this name; repeatable" },
  new: { type: "boolean", summary: "cert: with a new key" },
} as const;
export type ProxyValues = Values<typeof OPTIONS>;

export const proxy = defineCommand({
  name: "proxy",
  summary: "serve IMAP, POP3 and SMTP to programs that know only passwords",
  description: `The proxy listens on this machine for programs that cannot do OAuth2: scanners, old clients, scripts, libraries. They log in with
a password of the proxy's, and the address of the mailbox as the user name; the proxy logs in to the mailbox's server with an access token, in TLS, and passes on
what both say. IMAP is served at port 1143, POP3 at 1110, SMTP at 1587, of 127.0.0.1 and ::1.

password add ADDRESS makes a password for programs to log in with, shown this once; with --device NAME one for each of them, so that one
can be taken away without the others. password list shows whose there are, and when they were last used; password remove ADDRESS takes
them away. A password for @example.org is good for all mailboxes that an account added with --catch-all opens.

cert makes a certificate for TLS between programs and the proxy, and says how they come to trust it: for this machine, and with --name HOST
for other machines' names of it too. In its last month the proxy renews it by itself. --new makes it with a new key.

install has your system start it with your session: by systemd where it is, else by launchd; uninstall takes that back. start runs it in
the background now; run in the foreground; stop ends it. reload has it read its configuration and its certificate anew, and ends no
session. metrics prints what it has counted, in the text format of Prometheus.`,
  args: [
    { name: "ACTION", summary: "what to do; left out: status", required: false, choices: ACTIONS },
    {
      name: "WHAT",
      summary: "password: add, list or remove",
      required: false,
      choices: PASSWORD_ACTIONS,
      after: "password",
    },
    { name: "ADDRESS", summary: "password: whose", required: false, after: "password" },
  ],
  options: OPTIONS,
  examples: [
    { line: "mailkey proxy password add you@hotmail.com --device scanner", meaning: "shown this once" },
    { line: "mailkey proxy start", meaning: "now, in the background" },
    { line: "mailkey proxy", meaning: "whether it runs, where, and who is logged in" },
    { line: "mailkey proxy cert", meaning: "TLS on this machine" },
    { line: "mailkey proxy install", meaning: "from now on with every session" },
  ],
  async run({ values, args: [first = "status", ...words], context }) {
    const action = first as Action;
    if (!ACTIONS.includes(action)) {
      throw new MailkeyError("ERR_USAGE", `there is no proxy action ${JSON.stringify(action)}: ${ACTIONS.join(", ")}`, {
        hint: "mailkey help proxy",
      });
    }
    if (words.length > 0 && action !== "password")
      throw new MailkeyError("ERR_USAGE", `proxy ${action} takes nothing more`, { hint: "mailkey help proxy" });
    return PERFORM[action](context, values, words);
  },
});

type Perform = (context: Context, values: ProxyValues, words: readonly string[]) => Promise<number | void>;

const PERFORM: Record<Action, Perform> = {
  async run({ env, paths, signal }, { detached }) {
    const { runProxy } = await import("../proxy/proxy.ts");
    const { systemParts } = await import("../proxy/system-parts.ts");
    await runProxy({ env, paths, signal, detached: detached === true, makeParts: systemParts });
  },
  async start(context) {
    const { paths, env, signal } = context;
    const running = await askProxy<StatusReply>(paths, "status", signal);
    if (running !== undefined) return context.stderr(`the proxy runs already (process ${running.pid})\n`);
    loadConfig(paths, env); // what is wrong there is said here, not in a log
    const { startAgent } = await import("../agent/client/start-agent.ts");
    const { startProxy } = await import("../proxy/client/start-proxy.ts");
    await startAgent(paths, env, signal);
    if (!(await startProxy(paths, env, signal)))
      throw (
        (await proxyTrouble(context)) ??
        new MailkeyError("ERR_PROGRAM", "the proxy does not start: in the foreground it says why", {
          hint: "mailkey proxy run",
        })
      );
    context.stderr("the proxy runs; where, and who is logged in: mailkey proxy status\n");
  },
  async status(context, { json }) {
    const status = await askProxy<StatusReply>(context.paths, "status", context.signal);
    const trouble = status === undefined && json !== true ? await proxyTrouble(context) : undefined;
    if (trouble !== undefined) throw trouble;
    if (json === true) context.stdout(`${jsonText(status ?? null, 2)}\n`);
    else if (status === undefined) context.stdout("The proxy does not run. To start it: mailkey proxy start\n");
    else context.stdout(statusText(status, context));
    return status === undefined ? 1 : 0;
  },
  async reload(context) {
    if ((await askProxy(context.paths, "reload", context.signal)) === undefined) throw await noProxy(context);
    context.stderr("settings and certificate are read again\n");
  },
  async stop(context) {
    const { paths, clock, signal } = context;
    if ((await askProxy(paths, "stop", signal)) === undefined) {
      const trouble = await proxyTrouble(context);
      if (trouble !== undefined) throw trouble;
      return context.stderr("the proxy does not run\n");
    }
    const { hasProxyEnded } = await import("../proxy/client/start-proxy.ts");
    if (!(await hasProxyEnded(paths, clock, signal)))
      throw new MailkeyError("ERR_PROGRAM", "the proxy has not ended within 30 s", { hint: "mailkey proxy status" });
  },
  async metrics(context) {
    const reply = await askProxy<{ metrics: string }>(context.paths, "metrics", context.signal);
    if (reply === undefined) throw await noProxy(context);
    context.stdout(reply.metrics);
  },
  async install(context, values) {
    return (await import("./proxy-install.ts")).installProxy(context, values);
  },
  async uninstall(context, values) {
    return (await import("./proxy-install.ts")).uninstallProxy(context, values);
  },
  async password(context, values, words) {
    return (await import("./proxy-password.ts")).proxyPassword(context, words, values);
  },
  async cert(context, values) {
    return (await import("./proxy-cert.ts")).proxyCert(context, values);
  },
};
