/** A person at an interactive shell: keys go in through a terminal, and what stands on the command line afterwards comes out. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Home } from "./harness.ts";

export type TypingShell = "bash" | "zsh";

/** zsh's own pseudo-terminal serves both shells. Waits for files, not for time; the arguments: command, ready file, result file, keys. */
const DRIVER = `
zmodload zsh/zpty zsh/zselect
await() {
  local output
  repeat 600; do
    zpty -r -t shell output '*' 2>/dev/null
    [[ -e $1 ]] && return 0
    zselect -t 5
  done
  return 1
}
zpty -b shell "$1"
await $2 || exit 3
zpty -w -n shell "$4"$'\\C-x\\C-r'
await $3 || exit 4
zpty -d shell
`;

/** What each shell runs before its first prompt, with a key that writes the command line to a file. */
const START: Record<TypingShell, (ready: string, result: string) => string> = {
  bash: (ready, result) => `
__report() { printf %s "$READLINE_LINE" > ${result}.new && mv ${result}.new ${result}; }
bind -x '"\\C-x\\C-r": __report'
bind 'set bell-style none'
bind 'set page-completions off'
bind 'set completion-query-items 0'
PROMPT_COMMAND='touch ${ready}'
`,
  zsh: (ready, result) => `
report() { print -rn -- $BUFFER > ${result}.new && mv ${result}.new ${result} }
zle -N report
bindkey '^X^R' report
zle-line-init() { : > ${ready} }
zle -N zle-line-init
unsetopt beep
`,
};

/**
 * @param setUp what the user's own start file does about completion
 * @returns the command line after `keys`
 */
export async function typed(
  shell: TypingShell,
  setUp: string,
  keys: string,
  home: Home,
  env: Record<string, string> = {},
): Promise<string> {
  const file = (name: string) => join(home.folder, name);
  for (const name of ["ready", "result"]) rmSync(file(name), { force: true });
  writeFileSync(file(shell === "bash" ? "rc" : ".zshrc"), START[shell](file("ready"), file("result")) + setUp);
  writeFileSync(file("driver.zsh"), DRIVER);
  const command = shell === "bash" ? `bash --noprofile --rcfile ${file("rc")} -i` : "zsh -d -i";
  const run = await home.program("zsh", ["-f", file("driver.zsh"), command, file("ready"), file("result"), keys], {
    env: { TERM: "dumb", ...env },
  });
  if (!existsSync(file("result")))
    throw new Error(`${shell} did not answer (${run.status}): ${run.stdout}${run.stderr}`);
  return readFileSync(file("result"), "utf8");
}
