/**
 * msmtp's file. Settings belong to the account before them; `defaults` set them for the accounts after it, and `account A : B` takes
 * those of B. A value reaches to the end of the line, without a pair of quotes around it.
 *
 * @see msmtp(1), CONFIGURATION FILES
 */
import { join } from "node:path";
import { configHome, homeFolder } from "../../platform/paths.ts";
import type { Machine } from "../check.ts";
import { readConfig } from "./read.ts";
import { type ProgramAccount, type Setting, settingOf } from "./setting.ts";

/** The file that msmtp reads: the one in the home folder goes first. */
export function msmtpFile({ env }: Machine): { file: string; text: string } | undefined {
  for (const file of [join(homeFolder(env), ".msmtprc"), join(configHome(env), "msmtp", "config")]) {
    const text = readConfig(file);
    if (text !== undefined) return { file, text };
  }
  return undefined;
}

export function readMsmtp(machine: Machine): ProgramAccount[] {
  const found = msmtpFile(machine);
  return found === undefined ? [] : parseMsmtp(found.text, found.file);
}

/** Without accounts that add nothing of their own to what they take from others. */
export function parseMsmtp(text: string, file: string): ProgramAccount[] {
  const accounts = new Map<string, ProgramAccount & { own: Map<string, Setting>; settings: Map<string, Setting> }>();
  let defaults = new Map<string, Setting>();
  let target: Map<string, Setting>[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = index + 1;
    const [, name = "", rest = ""] = /^\s*([A-Za-z_]+)(?:\s+(.*?))?\s*$/.exec(raw) ?? [];
    if (name === "") continue;
    if (name === "defaults") {
      defaults = new Map();
      target = [defaults];
    } else if (name === "account") {
      const [own = "", parents = ""] = rest.split(":").map((part) => part.trim());
      const settings = new Map(defaults);
      for (const parent of parents.split(",")) {
        for (const setting of accounts.get(parent.trim())?.settings.values() ?? []) settings.set(setting.name, setting);
      }
      const account = { name: own, file, line, own: new Map<string, Setting>(), settings };
      accounts.set(own, account);
      target = [account.own, account.settings];
    } else {
      const setting = settingOf({ name, value: rest.replace(/^"(.*)"$/, "$1"), file, line });
      for (const settings of target) settings.set(name, setting);
    }
  }
  return [...accounts.values()].filter(({ own }) => own.size > 0);
}
