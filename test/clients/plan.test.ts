/** What the engine promises, shown with recipes made for it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { applyDraft } from "../../src/clients/apply.ts";
import { programsNaming } from "../../src/clients/part.ts";
import { planPrint, planSetup } from "../../src/clients/plan.ts";
import type { Edit, Recipe, RenderRequest, Rendering } from "../../src/clients/recipe.ts";
import { MailkeyError } from "../../src/errors.ts";
import { failureOf } from "../vault/support.ts";
import { TestHome, testAccounts } from "./world.ts";

const [anna, bert] = await testAccounts();
let home: TestHome;
beforeEach(() => {
  home = new TestHome([anna, bert]);
});
afterEach(() => home.dispose());

describe("the way", () => {
  const both = (request: RenderRequest): Partial<Rendering> => {
    const { way = "token" } = request;
    return { way, edits: [{ kind: "block", path: join(request.home, ".rc"), comment: "#", text: `by ${way}\n` }] };
  };
  const ways: Recipe = { ...recipe(both), ways: ["token", "tunnel"] };
  const rc = () => readFileSync(join(home.home, ".rc"), "utf8");

  test("is changed when another one is wanted, for all accounts, and kept when one of them is taken out", async () => {
    await home.setUp(ways);
    expect(rc()).toContain("# >>> mailkey prog: anna@hotmail.com bert@work.test\n");
    home.way = "tunnel";
    await home.setUp(ways, [bert]);
    expect(rc()).toContain("# >>> mailkey prog by tunnel: anna@hotmail.com bert@work.test\n");
    home.way = undefined;
    await home.remove(ways, [bert.address]);
    expect(rc()).toContain("# >>> mailkey prog by tunnel: anna@hotmail.com\n");
    expect(rc()).toContain("\nby tunnel\n");
  });

  test("is refused where the program cannot go it", async () => {
    home.way = "proxy";
    const failure = await failureOf(home.setUp(ways));
    expect(failure).toMatchObject({ code: "ERR_UNSUPPORTED", hint: "mailkey setup prog --by token" });
    expect(home.tree()).toEqual({});
  });
});

function recipe(render: (request: RenderRequest) => Partial<Rendering>, name = "prog"): Recipe {
  return {
    name,
    title: name,
    summary: "for tests",
    capabilities: ["fetch"],
    executables: [name],
    render: (request) => ({ edits: [], notes: [], ...render(request) }),
    sources: [],
  };
}

const lines = ({ accounts }: RenderRequest) => accounts.map(({ address }) => `user ${address}\n`).join("");
const rc = () => join(home.home, ".rc");
const inRc = recipe((request) => ({ edits: [{ kind: "block", path: rc(), comment: "#", text: lines(request) }] }));
/** In a format without comments. */
const wholeFile = recipe((request) => ({
  edits: [
    {
      kind: "file",
      path: join(home.home, ".config", "prog", "accounts.json"),
      comment: undefined,
      text: `${JSON.stringify(request.accounts.map(({ address }) => address))}\n`,
    },
  ],
}));
const json = () => join(home.home, ".config", "prog", "accounts.json");
const write = (path: string, content: string, mode = 0o600) => writeFileSync(path, content, { mode });
const read = (path: string) => readFileSync(path, "latin1");

describe("setting up", () => {
  test("keeps a file's mode, and a link a link; a new file is private unless the recipe says otherwise", async () => {
    mkdirSync(join(home.home, "dotfiles"));
    write(join(home.home, "dotfiles", "rc"), "own\n");
    chmodSync(join(home.home, "dotfiles", "rc"), 0o640);
    symlinkSync("dotfiles/rc", rc());
    await home.setUp(inRc);
    expect(home.tree()[rc()]).toBe("-> dotfiles/rc");
    expect(home.tree()[join(home.home, "dotfiles", "rc")]).toMatch(/^640 own\n# >>> mailkey prog/);
    await home.setUp(wholeFile);
    expect(statSync(json()).mode & 0o777).toBe(0o600);
    expect(statSync(join(home.home, ".config")).mode & 0o777).toBe(0o700);
  });

  test("refuses a link that leads nowhere, and a folder", async () => {
    symlinkSync("gone", rc());
    expect((await failureOf(home.setUp(inRc))).message).toContain(`${rc()} is a link that leads nowhere`);
    mkdirSync(json(), { recursive: true });
    expect((await failureOf(home.setUp(wholeFile))).message).toContain("is not a regular file");
  });

  test("keeps the file as it was, privately, each time that it changes", async () => {
    write(rc(), "password = s3cret\n", 0o644);
    await home.setUp(inRc, [anna]);
    const first = read(rc());
    await home.setUp(inRc, [bert]);
    const backups = join(home.paths.state, "backups");
    const kept = readdirSync(backups)
      .toSorted()
      .map((run) => join(backups, run, rc()));
    expect(kept.map((path) => read(path))).toEqual(["password = s3cret\n", first]);
    for (const path of kept) expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("makes no backup when nothing changes", async () => {
    await home.setUp(inRc);
    await home.setUp(inRc);
    expect(existsSync(join(home.paths.state, "backups"))).toBe(false);
  });

  test("writes nothing over a file that was changed after it was shown", async () => {
    write(rc(), "own\n");
    const draft = home.draft();
    await planSetup({ recipe: inRc, world: home.world, draft }, "all");
    write(rc(), "own, edited meanwhile\n");
    expect(() => applyDraft(home.paths, draft, new Date())).toThrow("has changed meanwhile");
    expect(read(rc())).toBe("own, edited meanwhile\n");
  });

  test("shows the recipe the user's part of a file, never mailkey's", async () => {
    const seen: (string | undefined)[] = [];
    const spy = recipe((request) => {
      seen.push(request.read(rc()));
      return { edits: [{ kind: "block", path: rc(), comment: "#", text: "x\n" }] };
    });
    await home.setUp(spy);
    await home.setUp(spy);
    expect(new Set(seen)).toEqual(new Set([undefined]));
    write(rc(), `${read(rc())}own\n`);
    seen.length = 0;
    await home.setUp(spy);
    expect(new Set(seen)).toEqual(new Set(["own\n"]));
  });

  test("lets several programs share a file, in one run and in several", async () => {
    const other = recipe(() => ({ edits: [{ kind: "block", path: rc(), comment: "#", text: "y\n" }] }), "other");
    const draft = home.draft();
    for (const each of [inRc, other]) await planSetup({ recipe: each, world: home.world, draft }, "all");
    applyDraft(home.paths, draft, new Date());
    expect(read(rc()).match(/^# >>> mailkey (\w+)/gm)).toEqual(["# >>> mailkey prog", "# >>> mailkey other"]);
    await home.remove(inRc);
    expect(read(rc())).toStartWith("# >>> mailkey other");
    await home.remove(other);
    expect(home.tree()).toEqual({});
  });

  test("that fails half-way leaves no trace where it was only tried", async () => {
    const half = recipe(() => ({
      edits: [
        { kind: "block", path: rc(), comment: "#", text: "x\n" },
        { kind: "file", path: join(home.home, "foreign"), comment: "#", text: "x\n" },
      ],
    }));
    write(join(home.home, "foreign"), "not mailkey's\n");
    const draft = home.draft();
    await failureOf(planSetup({ recipe: half, world: home.world, draft: draft.copy() }, "all"));
    expect({ changes: draft.changes, record: draft.record }).toEqual({
      changes: [],
      record: { files: {}, folders: {} },
    });
  });

  test("leaves an account out that the program cannot use, unless it was named", async () => {
    const picky = recipe((request) => {
      if (request.accounts.some(({ address }) => address === bert.address))
        throw new MailkeyError("ERR_UNSUPPORTED", "no such server");
      return { edits: [{ kind: "block", path: rc(), comment: "#", text: lines(request) }] };
    });
    home.accounts = [bert];
    expect((await failureOf(home.setUp(picky))).message).toContain("no such server");
    home.accounts = [anna, bert];
    const plan = await home.setUp(picky);
    expect(plan.accounts).toEqual([anna.address]);
    expect(plan.skipped).toEqual([{ address: bert.address, reason: "no such server" }]);
    expect((await failureOf(home.setUp(picky, [bert]))).message).toContain("no such server");
    home.accounts = [bert];
  });

  test("stops at an account file that cannot be used when the program is set up for it", async () => {
    await home.setUp(inRc);
    const broken = new Map([[bert.address, new MailkeyError("ERR_CONFIG", "bert's file is broken")]]);
    const world = { ...home.world, accounts: [anna], broken };
    const attempt = planSetup({ recipe: inRc, world, draft: home.draft() }, "all");
    expect((await failureOf(attempt)).message).toContain("bert's file is broken");
  });

  test("says which files were edited by hand, and writes them anew", async () => {
    await home.setUp(inRc);
    const written = read(rc());
    write(rc(), written.replace("user anna", "user Anna"));
    expect((await home.setUp(inRc)).edited).toEqual([rc()]);
    expect(read(rc())).toBe(written);
  });

  test("makes the folders that the program needs; once there is something in them, they stay", async () => {
    const folders = () => [join(home.home, "Mail", "a"), join(home.home, "Mail", "b")];
    const withFile = recipe(() => ({
      edits: [{ kind: "block", path: rc(), comment: "#", text: "x\n" }],
      folders: folders(),
    }));
    await home.setUp(withFile);
    for (const folder of folders()) expect(statSync(folder).mode & 0o777).toBe(0o700);
    write(join(home.home, "Mail", "b", "message"), "");
    await home.remove(withFile);
    expect(Object.keys(home.tree()).map((path) => path.slice(home.home.length))).toEqual([
      "/Mail",
      "/Mail/b",
      "/Mail/b/message",
    ]);
  });
});

describe("what the user has made by hand", () => {
  const doubled = recipe((request) => ({
    edits: [{ kind: "block", path: rc(), comment: "#", text: lines(request) }],
    handMade: [{ path: rc(), line: 3, address: anna.address }],
  }));

  test("is not doubled: setup names the line and writes nothing, but prints", async () => {
    write(rc(), "a\nb\nuser anna\n");
    const before = home.tree();
    expect((await failureOf(home.setUp(doubled))).message).toContain(`${rc()} line 3 (${anna.address})`);
    expect(home.tree()).toEqual(before);
    const plan = await planPrint({ recipe: doubled, world: home.world, draft: home.draft() }, "all");
    expect(plan.edits).toHaveLength(1);
  });

  test("a damaged mark is refused, naming file and line", async () => {
    await home.setUp(inRc);
    write(rc(), `own\n${read(rc()).replace(/# <<<.*\n/, "")}`);
    expect((await failureOf(home.setUp(inRc))).message).toContain(
      `${rc()}: line 2: the block for prog that begins here has no end`,
    );
    expect((await failureOf(home.remove(inRc))).message).toContain(`${rc()}: line 2`);
  });

  test("a whole file of somebody else's is never touched", async () => {
    mkdirSync(join(home.home, ".config", "prog"), { recursive: true });
    write(json(), "[]\n");
    expect((await failureOf(home.setUp(wholeFile))).message).toContain(
      `${json()} is there already, and is not mailkey's`,
    );
    await home.remove(wholeFile);
    expect(read(json())).toBe("[]\n");
  });
});

describe("a whole file without comments", () => {
  test("is known by its content: brought up to date, and taken out with its folders", async () => {
    await home.setUp(wholeFile, [anna]);
    await home.setUp(wholeFile, [bert]);
    expect(read(json())).toBe(`["${anna.address}","${bert.address}"]\n`);
    await home.remove(wholeFile);
    expect(home.tree()).toEqual({});
  });

  test("that was changed since is neither overwritten nor removed", async () => {
    await home.setUp(wholeFile);
    write(json(), "{}\n");
    expect((await failureOf(home.setUp(wholeFile))).message).toContain(`${json()} was changed after mailkey wrote it`);
    expect((await home.remove(wholeFile)).notes.join()).toContain("left as it is");
    expect(read(json())).toBe("{}\n");
  });
});

describe("taking out", () => {
  test("leaves what the user has put around a block of a file that mailkey made", async () => {
    await home.setUp(inRc);
    write(rc(), `before\n${read(rc())}after\n`);
    await home.remove(inRc);
    expect(read(rc())).toBe("before\nafter\n");
  });

  test("takes out one account, also one that is gone, and the program with the last", async () => {
    await home.setUp(inRc);
    home.accounts = [bert];
    await home.remove(inRc, [anna.address.toUpperCase()]);
    expect(read(rc())).toContain(bert.address);
    expect(read(rc())).not.toContain(anna.address);
    await home.remove(inRc, [bert.address]);
    expect(home.tree()).toEqual({});
  });

  test("leaves a program alone that is not set up for the account", async () => {
    await home.setUp(inRc, [anna]);
    write(rc(), read(rc()).replace("user anna", "user Anna"));
    const before = home.tree();
    await home.remove(inRc, [bert.address]);
    expect(home.tree()).toEqual(before);
  });

  test("finds the blocks without the record, which then leaves an empty file", async () => {
    await home.setUp(inRc);
    writeFileSync(join(home.paths.state, "setup.json"), `{"files":{},"folders":{}}`, { mode: 0o600 });
    await home.remove(inRc);
    expect(read(rc())).toBe("");
  });

  test("of a program takes the files of an account that is no longer one", async () => {
    const perAccount = recipe(({ accounts }) => ({
      edits: accounts.map(
        ({ label }): Edit => ({ kind: "file", path: join(home.home, label), comment: "#", text: "x\n" }),
      ),
    }));
    await home.setUp(perAccount);
    home.accounts = [bert];
    await home.setUp(perAccount);
    expect(Object.keys(home.tree())).toEqual([join(home.home, bert.label)]);
    await home.remove(perAccount);
    expect(home.tree()).toEqual({});
  });
});

test("programs that name an address are found by the record; files that are gone do not count", async () => {
  await home.setUp(inRc, [anna]);
  await home.setUp({ ...wholeFile, name: "other" }, [anna]);
  expect(programsNaming(home.paths, anna.address.toUpperCase())).toEqual(["prog", "other"]);
  expect(programsNaming(home.paths, bert.address)).toEqual([]);
  writeFileSync(rc(), "");
  expect(programsNaming(home.paths, anna.address)).toEqual(["other"]);
});

describe("token files", () => {
  const withFile = { ...anna, fileCommand: ["/bin/cat", "/run/user/1/mailkey/tokens/anna"] as const };
  const commands = (request: RenderRequest) => ({ notes: request.accounts.map((each) => each.tokenCommand.join(" ")) });

  test("are what programs read for the accounts that have one, and the user is told what that needs", async () => {
    home.accounts = [withFile, bert];
    const { notes } = await home.setUpDry(recipe(commands));
    expect(notes).toEqual([
      "/bin/cat /run/user/1/mailkey/tokens/anna",
      bert.tokenCommand.join(" "),
      `It reads token files (${anna.address}), which are there while mailkey's agent runs. See: mailkey agent status`,
    ]);
  });

  test("are not for a program that wants more of mailkey than a token", async () => {
    home.accounts = [withFile];
    const { notes } = await home.setUpDry({ ...recipe(commands), needsMailkey: true });
    expect(notes).toEqual([anna.tokenCommand.join(" ")]);
  });
});
