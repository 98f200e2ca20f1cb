/** A home in which everything is in order: an account, an age vault, a credential. Tests break one thing and look. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defaultConfig } from "../../src/accounts/config.ts";
import type { Account } from "../../src/accounts/account.ts";
import { addressToFileName } from "../../src/accounts/address.ts";
import { saveAccount } from "../../src/accounts/store.ts";
import type { Check } from "../../src/doctor/check.ts";
import { openMachine, type MachineOptions, type OpenMachine } from "../../src/doctor/machine.ts";
import { examine, type ReportedFinding } from "../../src/doctor/run.ts";
import { createFetch } from "../../src/platform/http.ts";
import { resolvePaths, type Paths } from "../../src/platform/paths.ts";
import type { Credential } from "../../src/tokens/credential.ts";
import type { TokenPorts } from "../../src/tokens/get-token.ts";
import { run } from "../../src/platform/process.ts";
import { CredentialStore } from "../../src/tokens/store.ts";
import { openVault } from "../../src/vault/open.ts";
import { setUpAge } from "../../src/vault/set-up.ts";
import { saveVaultSettings } from "../../src/vault/settings.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { writeExecutable } from "../vault/support.ts";

export const ADDRESS = "me@hotmail.com";
export const SECRET = "refresh-token-of-the-doctors-patient";

export const ACCOUNT: Account = {
  address: ADDRESS,
  provider: "microsoft-personal",
  client: { id: "9e5f94bc-e8a4-4e73-b8be-63364c29d753", preset: "thunderbird" },
};

const SIGN_IN = fileURLToPath(new URL("sign-in.ts", import.meta.url));
const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export class DoctorHome {
  /** Short: a gpg-agent's socket in it must stay below 108 bytes. */
  readonly folder = mkdtempSync("/tmp/mkd-");
  readonly clock = new FakeClock();
  readonly env: Record<string, string>;

  private constructor(env: Record<string, string>) {
    mkdirSync(join(this.folder, "run"), { mode: 0o700 });
    this.env = {
      PATH: process.env["PATH"] ?? "",
      HOME: this.folder,
      XDG_RUNTIME_DIR: join(this.folder, "run"),
      GNUPGHOME: join(this.folder, "gnupg"),
      ...env,
    };
  }

  /** A home without any file of mailkey's. */
  static empty(env: Record<string, string> = {}): DoctorHome {
    return new DoctorHome(env);
  }

  static async healthy(env: Record<string, string> = {}): Promise<DoctorHome> {
    const home = new DoctorHome(env);
    saveAccount(home.paths, ACCOUNT);
    const { target } = await setUpAge(home.paths, home.env, {}, new Date(home.clock.wallMs));
    saveVaultSettings(home.paths, { folder: "vault", ...target });
    await home.storeCredential();
    return home;
  }

  get paths(): Paths {
    return resolvePaths(this.env);
  }

  get ports(): TokenPorts {
    const { env, paths, clock } = this;
    const config = defaultConfig(env);
    return {
      env,
      paths,
      clock,
      config,
      random: () => 0.5,
      createFetch: (timeoutMs) => createFetch({ env, timeoutMs }),
      openVault: () => openVault(paths, env),
    };
  }

  /** The path of a file of mailkey's: `config/accounts`, `state/vault`. */
  path(kind: keyof Paths, ...names: string[]): string {
    return join(this.paths[kind], ...names);
  }

  accountFile(address = ADDRESS): string {
    return this.path("config", "accounts", `${addressToFileName(address)}.toml`);
  }

  async storeCredential(address = ADDRESS, change: Partial<Credential> = {}): Promise<void> {
    const now = this.clock.now();
    await new CredentialStore(this.ports, address).save({
      version: 1,
      refreshToken: SECRET,
      signedInAt: now,
      accessTokens: { outlook: { token: "access-1", obtainedAt: now, lifetimeSeconds: 3600, scope: "s" } },
      ...change,
    });
  }

  machine(change: Partial<MachineOptions> = {}): Promise<OpenMachine> {
    const { env, paths, clock, ports } = this;
    const signal = new AbortController().signal;
    return openMachine({
      env,
      paths,
      clock,
      signal,
      config: ports.config,
      ports,
      mailkey: "/usr/bin/mailkey",
      ...change,
    });
  }

  /** What these checks find together. None of it holds the credential, and no check is worse than it says. */
  async examine(checks: Check | readonly Check[], change: Partial<MachineOptions> = {}): Promise<ReportedFinding[]> {
    const all = [checks].flat();
    const machine = await this.machine(change);
    const findings = await examine(machine, all, { limitMs: 20_000 });
    await machine.settled();
    if (JSON.stringify(findings).includes(SECRET)) throw new Error("a finding holds a secret");
    for (const { check, severity } of findings) {
      if (severity === "error" && all.find(({ id }) => id === check)?.worst === "warning")
        throw new Error(`${check} says that it reports warnings at worst`);
    }
    return findings;
  }

  /** Types the commands of a finding into a shell, as its reader would: `mailkey` and `sudo` are there; signing in needs no provider. */
  async follow(finding: ReportedFinding | undefined, env: Record<string, string> = {}): Promise<void> {
    const bin = join(this.folder, "bin");
    mkdirSync(bin, { recursive: true });
    const mailkey = `#!/bin/sh\n[ "$1" != login ] || exec '${process.execPath}' '${SIGN_IN}' "$2"\nexec '${process.execPath}' '${MAIN}' "$@"\n`;
    writeExecutable(join(bin, "mailkey"), mailkey);
    writeExecutable(join(bin, "sudo"), '#!/bin/sh\nexec "$@"\n');
    const script = (finding?.remedy ?? ["false"]).join("\n");
    const typed = { ...this.env, ...env, PATH: `${bin}:${this.env["PATH"]}` };
    const { status, stderr } = await run("/bin/sh", ["-ec", script], { env: typed, timeoutMs: 60_000 });
    if (status !== 0) throw new Error(`${script}: exit ${status}: ${stderr}`);
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
