/** `setup --check`: is what setup has written still what it would write now? */
import { Draft } from "../clients/draft.ts";
import { findDrift } from "../clients/drift.ts";
import type { SetupWorld } from "../clients/plan.ts";
import type { Recipe } from "../clients/recipe.ts";
import { loadRecipe } from "../clients/recipes.ts";
import { readSetupRecord } from "../clients/record.ts";
import { isMailkeyError } from "../errors.ts";
import { jsonText, withoutControls } from "../platform/text.ts";
import type { Context } from "./context.ts";
import { EXIT_DRIFT } from "./exit.ts";
import { programsSetUp } from "./setup-list.ts";
import { tilde } from "./setup-text.ts";
import { tinted } from "./table.ts";
import { wrapText } from "./wrap.ts";

interface CheckedProgram {
  readonly program: string;
  readonly problems: readonly string[];
}

/** @param names of programs; those that are set up unless given. @returns the exit status */
export async function checkPrograms(
  context: Context,
  world: SetupWorld,
  names: readonly string[],
  json: boolean,
): Promise<number> {
  const draft = new Draft(readSetupRecord(context.paths));
  const recipes = names.length > 0 ? await Promise.all(names.map(loadRecipe)) : await programsSetUp(world, draft);
  const results = await Promise.all(recipes.map((recipe) => check(recipe, world, draft.copy())));
  const { stdout, terminal } = context;
  if (json) stdout(`${jsonText(results, 2)}\n`);
  else stdout(results.map((result) => shown(result, terminal.columns, terminal.colourOut)).join(""));
  return results.every(({ problems }) => problems.length === 0) ? 0 : EXIT_DRIFT;
}

async function check(recipe: Recipe, world: SetupWorld, draft: Draft): Promise<CheckedProgram> {
  const program = recipe.name;
  try {
    const drift = await findDrift({ recipe, world, draft });
    if (drift === undefined) return { program, problems: ["it is not set up"] };
    const { edited, dropped, stale } = drift;
    const name = (path: string) => tilde(path, world.home);
    return {
      program,
      problems: [
        ...edited.map((path) => `${name(path)}: mailkey's part was changed by hand`),
        ...dropped.map((address) => `${address} is no account any more`),
        ...stale.map(
          (path) => `${name(path)} is not what setup writes now: a server, mailkey's path or mailkey has changed`,
        ),
      ],
    };
  } catch (error) {
    if (!isMailkeyError(error)) throw error;
    return { program, problems: [error.message] };
  }
}

function shown({ program, problems }: CheckedProgram, columns: number, colour: boolean): string {
  if (problems.length === 0) return `${program}: ${tinted({ text: "as it was written", tone: "good" }, colour)}\n`;
  const lines = problems.map((problem) => `${wrapText(withoutControls(`  ${problem}`), columns)}\n`).join("");
  const state = tinted({ text: "not as setup would write it", tone: "bad" }, colour);
  return `${program}: ${state}\n${lines}  see and mend it: mailkey setup ${program}\n`;
}
