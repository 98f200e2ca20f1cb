/** The account files: that each can be read and understood, and is called as its address demands. */
import { join } from "node:path";
import { addressToFileName, fileNameToAddress } from "../../accounts/address.ts";
import { loadAccount } from "../../accounts/resolve.ts";
import { accountPath } from "../../accounts/store.ts";
import { isMailkeyError } from "../../errors.ts";
import { shellLine } from "../../platform/shell.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { problemOf } from "../file-problem.ts";
import { accountFileNames, statOf } from "../files.ts";

const ENDING = ".toml";
const MEANS = "The account cannot be used: its mail programs get no token.";

export const accountFiles: MachineCheck = {
  id: "account-files",
  title: "the account files: syntax, values and names",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const folder = join(machine.paths.config, "accounts");
    const stat = statOf(folder);
    if (stat !== undefined && !stat.isDirectory()) {
      const remedy = [shellLine(["mv", folder, `${folder}.old`])];
      return [{ severity: "error", seen: `${folder} is not a folder`, means: "mailkey finds no account.", remedy }];
    }
    const names = accountFileNames(machine.paths.config);
    return (await Promise.all(names.map((name) => examineFile(machine, folder, name)))).flat();
  },
};

async function examineFile({ paths }: Machine, folder: string, name: string): Promise<Finding[]> {
  const path = join(folder, name);
  const address = addressOf(name.slice(0, -ENDING.length));
  if (address === undefined) return misnamed(path, undefined);
  const expected = accountPath(paths, address);
  if (expected !== path) return misnamed(path, expected);
  try {
    await loadAccount(paths, address);
    return [];
  } catch (error) {
    if (isMailkeyError(error)) return problemOf(error, path, MEANS);
    throw error;
  }
}

/** Undefined for a name that stands for no address. */
function addressOf(name: string): string | undefined {
  try {
    const address = fileNameToAddress(name);
    addressToFileName(address);
    return address;
  } catch {
    return undefined;
  }
}

function misnamed(path: string, expected: string | undefined): Finding[] {
  const base = { severity: "warning", seen: `${path} is not called as an account file is` } as const;
  const ignored = "mailkey does not look at it: for mailkey there is no such account.";
  if (expected === undefined)
    return [{ ...base, means: ignored, remedy: [shellLine(["mv", path, `${path}.old`])], advice: NAMING }];
  if (statOf(expected) !== undefined) {
    const means = `mailkey does not look at it, but at ${expected}.`;
    return [{ ...base, means, remedy: [shellLine(["diff", expected, path]), shellLine(["mv", path, `${path}.old`])] }];
  }
  return [{ ...base, means: ignored, remedy: [shellLine(["mv", path, expected])] }];
}

const NAMING = "An account file is called by its address in small letters, with .toml behind it.";
