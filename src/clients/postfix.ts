/**
 * Postfix as a relay: mail for elsewhere leaves through a `pipe` transport that runs msmtp as the mailbox's owner, and msmtp asks mailkey
 * for a token at that moment. Why not the other way, Cyrus SASL's XOAUTH2 plugin and a map with the token: the token would have to be in a
 * file, in the clear, rewritten every hour by a timer that can fail; and Debian's smtp service is confined to a folder without the plugin.
 *
 * Postfix runs `pipe` commands neither as root nor as itself, and mailkey reads no other user's files: so `setup` is run by the owner, who
 * cannot write to /etc/postfix. What has to be done there is a script for root. It uses `postconf`, which edits in place; a block with a
 * second line for the same parameter would make Postfix warn for ever.
 *
 * msmtp's exit statuses would let Postfix return mail to its sender because the network was down or the sign-in had ended. The script
 * makes all of them "try again later" but the refusals of this message or recipient that are final.
 */
import { userInfo } from "node:os";
import { join } from "node:path";
import { MailkeyError } from "../errors.ts";
import { configHome, type Environment } from "../platform/paths.ts";
import { shellLine, shellWord } from "../platform/shell.ts";
import { neededMechanism, neededServer } from "./needed.ts";
import type { FileEdit, MailAccount, Recipe, RenderRequest, Rendering } from "./recipe.ts";

const NAME = "the Postfix relay";
const BY_SENDER = "sender_dependent_default_transport_maps";
/** What decides where mailkey and gpg find their files. Postfix hands none of it on. */
const HANDED_ON = ["MAILKEY_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "GNUPGHOME"] as const;

/** Shell: takes out of main.cf and master.cf whatever names a transport of ours. */
const TAKE_BACK = `for parameter in default_transport ${BY_SENDER}; do
  case $(postconf -nh "$parameter") in *mailkey-*) postconf -X "$parameter" ;; esac
done
postconf -n | sed -n 's/^\\(mailkey-[^ ]*\\) .*/\\1/p' | while read -r parameter; do postconf -X "$parameter"; done
postconf -M | sed -n 's/^\\(mailkey-[^ ]*\\) .*/\\1/p' | while read -r service; do postconf -MX "$service/unix"; done`;

export const postfix: Recipe = {
  name: "postfix",
  title: "Postfix relay",
  summary: "sends this machine's mail through a mailbox",
  capabilities: ["send"],
  executables: ["postconf"],
  versionArgs: ["-d", "mail_version"],
  versionPattern: /mail_version = (\S+)/,
  render,
  sources: [
    "https://www.postfix.org/pipe.8.html",
    "https://www.postfix.org/postconf.1.html",
    "https://www.postfix.org/postconf.5.html#sender_dependent_default_transport_maps",
  ],
};

function render(request: RenderRequest): Rendering {
  const { accounts, env } = request;
  const msmtp = request.find("msmtp");
  if (msmtp === undefined) {
    throw new MailkeyError("ERR_UNSUPPORTED", `${NAME} sends through msmtp, which is not installed`, {
      hint: "sudo apt install msmtp",
    });
  }
  const owner = ownerOf(env);
  const install = join(folder(env), "install");
  const uninstall = join(folder(env), "uninstall");
  return {
    edits: [
      ...accounts.map((account) => script(account, msmtp.path, request)),
      { kind: "file", path: install, comment: "#", text: installer(accounts, owner, env) },
      { kind: "file", path: uninstall, comment: "#", text: uninstaller() },
    ],
    notes: [
      `To have Postfix relay all mail for elsewhere:\n    ${shellLine(["sudo", "sh", install])}`,
      `Before you take it out with --remove:\n    ${shellLine(["sudo", "sh", uninstall])}`,
      "The vault has to open without you: no passphrase prompt, no keyring that is locked while you are away.",
    ],
  };
}

/** @throws ERR_UNSUPPORTED for root, as whom Postfix runs nothing */
function ownerOf(env: Environment): string {
  // Not every runtime's userInfo knows root's name when the environment has none.
  const owner = env["LOGNAME"] ?? env["USER"] ?? (process.getuid?.() === 0 ? "root" : userInfo().username);
  if (owner !== "root") return owner;
  throw new MailkeyError("ERR_UNSUPPORTED", "Postfix runs no program as root: the mailbox has to be another user's", {
    hint: "sudo -iu USER mailkey add ADDRESS, then sudo -iu USER mailkey setup postfix",
  });
}

function script(account: MailAccount, msmtp: string, request: RenderRequest): FileEdit {
  const { address, user, tokenCommand } = account;
  const { host, port, security } = neededServer(account, "smtp", NAME);
  const mechanism = neededMechanism(account, "smtp", NAME, ["XOAUTH2", "OAUTHBEARER"]);
  const exports = [
    ["HOME", request.home] as const,
    ...HANDED_ON.map((name) => [name, request.env[name]] as const),
  ].flatMap(([name, value]) => (value === undefined ? [] : [`export ${name}=${shellWord(value)}`]));
  const command = [
    msmtp,
    `--host=${host}`,
    `--port=${port}`,
    "--tls=on",
    `--tls-starttls=${security === "starttls" ? "on" : "off"}`,
    ...(request.caFile === undefined ? [] : [`--tls-trust-file=${request.caFile}`]),
    `--auth=${mechanism.toLowerCase()}`,
    `--user=${user}`,
    `--passwordeval=${shellLine(tokenCommand)}`,
    `--from=${address}`,
    "--set-from-header=on",
    "--",
  ];
  const text = `# Run by Postfix, with a message on standard input and its recipient as the argument.
${exports.join("\n")}

said=$(LC_ALL=C ${command.map(shellWord).join(" \\\n  ")} "$@" 2>&1) && exit 0
status=$?
printf '%s\\n' "$said" >&2
case $said in
*"not accepted by the server"*"server message: 5"*) exit "$status" ;; # this sender or recipient, for good
*"did not accept the mail"*"server message: 5"*) exit "$status" ;; # this message, for good
esac
exit 75 # whatever it is, it will pass or can be mended: the mail waits
`;
  return { kind: "file", path: scriptPath(account, request.env), comment: "#", text };
}

function scriptPath({ label }: MailAccount, env: Environment): string {
  return join(folder(env), label);
}

function folder(env: Environment): string {
  return join(configHome(env), "postfix-mailkey");
}

/**
 * One recipient at a time, so that a refused one does not decide about the others. Mail from one of several mailboxes leaves through that
 * one, all other mail through the first. What an earlier run installed goes first: it may have been for other accounts.
 */
function installer(accounts: RenderRequest["accounts"], owner: string, env: Environment): string {
  const services = accounts.map((account) => {
    const name = serviceOf(account);
    const command = `/bin/sh ${masterWord(scriptPath(account, env))} \${recipient}`;
    return `${name}/unix=${name} unix - n n - - pipe flags=q user=${masterWord(owner)} argv=${command}`;
  });
  const parameters = [
    `default_transport=${serviceOf(accounts[0])}`,
    ...(accounts.length === 1 ? [] : [`${BY_SENDER}=${senderTable(accounts)}`]),
    ...accounts.map((account) => `${serviceOf(account)}_destination_recipient_limit=1`),
  ];
  const commands = [
    ...services.map((service) => shellLine(["postconf", "-M", service])),
    ...parameters.map((parameter) => shellLine(["postconf", "-e", parameter])),
  ];
  return `# For root: has Postfix relay through mailkey.
set -e
${TAKE_BACK}
for parameter in default_transport ${BY_SENDER}; do
  [ -z "$(postconf -nh "$parameter")" ] || { echo "$parameter is set in main.cf: take it out first" >&2; exit 1; }
done
${commands.join("\n")}
postfix reload
`;
}

function uninstaller(): string {
  return `# For root: takes back what install did.
set -e
${TAKE_BACK}
postfix reload
`;
}

function serviceOf({ label }: MailAccount): string {
  return `mailkey-${label}`;
}

/** @throws ERR_UNSUPPORTED where Postfix would take an address for something else */
function senderTable(accounts: RenderRequest["accounts"]): string {
  const strange = accounts.find(({ address }) => !/^[\w.+@-]+$/.test(address));
  if (strange !== undefined) {
    throw new MailkeyError("ERR_UNSUPPORTED", `${strange.address} cannot be written in a table of Postfix's`, {
      hint: "mailkey setup postfix --account ADDRESS, with one account only",
    });
  }
  return `inline:{ ${accounts.map((account) => `{ ${account.address} = ${serviceOf(account)}: }`).join(", ")} }`;
}

/** @throws ERR_UNSUPPORTED where master.cf would take it for several words, or for a parameter */
function masterWord(word: string): string {
  if (/^[\w./+@-]+$/.test(word)) return word;
  throw new MailkeyError("ERR_UNSUPPORTED", `${word} cannot be written in Postfix's master.cf`);
}
