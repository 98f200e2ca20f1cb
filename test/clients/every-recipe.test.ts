/** What holds for every recipe, whatever the user's files are like. No mail program runs here. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { withoutBlocks } from "../../src/clients/block.ts";
import type { Edit, MailAccount, Recipe, Way } from "../../src/clients/recipe.ts";
import { loadRecipes, RECIPES } from "../../src/clients/recipes.ts";
import { isMailkeyError } from "../../src/errors.ts";
import { ODD_FILES } from "./odd-files.ts";
import { MAILKEY, NASTY, TestHome, testAccounts } from "./world.ts";

const accounts = await testAccounts();
const recipes = (await loadRecipes()).map((recipe) => [recipe.name, recipe] as const);
const forms = recipes.flatMap(([, recipe]) =>
  (recipe.ways ?? (["token"] as const)).map((way) => ({ name: `${recipe.name} by ${way}`, recipe, way })),
);
const files = new Map(await Promise.all(forms.map(async (form) => [form.name, await filesOf(form)] as const)));
/** Of programs that cannot use tokens at all: they are there to say so. */
const unusable = forms.filter(({ name }) => files.get(name) === undefined);
const usable = forms.filter(({ name }) => files.get(name) !== undefined);
/** All but those that only tell what to enter elsewhere. */
const writing = usable.filter(({ name }) => (files.get(name) ?? []).length > 0);
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

test.each(unusable)("$name is refused, and something else named that can be used", async ({ recipe, way }) => {
  home.way = way;
  const before = home.tree();
  const error: unknown = await home.setUp(recipe).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "ERR_UNSUPPORTED", hint: expect.any(String) });
  expect(home.tree()).toEqual(before);
});

describe.each(usable)("$name", ({ recipe, way }) => {
  beforeEach(() => {
    home.way = way;
  });

  test("names the right servers: a personal Outlook mailbox sends through another one than one at work", async () => {
    if ((recipe.buildsOn ?? []).length > 0 || way !== "token") return;
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

  test("names the mailbox, and no server but mailkey's, when mailkey stands between", async () => {
    if (way === "token" || recipe.name === "generic") return;
    home.accounts = accounts.slice(0, 2);
    const { edits, notes } = await home.setUpDry(recipe);
    const text = [...edits.map((edit) => edit.text), ...notes].join("\n");
    expect(text).toContain(way === "tunnel" ? `${MAILKEY} tunnel` : "127.0.0.1");
    expect(text).toContain("anna@hotmail.com");
    expect(text).toContain("bert@work.test");
    expect(text).not.toMatch(/office365|smtp-mail/);
    expect(text).not.toContain("mailkey token");
  });

  test("gives no line to a shell in which an address could run something", async () => {
    for (const { text } of (await home.setUpDry(recipe)).edits) {
      for (const form of [text, text.replace(/\\(.)/g, "$1")]) {
        for (const words of ["token", "tunnel", "tunnel --protocol pop", "tunnel --protocol smtp"])
          expect(form).not.toContain(`mailkey ${words} ${NASTY}`);
      }
    }
  });
});

describe.each(writing)("$name", ({ name, recipe, way }) => {
  beforeEach(() => {
    home.way = way;
  });

  test("set up twice is set up once, and taken out leaves nothing in an empty home", async () => {
    const before = home.tree();
    expect((await home.setUp(recipe)).changed).toBe(true);
    const once = home.tree();
    expect((await home.setUp(recipe)).changed).toBe(false);
    expect(home.tree()).toEqual(once);
    await home.remove(recipe);
    expect(home.tree()).toEqual(before);
  });

  test("goes on by the same way when it is set up again with none named", async () => {
    await home.setUp(recipe);
    const once = home.tree();
    home.way = undefined;
    expect(await home.setUp(recipe)).toMatchObject({ changed: false, way });
    expect(home.tree()).toEqual(once);
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
          home.way = way;
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

interface Form {
  readonly recipe: Recipe;
  readonly way: Way;
}

/** What a recipe writes, below an empty home, for an address that is like most; undefined when it refuses. */
async function filesOf({ recipe, way }: Form): Promise<readonly { kind: Edit["kind"]; path: string }[] | undefined> {
  const where = new TestHome(accounts.slice(0, 1));
  where.way = way;
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
