/** `mailkey completions`: TAB in bash, zsh and fish, and the man page. */
import { MailkeyError } from "../errors.ts";
import { findExecutable } from "../platform/executables.ts";
import { defineCommand } from "./command.ts";
import type { Installation } from "./completion/install.ts";
import { SCRIPTS, SHELLS, type Shell } from "./completion/scripts.ts";
import type { Context } from "./context.ts";

const WHATS = [...SHELLS, "man", "install"] as const;

export const completions = defineCommand({
  name: "completions",
  summary: "complete commands on TAB, and install the man page",
  description: `bash, zsh and fish print the shell's script, man prints the man page, for you or your package manager to put somewhere.

install puts them where the shell and man look for your own, for the shells that are named or, without a name, for those that are
installed; --remove takes them away again. The scripts ask mailkey at each TAB: new accounts and commands need no new script.`,
  args: [
    { name: "WHAT", summary: "bash, zsh, fish, man, or install", required: true, choices: WHATS },
    { name: "SHELL", summary: "install: for these only", required: false, multiple: true, choices: SHELLS },
  ],
  options: { remove: { type: "boolean", summary: "install: take away what was installed" } },
  examples: [
    { line: "mailkey completions install", meaning: "for the shells you have, with the man page" },
    { line: "mailkey completions zsh > /usr/share/zsh/vendor-completions/_mailkey", meaning: "for everybody" },
    { line: "mailkey completions man | man -l -", meaning: "reads the man page" },
  ],
  async run({ values, args, context }) {
    const [what = "", ...rest] = args;
    // Not for people: what the scripts ask.
    if (what === "words") return answerShell(rest, context);
    if (what === "install") return setUp(shellsOf(rest, context), values.remove === true, context);
    if (rest.length > 0 || values.remove === true)
      throw new MailkeyError("ERR_USAGE", "only install takes shells and --remove", {
        hint: "mailkey help completions",
      });
    if (what === "man") return context.stdout(await (await import("./man-page.ts")).manPage());
    context.stdout(SCRIPTS[shellNamed(what)]);
  },
});

async function answerShell([shell = "", ...asked]: readonly string[], { paths, stdout }: Context): Promise<void> {
  const { completionWords } = await import("./completion/words.ts");
  const lines = await completionWords(shellNamed(shell), asked, paths);
  stdout(lines.map((line) => `${line}\n`).join(""));
}

function shellsOf(names: readonly string[], { env }: Context): readonly Shell[] {
  return names.length > 0 ? names.map(shellNamed) : SHELLS.filter((shell) => findExecutable(shell, env) !== undefined);
}

/** @throws ERR_USAGE */
function shellNamed(name: string): Shell {
  const shell = SHELLS.find((each) => each === name);
  if (shell !== undefined) return shell;
  throw new MailkeyError(
    "ERR_USAGE",
    `there are completions for ${SHELLS.join(", ")}, not for ${JSON.stringify(name)}`,
    {
      hint: "mailkey help completions",
    },
  );
}

async function setUp(shells: readonly Shell[], remove: boolean, { env, stdout }: Context): Promise<void> {
  const [{ install, manInstallation, shellInstallation, uninstall }, { manPage }] = await Promise.all([
    import("./completion/install.ts"),
    import("./man-page.ts"),
  ]);
  const all = [...shells.map((shell) => shellInstallation(shell, env)), manInstallation(await manPage(), env)];
  for (const each of all) stdout(remove ? removed(each, uninstall(each)) : installed(each, install(each)));
}

function installed({ what, path, needs }: Installation, isNew: boolean): string {
  const line = `${what.padEnd(4)}  ${path}${isNew ? "" : "  (as it was)"}\n`;
  return needs === undefined ? line : `${line}      needs ${needs}\n`;
}

function removed({ what, path }: Installation, wasThere: boolean): string {
  return `${what.padEnd(4)}  ${wasThere ? `removed ${path}` : "nothing to remove"}\n`;
}
