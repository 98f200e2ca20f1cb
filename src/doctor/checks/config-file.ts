/** config.toml: the user's own file, and a slip in it stops everything. */
import { configPath, loadConfig } from "../../accounts/config.ts";
import type { MachineCheck } from "../check.ts";
import { fileProblem } from "../file-problem.ts";

export const configFile: MachineCheck = {
  id: "config-file",
  title: "config.toml: syntax, names and values",
  worst: "error",
  of: "machine",
  examine({ paths, env }) {
    const means = "Nothing works until it is corrected or removed: not one mail program gets a token.";
    return fileProblem(configPath(paths), means, () => loadConfig(paths, env));
  },
};
