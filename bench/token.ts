/**
 * How long a mail program waits for a cached token: mailkey with each vault, as executable and on Node, beside mutt_oauth2.py
 * with gpg, all in one run. The last column is the ratio to the script.
 *
 *   npm run bench [-- ROUNDS]
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { privateSession } from "../lab/secret-service.ts";
import { saveAccount } from "../src/accounts/store.ts";
import { systemClock } from "../src/platform/clock.ts";
import { resolvePaths } from "../src/platform/paths.ts";
import { CredentialStore } from "../src/tokens/store.ts";
import { openVault } from "../src/vault/open.ts";
import { measure, type Contender, type Timing } from "./measure.ts";

const ADDRESS = "me@hotmail.com";
/** As long as Microsoft's are. */
const TOKEN_CHARACTERS = 1500;
const SCRIPTS = ["/usr/share/doc/mutt/examples/mutt_oauth2.py", "/usr/share/doc/neomutt/oauth2/mutt_oauth2.py.gz"];

const root = fileURLToPath(new URL("..", import.meta.url));
const executable = join(root, "dist", "mailkey");
const node = join(root, "node_modules", "node", "bin", "node");
const bundle = join(root, "dist", "node", "mailkey");
const folder = mkdtempSync(join(tmpdir(), "mkb-"));
const gnupg = join(folder, "gnupg");
const session = privateSession();
const rounds = Number(process.argv[2] ?? 40);

try {
  mkdirSync(gnupg, { mode: 0o700 });
  await session.start();
  gpg(["--passphrase", "", "--quick-generate-key", "bench <bench@mail.test>", "default", "default", "never"]);
  const homes = {
    gpg: await home("gpg", ["init", "gpg", "--no-passphrase"]),
    age: await home("age", ["init", "age"]),
    keyring: await home("keyring", ["init", "keyring"]),
    command: await home("command", ["use", "command", "--encrypt", "base64", "--decrypt", "base64 -d"]),
  };
  const contenders: Contender[] = [{ name: "/bin/true", command: ["/bin/true"] }];
  for (const [vault, env] of Object.entries(homes)) {
    contenders.push({ name: `mailkey token, ${vault} vault`, command: [executable, "token", ADDRESS], env });
  }
  contenders.push({
    name: "mailkey token, age vault, on Node",
    command: [node, bundle, "token", ADDRESS],
    env: homes.age,
  });
  const script = muttScript();
  if (script !== undefined) {
    contenders.push({
      name: "mutt_oauth2.py, gpg",
      command: ["/usr/bin/python3", script, join(folder, "tokens")],
      env: environment(),
    });
  }
  print(measure(contenders, rounds));
  process.stdout.write(
    "(gpg is answered by an agent that holds the key; the commands are base64, the least a command vault can cost)\n",
  );
} finally {
  spawnSync("gpgconf", ["--kill", "all"], { env: environment() });
  await session.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** A home with one account whose token is good for days. @returns its environment */
async function home(name: string, vaultWords: readonly string[]): Promise<Record<string, string>> {
  const path = join(folder, name);
  const env = { ...environment(), MAILKEY_HOME: path };
  const { status, stderr } = spawnSync(executable, ["vault", ...vaultWords], { env });
  if (status !== 0) throw new Error(`vault ${vaultWords.join(" ")}: ${stderr.toString()}`);
  const paths = resolvePaths(env);
  saveAccount(paths, {
    address: ADDRESS,
    provider: "microsoft-personal",
    client: { id: "9e5f94bc-e8a4-4e73-b8be-63364c29d753" },
  });
  const now = systemClock.now();
  const store = new CredentialStore({ paths, clock: systemClock, openVault: () => openVault(paths, env) }, ADDRESS);
  const token = { token: "t".repeat(TOKEN_CHARACTERS), obtainedAt: now, lifetimeSeconds: 360_000, scope: "s" };
  await store.save({
    version: 1,
    refreshToken: "r".repeat(TOKEN_CHARACTERS),
    signedInAt: now,
    accessTokens: { outlook: token },
  });
  return env;
}

/** Debian's script with this run's key in it, and a token file it can use. */
function muttScript(): string | undefined {
  const source = SCRIPTS.find((path) => existsSync(path));
  if (source === undefined) return undefined;
  const bytes = readFileSync(source);
  const text = (source.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  const script = join(folder, "mutt_oauth2.py");
  writeFileSync(script, text.replaceAll("YOUR_GPG_IDENTITY", "bench@mail.test"));
  const tokens = {
    registration: "microsoft",
    authflow: "devicecode",
    email: ADDRESS,
    access_token: "t".repeat(TOKEN_CHARACTERS),
    access_token_expiration: "2099-01-01T00:00:00",
    refresh_token: "r".repeat(TOKEN_CHARACTERS),
    client_id: "x",
    client_secret: "",
  };
  gpg(
    ["--trust-model", "always", "--encrypt", "--recipient", "bench@mail.test", "--output", join(folder, "tokens")],
    JSON.stringify(tokens),
  );
  spawnSync("chmod", ["600", join(folder, "tokens")]);
  return script;
}

function gpg(args: readonly string[], input = ""): void {
  const { status, stderr } = spawnSync("gpg", ["--batch", "--quiet", ...args], { env: environment(), input });
  if (status !== 0) throw new Error(`gpg: ${stderr.toString()}`);
}

function environment(): Record<string, string> {
  const { DBUS_SESSION_BUS_ADDRESS } = session.env();
  return { PATH: process.env["PATH"] ?? "", HOME: folder, GNUPGHOME: gnupg, LANG: "C.UTF-8", DBUS_SESSION_BUS_ADDRESS };
}

function print(timings: readonly Timing[]): void {
  const script = timings.find(({ name }) => name.startsWith("mutt_oauth2"));
  process.stdout.write(`${"".padEnd(36)}${"mean".padStart(9)}${"median".padStart(9)}  script's median ÷ this\n`);
  for (const { name, meanMs, medianMs } of timings) {
    const ratio = script === undefined || name === "/bin/true" ? "" : (script.medianMs / medianMs).toFixed(1);
    process.stdout.write(
      `${name.padEnd(36)}${meanMs.toFixed(1).padStart(6)} ms${medianMs.toFixed(1).padStart(6)} ms  ${ratio.padStart(6)}\n`,
    );
  }
}
