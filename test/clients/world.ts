/** Accounts and homes for tests of recipes: no program runs, and nothing is signed in. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultConfig } from "../../src/accounts/config.ts";
import { resolveAccount } from "../../src/accounts/resolve.ts";
import { labelsOf, mailAccountOf } from "../../src/clients/account.ts";
import { applyDraft } from "../../src/clients/apply.ts";
import { Draft } from "../../src/clients/draft.ts";
import { planRemoval, planSetup, type ProgramPlan, type SetupWorld, type Wanted } from "../../src/clients/plan.ts";
import type { FoundProgram, MailAccount, Recipe, Way } from "../../src/clients/recipe.ts";
import { readSetupRecord } from "../../src/clients/record.ts";
import { resolvePaths, type Paths } from "../../src/platform/paths.ts";

/** Addresses allow all of this (RFC 5322 3.4.1, quoted or not); white space and control characters they do not. */
export const NASTY = "o'brien+$(touch${IFS}x)\"\\`touch${IFS}x`;#%U*!&|<>{}@ex.test";
export const MAILKEY = "/opt/mailkey/bin/mailkey";

const ADDRESSES = {
  "anna@hotmail.com": "microsoft-personal",
  "bert@work.test": "microsoft",
  [NASTY]: "google",
} as const;

/** A personal Outlook mailbox, one at work, and one with an address that means something to every syntax there is. */
export async function testAccounts(command: string = MAILKEY): Promise<[MailAccount, MailAccount, MailAccount]> {
  const labels = labelsOf(Object.keys(ADDRESSES));
  const accounts = await Promise.all(
    Object.entries(ADDRESSES).map(async ([address, provider]) =>
      mailAccountOf(await resolveAccount({ address, provider, client: { id: "client" } }), labels, command),
    ),
  );
  return accounts as [MailAccount, MailAccount, MailAccount];
}

function everything(executable: string): FoundProgram {
  return { path: `/usr/bin/${executable}`, version: undefined };
}

/** What a path holds: enough to tell whether anything about it has changed. */
export type Tree = Readonly<Record<string, string>>;

/** In memory where there is such a file system: everything that setup writes, it syncs. */
const ROOT = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export class TestHome {
  readonly folder = mkdtempSync(join(ROOT, "mailkey-recipe-"));
  readonly paths: Paths = resolvePaths({ MAILKEY_HOME: join(this.folder, "mailkey") });
  accounts: readonly MailAccount[];
  /** What is typed after `--by`. */
  way: Way | undefined;
  #runs = 0;
  readonly #find: (executable: string) => FoundProgram | undefined;

  constructor(accounts: readonly MailAccount[], find: (executable: string) => FoundProgram | undefined = everything) {
    chmodSync(this.folder, 0o755);
    mkdirSync(this.home);
    this.accounts = accounts;
    this.#find = find;
  }

  get home(): string {
    return join(this.folder, "home");
  }

  get world(): SetupWorld {
    const { accounts, home } = this;
    return {
      accounts,
      broken: new Map(),
      home,
      env: { HOME: home, LOGNAME: "me" },
      caFile: undefined,
      proxy: defaultConfig({}).proxy,
      hasTokenPlugin: async () => undefined,
      find: this.#find,
    };
  }

  draft(): Draft {
    return new Draft(readSetupRecord(this.paths));
  }

  /** Plans and writes. @returns the plan and whether anything was to be changed */
  async setUp(recipe: Recipe, wanted: Wanted = "all"): Promise<ProgramPlan & { changed: boolean }> {
    const draft = this.draft();
    const plan = await planSetup({ recipe, world: this.world, draft, way: this.way }, wanted);
    const changed = draft.changes.length > 0;
    applyDraft(this.paths, draft, this.#nextSecond());
    return { ...plan, changed };
  }

  /** Plans, and writes nothing. */
  setUpDry(recipe: Recipe, wanted: Wanted = "all"): Promise<ProgramPlan> {
    return planSetup({ recipe, world: this.world, draft: this.draft(), way: this.way }, wanted);
  }

  /** Each run has a time of its own: backups are named after it. */
  #nextSecond(): Date {
    this.#runs += 1;
    return new Date(this.#runs * 1000);
  }

  async remove(recipe: Recipe, addresses?: readonly string[]): Promise<ProgramPlan> {
    const draft = this.draft();
    const plan = await planRemoval({ recipe, world: this.world, draft }, addresses);
    applyDraft(this.paths, draft, this.#nextSecond());
    return plan;
  }

  /** Everything in the home folder. */
  tree(): Tree {
    const tree: Record<string, string> = {};
    const walk = (folder: string) => {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        const stat = lstatSync(path);
        const mode = (stat.mode & 0o7777).toString(8);
        if (stat.isSymbolicLink()) tree[path] = `-> ${readlinkSync(path)}`;
        else if (stat.isDirectory()) {
          tree[path] = `folder ${mode}`;
          walk(path);
        } else tree[path] = `${mode} ${readFileSync(path, "latin1")}`;
      }
    };
    walk(this.home);
    return tree;
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
