/** `mailkey mutt-oauth2`, also under the name `mutt_oauth2.py`: the script's command line over the script's token file. */
import { createFetch } from "../platform/http.ts";
import { loadConfig } from "../accounts/config.ts";
import { runFrontEnd } from "../mutt-oauth2/front-end.ts";
import { lineReader } from "../mutt-oauth2/questions.ts";
import { defineCommand } from "./command.ts";

export const muttOauth2 = defineCommand({
  name: "mutt-oauth2",
  summary: "take the place of mutt_oauth2.py: same flags, same token file",
  description: `Takes the command line of the mutt_oauth2.py that mutt and neomutt bring, reads and writes its token file, and prints the access
token. A link named mutt_oauth2.py that points to mailkey does the same, so that dotfiles need no change:

  ln -sf "$(command -v mailkey)" ~/bin/mutt_oauth2.py

Everything but the token goes to standard error. "mailkey mutt-oauth2 --help" lists the flags; "mailkey import mutt-oauth2 TOKENFILE"
turns a token file into a mailkey account.`,
  args: [
    { name: "TOKENFILE", summary: "the script's token file, with the script's flags in any order", required: true },
  ],
  options: {},
  examples: [
    { line: "mailkey mutt-oauth2 ~/.mutt/tokens", meaning: "print the access token" },
    {
      line: "mailkey mutt-oauth2 --verbose --authorize --provider microsoft --email you@example.com ~/.mutt/tokens",
      meaning: "sign in",
    },
    {
      line: "mailkey mutt-oauth2 --script ~/bin/mutt_oauth2.py.old ~/.mutt/tokens",
      meaning: "take client and pipes from a script you edited",
    },
  ],
  raw: true,
  async run({ args, context }) {
    const { env, paths, clock, signal, terminal, trace, stdout, stderr } = context;
    const config = loadConfig(paths, env);
    const reader = lineReader(stderr, signal);
    try {
      return await runFrontEnd(args, "mailkey mutt-oauth2", {
        env,
        paths,
        clock,
        signal,
        config,
        trace,
        stdout,
        stderr,
        warn: async (warning) => (await import("./problem.ts")).writeStaleWarning(context, warning),
        random: Math.random,
        createFetch: (timeoutMs) => createFetch({ env, caFile: config.caFile, timeoutMs }),
        ask: reader.ask,
        browser: terminal.interactive,
        testLogin: async (request) => (await import("../mail/test-login.ts")).testLogin(request),
      });
    } finally {
      reader.close();
    }
  },
});
