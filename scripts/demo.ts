/**
 * mailkey's main job, for real, on loopback: sign in, token, mbsync fetches, msmtp sends, the message comes back, the token expires
 * and all of it works again. Where Debian's programs are missing it does what npm alone can, and says which command adds the rest.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeMailClients, type MailClients, type ProgramResult } from "../lab/clients.ts";
import { mailkeyFlags } from "../lab/mailkey-flags.ts";
import { sendWithToken } from "../lab/send.ts";
import { startWorld } from "../lab/world.ts";
import { ensurePackages } from "./requirements.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const mailkey = join(root, "dist", "mailkey");
/** Long enough to be cached in between, short enough to watch it expire. */
const ACCESS_TOKEN_SECONDS = 12;

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
  const clients = writeMailClients({
    world,
    home,
    tokenCommand: `${mailkey} token ${world.address}`,
    environment: { ...environment, ...place() },
  });
  narrate("Real mbsync fetches, real msmtp sends; both run mailkey for their password.");
  await world.deliver({ from: "bob@mail.test", to: [world.address], content: message("bob@mail.test", "Welcome") });
  await fetch(clients, "Welcome");
  await send(clients, "Sent by msmtp");
  await fetch(clients, "Sent by msmtp");
  await expire();
  await send(clients, "Sent after expiry");
  await fetch(clients, "Sent after expiry");
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

async function send(clients: MailClients, subject: string): Promise<void> {
  succeeded("msmtp", await clients.sendWithMsmtp({ to: world.address, subject, body: "Hello from the demo." }));
  say(`  msmtp: sent "${subject}"`);
}

async function fetch(clients: MailClients, subject: string): Promise<void> {
  succeeded("mbsync", await clients.fetchWithMbsync());
  if (!clients.fetched().some((text) => text.includes(`Subject: ${subject}`)))
    throw new Error(`mbsync did not fetch: ${subject}`);
  say(`  mbsync: fetched "${subject}" (${clients.fetched().length} in INBOX)`);
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

function run(program: string, args: readonly string[], env: Record<string, string>): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], { env, cwd: home, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (status) => resolve({ status: status ?? 1, stdout, stderr }));
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
