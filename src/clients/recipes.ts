/** Every recipe, one file each, loaded when asked for. The order is that of listings. */
import { MailkeyError } from "../errors.ts";
import type { Recipe } from "./recipe.ts";

/** Literal imports, so that a bundler can split them. */
export const RECIPES: Readonly<Record<string, () => Promise<Recipe>>> = {
  mbsync: async () => (await import("./mbsync.ts")).mbsync,
  msmtp: async () => (await import("./msmtp.ts")).msmtp,
  "git-send-email": async () => (await import("./git-send-email.ts")).gitSendEmail,
  mutt: async () => (await import("./mutt.ts")).mutt,
  neomutt: async () => (await import("./neomutt.ts")).neomutt,
  aerc: async () => (await import("./aerc.ts")).aerc,
  himalaya: async () => (await import("./himalaya.ts")).himalaya,
  alpine: async () => (await import("./alpine.ts")).alpine,
  mu4e: async () => (await import("./mu4e.ts")).mu4e,
  notmuch: async () => (await import("./notmuch.ts")).notmuch,
  gnus: async () => (await import("./gnus.ts")).gnus,
  smtpmail: async () => (await import("./smtpmail.ts")).smtpmail,
  imapfilter: async () => (await import("./imapfilter.ts")).imapfilter,
  goimapnotify: async () => (await import("./goimapnotify.ts")).goimapnotify,
  offlineimap: async () => (await import("./offlineimap.ts")).offlineimap,
  getmail: async () => (await import("./getmail.ts")).getmail,
  mpop: async () => (await import("./mpop.ts")).mpop,
  fdm: async () => (await import("./fdm.ts")).fdm,
  fetchmail: async () => (await import("./fetchmail.ts")).fetchmail,
  postfix: async () => (await import("./postfix.ts")).postfix,
  curl: async () => (await import("./curl.ts")).curl,
  swaks: async () => (await import("./swaks.ts")).swaks,
  vdirsyncer: async () => (await import("./vdirsyncer.ts")).vdirsyncer,
  generic: async () => (await import("./generic.ts")).generic,
};

/** All of them, in this order. */
export function loadRecipes(): Promise<Recipe[]> {
  return Promise.all(Object.values(RECIPES).map((load) => load()));
}

/**
 * Those of these names, with what they build on before them, each once.
 *
 * @throws ERR_USAGE for a name that there is none of
 */
export async function loadNamed(names: readonly string[]): Promise<Recipe[]> {
  const loaded = new Map<string, Recipe>();
  for (const name of names) {
    const recipe = await loadRecipe(name);
    for (const below of await loadNamed(recipe.buildsOn ?? [])) loaded.set(below.name, below);
    loaded.set(name, recipe);
  }
  return [...loaded.values()];
}

/** @throws ERR_USAGE when there is none of that name */
export async function loadRecipe(name: string): Promise<Recipe> {
  const load = Object.hasOwn(RECIPES, name) ? RECIPES[name] : undefined;
  if (load === undefined) throw new MailkeyError("ERR_USAGE", `mailkey cannot set ${JSON.stringify(name)} up`);
  return load();
}
