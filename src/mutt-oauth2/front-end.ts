/**
 * The script's whole course: read the token file, sign in when asked to, renew when needed, print, test.
 *
 * Standard output carries what the script prints on success and nothing else; questions, notices and failures go to standard error.
 */
import { MailkeyError } from "../errors.ts";
import type { LoginRequest } from "../mail/login.ts";
import type { LoginReport } from "../mail/report.ts";
import { Secret } from "../platform/secret.ts";
import { parseCommandLine, type Arguments } from "./command-line.ts";
import { renderToken } from "./output.ts";
import { loadRegistration, type Registration } from "./registrations.ts";
import { isFresh, renewTokenFile, signInCommand, type RenewalPorts } from "./renewal.ts";
import { loadSettings, type Settings } from "./settings.ts";
import { readTokenFile, type TokenFile } from "./token-file.ts";

export interface FrontEndPorts extends RenewalPorts {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Tells that the token that is still valid is printed, and why it is the last. */
  readonly warn: (warning: MailkeyError) => Promise<void>;
  /** One line of standard input, without its end, after a question on standard error. Rejects when there is none. */
  readonly ask: (question: string) => Promise<string>;
  /** A browser may be opened for signing in. */
  readonly browser: boolean;
  readonly testLogin: (request: LoginRequest) => Promise<LoginReport>;
}

/** One command line of the script's, with what it stands on. */
export interface Task {
  readonly args: Arguments;
  readonly settings: Settings;
  readonly ports: FrontEndPorts;
}

/** argparse's, which wrappers of the script may look at. */
const EXIT_USAGE = 2;

/**
 * Runs one command line of the script's.
 *
 * @param program the name it was called by, for usage and help
 * @returns the exit status; everything but misuse and failed test logins is thrown
 */
export async function runFrontEnd(words: readonly string[], program: string, ports: FrontEndPorts): Promise<number> {
  const parsed = parseCommandLine(words, program);
  if (parsed.kind === "help") {
    ports.stdout(parsed.text);
    return 0;
  }
  if (parsed.kind === "error") {
    ports.stderr(parsed.text);
    return EXIT_USAGE;
  }
  const { args } = parsed;
  const trace = args.debug ? (step: string) => ports.stderr(`mailkey: ${step}\n`) : ports.trace;
  const settings = loadSettings(ports.paths, ports.env, args);
  return run({ args, settings, ports: trace === undefined ? ports : { ...ports, trace } });
}

async function run(task: Task): Promise<number> {
  const { args, ports } = task;
  const file = await openTokenFile(task);
  const registration = await loadRegistration(file.registration);
  const signedIn = args.authorize ? await (await import("./authorize.ts")).authorize(task, file, registration) : file;
  const { email, token } = await validToken(task, signedIn, registration);
  ports.stdout(`${renderToken(args, token, args.email ?? email, registration).reveal()}\n`);
  if (!args.test) return 0;
  const { testLogins } = await import("./logins.ts");
  return testLogins(task, token, email, registration);
}

async function openTokenFile(task: Task): Promise<TokenFile> {
  const { args, settings } = task;
  const file = await readTokenFile(args.tokenFile, settings.pipes);
  if (file !== undefined) return file;
  if (args.authorize) return (await import("./authorize.ts")).createTokenFile(task);
  throw new MailkeyError("ERR_SIGN_IN_AGAIN", `there are no tokens in ${args.tokenFile}`, {
    hint: signInCommand(args.tokenFile),
  });
}

async function validToken(
  { args, settings, ports }: Task,
  file: TokenFile,
  registration: Registration,
): Promise<{ token: Secret; email: string }> {
  const { clock, config, stderr, warn } = ports;
  let { accessToken } = file;
  if (!isFresh(file, config.marginSeconds, clock.now())) {
    if (args.verbose) stderr("mailkey: the access token is over, or soon will be: renewing it\n");
    const client = settings.clientFor(file.registration);
    const { file: renewed, warning } = await renewTokenFile(file, registration, client, settings.pipes, ports);
    ({ accessToken } = renewed);
    if (warning !== undefined) await warn(warning);
  }
  if (accessToken === undefined) throw new TypeError("a renewed token file holds an access token");
  return { token: new Secret(accessToken.token), email: file.email };
}
