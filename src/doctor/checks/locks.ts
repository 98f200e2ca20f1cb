/** That each account's lock can be had, or is held by somebody: without it nothing is renewed. */
import { dirname } from "node:path";
import { addressToFileName } from "../../accounts/address.ts";
import { isMailkeyError } from "../../errors.ts";
import { accountLockPath, tryLock } from "../../platform/lock.ts";
import { shellLine } from "../../platform/shell.ts";
import type { AccountCheck } from "../check.ts";
import { statOf } from "../files.ts";
import { writeProblem } from "../write-problem.ts";

export const locks: AccountCheck = {
  id: "locks",
  title: "the account's lock",
  worst: "error",
  of: "credential",
  async examine({ machine, account }) {
    const path = accountLockPath(machine.paths, addressToFileName(account.credential));
    const folder = dirname(path);
    // Before the first renewal there is none; and a folder that cannot be written is another check's.
    if (statOf(folder) === undefined || (statOf(folder)?.isDirectory() === true && writeProblem(folder) !== undefined))
      return [];
    try {
      (await tryLock(path))?.release();
      return [];
    } catch (error) {
      if (!isMailkeyError(error)) throw error;
      if (error.code === "ERR_UNTRUSTED_FILE") return [];
      const culprit = statOf(folder)?.isDirectory() === true ? path : folder;
      return [
        {
          severity: "error",
          seen: error.message,
          means: "The token cannot be renewed: when the present one ends, mail programs get none.",
          remedy: [shellLine(["mv", culprit, `${culprit}.old`])],
        },
      ];
    }
  },
};
