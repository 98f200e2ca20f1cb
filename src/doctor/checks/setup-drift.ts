/** What `mailkey setup` has written into mail programs' files, and what has become of it. */
import { Draft } from "../../clients/draft.ts";
import { findDrift } from "../../clients/drift.ts";
import type { SetupWorld } from "../../clients/plan.ts";
import type { Recipe } from "../../clients/recipe.ts";
import { loadRecipe, RECIPES } from "../../clients/recipes.ts";
import { readSetupRecord } from "../../clients/record.ts";
import { loadWorld } from "../../clients/world.ts";
import { isMailkeyError } from "../../errors.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";

export const setupDrift: MachineCheck = {
  of: "machine",
  id: "setup-drift",
  title: "what setup wrote for mail programs",
  worst: "error",
  async examine(machine) {
    const draft = draftOf(machine);
    if (draft === undefined) return [];
    const names = new Set(Object.values(draft.record.files).flatMap(({ programs }) => programs));
    const recipes = await Promise.all([...names].filter((name) => Object.hasOwn(RECIPES, name)).map(loadRecipe));
    const { paths, env, mailkey, config } = machine;
    const world = await loadWorld(
      { paths, env, command: mailkey, caFile: config.caFile, proxy: config.proxy },
      recipes,
    );
    const findings = await Promise.all(recipes.map((recipe) => examineRecipe(recipe, world, draft.copy())));
    return findings.flat();
  },
};

/** Undefined when the record cannot be read. */
function draftOf({ paths }: Machine): Draft | undefined {
  try {
    return new Draft(readSetupRecord(paths));
  } catch (error) {
    if (isMailkeyError(error)) return undefined;
    throw error;
  }
}

async function examineRecipe(recipe: Recipe, world: SetupWorld, draft: Draft): Promise<Finding[]> {
  const remedy = [`mailkey setup ${recipe.name}`];
  try {
    const drift = await findDrift({ recipe, world, draft });
    if (drift === undefined) return [];
    const { edited, dropped, stale } = drift;
    return [
      ...dropped.map((address) => ({
        severity: "error" as const,
        seen: `${recipe.title} is set up for ${address}, which is no account of mailkey's any more`,
        means: `It asks mailkey for a token, and gets none.`,
        remedy,
        advice: "The command takes that account out of the program's files.",
      })),
      ...edited.map((path) => ({
        severity: "warning" as const,
        seen: `${path}: mailkey's part was changed by hand`,
        means: "The next setup writes it anew, and the change is lost. Lines of your own belong outside of it.",
        remedy,
      })),
      ...stale.map((path) => ({
        severity: "warning" as const,
        seen: `${path} is not what setup would write now`,
        means: "A server, mailkey's path or mailkey itself has changed since: what stands there may not work any more.",
        remedy,
      })),
    ];
  } catch (error) {
    if (!isMailkeyError(error)) throw error;
    const { hint } = error;
    return [
      {
        severity: "warning",
        seen: error.message,
        means: `mailkey cannot keep what it wrote for ${recipe.title} up to date.`,
        remedy: [],
        advice:
          hint === undefined
            ? `See: mailkey setup ${recipe.name}`
            : `${hint.slice(0, 1).toUpperCase()}${hint.slice(1)}.`,
      },
    ];
  }
}
