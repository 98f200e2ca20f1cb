/** What holds for every recipe, whatever the user's files are like. No mail program runs here. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { withoutBlocks } from "../../src/clients/block.ts";
import type { Edit, MailAccount, Recipe } from "../../src/clients/recipe.ts";
import { loadRecipes, RECIPES } from "../../src/clients/recipes.ts";
import { isMailkeyError } from "../../src/errors.ts";
import { ODD_FILES } from "./odd-files.ts";
import { NASTY, TestHome, testAccounts } from "./world.ts";

const accounts = await testAccounts();
const recipes = (await loadRecipes()).map((recipe) => [recipe.name, recipe] as const);
const files = new Map(await Promise.all(recipes.map(async ([name, recipe]) => [name, await filesOf(recipe)] as const)));
/** Of programs that cannot use tokens at all: they are there to say so. */
const unusable = recipes.filter(([name]) => files.get(name) === undefined);
const usable = recipes.filter(([name]) => files.get(name) !== undefined);
/** All but those that only tell what to enter elsewhere. */
const writing = usable.filter(([name]) => (files.get(name) ?? []).length > 0);
let home: TestHome;
beforeEach(() => {
  home = new TestHome(accounts);
});
afterEach(() => home.dispose());

test("recipes are listed by their names", async () => {
  expect(recipes.map(([name]) => name)).toEqual(Object.keys(RECIPES));
});

test.each(recipes)("%s says what it is in plain lines, and what it rests on", (_, recipe) => {
  expect(recipe.name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  expect(recipe.summary).toMatch(/^[^A-Z\n].*[^.\n]$/);
  expect(recipe.summary.length).toBeLessThanOrEqual(76);
  expect(recipe.sources.length).toBeGreaterThan(0);
  for (const source of recipe.sources) expect(URL.canParse(source)).toBe(true);
  for (const below of recipe.buildsOn ?? []) expect(Object.keys(RECIPES)).toContain(below);
});

test.each(unusable)("%s is refused, and something else named that can be used", async (_, recipe) => {
  const before = home.tree();
  const error: unknown = await home.setUp(recipe).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "ERR_UNSUPPORTED", hint: expect.any(String) });
  expect(home.tree()).toEqual(before);
});

describe.each(usable)("%s", (_, recipe) => {
  test("names the right servers: a personal Outlook mailbox sends through another one than one at work", async () => {
    if ((recipe.buildsOn ?? []).length > 0) return;
    const [personal, work] = accounts;
    const textFor = async (account: MailAccount) => {
      home.accounts = [account];
      const { edits, notes } = await home.setUpDry(recipe);
      return [...edits.map(({ text }) => text), ...notes].join("\n");
    };
    const texts = { personal: await textFor(personal), work: await textFor(work) };
    if (recipe.capabilities.includes("send")) {
      expect(texts.personal).toContain("smtp-mail.outlook.com");
      expect(texts.work).toContain("smtp.office365.com");
    }
    if (recipe.capabilities.includes("fetch")) expect(texts.personal).toContain("outlook.office365.com");
  });

  test("gives no line to a shell in which an address could run something", async () => {
    for (const { text } of (await home.setUpDry(recipe)).edits) {
      for (const form of [text, text.replace(/\\(.)/g, "$1")]) {
        expect(form).not.toContain(`mailkey token ${NASTY}`);
      }
    }
  });
});

describe.each(writing)("%s", (name, recipe) => {
  test("set up twice is set up once, and taken out leaves nothing in an empty home", async () => {
    const before = home.tree();
    expect((await home.setUp(recipe)).changed).toBe(true);
    const once = home.tree();
    expect((await home.setUp(recipe)).changed).toBe(false);
    expect(home.tree()).toEqual(once);
    await home.remove(recipe);
    expect(home.tree()).toEqual(before);
  });

  test("set up for one account after another is the same as for both at once", async () => {
    const [one, other] = accounts;
    home.accounts = [one, other];
    await home.setUp(recipe, [one]);
    await home.setUp(recipe, [other]);
    const tree = home.tree();
    await home.remove(recipe);
    await home.setUp(recipe);
    expect(home.tree()).toEqual(tree);
    await home.remove(recipe, [other.address]);
    const alone = home.tree();
    await home.remove(recipe);
    await home.setUp(recipe, [one]);
    expect(home.tree()).toEqual(alone);
  });

  test("an account that is gone drops out at the next run", async () => {
    const [one, other] = accounts;
    home.accounts = [one];
    await home.setUp(recipe);
    const alone = home.tree();
    home.accounts = [one, other];
    await home.setUp(recipe);
    home.accounts = [one];
    await home.setUp(recipe);
    expect(home.tree()).toEqual(alone);
    home.accounts = [];
    await home.setUp(recipe);
    expect(home.tree()).toEqual({});
  });

  describe.each(["a plain file", "a file of mode 0640", "a link to a file elsewhere"])("in %s", (kind) => {
    test("whatever is in it stays as it is, byte for byte, and is all that is left in the end", async () => {
      const odd = kind === "a plain file" ? ODD_FILES : ODD_FILES.slice(0, 1);
      for (const { path, kind: edit } of files.get(name) ?? [])
        for (const [what, content] of odd) {
          home.dispose();
          home = new TestHome(accounts);
          const target = join(home.home, path);
          place(target, content, kind);
          const before = home.tree();
          const outcome: unknown = await home.setUp(recipe).catch((error: unknown) => error);
          if (outcome instanceof Error && !isMailkeyError(outcome)) throw outcome;
          if (isMailkeyError(outcome)) {
            // A whole file of somebody else's.
            expect({ what, edit, code: outcome.code }).toEqual({ what, edit: "file", code: "ERR_CONFIG" });
          } else {
            const takesAll = edit === "file" && content === "";
            const own = takesAll ? "" : withoutBlocks(readFileSync(target, "latin1"), target);
            expect({ what, own }).toEqual({ what, own: content });
            const once = home.tree();
            await home.setUp(recipe);
            expect(home.tree()).toEqual(once);
            await home.remove(recipe);
          }
          expect({ what, tree: home.tree() }).toEqual({ what, tree: before });
        }
    });
  });
});

/** What a recipe writes, below an empty home, for an address that is like most; undefined when it refuses. */
async function filesOf(recipe: Recipe): Promise<readonly { kind: Edit["kind"]; path: string }[] | undefined> {
  const where = new TestHome(accounts.slice(0, 1));
  try {
    const { edits } = await where.setUpDry(recipe);
    return edits.map(({ kind, path }) => ({ kind, path: path.slice(where.home.length) }));
  } catch (error) {
    if (isMailkeyError(error, "ERR_UNSUPPORTED")) return undefined;
    throw error;
  } finally {
    where.dispose();
  }
}

function place(path: string, content: string, kind: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const file = kind.startsWith("a link") ? join(home.home, "dotfile") : path;
  writeFileSync(file, Buffer.from(content, "latin1"));
  chmodSync(file, kind.includes("0640") ? 0o640 : 0o600);
  if (file !== path) symlinkSync(file, path);
}
