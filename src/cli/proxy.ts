/** `mailkey proxy`: lets programs in that know only passwords. */
import { MailkeyError } from "../errors.ts";
import { defineCommand, type Values } from "./command.ts";
import type { Context } from "./context.ts";
import { PASSWORD_OPTIONS } from "./proxy-password.ts";

const ACTIONS = ["password"] as const;
type Action = (typeof ACTIONS)[number];

const OPTIONS = { json: { type: "boolean", summary: "print JSON" }, ...PASSWORD_OPTIONS } as const;
export type ProxyValues = Values<typeof OPTIONS>;

export const proxy = defineCommand({
  name: "proxy",
  summary: "serve IMAP, POP3 and SMTP to programs that know only passwords",
  description: `password add ADDRESS makes a password for programs to log in with, shown this once; with --device NAME one for each
of them, so that one can be taken away without the others. password list shows whose there are, and when they were last used;
password remove ADDRESS takes them away.`,
  args: [
    { name: "ACTION", summary: "what to do", required: true, choices: ACTIONS },
    { name: "MORE", summary: "password: add, list or remove, and an address", required: false, multiple: true },
  ],
  options: OPTIONS,
  examples: [{ line: "mailkey proxy password add you@hotmail.com --device scanner", meaning: "shown this once" }],
  async run({ values, args: [action = "", ...words], context }) {
    if (!ACTIONS.includes(action as Action)) {
      throw new MailkeyError("ERR_USAGE", `there is no proxy action ${JSON.stringify(action)}: ${ACTIONS.join(", ")}`, {
        hint: "mailkey help proxy",
      });
    }
    return PERFORM[action as Action](context, values, words);
  },
});

type Perform = (context: Context, values: ProxyValues, words: readonly string[]) => Promise<number | void>;

const PERFORM: Record<Action, Perform> = {
  async password(context, values, words) {
    return (await import("./proxy-password.ts")).proxyPassword(context, words, values);
  },
};
