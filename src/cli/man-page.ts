/**
 * The man page, made from the commands' own definitions, in the man(7) macros.
 *
 * @see https://man7.org/linux/man-pages/man7/groff_man.7.html
 */
import { VERSION, VERSION_DATE } from "../version.ts";
import type { Command, OptionSpec, OptionSpecs } from "./command.ts";
import { findCommand, GROUPS } from "./commands.ts";
import { EXIT_STATUSES } from "./exit.ts";
import { argumentForm } from "./help.ts";
import { MARK } from "./completion/scripts.ts";
import { COMMON_OPTIONS } from "./parse.ts";
import { wrapText } from "./wrap.ts";

/** Formatters fill lines themselves; people and diffs read the source. */
const SOURCE_COLUMNS = 76;

const FILES: readonly (readonly [path: string, about: string])[] = [
  ["~/.config/mailkey/config.toml", "Settings of yours; all of them have defaults."],
  ["~/.config/mailkey/accounts/", "One file per account; nothing in them is secret."],
  ["~/.config/mailkey/vault.toml", "Which vault is active."],
  ["~/.local/state/mailkey/vault/", "Credentials, encrypted."],
  ["~/.local/state/mailkey/status/", "Dates and the last failure, for status; may be deleted."],
];

const ENVIRONMENT: readonly (readonly [name: string, about: string])[] = [
  ["MAILKEY_HOME", "Puts all files below this one folder."],
  [
    "XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR",
    "Where files go instead of ~/.config, ~/.local/state and /run/user/UID.",
  ],
  ["BROWSER", "The command that opens the sign-in page."],
  ["HTTPS_PROXY, NO_PROXY", "The way to the provider through a proxy."],
  ["NODE_EXTRA_CA_CERTS", "A file of further certificate authorities to trust."],
  ["GPG_TTY", "Where gpg asks for its passphrase: export GPG_TTY=$(tty)."],
  ["NO_COLOR", "Anything: no colours."],
];

/** The page as roff source. */
export async function manPage(): Promise<string> {
  const groups = await Promise.all(
    GROUPS.map(async ({ title, names }) => ({
      title,
      commands: await Promise.all(names.flatMap((name) => findCommand(name)?.() ?? [])),
    })),
  );
  const commands = groups.flatMap((group) => group.commands);
  return [
    `.\\" ${MARK}`,
    `.TH MAILKEY 1 "${VERSION_DATE}" "mailkey ${VERSION}" "User Commands"`,
    ".SH NAME",
    "mailkey \\- sign a mailbox in once, and hand mail programs valid access tokens",
    ".SH SYNOPSIS",
    ...synopsis(["mailkey", "COMMAND", "[FLAGS]"]),
    ".br",
    ...synopsis(["mailkey", "COMMAND", "--help"]),
    ".SH DESCRIPTION",
    paragraph(
      "Hotmail, Outlook, Microsoft 365, Gmail, Yahoo and others no longer take passwords from mail programs. Programs such as mbsync, msmtp, mutt and mu4e can use an access token, but cannot obtain or renew one. mailkey signs a mailbox in once, keeps the credential encrypted, and prints a valid access token whenever it is asked.",
    ),
    ".PP",
    paragraph("Start with mailkey add ADDRESS; what mail programs then run is mailkey token ADDRESS."),
    ".SH COMMANDS",
    ...groups.flatMap(({ commands: each }) => each.flatMap(commandSection)),
    ".SH FILES",
    ...FILES.flatMap(([path, about]) => [".TP", `.I ${escaped(path)}`, paragraph(about)]),
    ".SH ENVIRONMENT",
    ...ENVIRONMENT.flatMap(([name, about]) => [".TP", `.B ${escaped(name)}`, paragraph(about)]),
    ".SH EXIT STATUS",
    ...EXIT_STATUSES.flatMap(({ status, meaning }) => [".TP", `.B ${status}`, paragraph(meaning)]),
    ".PP",
    paragraph("Where a command uses 1 or 2 to say what it found, its section says so."),
    ".SH EXAMPLES",
    ...commands.flatMap(({ examples: [first] }) =>
      first === undefined ? [] : [".TP", `.B ${escaped(first.line)}`, paragraph(first.meaning)],
    ),
    ".SH SEE ALSO",
    ["mbsync", "msmtp", "mutt", "neomutt", "gpg", "age"].map((name) => `.BR ${name} (1)`).join(" ,\n"),
    "",
  ].join("\n");
}

function commandSection(command: Command): string[] {
  const { name, args, raw, summary, description } = command;
  return [
    `.SS ${escaped(name)}`,
    ...synopsis(["mailkey", name, ...args.map(argumentForm), raw === true ? "..." : "[FLAGS]"]),
    ".PP",
    paragraph(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`),
    ...(description ?? "").split("\n\n").flatMap((text) => (text === "" ? [] : [".PP", paragraph(text)])),
    ...args.flatMap(({ name: word, summary: about }) => [".TP", `.I ${escaped(word)}`, paragraph(about)]),
    ...(raw === true ? [] : flags({ ...command.options, ...COMMON_OPTIONS })),
  ];
}

function flags(options: OptionSpecs): string[] {
  return Object.entries(options)
    .filter(([, spec]) => spec.hidden !== true)
    .flatMap(([name, spec]) => [".TP", flagLine(name, spec), paragraph(spec.summary)]);
}

function flagLine(name: string, { short, type, value = "VALUE" }: OptionSpec): string {
  const names = [...(short === undefined ? [] : [`-${short}`]), `--${name}`].map((each) => bold(each)).join(", ");
  return names + (type === "string" ? ` ${italic(value)}` : "");
}

/** The first word bold, words in capitals italic. */
function synopsis([program = "", ...words]: readonly string[]): string[] {
  return [[bold(program), ...words.map((word) => (/[A-Z]{2}/.test(word) ? italic(word) : bold(word)))].join(" ")];
}

function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

function italic(text: string): string {
  return `\\fI${escaped(text)}\\fR`;
}

/** Running text in lines of the source, each kept from being taken for a macro. */
function paragraph(text: string): string {
  return wrapText(escaped(text.replace(/\s+/g, " ").trim()), SOURCE_COLUMNS)
    .split("\n")
    .map((line) => (line.startsWith(".") ? `\\&${line}` : line))
    .join("\n");
}

/** Backslashes and hyphens as they are to be typed; beyond ASCII by number, which every formatter knows. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("…", "...")
    .replace(
      /['`^~]/g,
      (character) => ({ "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti" })[character] ?? character,
    )
    .replace(
      /[^\u0000-\u007e]/gu,
      (character) => `\\[u${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}]`,
    );
}
