/** What recipes are rendered from, out of the configured accounts. */
import type { ProxyConfig } from "../accounts/proxy-config.ts";
import { loadAccount } from "../accounts/resolve.ts";
import { listAddresses } from "../accounts/store.ts";
import { keptTokenFile } from "../accounts/token-file.ts";
import { isMailkeyError, type MailkeyError } from "../errors.ts";
import { homeFolder, type Environment, type Paths } from "../platform/paths.ts";
import { labelsOf, mailAccountOf } from "./account.ts";
import { programFinder } from "./found.ts";
import { tokenPluginFinder } from "./sasl-plugins.ts";
import type { SetupWorld } from "./plan.ts";
import type { MailAccount, Recipe } from "./recipe.ts";

export interface WorldSource {
  readonly paths: Paths;
  readonly env: Environment;
  /** This program's absolute path. */
  readonly command: string;
  readonly caFile: string | undefined;
  readonly proxy: ProxyConfig;
}

/** @param recipes say how programs tell their versions */
export async function loadWorld(source: WorldSource, recipes: readonly Recipe[]): Promise<SetupWorld> {
  const { paths, env, command, caFile, proxy } = source;
  const addresses = listAddresses(paths);
  const labels = labelsOf(addresses);
  const accounts: MailAccount[] = [];
  const broken = new Map<string, MailkeyError>();
  for (const address of addresses) {
    try {
      const account = await loadAccount(paths, address);
      accounts.push(mailAccountOf(account, labels, command, keptTokenFile(paths, account)));
    } catch (error) {
      if (!isMailkeyError(error)) throw error;
      broken.set(address, error);
    }
  }
  const find = programFinder(recipes, env);
  return { accounts, broken, home: homeFolder(env), env, caFile, proxy, find, hasTokenPlugin: tokenPluginFinder(env) };
}
