/** XOAUTH2 for mbsync: a plugin for the libsasl that it is linked with. */
import { saslPluginFolders, tokenPluginsIn } from "../../clients/sasl-plugins.ts";
import type { Finding, MachineCheck } from "../check.ts";
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
    const folders = await saslPluginFolders(program.path, machine.env, machine.signal);
    if (folders === undefined) return [];
    const plugins = folders.flatMap(tokenPluginsIn);
    if (plugins.some(({ isPostfixOnly }) => !isPostfixOnly)) return [];
    const install = folders.length === 0 ? [] : await installLines(machine, "libsasl2-modules-kdexoauth2");
    return [missing(folders, plugins.length > 0, install)];
  },
};

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
    advice:
      install.length === 0
        ? "Install cyrus-sasl-xoauth2, built for the libsasl that mbsync is linked with; or, with no plugin at all: mailkey setup mbsync --by tunnel."
        : "Or, with no plugin at all: mailkey setup mbsync --by tunnel.",
    sources: ["https://bugs.debian.org/cgi-bin/bugreport.cgi?bug=939991"],
  };
}
