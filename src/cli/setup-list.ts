/** Which mail programs there are, which are installed, which are set up. */
import { Draft } from "../clients/draft.ts";
import { findParts, findProgram, type SetupWorld } from "../clients/plan.ts";
import type { Capability, FoundProgram, Recipe } from "../clients/recipe.ts";
import { loadRecipes } from "../clients/recipes.ts";
import { readSetupRecord } from "../clients/record.ts";
import { isAtLeast } from "../clients/version.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import { jsonText } from "../platform/text.ts";
import type { Asker } from "./ask.ts";
import type { Context } from "./context.ts";
import { table, type Cell } from "./table.ts";

export async function listPrograms(context: Context, world: SetupWorld, json: boolean): Promise<void> {
  const draft = new Draft(readSetupRecord(context.paths));
  const rows = await Promise.all(
    (await loadRecipes()).map(async (recipe) => ({
      recipe,
      installed: isInstalled(recipe, world),
      found: findProgram(recipe, world.find),
      accounts: await accountsOf(recipe, world, draft),
    })),
  );
  if (json) {
    const programs = rows.map(({ recipe, installed, found, accounts }) => ({
      program: recipe.name,
      title: recipe.title,
      summary: recipe.summary,
      capabilities: recipe.capabilities,
      installed,
      path: found?.path ?? null,
      version: found?.version ?? null,
      accounts: accounts ?? null,
    }));
    return context.stdout(`${jsonText(programs, 2)}\n`);
  }
  const header = ["PROGRAM", "INSTALLED", "SET UP FOR", "WHAT IT DOES"];
  const cells = rows.map(({ recipe, installed, found, accounts }) => [
    { text: recipe.name },
    installedCell(recipe, installed, found),
    accountsCell(accounts),
    capabilitiesCell(recipe, found),
  ]);
  context.stdout(table(header, cells, context.terminal.colourOut));
}

/** Those that are set up for some account. @throws ERR_USAGE when there are none */
export async function programsSetUp(world: SetupWorld, draft: Draft): Promise<Recipe[]> {
  const recipes = await loadRecipes();
  const parts = await Promise.all(recipes.map((recipe) => findParts({ recipe, world, draft })));
  const found = recipes.filter((_, index) => (parts[index] ?? []).length > 0);
  if (found.length > 0) return found;
  throw new MailkeyError("ERR_USAGE", "no mail program is set up", { hint: "mailkey setup" });
}

/**
 * Asks which of the installed programs are meant. Without a person to ask: all of them, to be shown.
 *
 * @param isAgreed nobody will be asked before they are written: then they have to be named
 * @throws ERR_USAGE when none is installed, chosen or named
 */
export async function chooseInstalled(
  world: SetupWorld,
  draft: Draft,
  asker: Asker | undefined,
  isAgreed: boolean,
): Promise<string[]> {
  const installed = (await loadRecipes()).filter(
    (recipe) =>
      recipe.capabilities.length > 0 &&
      isInstalled(recipe, world) &&
      isNewEnough(recipe, findProgram(recipe, world.find)),
  );
  const names = installed.map(({ name }) => name);
  if (names.length === 0)
    throw new MailkeyError("ERR_USAGE", "none of the mail programs that mailkey knows is installed", {
      hint: "mailkey setup --list",
    });
  if (isAgreed)
    throw new MailkeyError("ERR_USAGE", "setup --yes needs the programs' names", {
      hint: `mailkey setup ${names.join(" ")} --yes`,
    });
  if (asker === undefined) return names;
  const setUp = await Promise.all(installed.map((recipe) => accountsOf(recipe, world, draft)));
  const chosen = await asker.selectSeveral(
    "Which programs? (space chooses, enter goes on)",
    installed.map(({ name, title, summary }) => ({ value: name, label: title, hint: summary })),
    names.filter((_, index) => (setUp[index] ?? []).length > 0),
  );
  if (chosen.length > 0) return chosen;
  throw new MailkeyError("ERR_USAGE", "no program was chosen", { hint: "mailkey setup --list" });
}

function isInstalled(recipe: Recipe, { find }: SetupWorld): boolean {
  return recipe.isThere?.(find) ?? findProgram(recipe, find) !== undefined;
}

function isNewEnough({ oldestVersion }: Recipe, found: FoundProgram | undefined): boolean {
  return oldestVersion === undefined || isAtLeast(found?.version, oldestVersion);
}

/** Undefined when its files cannot be read or understood, which is told when they are to be changed. */
async function accountsOf(recipe: Recipe, world: SetupWorld, draft: Draft): Promise<readonly string[] | undefined> {
  try {
    const parts = await findParts({ recipe, world, draft });
    return [...new Set(parts.flatMap((part) => part.accounts))];
  } catch (error) {
    if (isMailkeyError(error)) return undefined;
    throw error;
  }
}

function installedCell(recipe: Recipe, installed: boolean, found: FoundProgram | undefined): Cell {
  if (recipe.executables.length === 0 && recipe.isThere === undefined) return { text: "-", tone: "dim" };
  return installed ? { text: found?.version ?? "yes", tone: "good" } : { text: "no", tone: "dim" };
}

const DOES: Readonly<Record<Capability, string>> = { fetch: "fetches", send: "sends" };

function capabilitiesCell(recipe: Recipe, found: FoundProgram | undefined): Cell {
  const { capabilities, oldestVersion } = recipe;
  if (capabilities.length === 0) return { text: "cannot use tokens", tone: "dim" };
  if (!isNewEnough(recipe, found)) return { text: `cannot use tokens: ${oldestVersion} can`, tone: "dim" };
  return { text: capabilities.map((each) => DOES[each]).join(", ") };
}

function accountsCell(accounts: readonly string[] | undefined): Cell {
  if (accounts === undefined) return { text: "damaged", tone: "bad" };
  return accounts.length === 0 ? { text: "-", tone: "dim" } : { text: accounts.join(" ") };
}
