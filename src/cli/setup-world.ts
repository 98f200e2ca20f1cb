/** What recipes are rendered from, out of a command's context. */
import { isSameAddress } from "../accounts/address.ts";
import { loadConfig } from "../accounts/config.ts";
import type { SetupWorld } from "../clients/plan.ts";
import type { MailAccount, Recipe } from "../clients/recipe.ts";
import { loadWorld } from "../clients/world.ts";
import { MailkeyError } from "../errors.ts";
import { commandPath } from "../platform/command-path.ts";
import type { Context } from "./context.ts";
import { shellWord } from "../platform/shell.ts";

/** @param recipes say how programs tell their versions. @throws ERR_CONFIG for config.toml */
export async function loadSetupWorld({ paths, env }: Context, recipes: readonly Recipe[]): Promise<SetupWorld> {
  const { caFile, proxy } = loadConfig(paths, env);
  return loadWorld({ paths, env, command: commandPath(env), caFile, proxy }, recipes);
}

/** The account that the user names. @throws ERR_ACCOUNT_UNKNOWN, or what is wrong with its file */
export function requireMailAccount({ accounts, broken }: SetupWorld, address: string): MailAccount {
  for (const [name, error] of broken) if (isSameAddress(name, address)) throw error;
  const found = accounts.find((account) => isSameAddress(account.address, address));
  if (found !== undefined) return found;
  throw new MailkeyError("ERR_ACCOUNT_UNKNOWN", `there is no account ${address}`, {
    hint: `mailkey add ${shellWord(address)}`,
  });
}
