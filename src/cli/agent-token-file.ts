/** `mailkey agent token-file`: has the agent keep an account's token in a file, or not. */
import { requireAccount } from "../accounts/store.ts";
import { setTokenFile } from "../accounts/set-token-file.ts";
import { tokenFilePath } from "../accounts/token-file.ts";
import { askAgent } from "../agent/client/ask-agent.ts";
import { MailkeyError } from "../errors.ts";
import { isInMemory } from "../platform/memory-folder.ts";
import type { Context } from "./context.ts";

export interface TokenFileValues {
  readonly off?: boolean | undefined;
}

/**
 * @param address the only account when undefined
 * @throws ERR_ACCOUNT_UNKNOWN, ERR_CONFIG, ERR_STORAGE, ERR_UNSUPPORTED where there is no file system in memory
 */
export async function switchTokenFile(
  { paths, stdout }: Context,
  address: string | undefined,
  values: TokenFileValues,
): Promise<void> {
  const account = requireAccount(paths, address);
  const isOn = values.off !== true;
  if (isOn && !isInMemory(paths.runtime)) {
    throw new MailkeyError(
      "ERR_UNSUPPORTED",
      `token files are kept in memory alone, and ${paths.runtime} is on a disk`,
      {
        hint: "mailkey doctor",
      },
    );
  }
  const isNew = setTokenFile(paths, account.address, isOn);
  const isRunning = (await askAgent(paths, { do: "reload" })) !== undefined;
  const path = tokenFilePath(paths, account.address);
  const was = isNew ? "" : " (as before)";
  if (!isOn) return stdout(`No token file for ${account.address}${was}. Programs that read it: mailkey setup\n`);
  stdout(`Token file of ${account.address}${was}:
    ${path}
It is there while the agent runs${isRunning ? "" : ", which it does not: mailkey agent start"}.
Next, have programs read it: mailkey setup msmtp
`);
}
