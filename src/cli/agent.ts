/** `mailkey agent`: the process that renews ahead and answers at once; how it is started, asked, locked and stopped. */
import { askAgent } from "../agent/client/ask-agent.ts";
import type { StatusReply } from "../agent/status.ts";
import { MailkeyError } from "../errors.ts";
import { jsonText } from "../platform/text.ts";
import { agentTrouble, noAgent } from "./agent-absent.ts";
import { statusText } from "./agent-status.ts";
import { defineCommand, type Values } from "./command.ts";
import type { Context } from "./context.ts";

const ACTIONS = [
  "run",
  "start",
  "status",
  "unlock",
  "lock",
  "reload",
  "stop",
  "metrics",
  "install",
  "uninstall",
  "token-file",
] as const;
type Action = (typeof ACTIONS)[number];

const OPTIONS = {
  json: { type: "boolean", summary: "status: print a JSON object" },
  "dry-run": { type: "boolean", short: "n", summary: "install, uninstall: show what would be done" },
  off: { type: "boolean", summary: "token-file: keep none any more" },
  detached: { type: "boolean", summary: "run: write the log to a file", hidden: true },
} as const;
export type AgentValues = Values<typeof OPTIONS>;

export const agent = defineCommand({
  name: "agent",
  summary: "renew ahead of time and answer mail programs at once",
  description: `The agent is a process of your own that is asked by "mailkey token" before anything else. It renews every token before it ends, keeps the vault
open, so that a passphrase is typed once a session, and tells you in time when a sign-in is about to end. Everything works without it.

install has your system start it with your session: by systemd where it is, else by launchd; uninstall takes that back. start runs it in
the background now; run in the foreground; stop ends it. With "autostart = true" below [agent] in config.toml, "mailkey token" starts it when it is not there.

unlock has it open the vault, asking for the passphrase where one is needed; lock has it forget everything secret until then.
token-file has it keep the account's token in a file in memory, for programs that read one or may run nothing but cat, and says where.
reload has it read its configuration anew. metrics prints what it has counted, in the text format of Prometheus.`,
  args: [
    { name: "ACTION", summary: "what to do; left out: status", required: false, choices: ACTIONS },
    {
      name: "ADDRESS",
      summary: "token-file: of this account; left out: the only one",
      required: false,
      after: "token-file",
    },
  ],
  options: OPTIONS,
  examples: [
    { line: "mailkey agent install", meaning: "from now on with every session" },
    { line: "mailkey agent", meaning: "whether it runs, and what it looks after" },
    { line: "mailkey agent unlock", meaning: "type the passphrase once" },
    { line: "mailkey agent token-file you@hotmail.com", meaning: "for cat as a password command" },
  ],
  async run({ values, args, context }) {
    const action = (args[0] ?? "status") as Action;
    if (!ACTIONS.includes(action)) {
      throw new MailkeyError("ERR_USAGE", `there is no agent action ${JSON.stringify(action)}: ${ACTIONS.join(", ")}`, {
        hint: "mailkey help agent",
      });
    }
    if (args.length > 1 && action !== "token-file")
      throw new MailkeyError("ERR_USAGE", `agent ${action} takes no address`, { hint: "mailkey help agent" });
    return PERFORM[action](context, values, args[1]);
  },
});

type Perform = (context: Context, values: AgentValues, address: string | undefined) => Promise<number | void>;

const PERFORM: Record<Action, Perform> = {
  async run({ env, paths, signal }, { detached }) {
    const { runAgent } = await import("../agent/agent.ts");
    await runAgent({ env, paths, signal, detached: detached === true });
  },
  async start(context) {
    const running = await ask<StatusReply>(context, "status");
    if (running !== undefined) return context.stderr(`the agent runs already (process ${running.pid})\n`);
    const { startAgent } = await import("../agent/client/start-agent.ts");
    if (!(await startAgent(context.paths, context.env, context.signal)))
      throw (
        (await agentTrouble(context)) ??
        new MailkeyError("ERR_PROGRAM", "the agent does not answer", { hint: "mailkey agent run" })
      );
    const state = (await ask<StatusReply>(context, "status"))?.state ?? "unlocked";
    context.stderr(
      state === "unlocked" ? "the agent runs\n" : "the agent runs; to open its vault: mailkey agent unlock\n",
    );
  },
  async status(context, { json }) {
    const status = await ask<StatusReply>(context, "status");
    const trouble = status === undefined && json !== true ? await agentTrouble(context) : undefined;
    if (trouble !== undefined) throw trouble;
    if (json === true) context.stdout(`${jsonText(status ?? null, 2)}\n`);
    else if (status === undefined) context.stdout("The agent does not run. To start it: mailkey agent start\n");
    else context.stdout(statusText(status, context));
    return status === undefined ? 1 : 0;
  },
  async unlock(context) {
    const { unlockAgent } = await import("./agent-unlock.ts");
    return unlockAgent(context);
  },
  async lock(context) {
    await required(context, "lock");
    context.stderr("locked: everything secret is forgotten until mailkey agent unlock\n");
  },
  async reload(context) {
    await required(context, "reload");
    context.stderr("settings and accounts are read again\n");
  },
  async stop(context) {
    if ((await ask(context, "stop")) === undefined) {
      const trouble = await agentTrouble(context);
      if (trouble !== undefined) throw trouble;
      return context.stderr("the agent does not run\n");
    }
    const { hasAgentEnded } = await import("../agent/client/stop-agent.ts");
    if (!(await hasAgentEnded(context.paths, context.clock, context.signal)))
      throw new MailkeyError("ERR_PROGRAM", "the agent has not ended within 20 s", { hint: "mailkey agent status" });
  },
  async metrics(context) {
    const { metrics } = await required<{ metrics: string }>(context, "metrics");
    context.stdout(metrics);
  },
  async install(context, values) {
    return (await import("./agent-install.ts")).installAgent(context, values);
  },
  async uninstall(context, values) {
    return (await import("./agent-install.ts")).uninstallAgent(context, values);
  },
  async "token-file"(context, values, address) {
    return (await import("./agent-token-file.ts")).switchTokenFile(context, address, values);
  },
};

type Asked = "status" | "lock" | "reload" | "stop" | "metrics";

function ask<Reply extends object>({ paths, signal }: Context, what: Asked): Promise<Reply | undefined> {
  return askAgent<Reply>(paths, { do: what }, { signal });
}

/** @throws ERR_PROGRAM when no agent of this home runs, ERR_UNTRUSTED_FILE */
async function required<Reply extends object>(context: Context, what: Asked): Promise<Reply> {
  const reply = await ask<Reply>(context, what);
  if (reply === undefined) throw await noAgent(context);
  return reply;
}
