/** What a shell's script asks on TAB, answered in that shell's terms. */
import type { Paths } from "../../platform/paths.ts";
import { bashReply, readBashLine } from "./bash-line.ts";
import { candidatesFor, type Candidate, type Candidates } from "./candidates.ts";
import type { Shell } from "./scripts.ts";

/**
 * @param asked bash: the line up to the cursor and COMP_WORDBREAKS; zsh and fish: the words after `mailkey`, the last one as far as it is typed
 * @returns lines, the first of which says what the others are
 */
export async function completionWords(shell: Shell, asked: readonly string[], paths: Paths): Promise<string[]> {
  if (shell === "bash") return bashWords(asked, paths);
  const found = await candidatesFor(asked.slice(0, -1), asked.at(-1) ?? "", paths);
  return answer(found, (all) => all.map(({ word, about }) => (about === undefined ? word : `${word}\t${about}`)));
}

async function bashWords([line = "", breaks = ""]: readonly string[], paths: Paths): Promise<string[]> {
  const read = readBashLine(line, breaks);
  const found = await candidatesFor(read.words.slice(1), read.current, paths);
  return answer(found, (all) =>
    all.filter(({ word }) => word.startsWith(read.current)).flatMap(({ word }) => bashReply(word, read) ?? []),
  );
}

function answer(found: Candidates, lines: (found: readonly Candidate[]) => string[]): string[] {
  return typeof found === "string" ? [found] : ["words", ...lines(found)];
}
