/** What recipes are rendered from, out of a command's context. */
import { isSameAddress } from "../accounts/address.ts";
import { loadConfig } from "../accounts/config.ts";
import { loadAccount } from "../accounts/resolve.ts";
import { listAddresses } from "../accounts/store.ts";
import { labelsOf, mailAccountOf } from "../clients/account.ts";
import { programFinder } from "../clients/found.ts";
import type { SetupWorld } from "../clients/plan.ts";
import type { MailAccount, Recipe } from "../clients/recipe.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import { commandPath } from "../platform/command-path.ts";
import { homeFolder } from "../platform/paths.ts";
import type { Context } from "./context.ts";

/** @param recipes say how programs tell their versions. @throws ERR_CONFIG for config.toml */
export async function loadSetupWorld({ paths, env }: Context, recipes: readonly Recipe[]): Promise<SetupWorld> {
  const addresses = listAddresses(paths);
  const labels = labelsOf(addresses);
  const command = commandPath(env);
  const accounts: MailAccount[] = [];
  const broken = new Map<string, MailkeyError>();
  for (const address of addresses) {
    try {
      accounts.push(mailAccountOf(await loadAccount(paths, address), labels, command));
    } catch (error) {
      if (!isMailkeyError(error)) throw error;
      broken.set(address, error);
    }
  }
  const { caFile } = loadConfig(paths, env);
  return { accounts, broken, home: homeFolder(env), env, caFile, find: programFinder(recipes, env) };
}

/** The account that the user names. @throws ERR_ACCOUNT_UNKNOWN, or what is wrong with its file */
export function requireMailAccount({ accounts, broken }: SetupWorld, address: string): MailAccount {
  for (const [name, error] of broken) if (isSameAddress(name, address)) throw error;
  const found = accounts.find((account) => isSameAddress(account.address, address));
  if (found !== undefined) return found;
  throw new MailkeyError("ERR_ACCOUNT_UNKNOWN", `there is no account ${address}`, { hint: `mailkey add ${address}` });
}
