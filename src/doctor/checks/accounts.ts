/** That there is anything to do for mailkey. */
import { join } from "node:path";
import type { MachineCheck } from "../check.ts";
import { accountFileNames } from "../files.ts";

export const accountsPresent: MachineCheck = {
  id: "accounts",
  title: "whether there is an account",
  worst: "warning",
  of: "machine",
  examine({ paths }) {
    const folder = join(paths.config, "accounts");
    if (accountFileNames(paths.config).length > 0) return [];
    return [
      {
        severity: "warning",
        seen: `there is no account yet in ${folder}`,
        means: "Until a mailbox is signed in, mailkey has no token to give. Use your own address in this command.",
        remedy: ["mailkey add you@example.com"],
      },
    ];
  },
};
