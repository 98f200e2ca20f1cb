/**
 * A machine for the checks to look at: a real home folder, the lab's servers, a signed-in account, and whatever a test breaks of it.
 * Only the vault keeps nothing secret, to be quick.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { obtainTokens } from "../../lab/token-client.ts";
import { MAIL_SCOPES, THUNDERBIRD_CLIENT_ID } from "../../lab/registrations.ts";
import type { World } from "../../lab/world.ts";
import type { Account } from "../../src/accounts/account.ts";
import { defaultConfig, type Config } from "../../src/accounts/config.ts";
import { saveAccount } from "../../src/accounts/store.ts";
import type { AccountSubject, Finding } from "../../src/doctor/check.ts";
import { openMachine, type OpenMachine } from "../../src/doctor/machine.ts";
import { createFetch } from "../../src/platform/http.ts";
import { resolvePaths } from "../../src/platform/paths.ts";
import { systemClock, type Clock } from "../../src/platform/clock.ts";
import type { Credential } from "../../src/tokens/credential.ts";
import type { TokenPorts } from "../../src/tokens/get-token.ts";
import { CredentialStore } from "../../src/tokens/store.ts";
import { openVault } from "../../src/vault/open.ts";
import { saveVaultSettings } from "../../src/vault/settings.ts";

export interface PatientOptions {
  readonly world?: Pick<World, "caFile" | "address"> & Partial<World>;
  /** Changes of the account, whose provider, client, endpoints and servers are the world's otherwise. */
  readonly account?: Partial<Account>;
  /** Undefined leaves the account without a credential. */
  readonly credential?: Partial<Credential> | undefined;
  /** `@/` stands for the home folder. */
  readonly env?: Readonly<Record<string, string>>;
  readonly config?: Partial<Config>;
  readonly clock?: Clock;
  /** What mail programs are to run; `@` stands for the home folder. */
  readonly mailkey?: string;
}

/** Adds a signed-in machine to `world`. */
export async function signedIn(world: World, options: PatientOptions = {}): Promise<Patient> {
  const { refreshToken } = await obtainTokens(world);
  return Patient.admit({ world, credential: { refreshToken }, ...options });
}

export class Patient {
  readonly home: string;
  readonly machine: OpenMachine;

  private constructor(home: string, machine: OpenMachine) {
    this.home = home;
    this.machine = machine;
  }

  static async admit(options: PatientOptions = {}): Promise<Patient> {
    const { world, clock = systemClock } = options;
    const home = mkdtempSync(join(tmpdir(), "mailkey-doctor-"));
    mkdirSync(join(home, "system"));
    const env = { HOME: home, PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8", ...inHome(options.env ?? {}, home) };
    const paths = resolvePaths({ ...env, MAILKEY_HOME: join(home, "mailkey") });
    const config = { ...defaultConfig(env), timeoutMs: 5000, caFile: world?.caFile, ...options.config };
    saveVaultSettings(paths, {
      folder: "vault",
      active: "command",
      command: { encrypt: "base64", decrypt: "base64 -d" },
    });
    const ports: TokenPorts = {
      env,
      paths,
      config,
      clock,
      random: () => 0.5,
      createFetch: (timeoutMs) => createFetch({ env, caFile: config.caFile, timeoutMs }),
      openVault: () => openVault(paths, env),
    };
    const account = accountOf(options);
    saveAccount(paths, account);
    if (options.credential !== undefined) {
      const credential = { version: 1, signedInAt: clock.now(), accessTokens: {}, ...options.credential } as const;
      await new CredentialStore(ports, account.address).save(credential);
    }
    const machine = await openMachine({
      env,
      paths,
      config,
      clock,
      ports,
      signal: new AbortController().signal,
      mailkey: (options.mailkey ?? "/usr/bin/mailkey").replace(/^@/, home),
      root: join(home, "system"),
    });
    return new Patient(home, machine);
  }

  get subject(): AccountSubject {
    const [subject] = this.machine.accounts;
    if (subject === undefined) throw new Error("a patient has an account");
    return subject;
  }

  /** Writes a file below the home folder (0600 unless `mode` says otherwise). @returns its path */
  write(name: string, text: string, mode = 0o600): string {
    const path = join(this.home, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }

  /** Writes a file of the system's. */
  writeSystem(path: string, text: string): string {
    return this.write(join("system", path), text, 0o644);
  }

  discharge(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** The only finding, or a failure that shows what there was instead. */
export function only(findings: readonly Finding[]): Finding {
  const [first] = findings;
  if (first === undefined || findings.length !== 1)
    throw new Error(`one finding expected: ${JSON.stringify(findings)}`);
  return first;
}

function accountOf({ world, account }: PatientOptions): Account {
  const { endpoints, servers, issuer } = world ?? {};
  return {
    address: world?.address ?? "anna@mail.test",
    provider: "microsoft",
    client: { id: THUNDERBIRD_CLIENT_ID, preset: "thunderbird" },
    scopes: { outlook: Object.values(MAIL_SCOPES) },
    ...(endpoints === undefined
      ? {}
      : { endpoints: { token: endpoints.token, authorization: endpoints.authorization, issuer } }),
    servers: { imap: servers?.imap ?? NOWHERE, pop: servers?.pop ?? NOWHERE, smtp: servers?.smtp ?? NOWHERE },
    ...account,
  };
}

function inHome(env: Readonly<Record<string, string>>, home: string): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace(/^@(?=\/)/, home)]));
}

/** Looked up, and nothing more. */
export const NOWHERE = { host: "localhost", port: 1, security: "tls" } as const;
