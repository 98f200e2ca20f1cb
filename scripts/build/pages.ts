/** The files that go beside the program, as text: man page, completions, units. */
import { SCRIPTS } from "../../src/cli/completion/scripts.ts";
import { manPage } from "../../src/cli/man-page.ts";

/** By the names that man and the shells know them by. */
export async function pages() {
  return {
    "mailkey.1": await manPage(),
    "completions/mailkey.bash": SCRIPTS.bash,
    "completions/_mailkey": SCRIPTS.zsh,
    "completions/mailkey.fish": SCRIPTS.fish,
  } satisfies Readonly<Record<string, string>>;
}
