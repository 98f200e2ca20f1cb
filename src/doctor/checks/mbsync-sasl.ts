/** XOAUTH2 for mbsync: a plugin for the libsasl that it is linked with. */
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { isMailkeyError } from "../../errors.ts";
import { run } from "../../platform/process.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { readMbsync } from "../configs/mbsync.ts";
import { MBSYNC_OWNER, ownedAccounts } from "../programs.ts";
import { installLines } from "../remedies.ts";

export const mbsyncSasl: MachineCheck = {
  of: "machine",
  id: "mbsync-sasl",
  title: "XOAUTH2 for mbsync",
  worst: "error",
  async examine(machine) {
    const program = await machine.find("mbsync");
    const owned = ownedAccounts(machine, readMbsync(machine), MBSYNC_OWNER);
    const isWanted = owned.some(({ account }) => /xoauth2/i.test(account.settings.get("authmechs")?.value ?? ""));
    if (program === undefined || !isWanted) return [];
    const folders = await pluginFolders(machine, program.path);
    if (folders === undefined) return [];
    const plugins = folders.flatMap(pluginsIn);
    if (plugins.some(({ isPostfixOnly }) => !isPostfixOnly)) return [];
    const install = folders.length === 0 ? [] : await installLines(machine, "libsasl2-modules-kdexoauth2");
    return [missing(folders, plugins.length > 0, install)];
  },
};

const LDD_MS = 3000;

/** Where its libsasl looks for plugins. Undefined when that cannot be found out; empty when it has no libsasl. @see SASL_PATH in sasl(3) */
async function pluginFolders({ env, signal }: Machine, path: string): Promise<string[] | undefined> {
  const own = (env["SASL_PATH"] ?? "").split(":").filter((folder) => folder !== "");
  if (own.length > 0) return own;
  try {
    const { stdout, status } = await run("ldd", [path], { env, timeoutMs: LDD_MS, signal });
    if (status !== 0) return undefined;
    const library = /libsasl2\.so\S*\s+=>\s+(\S+)/.exec(new TextDecoder().decode(stdout))?.[1];
    return library === undefined ? [] : [join(dirname(realpathSync(library)), "sasl2")];
  } catch (error) {
    if (isMailkeyError(error)) return undefined; // no ldd: another system
    throw error;
  }
}

interface Plugin {
  /** sasl-xoauth2, which reads Postfix's own token files and knows no password callback. */
  readonly isPostfixOnly: boolean;
}

function pluginsIn(folder: string): Plugin[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.(?:so|dylib)$/.test(name) && readFileSync(join(folder, name)).includes("XOAUTH2"))
      .map((name) => ({ isPostfixOnly: name.includes("sasl-xoauth2") }));
  } catch {
    return []; // no such folder
  }
}

function missing(folders: readonly string[], isPostfixOnly: boolean, install: readonly string[]): Finding {
  const where = folders.length === 0 ? "it is built without libsasl2" : `none in ${folders.join(", ")}`;
  return {
    severity: "error",
    seen: isPostfixOnly
      ? `the only XOAUTH2 plugin for mbsync is sasl-xoauth2, which is for Postfix (${folders.join(", ")})`
      : `mbsync has no plugin for XOAUTH2: ${where}`,
    means: isPostfixOnly
      ? "mbsync says “Unable to find a callback: 32775” and does not log in."
      : "mbsync says “selected SASL mechanism(s) not available; selected: XOAUTH2” and does not log in.",
    remedy: install,
    ...(install.length === 0
      ? {
          advice:
            "Install cyrus-sasl-xoauth2, built for the libsasl that mbsync is linked with, or an mbsync that has it.",
        }
      : {}),
    sources: ["https://bugs.debian.org/cgi-bin/bugreport.cgi?bug=939991"],
  };
}
