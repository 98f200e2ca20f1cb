/** Passwords in mutt's and neomutt's files. */
import type { MachineCheck } from "../check.ts";
import { whereIs } from "../configs/setting.ts";
import { muttSettings } from "../mutt-accounts.ts";

import { deleteLine, editorLine } from "../remedies.ts";

export const muttPassword: MachineCheck = {
  of: "machine",
  id: "mutt-password",
  title: "passwords in the files of mutt and neomutt",
  worst: "warning",
  async examine(machine) {
    return (await muttSettings(machine)).flatMap(({ account }) =>
      ["imap_pass", "smtp_pass", "pop_pass"].flatMap((name) => {
        const setting = account.settings.get(name);
        if (setting === undefined) return [];
        return [
          {
            severity: "warning" as const,
            seen: `${whereIs(setting)}: a password is stored (${name})`,
            means: "The provider does not take it: it is only there to be stolen.",
            remedy: [
              setting.isShared ? editorLine(setting.file, setting.line) : deleteLine(setting.file, setting.line),
            ],
          },
        ];
      }),
    );
  },
};
