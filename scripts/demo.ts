/**
 * mailkey's main job, for real, on loopback: sign in, token, mbsync fetches, msmtp sends, the message comes back, the token expires
 * and all of it works again. Where Debian's programs are missing it does what npm alone can, and says which command adds the rest.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mailkeyFlags } from "../lab/mailkey-flags.ts";
import { sendWithToken } from "../lab/send.ts";
import { startWorld } from "../lab/world.ts";
import { ensurePackages } from "./requirements.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const mailkey = join(root, "dist", "mailkey");
/** Long enough to be cached in between, short enough to watch it expire. */
const ACCESS_TOKEN_SECONDS = 12;

interface ProgramResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const home = mkdtempSync(join(tmpdir(), "mailkey-demo-"));
const started = performance.now();
const { missing, command } = ensurePackages({ install: false, scope: "demo" });

narrate(
  "A mail world on loopback: an authorization server that behaves like Microsoft's, and mail servers that accept its tokens only.",
);
const world = await startWorld({
  accessTokenSeconds: ACCESS_TOKEN_SECONDS,
  ...(missing.length > 0 ? { mail: "smtp" } : {}),
});
try {
  const environment = {
    ...world.environment,
    BROWSER: join(root, "lab", "browser"),
    LAB_LOGIN: world.address,
    LAB_CA: world.caFile,
  };
  await signIn(environment);
  await showToken(environment);
  if (missing.length === 0) await withRealPrograms(environment);
  else await withNpmOnly(environment);
  narrate(
    `Done in ${Math.round((performance.now() - started) / 1000)} s. Signed in once; every token after that came unattended.`,
  );
} finally {
  await world.stop();
  rmSync(home, { recursive: true, force: true });
}
if (missing.length > 0) {
  say(`\nLeft out, because they are not installed: ${missing.map(({ program }) => program).join(", ")}`);
  if (command !== undefined) say(`To see them at work: ${command} && npm run demo`);
}

async function signIn(environment: Record<string, string>): Promise<void> {
  narrate("Sign in once. A scripted browser stands in for you; on your machine it is your own.");
  // The world's own certificate authority, which mail programs are told of, too.
  const config = join(home, ".config", "mailkey");
  mkdirSync(config, { recursive: true, mode: 0o700 });
  writeFileSync(join(config, "config.toml"), `[network]\nca_file = ${JSON.stringify(world.caFile)}\n`);
  await show(["vault", "init", "age"], environment);
  await show(
    ["add", world.address, ...mailkeyFlags(world), ...(world.mail === "dovecot" ? [] : ["--no-test"])],
    environment,
  );
}

async function showToken(environment: Record<string, string>): Promise<void> {
  narrate("What mail programs run to get a token (this one is only good in here, and not for long):");
  await show(["token", world.address], environment);
  await show(["status"], environment);
}

async function withRealPrograms(environment: Record<string, string>): Promise<void> {
  narrate("Set the mail programs up. Their own configuration files are written, after a look at the difference.");
  await show(["setup", "mbsync", "msmtp", "--yes"], environment);
  await show(["doctor"], environment);
  narrate("Real mbsync fetches, real msmtp sends; both run mailkey for their password.");
  await world.deliver({ from: "bob@mail.test", to: [world.address], content: message("bob@mail.test", "Welcome") });
  await fetch(environment, "Welcome");
  await send(environment, "Sent by msmtp");
  await fetch(environment, "Sent by msmtp");
  await expire();
  await send(environment, "Sent after expiry");
  await fetch(environment, "Sent after expiry");
  say(`\nRefreshes that the authorization server saw: ${world.refreshCount()}. Nobody signed in again.`);
}

async function withNpmOnly(environment: Record<string, string>): Promise<void> {
  narrate("Without Debian's mail programs: a message over SMTP with XOAUTH2, to npm's smtp-server.");
  await sendPlain(environment, "Sent with a token");
  await expire();
  await sendPlain(environment, "Sent after expiry");
  say(`\nRefreshes that the authorization server saw: ${world.refreshCount()}. Nobody signed in again.`);
}

async function sendPlain(environment: Record<string, string>, subject: string): Promise<void> {
  const { stdout } = succeeded(
    "mailkey token",
    await run(mailkey, ["token", world.address], { ...environment, ...place() }),
  );
  await sendWithToken(world, { user: world.address, token: stdout.trim(), to: world.address, subject });
  if (!world.inbox(world.address).some((text) => text.includes(`Subject: ${subject}`)))
    throw new Error(`the message was not delivered: ${subject}`);
  say(`  ok: "${subject}" was accepted and delivered`);
}

async function send(environment: Record<string, string>, subject: string): Promise<void> {
  const args = ["--read-envelope-from", "--", world.address];
  succeeded("msmtp", await runClient("msmtp", args, environment, message(world.address, subject)));
  say(`  msmtp: sent "${subject}"`);
}

async function fetch(environment: Record<string, string>, subject: string): Promise<void> {
  succeeded("mbsync", await runClient("mbsync", ["-a"], environment));
  const inbox = fetched();
  if (!inbox.some((text) => text.includes(`Subject: ${subject}`))) throw new Error(`mbsync did not fetch: ${subject}`);
  say(`  mbsync: fetched "${subject}" (${inbox.length} in INBOX)`);
}

/** What mbsync has put into an INBOX below ~/Maildir so far. */
function fetched(): string[] {
  const maildir = join(home, "Maildir");
  return readdirSync(maildir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /INBOX\/(new|cur)$/.test(entry.parentPath))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
}

/** A mail program under a time limit: mbsync, for one, sits still for three minutes after a refused token. */
function runClient(
  program: string,
  args: readonly string[],
  environment: Record<string, string>,
  input?: string,
): Promise<ProgramResult> {
  return run("timeout", ["60", program, ...args], { ...environment, ...place() }, input);
}

async function expire(): Promise<void> {
  narrate(`The access token expires after ${ACCESS_TOKEN_SECONDS} s. Waiting that long.`);
  for (let left = ACCESS_TOKEN_SECONDS; left > 0; left--) {
    if (process.stderr.isTTY) process.stderr.write(`\r  ${left} s `);
    await Bun.sleep(1000);
  }
  if (process.stderr.isTTY) process.stderr.write("\r       \r");
}

/** Runs mailkey in sight: the command line, then what it prints. */
async function show(words: readonly string[], environment: Record<string, string>): Promise<void> {
  say(`\n$ mailkey ${words.filter((word) => !word.startsWith("--")).join(" ")}`);
  const result = succeeded(`mailkey ${words[0]}`, await run(mailkey, words, { ...environment, ...place() }));
  process.stdout.write(indented(result.stderr) + indented(result.stdout));
}

/** Only mailkey's and the programs' own files: nothing of the user's is read or written. */
function place(): Record<string, string> {
  return { HOME: home, XDG_RUNTIME_DIR: home, PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8", COLUMNS: "100" };
}

function run(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  input = "",
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], { env, cwd: home, stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (status) => resolve({ status: status ?? 1, stdout, stderr }));
    child.stdin.on("error", () => undefined); // a program that fails early does not read its input
    child.stdin.end(input);
  });
}

function succeeded(what: string, result: ProgramResult): ProgramResult {
  if (result.status === 0) return result;
  throw new Error(`${what} failed with status ${result.status}\n${result.stdout}\n${result.stderr}`);
}

function message(from: string, subject: string): string {
  return `From: <${from}>\r\nTo: <${world.address}>\r\nSubject: ${subject}\r\nDate: ${new Date().toUTCString()}\r\n\r\nHello.\r\n`;
}

function narrate(text: string): void {
  say(`\n── ${text}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
