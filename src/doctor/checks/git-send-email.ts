/** git send-email: a password in its configuration, or a way of logging in that no provider takes. */
import { isMailkeyError } from "../../errors.ts";
import { run } from "../../platform/process.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";

const GIT_MS = 3000;

export const gitSendEmail: MachineCheck = {
  of: "machine",
  id: "git-send-email",
  title: "how git send-email is told to log in",
  worst: "error",
  async examine(machine) {
    if (machine.accounts.length === 0) return [];
    const settings = await settingsOf(machine);
    const user = settings.get("sendemail.smtpuser")?.toLowerCase();
    const isOurs = machine.accounts.some(({ account }) =>
      [account.user, account.address].some((own) => own.toLowerCase() === user),
    );
    if (!isOurs) return [];
    return [...passwordFindings(settings), ...mechanismFindings(settings)];
  },
};

function passwordFindings(settings: ReadonlyMap<string, string>): Finding[] {
  if (!settings.has("sendemail.smtppass")) return [];
  return [
    {
      severity: "error",
      seen: "git's configuration has a password in sendemail.smtpPass",
      means: "git send-email sends it instead of a token, and the provider refuses it.",
      remedy: ["git config --global --unset-all sendemail.smtpPass"],
    },
  ];
}

function mechanismFindings(settings: ReadonlyMap<string, string>): Finding[] {
  const value = settings.get("sendemail.smtpauth");
  const isCommand =
    settings.get("sendemail.smtpserver")?.startsWith("/") === true || settings.has("sendemail.sendmailcmd");
  if (isCommand || (value !== undefined && /xoauth2|oauthbearer/i.test(value))) return [];
  return [
    {
      severity: "error",
      seen:
        value === undefined
          ? "git's configuration has no sendemail.smtpAuth"
          : `git's configuration has sendemail.smtpAuth ${value}`,
      means: "git send-email then logs in with a password, which the provider does not take.",
      remedy: ["mailkey setup git-send-email"],
    },
  ];
}

/** As git itself reads its files. Passwords are not kept. */
async function settingsOf({ env, signal, ...machine }: Machine): Promise<Map<string, string>> {
  const git = await machine.find("git");
  if (git === undefined) return new Map();
  try {
    const args = ["config", "--global", "--includes", "-z", "--get-regexp", "^sendemail\\."];
    const { stdout } = await run(git.path, args, { env, timeoutMs: GIT_MS, signal });
    const entries = new TextDecoder()
      .decode(stdout)
      .split("\0")
      .filter((entry) => entry !== "");
    return new Map(
      entries.map((entry) => {
        const [name = "", value = ""] = entry.split("\n", 2);
        return [name, name === "sendemail.smtppass" ? "" : value];
      }),
    );
  } catch (error) {
    if (isMailkeyError(error)) return new Map();
    throw error;
  }
}
