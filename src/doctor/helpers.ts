/** The command that a mail program runs for its token, as far as it can be understood without running it. */
import { statSync } from "node:fs";
import { basename, isAbsolute } from "node:path";
import { isSameAddress } from "../accounts/address.ts";
import { listAddresses } from "../accounts/store.ts";
import { keptTokenFile, tokenFileOwner } from "../accounts/token-file.ts";
import { fileCommandOf, tokenCommandOf } from "../clients/account.ts";
import { isMailkeyError } from "../errors.ts";
import { splitWords } from "../mutt-oauth2/shlex.ts";
import { findExecutable, isExecutable } from "../platform/executables.ts";
import { homeFolder } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import { peerText } from "../platform/text.ts";
import type { Finding, Machine } from "./check.ts";
import { type Setting, whereIs } from "./configs/setting.ts";
import { editorLine } from "./remedies.ts";

export interface Helper {
  /** The program's name as it stands there, without what the shell expands. */
  readonly program: string;
  /** It is `mailkey token …`, or `cat` of a file that mailkey's agent keeps. */
  readonly isMailkey: boolean;
  /** That file. */
  readonly tokenFile?: string;
  /** For which account: undefined where none is named, or it is another program. */
  readonly address: string | undefined;
}

/** Undefined for what only a shell can understand. */
export function helperOf(command: string, { env, paths }: Machine): Helper | undefined {
  const line = command.replace(/^\+/, ""); // mbsync's sign for commands that write to the terminal
  const words = splitWords(line);
  const first = words?.[0];
  if (words === undefined || first === undefined) return undefined;
  const home = homeFolder(env);
  const isLiteral = /^\s*'/.test(line); // what tokenLine writes for a path with oddities in it
  const expanded = first.replace(/^~(?=\/)/, home).replace(/^\$(?:HOME|\{HOME\})(?=\/)/, home);
  const program = isLiteral ? first : expanded;
  if (!isLiteral && /[$`*?=(){};&|<>]/.test(program)) return undefined;
  const [, operand = ""] = words;
  const owner = basename(program) === "cat" && words.length === 2 ? tokenFileOwner(paths, operand) : undefined;
  if (owner !== undefined) return { program, isMailkey: true, address: owner, tokenFile: operand };
  const isMailkey = basename(program) === "mailkey" && operand === "token";
  return { program, isMailkey, address: isMailkey ? words.find((word) => word.includes("@")) : undefined };
}

/** A shell line that runs this very mailkey, or reads the token file that the account asks for. */
export function tokenLine(address: string, { accounts, paths, mailkey }: Machine): string {
  const subject = accounts.find(({ account }) => isSameAddress(account.address, address));
  const file = subject === undefined ? undefined : keptTokenFile(paths, subject.account);
  return shellLine(file === undefined ? tokenCommandOf(address, mailkey) : fileCommandOf(file));
}

export interface HelperQuestion {
  readonly machine: Machine;
  /** As people call it. */
  readonly program: string;
  readonly setting: Setting;
  /** What the program does when the command fails. */
  readonly says: string;
  /** How the setting is mended, with this command in it. */
  mend(command: string): Pick<Finding, "remedy" | "advice">;
  /** The address whose token it should be, where that is known. */
  readonly address: string | undefined;
}

/** Where the system itself looks, cron included. */
const EVERYBODYS = /^\/(?:usr\/(?:local\/)?)?bin\//;

/** What is wrong with a helper: at most one thing, the one that has to be mended first. */
export function helperFindings(question: HelperQuestion): Finding[] {
  const { machine, setting } = question;
  const helper = helperOf(setting.value, machine);
  if (helper === undefined) return [];
  const problem = programProblem(helper, question) ?? accountProblem(helper, machine) ?? fileProblem(helper, question);
  if (problem === undefined) return [];
  const address = question.address ?? helper.address ?? onlyAddress(machine);
  const mending =
    address === undefined || (!helper.isMailkey && problem.severity === "warning")
      ? { remedy: [] }
      : question.mend(tokenLine(address, machine));
  return [
    {
      severity: problem.severity,
      seen: `${whereIs(setting)}: ${question.program} runs ${shown(setting.value, helper)}: ${problem.what}`,
      means: problem.means,
      ...(mending.remedy.length === 0 ? { remedy: [editorLine(setting.file, setting.line)] } : mending),
    },
  ];
}

/** Of other programs than mailkey only the name: people put passwords among arguments. */
function shown(command: string, { isMailkey, program }: Helper): string {
  return peerText(isMailkey ? command : program, 200);
}

interface Problem extends Pick<Finding, "severity" | "means"> {
  readonly what: string;
}

function programProblem({ program }: Helper, { machine, program: client, says }: HelperQuestion): Problem | undefined {
  const broken = (what: string): Problem => ({ severity: "error", what, means: `${client} gets no token: ${says}.` });
  if (!program.includes("/")) {
    const found = findExecutable(program, machine.env);
    if (found === undefined) return broken(`there is no ${program} on PATH`);
    if (EVERYBODYS.test(found)) return undefined;
    return {
      severity: "warning",
      what: `${program} is found by PATH alone, in ${found.slice(0, -basename(found).length - 1)}`,
      means: `It works in your shell. Started by cron, systemd or a desktop, ${client} may not find it.`,
    };
  }
  if (!isAbsolute(program)) return broken("the path is relative, and counts from whatever folder it is started in");
  if (!isFile(program)) return broken(`${program} does not exist`);
  return isExecutable(program) ? undefined : broken(`${program} is not executable`);
}

function accountProblem({ isMailkey, address }: Helper, machine: Machine): Problem | undefined {
  if (!isMailkey) return undefined;
  const addresses = addressesOf(machine);
  if (address === undefined) {
    if (addresses.length < 2) return undefined;
    return {
      severity: "error",
      what: `it names no account, and there are ${addresses.length}`,
      means: "mailkey does not guess, and prints no token.",
    };
  }
  if (addresses.some((each) => isSameAddress(each, address))) return undefined;
  return {
    severity: "error",
    what: `mailkey has no account ${peerText(address, 100)}`,
    means: "mailkey prints no token for it.",
  };
}

/** Whether the agent runs and is unlocked is another check's question. */
function fileProblem({ tokenFile, address = "" }: Helper, { machine, program: client, says }: HelperQuestion) {
  const subject = machine.accounts.find(({ account }) => isSameAddress(account.address, address));
  if (tokenFile === undefined || subject === undefined) return undefined;
  const kept = keptTokenFile(machine.paths, subject.account);
  if (kept === tokenFile) return undefined;
  const what = kept === undefined ? "the agent keeps no such file" : `the agent keeps it in ${kept}`;
  return { severity: "error", what, means: `${client} gets no token: ${says}.` } as const;
}

function onlyAddress(machine: Machine): string | undefined {
  const [first, ...others] = addressesOf(machine);
  return others.length === 0 ? first : undefined;
}

/** Those whose files cannot be used, too: they are there. */
function addressesOf(machine: Machine): string[] {
  try {
    return listAddresses(machine.paths);
  } catch (error) {
    if (isMailkeyError(error)) return [];
    throw error;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
