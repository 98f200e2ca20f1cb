/**
 * From a recipe and the accounts to changes of files, in a draft. Nothing is written: `apply.ts` does that.
 *
 * Which accounts a program is set up for is read from the marks in its files; setting up another one keeps them, and those that are no
 * longer accounts of mailkey's drop out.
 */
import { dirname } from "node:path";
import { isSameAddress } from "../accounts/address.ts";
import type { ProxyConfig } from "../accounts/proxy-config.ts";
import { noAccountYet } from "../accounts/store.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import type { Environment } from "../platform/paths.ts";
import type { Draft } from "./draft.ts";
import { findPart, putPart, readOwn, takeOutPart, type Part } from "./part.ts";
import type { Edit, FoundProgram, MailAccount, Recipe, Rendering, Way } from "./recipe.ts";

/** Everything that recipes are rendered from but the choice of accounts. */
export interface SetupWorld {
  /** All that are configured. */
  readonly accounts: readonly MailAccount[];
  /** Addresses whose account files cannot be used, and why. */
  readonly broken: ReadonlyMap<string, MailkeyError>;
  readonly home: string;
  readonly env: Environment;
  readonly caFile: string | undefined;
  readonly proxy: ProxyConfig;
  readonly find: (executable: string) => FoundProgram | undefined;
  readonly hasTokenPlugin: (program: FoundProgram) => Promise<boolean | undefined>;
}

/** One program in one draft. */
export interface Subject {
  readonly recipe: Recipe;
  readonly world: SetupWorld;
  readonly draft: Draft;
  /** How the user wants it; as it is set up, or as suits the program, unless given. */
  readonly way?: Way | undefined;
}

export interface Skipped {
  readonly address: string;
  readonly reason: string;
}

export interface ProgramPlan {
  readonly recipe: Recipe;
  readonly way: Way;
  /** For which it will be set up; none when it is taken out. */
  readonly accounts: readonly string[];
  readonly edits: readonly Edit[];
  readonly notes: readonly string[];
  /** Set up before, and no account any more: taken out. */
  readonly dropped: readonly string[];
  /** Accounts that this program cannot use. */
  readonly skipped: readonly Skipped[];
  /** Files in which somebody changed mailkey's part by hand. */
  readonly edited: readonly string[];
}

/** Which accounts are wanted besides those that are set up: named ones, all that will do, or none. */
export type Wanted = readonly MailAccount[] | "all" | "none";

/** The program's parts that are there now. @throws ERR_CONFIG when marks are damaged, ERR_STORAGE */
export async function findParts({ recipe, world, draft }: Subject): Promise<Part[]> {
  const paths = new Set(
    Object.entries(draft.record.files).flatMap(([path, { programs }]) =>
      programs.includes(recipe.name) ? [path] : [],
    ),
  );
  const groups = [world.accounts, ...world.accounts.map((account) => [account])];
  for (const accounts of groups) {
    const rendering = await tryRender({ recipe, world, draft }, accounts);
    if (!(rendering instanceof MailkeyError)) for (const { path } of rendering?.edits ?? []) paths.add(path);
  }
  return [...paths].flatMap((path) => findPart(draft, path, recipe.name) ?? []);
}

/**
 * Sets the program up.
 *
 * @throws ERR_UNSUPPORTED when the program or a named account will not do; ERR_ACCOUNT_UNKNOWN when there is none; ERR_CONFIG when
 * something of the user's is in the way, or marks are damaged; ERR_STORAGE
 */
export async function planSetup(subject: Subject, wanted: Wanted): Promise<ProgramPlan> {
  const { settled, parts, accounts, dropped, skipped } = await choose(subject, wanted);
  const [first, ...others] = accounts;
  const plan = first === undefined ? await planRemoval(subject) : await place(settled, parts, [first, ...others]);
  return { ...plan, dropped, skipped };
}

/** What `planSetup` would write, without looking at what is in its way. The draft stays as it is. @throws as `planSetup` */
export async function planPrint(subject: Subject, wanted: Wanted): Promise<ProgramPlan> {
  const { settled, parts, accounts, dropped, skipped } = await choose(subject, wanted);
  const [first, ...others] = accounts;
  const rendering = first === undefined ? { edits: [], notes: [] } : await render(settled, [first, ...others]);
  const addresses = accounts.map(({ address }) => address);
  return { ...nothingPlanned(subject.recipe, parts), ...rendering, accounts: addresses, dropped, skipped };
}

/**
 * Takes the program out, or the accounts named.
 *
 * @throws ERR_CONFIG when marks are damaged; ERR_STORAGE
 */
export async function planRemoval(subject: Subject, addresses?: readonly string[]): Promise<ProgramPlan> {
  const { recipe, world, draft } = subject;
  const parts = await findParts(subject);
  const names = [...new Set(parts.flatMap((part) => part.accounts))];
  const goes = (name: string) => addresses === undefined || addresses.some((address) => isSameAddress(address, name));
  if (addresses !== undefined && !names.some(goes)) return nothingPlanned(recipe, []);
  const [first, ...others] = names.filter((name) => !goes(name)).flatMap((name) => accountNamed(world, name) ?? []);
  if (first !== undefined) return place(settle(subject, parts), parts, [first, ...others]);
  const left = parts.filter((part) => !takeOutPart(draft, recipe.name, part.path));
  draft.setFolders(recipe.name, []);
  const notes = left.map(({ path }) => `${path} was changed after mailkey wrote it: it is left as it is.`);
  return { ...nothingPlanned(recipe, parts), notes };
}

/** Those that are set up and still accounts, and the wanted ones. */
async function choose(subject: Subject, wanted: Wanted) {
  const { world } = subject;
  const parts = await findParts(subject);
  const names = [...new Set(parts.flatMap((part) => part.accounts))];
  const kept = names.flatMap((name) => accountNamed(world, name) ?? []);
  const dropped = names.filter((name) => accountNamed(world, name) === undefined);
  const settled = settle(subject, parts);
  const { added, skipped } = await newcomers(settled, wanted, kept);
  const accounts = [...kept, ...added];
  if (accounts.length > 0 || names.length > 0) return { settled, parts, accounts, dropped, skipped };
  throw noAccountYet();
}

/** The way that was gone before is gone on unless another one is wanted. */
function settle(subject: Subject, [part]: readonly Part[]): Subject {
  return { ...subject, way: subject.way ?? part?.way };
}

async function place(subject: Subject, parts: readonly Part[], accounts: readonly [MailAccount, ...MailAccount[]]) {
  const { recipe, draft } = subject;
  const rendering = await render(subject, accounts);
  refuseDoubles(rendering, recipe);
  const addresses = accounts.map(({ address }) => address);
  const { way = "token" } = rendering;
  for (const edit of rendering.edits) putPart(draft, { program: recipe.name, way, accounts: addresses }, edit);
  const paths = new Set(rendering.edits.map(({ path }) => path));
  for (const { path } of parts) if (!paths.has(path)) takeOutPart(draft, recipe.name, path);
  draft.setFolders(recipe.name, [...[...paths].map((path) => dirname(path)), ...(rendering.folders ?? [])]);
  return { ...nothingPlanned(recipe, parts), ...rendering, accounts: addresses };
}

function nothingPlanned(recipe: Recipe, parts: readonly Part[]): ProgramPlan {
  const edited = parts.filter((part) => part.isEdited).map((part) => part.path);
  return { recipe, way: "token", accounts: [], edits: [], notes: [], dropped: [], skipped: [], edited };
}

/** Accounts to add. Those that nobody named are left out when the program cannot use them. */
async function newcomers(subject: Subject, wanted: Wanted, kept: readonly MailAccount[]) {
  const isNew = ({ address }: MailAccount) => !kept.some((account) => isSameAddress(account.address, address));
  if (wanted === "none") return { added: [], skipped: [] };
  if (wanted !== "all") return { added: wanted.filter(isNew), skipped: [] };
  const added: MailAccount[] = [];
  const refusals = [...subject.world.broken].map(([address, refusal]) => ({ address, refusal }));
  for (const account of subject.world.accounts.filter((each) => isNew(each))) {
    const rendering = await tryRender(subject, [...kept, ...added, account]);
    if (rendering instanceof MailkeyError) refusals.push({ address: account.address, refusal: rendering });
    else added.push(account);
  }
  const [first] = refusals;
  if (first !== undefined && added.length === 0 && kept.length === 0) throw first.refusal;
  return { added, skipped: refusals.map(({ address, refusal }) => ({ address, reason: refusal.message })) };
}

/** @returns undefined for no accounts, the error when the recipe refuses them */
async function tryRender(
  subject: Subject,
  accounts: readonly MailAccount[],
): Promise<Rendering | MailkeyError | undefined> {
  const [first, ...others] = accounts;
  if (first === undefined) return undefined;
  try {
    return await render(subject, [first, ...others]);
  } catch (error) {
    if (isMailkeyError(error, "ERR_UNSUPPORTED")) return error;
    throw error;
  }
}

async function render(
  { recipe, world, draft, way }: Subject,
  [first, ...others]: readonly [MailAccount, ...MailAccount[]],
): Promise<Rendering> {
  refuseOtherWays(recipe, way);
  const { home, env, caFile, proxy, find, hasTokenPlugin } = world;
  const read = recipe.needsMailkey === true ? (account: MailAccount) => account : readingFile;
  const accounts = [read(first), ...others.map(read)] as const;
  const rendering = await recipe.render({
    accounts,
    program: findProgram(recipe, find),
    find,
    way,
    proxy,
    hasTokenPlugin,
    home,
    env,
    caFile,
    read: (path) => readOwn(draft, path),
  });
  if ((rendering.way ?? "token") !== "token") return rendering;
  const readers = accounts.filter(({ fileCommand, tokenCommand }) => fileCommand === tokenCommand);
  return readers.length === 0 ? rendering : { ...rendering, notes: [...rendering.notes, fileNote(readers)] };
}

function refuseOtherWays({ name, title, ways = ["token"] }: Recipe, way: Way | undefined): void {
  if (way === undefined || ways.includes(way)) return;
  throw new MailkeyError("ERR_UNSUPPORTED", `${title} is set up by ${ways.join(" or ")}, not by ${way}`, {
    hint: `mailkey setup ${name} --by ${ways[0]}`,
  });
}

function readingFile(account: MailAccount): MailAccount {
  return { ...account, tokenCommand: account.fileCommand ?? account.tokenCommand };
}

function fileNote(readers: readonly MailAccount[]): string {
  const whose = readers.map(({ address }) => address).join(", ");
  return `It reads token files (${whose}), which are there while mailkey's agent runs. See: mailkey agent status`;
}

/** The first of a recipe's executables that is there. */
export function findProgram(recipe: Recipe, find: SetupWorld["find"]): FoundProgram | undefined {
  for (const executable of recipe.executables) {
    const found = find(executable);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** @returns undefined when it is no account any more. @throws what is wrong with its account file */
function accountNamed(world: SetupWorld, address: string): MailAccount | undefined {
  for (const [broken, error] of world.broken) if (isSameAddress(broken, address)) throw error;
  return world.accounts.find((account) => isSameAddress(account.address, address));
}

function refuseDoubles({ handMade = [] }: Rendering, { name }: Recipe): void {
  const [first, ...others] = handMade;
  if (first === undefined) return;
  const where = [first, ...others].map(({ path, line, address }) => `${path} line ${line} (${address})`).join(", ");
  throw new MailkeyError("ERR_CONFIG", `${name} is set up by your own hand already: ${where}`, {
    hint: `delete that section and run mailkey setup ${name}; or keep it, and copy from mailkey setup ${name} --print`,
    details: { path: first.path, line: first.line },
  });
}
