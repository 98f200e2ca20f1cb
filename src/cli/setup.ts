/** `mailkey setup`: the configuration of mail programs, shown, agreed upon, written, checked, taken out. */
import { noAccountYet } from "../accounts/store.ts";
import { applyDraft, type Applied } from "../clients/apply.ts";
import { Draft } from "../clients/draft.ts";
import { planPrint, planRemoval, planSetup, type ProgramPlan, type SetupWorld } from "../clients/plan.ts";
import type { Recipe, Way } from "../clients/recipe.ts";
import { loadNamed, loadRecipe, loadRecipes } from "../clients/recipes.ts";
import { readSetupRecord } from "../clients/record.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import { shellLine } from "../platform/shell.ts";
import { askerOf } from "./ask.ts";
import { defineCommand, type Values } from "./command.ts";
import type { Context } from "./context.ts";
import { report } from "./run.ts";
import { checkPrograms } from "./setup-check.ts";
import { chooseInstalled, listPrograms, programsSetUp } from "./setup-list.ts";
import { plansJson, printedText, shownChanges, shownNotes, shownWritten } from "./setup-text.ts";
import { loadSetupWorld, requireMailAccount } from "./setup-world.ts";

const WAYS = ["token", "tunnel", "proxy"] as const satisfies readonly Way[];

const OPTIONS = {
  account: {
    type: "string",
    multiple: true,
    value: "ADDRESS",
    summary: "only this account; may be given several times. Without it: all",
  },
  by: {
    type: "string",
    value: "WAY",
    choices: WAYS,
    summary: "token, tunnel or proxy: how the programs get into the mailbox, instead of what suits them",
  },
  list: { type: "boolean", summary: "list the programs: installed or not, set up or not" },
  print: { type: "boolean", summary: "print what would be written, to be pasted, and write nothing" },
  check: { type: "boolean", summary: "exit with 1 when something is not as setup would write it" },
  remove: { type: "boolean", summary: "take out what setup has written" },
  yes: { type: "boolean", short: "y", summary: "do not ask" },
  json: { type: "boolean", summary: "print JSON" },
} as const;

export const setup = defineCommand({
  name: "setup",
  summary: "set mail programs up to get their tokens from mailkey",
  description: `Shows what it would change in the programs' configuration files, asks, and writes: a marked block in files of yours, or a file of its
own. Everything around the block stays as it is, byte for byte; the file as it was is kept in the state folder. Running it again brings
the block up to date, --remove takes it out, and --account adds accounts to those that are in it.

Without PROGRAM it asks which of the installed programs are meant.`,
  args: [{ name: "PROGRAM", summary: "mbsync, msmtp, …: see --list", required: false, multiple: true }],
  options: OPTIONS,
  examples: [
    { line: "mailkey setup", meaning: "choose among the programs that are installed" },
    { line: "mailkey setup mbsync msmtp", meaning: "fetching and sending, for all accounts" },
    { line: "mailkey setup mutt --account you@hotmail.com --yes", meaning: "for one account, without questions" },
    { line: "mailkey setup mbsync --by tunnel", meaning: "without a plugin: mailkey is mbsync's connection" },
    { line: "mailkey setup mbsync --print", meaning: "to paste it yourself" },
    { line: "mailkey setup --check", meaning: "is everything still as it was written?" },
    { line: "mailkey setup mbsync --remove", meaning: "as if it had never been there" },
  ],
  async run({ values, args, context }) {
    refuseContradiction(values);
    await refuseUnknown(args);
    const json = values.json === true;
    const world = await loadSetupWorld(context, await loadRecipes());
    if (values.list === true) return listPrograms(context, world, json);
    if (values.check === true) return checkPrograms(context, world, args, json);
    return new SettingUp(context, world, values).run(args);
  },
});

class SettingUp {
  readonly #context: Context;
  readonly #world: SetupWorld;
  readonly #values: Values<typeof OPTIONS>;
  #draft: Draft;
  readonly #plans: ProgramPlan[] = [];
  readonly #failures: { readonly recipe: Recipe; readonly error: MailkeyError }[] = [];

  constructor(context: Context, world: SetupWorld, values: Values<typeof OPTIONS>) {
    this.#context = context;
    this.#world = world;
    this.#values = values;
    this.#draft = new Draft(readSetupRecord(context.paths));
  }

  async run(names: readonly string[]): Promise<number> {
    for (const recipe of await this.#recipes(names)) await this.#plan(recipe);
    const status = await this.#reportFailures();
    if (this.#plans.length === 0) return status;
    const { stdout } = this.#context;
    if (this.#values.print === true) {
      stdout(this.#values.json === true ? this.#json([], false) : printedText(this.#plans, this.#world.home));
      return status;
    }
    const backups = await this.#write();
    if (this.#values.json === true) stdout(this.#json(backups, true));
    else stdout(shownNotes(this.#plans, this.#world.home, this.#context.terminal));
    return status;
  }

  async #recipes(names: readonly string[]): Promise<Recipe[]> {
    const { remove, print, yes, json } = this.#values;
    if (remove === true)
      return names.length === 0 ? programsSetUp(this.#world, this.#draft) : Promise.all(names.map(loadRecipe));
    if (print === true && names.length > 0) return Promise.all(names.map(loadRecipe));
    if (names.length > 0) return loadNamed(names);
    if (this.#world.accounts.length + this.#world.broken.size === 0) throw noAccountYet(); // before anything is asked
    const asker = askerOf(this.#context, json === true || yes === true);
    return loadNamed(await chooseInstalled(this.#world, this.#draft, asker, yes === true));
  }

  /** A program that cannot be set up does not keep the others from it. */
  async #plan(recipe: Recipe): Promise<void> {
    const draft = this.#draft.copy();
    const { account: addresses, remove, print, by } = this.#values;
    const subject = { recipe, world: this.#world, draft, way: WAYS.find((way) => way === by) };
    const wanted = () => addresses?.map((address) => requireMailAccount(this.#world, address)) ?? "all";
    try {
      if (remove === true) this.#plans.push(await planRemoval(subject, addresses));
      else this.#plans.push(await (print === true ? planPrint : planSetup)(subject, wanted()));
      this.#draft = draft;
    } catch (error) {
      if (!isMailkeyError(error)) throw error;
      this.#failures.push({ recipe, error });
    }
  }

  async #reportFailures(): Promise<number> {
    // What keeps every program from being set up is told once.
    const errors = [...new Map(this.#failures.map(({ error }) => [error.message, error])).values()];
    const [only, ...others] = errors;
    if (only === undefined) return 0;
    if (others.length === 0 && this.#plans.length === 0) throw only;
    const statuses: number[] = [];
    for (const error of errors) statuses.push(await report(error, this.#context, this.#values.json === true));
    return statuses[0] ?? 0;
  }

  /** @returns where the files are kept as they were */
  async #write(): Promise<Applied["backups"]> {
    const { changes } = this.#draft;
    const { stderr, stdout, terminal, paths, clock } = this.#context;
    const { yes, json } = this.#values;
    const { home } = this.#world;
    if (changes.length > 0) {
      if (json !== true) stdout(shownChanges(changes, home, terminal.colourOut));
      if (yes !== true) await this.#agree(changes.length);
    }
    const { backups } = applyDraft(paths, this.#draft, new Date(clock.now().wallMs));
    if (json !== true) stderr(shownWritten(this.#plans, changes, backups, home));
    return backups;
  }

  async #agree(files: number): Promise<void> {
    const asker = askerOf(this.#context, this.#values.json === true);
    const { remove, account = [], by } = this.#values;
    if (asker === undefined) {
      if (this.#values.json === true) this.#context.stdout(this.#json([], false));
      const words = [
        ...this.#plans.map(({ recipe }) => recipe.name),
        ...(remove === true ? ["--remove"] : []),
        ...(by === undefined ? [] : ["--by", by]),
        ...account.flatMap((each) => ["--account", each]),
        "--yes",
      ];
      throw new MailkeyError("ERR_USAGE", "nothing was written: there is no terminal to ask at", {
        hint: `mailkey setup ${shellLine(words)}`,
      });
    }
    const agrees = await asker.confirm(files === 1 ? "Write this?" : `Write these ${files} files?`, true);
    if (!agrees) throw new MailkeyError("ERR_INTERRUPTED", "nothing was written");
  }

  #json(backups: Applied["backups"], isWritten: boolean): string {
    const { home } = this.#world;
    return plansJson(this.#plans, this.#draft, home, { isWritten, backups, failures: this.#failures });
  }
}

function refuseContradiction(values: Values<typeof OPTIONS>): void {
  const modes = (["list", "print", "check", "remove"] as const).filter((mode) => values[mode] === true);
  const looksOnly = values.list === true || values.check === true;
  const isNoChange = looksOnly || values.remove === true;
  const flags = [
    ...modes,
    ...(looksOnly && values.account !== undefined ? ["account"] : []),
    ...(isNoChange && values.by !== undefined ? ["by"] : []),
  ];
  if (flags.length < 2) return;
  throw new MailkeyError("ERR_USAGE", `setup: ${flags.map((flag) => `--${flag}`).join(" and ")} do not go together`, {
    hint: "mailkey help setup",
  });
}

async function refuseUnknown(names: readonly string[]): Promise<void> {
  const [{ RECIPES }, { nearest }] = await Promise.all([import("../clients/recipes.ts"), import("./nearest.ts")]);
  const unknown = names.find((name) => !Object.hasOwn(RECIPES, name));
  if (unknown === undefined) return;
  const similar = nearest(unknown, Object.keys(RECIPES));
  throw new MailkeyError("ERR_USAGE", `mailkey cannot set ${JSON.stringify(unknown)} up`, {
    hint: similar === undefined ? "mailkey setup --list" : `did you mean mailkey setup ${similar}?`,
  });
}
