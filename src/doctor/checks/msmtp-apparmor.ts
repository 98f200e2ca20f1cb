/** AppArmor's profile for msmtp, which lets it run a few programs and no other helper. */
import { existsSync } from "node:fs";
import { tokenFilePath } from "../../accounts/token-file.ts";
import { fileCommandOf } from "../../clients/account.ts";
import { isInMemory } from "../../platform/memory-folder.ts";
import { homeFolder } from "../../platform/paths.ts";
import { shellLine, shellWord } from "../../platform/shell.ts";
import { isAllowed } from "../apparmor.ts";
import type { AccountSubject, Finding, Machine, MachineCheck } from "../check.ts";
import { readMsmtp } from "../configs/msmtp.ts";
import { type Setting, whereIs } from "../configs/setting.ts";
import { textOf } from "../files.ts";
import { helperOf } from "../helpers.ts";
import { mendLine, MSMTP_OWNER, ownedAccounts } from "../programs.ts";
import { mailkeyLine } from "../remedies.ts";
import { findExecutable } from "../../platform/executables.ts";

const PROFILE = "/etc/apparmor.d/usr.bin.msmtp";
const DISABLED = "/etc/apparmor.d/disable/usr.bin.msmtp";
const ENABLED = "/sys/module/apparmor/parameters/enabled";
/** Readable by root alone. */
const LOADED = "/sys/kernel/security/apparmor/profiles";

export const msmtpApparmor: MachineCheck = {
  of: "machine",
  id: "msmtp-apparmor",
  title: "whether AppArmor lets msmtp run its helper",
  worst: "error",
  async examine(machine) {
    if ((await machine.find("msmtp")) === undefined || !isInForce(machine)) return [];
    const profile = textOf(machine.system(PROFILE)) ?? "";
    const home = homeFolder(machine.env);
    const accounts = ownedAccounts(machine, readMsmtp(machine), MSMTP_OWNER);
    const settings = new Map(
      accounts.flatMap(({ account, subject }) => {
        const setting = account.settings.get("passwordeval");
        return setting === undefined ? [] : [[whereIs(setting), { setting, subject }] as const];
      }),
    );
    const hasAgent = (await machine.agent()).kind === "running" && isInMemory(machine.paths.runtime);
    return [...settings.values()].flatMap(({ setting, subject }) => {
      const program = helperOf(setting.value, machine)?.program;
      const path = program?.startsWith("/") === true ? program : findExecutable(program ?? "", machine.env);
      if (path === undefined || isAllowed(profile, path, home)) return [];
      const seen = `${whereIs(setting)}: msmtp runs ${path}, which AppArmor's profile ${PROFILE} does not allow`;
      return [{ ...forbidden(seen), ...(hasAgent ? readFile(setting, subject) : allow(subject, path)) }];
    });
  },
};

/** The kernel has it on, the profile is there and not switched off, and, where that can be read, loaded. */
function isInForce(machine: Machine): boolean {
  if (textOf(machine.system(ENABLED))?.trim() !== "Y" || textOf(machine.system(PROFILE)) === undefined) return false;
  const loaded = textOf(machine.system(LOADED));
  if (loaded !== undefined) return /^(?:\/usr\/bin\/)?msmtp \(enforce\)$/m.test(loaded);
  return !existsSync(machine.system(DISABLED));
}

function forbidden(seen: string): Omit<Finding, "remedy"> {
  return {
    severity: "error",
    seen,
    means:
      "msmtp says “permission denied” and “cannot read output”, and sends nothing. The command itself is in order.",
    sources: [
      "https://bugs.launchpad.net/ubuntu/+source/msmtp",
      "https://manpages.debian.org/bookworm/apparmor/apparmor.d.5.en.html",
    ],
  };
}

type Mending = Pick<Finding, "remedy" | "advice">;

/** The mildest that there is, and it takes no root: the profile allows cat. */
function readFile(setting: Setting, { account, machine }: AccountSubject): Mending {
  const { address } = account;
  const command = shellLine(fileCommandOf(tokenFilePath(machine.paths, address)));
  return {
    remedy: [
      mailkeyLine("agent", address, "token-file"),
      ...mendLine("msmtp", setting, `passwordeval "${command}"`).remedy,
    ],
    advice:
      "msmtp then reads the token from a file that mailkey's agent keeps in memory: it works while the agent runs. " +
      "Or, as root, allow mailkey itself: mailkey explain apparmor shows how.",
  };
}

/** One more program for msmtp's helpers, everything else stays confined. */
function allow({ account }: AccountSubject, path: string): Mending {
  const withoutRoot = [
    "mailkey agent install",
    mailkeyLine("agent", account.address, "token-file"),
    "mailkey setup msmtp",
  ];
  return {
    remedy: allowLines(path),
    advice:
      "This allows msmtp's helpers this one program more. An update of msmtp may ask whether to keep the changed file: keep it. " +
      `Without root, msmtp can read a file that mailkey's agent keeps: ${withoutRoot.join(", ")}. ` +
      `To switch the whole profile off, the last resort: sudo ln -s ${PROFILE} /etc/apparmor.d/disable/ and sudo apparmor_parser -R ${PROFILE}.`,
  };
}

function allowLines(path: string): readonly string[] {
  const rule = `    ${quotedPath(path)} Ux,`;
  const script = String.raw`/^ *profile helpers /,/^ *}/s|^ *}|${rule.replace(/[\\&|]/g, String.raw`\$&`)}\n&|`;
  return [`sudo sed -i ${shellWord(script)} ${PROFILE}`, `sudo apparmor_parser -r ${PROFILE}`];
}

/** As a rule's path: what is special in patterns is escaped, and a space wants quotes. */
function quotedPath(path: string): string {
  const escaped = path.replace(/[\\*?[\]{}^"@]/g, String.raw`\$&`);
  return /[\s,#]/.test(escaped) ? `"${escaped}"` : escaped;
}
