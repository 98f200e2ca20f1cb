/** Emacs's smtpmail, which knows XOAUTH2 and does not use it unless told. Read from the init file's text alone: nothing is run. */
import { join } from "node:path";
import { configHome, homeFolder } from "../../platform/paths.ts";
import type { MachineCheck } from "../check.ts";
import { readConfig } from "../configs/read.ts";

export const emacsSmtpmail: MachineCheck = {
  of: "machine",
  id: "emacs-smtpmail",
  title: "whether Emacs's smtpmail takes tokens",
  worst: "warning",
  async examine(machine) {
    if (machine.accounts.length === 0 || (await machine.find("emacs")) === undefined) return [];
    const { env } = machine;
    const file = [
      join(homeFolder(env), ".emacs"),
      join(homeFolder(env), ".emacs.el"),
      join(homeFolder(env), ".emacs.d", "init.el"),
      join(configHome(env), "emacs", "init.el"),
    ].find((path) => readConfig(path) !== undefined);
    const code = withoutComments(file === undefined ? "" : (readConfig(file) ?? ""));
    const hosts = machine.accounts.flatMap(({ account }) => account.provider.servers.smtp?.host ?? []);
    const isOurs = hosts.some((host) => code.includes(`"${host}"`));
    if (file === undefined || !isOurs || !/smtpmail-send-it\b/.test(code) || /\bxoauth2\b/.test(code)) return [];
    return [
      {
        severity: "warning",
        seen: `${file} sends by smtpmail, and nothing there adds xoauth2 to smtpmail-auth-supported`,
        means: "Emacs's own list has only mechanisms for passwords: the server says “530 Authentication required”.",
        remedy: ["mailkey setup smtpmail"],
        advice: "Or by hand: (with-eval-after-load 'smtpmail (add-to-list 'smtpmail-auth-supported 'xoauth2))",
        sources: ["https://git.savannah.gnu.org/cgit/emacs.git/tree/lisp/mail/smtpmail.el"],
      },
    ];
  },
};

/** From a semicolon outside of a string to the end of the line. */
function withoutComments(code: string): string {
  return code.replace(/"(?:\\[^]|[^"\\])*"|;[^\n]*/g, (part) => (part.startsWith('"') ? part : ""));
}
