/**
 * The script's command line: all flags of both generations of it. The copy in Debian 12 knows `-v -d -a -t --authflow` and keeps the rest
 * in its own text; later copies take the rest as flags. One flag is mailkey's own: `--script`.
 *
 * @see https://github.com/neomutt/neomutt/blob/main/contrib/oauth2/mutt_oauth2.py
 */
import { nameOf, parseWords, type Flag } from "./argparse.ts";
import { REGISTRATION_NAMES } from "./registrations.ts";
import { splitWords } from "./shlex.ts";

export type Format = "token" | "sasl" | "msasl";
export type Protocol = "imap" | "pop" | "smtp";

export interface Arguments {
  readonly tokenFile: string;
  readonly verbose: boolean;
  readonly debug: boolean;
  readonly authorize: boolean;
  readonly test: boolean;
  readonly format: Format;
  readonly protocol: Protocol;
  readonly authflow: string | undefined;
  /** Undefined: the default pipe. */
  readonly decryptionPipe: readonly string[] | undefined;
  readonly encryptionPipe: readonly string[] | undefined;
  readonly provider: string | undefined;
  readonly email: string | undefined;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  /** An edited copy of the script to take pipes and client from. */
  readonly script: string | undefined;
}

export type CommandLine =
  | { readonly kind: "arguments"; readonly args: Arguments }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "error"; readonly text: string };

const FORMATS = ["token", "sasl", "msasl"] as const satisfies readonly Format[];
const PROTOCOLS = ["imap", "pop", "smtp"] as const satisfies readonly Protocol[];

const FLAGS: readonly Flag[] = [
  { long: "verbose", short: "v", summary: "say more" },
  { long: "debug", short: "d", summary: "say on standard error what is being done, without secrets" },
  { long: "authorize", short: "a", summary: "sign in, and store the tokens in TOKENFILE" },
  { long: "authflow", value: "FLOW", summary: "how to sign in: authcode, localhostauthcode or devicecode" },
  {
    long: "format",
    value: "FORMAT",
    choices: FORMATS,
    summary: "token (default), sasl (base64 for AUTHENTICATE), or msasl (the same after the mechanism's name)",
  },
  { long: "protocol", value: "PROTOCOL", choices: PROTOCOLS, summary: "what the sasl formats are for; default imap" },
  { long: "test", short: "t", summary: "log in to the IMAP, POP and SMTP servers" },
  { long: "decryption-pipe", value: "COMMAND", summary: "decrypts standard input; default: gpg --decrypt" },
  {
    long: "encryption-pipe",
    value: "COMMAND",
    summary: "encrypts standard input; default: gpg, to whom TOKENFILE is encrypted already, or to yourself",
  },
  { long: "client-id", value: "ID", summary: "the client registration, for a TOKENFILE that names none" },
  { long: "client-secret", value: "SECRET", summary: "its secret, if it has one" },
  { long: "provider", value: "NAME", choices: REGISTRATION_NAMES, summary: "for a new TOKENFILE: google or microsoft" },
  {
    long: "email",
    value: "ADDRESS",
    summary: "for a new TOKENFILE: the mailbox; otherwise the user in the sasl formats",
  },
  { long: "script", value: "FILE", summary: "take pipes and client from your edited copy of mutt_oauth2.py" },
];

/** @param program the name shown in usage and errors */
export function parseCommandLine(words: readonly string[], program: string): CommandLine {
  const parsed = parseWords(words, FLAGS);
  if (parsed.kind === "help") return { kind: "help", text: helpText(program) };
  if (parsed.kind === "error") return misuse(program, parsed.message);
  const { flags, positionals } = parsed;
  const [tokenFile, ...extra] = positionals;
  if (tokenFile === undefined) return misuse(program, "the following arguments are required: tokenfile");
  if (extra.length > 0) return misuse(program, `unrecognized arguments: ${extra.join(" ")}`);
  const pipes: Partial<Record<string, readonly string[]>> = {};
  for (const name of ["decryption-pipe", "encryption-pipe"]) {
    const line = flags.get(name);
    if (line === undefined) continue;
    const pipe = splitWords(line);
    if (pipe === undefined) return misuse(program, `argument --${name}: invalid split value: '${line}'`);
    pipes[name] = pipe;
  }
  // argparse's default for these is "", so an empty value is no value.
  const text = (name: string) => flags.get(name) || undefined;
  return {
    kind: "arguments",
    args: {
      tokenFile,
      verbose: flags.has("verbose"),
      debug: flags.has("debug"),
      authorize: flags.has("authorize"),
      test: flags.has("test"),
      format: FORMATS.find((name) => name === flags.get("format")) ?? "token",
      protocol: PROTOCOLS.find((name) => name === flags.get("protocol")) ?? "imap",
      authflow: text("authflow"),
      decryptionPipe: pipes["decryption-pipe"],
      encryptionPipe: pipes["encryption-pipe"],
      provider: text("provider"),
      email: text("email"),
      clientId: text("client-id"),
      clientSecret: text("client-secret"),
      script: text("script"),
    },
  };
}

function misuse(program: string, message: string): CommandLine {
  return { kind: "error", text: `usage: ${program} [flags] tokenfile\n${program}: error: ${message}\n` };
}

function helpText(program: string): string {
  const rows = [{ long: "help", short: "h", summary: "show this help" } satisfies Flag, ...FLAGS].map((flag) => {
    const name = nameOf(flag).replace("/", ", ");
    return [flag.value === undefined ? name : `${name} ${flag.value}`, flag.summary] as const;
  });
  const width = Math.max(...rows.map(([name]) => name.length));
  return `usage: ${program} [flags] tokenfile

Prints a valid OAuth2 access token, renewing it when needed. Takes the place of mutt_oauth2.py: same flags, same token file.

${rows.map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`).join("\n")}

Begin with --verbose --authorize. To move the account into mailkey's own vault: mailkey import mutt-oauth2 TOKENFILE
`;
}
