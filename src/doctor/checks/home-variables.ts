/** The variables that decide where mailkey's files are. */
import { isAbsolute, join } from "node:path";
import { resolvePaths } from "../../platform/paths.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { accountFileNames, statOf } from "../files.ts";

const XDG_NAMES = ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"];

export const homeVariables: MachineCheck = {
  id: "home-variables",
  title: "HOME, MAILKEY_HOME and the XDG variables",
  worst: "error",
  of: "machine",
  examine: (machine) => [...home(machine), ...mailkeyHome(machine), ...XDG_NAMES.flatMap((name) => xdg(machine, name))],
};

function home({ env }: Machine): Finding[] {
  const value = env["HOME"] ?? "";
  if (value !== "" && isAbsolute(value) && statOf(value)?.isDirectory() === true) return [];
  return [
    {
      severity: "error",
      seen: value === "" ? "HOME is not set" : `HOME is ${value}, which is no folder`,
      means: "Programs that look for their files in your home folder, gpg among them, do not find them.",
      remedy: ['export HOME="$(getent passwd "$(id -u)" | cut -d: -f6)"'],
    },
  ];
}

/** A relative one is refused before anything runs. */
function mailkeyHome({ env }: Machine): Finding[] {
  const value = env["MAILKEY_HOME"] ?? "";
  if (value === "") return [];
  const usual = resolvePaths({ ...env, MAILKEY_HOME: undefined });
  if (statOf(value) === undefined) {
    return [
      {
        severity: "error",
        seen: `MAILKEY_HOME is ${value}, which does not exist`,
        means: "mailkey looks for everything there and finds nothing.",
        remedy: ["unset MAILKEY_HOME"],
      },
    ];
  }
  if (accountFileNames(join(value, "config")).length > 0 || accountFileNames(usual.config).length === 0) return [];
  return [
    {
      severity: "error",
      seen: `MAILKEY_HOME is ${value}, where no account is; there are accounts in ${usual.config}`,
      means: "mailkey does not look at those.",
      remedy: ["unset MAILKEY_HOME"],
    },
  ];
}

function xdg({ env }: Machine, name: string): Finding[] {
  const value = env[name] ?? "";
  if (value === "" || isAbsolute(value)) return [];
  return [
    {
      severity: "warning",
      seen: `${name} is ${value}, which is no absolute path`,
      means: "It is ignored, as the rules for it demand: mailkey uses the folder that it would use without.",
      remedy: [`unset ${name}`],
      advice: "Then correct it where it is set, in a file such as ~/.profile.",
    },
  ];
}
