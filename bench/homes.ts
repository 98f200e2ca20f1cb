/** Homes to measure in: each with a vault and accounts whose tokens are good for days, and Debian's mutt_oauth2.py beside them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { saveAccount } from "../src/accounts/store.ts";
import { systemClock } from "../src/platform/clock.ts";
import { resolvePaths } from "../src/platform/paths.ts";
import { CredentialStore } from "../src/tokens/store.ts";
import { openVault } from "../src/vault/open.ts";
import type { Contender } from "./measure.ts";

export const ADDRESS = "me@hotmail.com";
/** As long as Microsoft's are. */
const TOKEN_CHARACTERS = 1500;
const LIFETIME_SECONDS = 360_000;
const SCRIPTS = ["/usr/share/doc/mutt/examples/mutt_oauth2.py", "/usr/share/doc/neomutt/oauth2/mutt_oauth2.py.gz"];
const MEMORY = "/dev/shm";

const root = fileURLToPath(new URL("..", import.meta.url));
export const EXECUTABLE = join(root, "dist", "mailkey");
export const ON_NODE: readonly [string, string] = [
  join(root, "node_modules", "node", "bin", "node"),
  join(root, "dist", "node", "mailkey"),
];

export class Homes {
  /** In memory where there is such a place: token files are written nowhere else. */
  readonly folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "mkb-"));
  readonly #extra: Readonly<Record<string, string | undefined>>;

  /** @param extra for all environments */
  constructor(extra: Readonly<Record<string, string | undefined>> = {}) {
    this.#extra = extra;
    mkdirSync(join(this.folder, "gnupg"), { mode: 0o700 });
    this.#gpg(["--passphrase", "", "--quick-generate-key", "bench <bench@mail.test>", "default", "default", "never"]);
  }

  environment(): Record<string, string | undefined> {
    const path = process.env["PATH"] ?? "";
    return { PATH: path, HOME: this.folder, GNUPGHOME: join(this.folder, "gnupg"), LANG: "C.UTF-8", ...this.#extra };
  }

  /** @param vaultWords for `mailkey vault`. @returns the home's environment */
  async create(
    name: string,
    vaultWords: readonly string[],
    addresses: readonly string[] = [ADDRESS],
    tokenFile = false,
  ) {
    const env = { ...this.environment(), MAILKEY_HOME: join(this.folder, name) };
    const { status, stderr } = spawnSync(EXECUTABLE, ["vault", ...vaultWords], { env });
    if (status !== 0) throw new Error(`vault ${vaultWords.join(" ")}: ${stderr.toString()}`);
    const paths = resolvePaths(env);
    const vault = await openVault(paths, env);
    const obtainedAt = systemClock.now();
    for (const address of addresses) {
      const client = { id: "9e5f94bc-e8a4-4e73-b8be-63364c29d753" };
      saveAccount(paths, { address, provider: "microsoft-personal", client, token_file: tokenFile });
      const store = new CredentialStore({ paths, clock: systemClock, openVault: async () => vault }, address);
      const token = { token: filler("t"), obtainedAt, lifetimeSeconds: LIFETIME_SECONDS, scope: "s" };
      await store.save({
        version: 1,
        refreshToken: filler("r"),
        signedInAt: obtainedAt,
        accessTokens: { outlook: token },
      });
    }
    return env;
  }

  /** Debian's script with this run's key in it, and a token file it can use; undefined where it is not installed. */
  muttScript(): Contender | undefined {
    const source = SCRIPTS.find((path) => existsSync(path));
    if (source === undefined) return undefined;
    const bytes = readFileSync(source);
    const text = (source.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
    const script = join(this.folder, "mutt_oauth2.py");
    writeFileSync(script, text.replaceAll("YOUR_GPG_IDENTITY", "bench@mail.test"));
    const fields = {
      registration: "microsoft",
      authflow: "devicecode",
      email: ADDRESS,
      access_token: filler("t"),
      access_token_expiration: "2099-01-01T00:00:00",
      refresh_token: filler("r"),
      client_id: "x",
      client_secret: "",
    };
    const tokens = join(this.folder, "tokens");
    const encrypt = ["--trust-model", "always", "--encrypt", "--recipient", "bench@mail.test", "--output", tokens];
    this.#gpg(encrypt, JSON.stringify(fields));
    spawnSync("chmod", ["600", tokens]);
    const env = this.environment();
    return { name: "mutt_oauth2.py, gpg", command: ["/usr/bin/python3", script, tokens], env };
  }

  dispose(): void {
    spawnSync("gpgconf", ["--kill", "all"], { env: this.environment() });
    rmSync(this.folder, { recursive: true, force: true });
  }

  #gpg(args: readonly string[], input = ""): void {
    const { status, stderr } = spawnSync("gpg", ["--batch", "--quiet", ...args], { env: this.environment(), input });
    if (status !== 0) throw new Error(`gpg: ${stderr.toString()}`);
  }
}

function filler(letter: string): string {
  return letter.repeat(TOKEN_CHARACTERS);
}
