/**
 * The machine as the checks see it. Whatever costs something (the vault, a renewal, a program's version) is done once, when the first
 * check asks, and shared by all.
 */
import { join } from "node:path";
import type { Config } from "../accounts/config.ts";
import { loadAccount, type ResolvedAccount } from "../accounts/resolve.ts";
import { listAddresses } from "../accounts/store.ts";
import type { FoundProgram } from "../clients/recipe.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";
import { findExecutable } from "../platform/executables.ts";
import { createFetch } from "../platform/http.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import { run } from "../platform/process.ts";
import { getToken, type TokenAnswer, type TokenPorts, type TokenRequest } from "../tokens/get-token.ts";
import { CredentialStore } from "../tokens/store.ts";
import type { AskPassphrase } from "../vault/passphrase.ts";
import { lookAtAgent } from "./agent-look.ts";
import { lookAtMailProxy } from "./mail-proxy.ts";
import type { AccountSubject, Machine, VersionQuestion } from "./check.ts";
import { lookAtVault } from "./vault-look.ts";

export interface MachineOptions {
  readonly env: Environment;
  readonly paths: Paths;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly config: Config;
  readonly ports: TokenPorts;
  /** This program's absolute path. */
  readonly mailkey: string;
  /** Only these accounts; all of them when undefined. */
  readonly addresses?: readonly string[] | undefined;
  /** The same that `ports` asks with. */
  readonly askPassphrase?: AskPassphrase | undefined;
  /** How long the vault may take; longer where a person can answer its prompts. */
  readonly vaultLimitMs?: number;
  /** Where `/etc`, `/sys` and `/proc` are; `/` unless a test says otherwise. */
  readonly root?: string;
}

export interface OpenMachine extends Machine {
  /**
   * Ends when no renewal is under way any more. To be awaited before the process exits: an answer with a rotated refresh token that is
   * not stored is a sign-in lost.
   */
  settled(): Promise<void>;
}

/** One request of a check; the whole examination takes less than ten seconds. */
const REQUEST_TIMEOUT_MS = 6000;
const VERSION_TIMEOUT_MS = 3000;
const VAULT_LIMIT_MS = 7000;

export async function openMachine(options: MachineOptions): Promise<OpenMachine> {
  const { env, paths, clock, signal, mailkey, root = "/" } = options;
  const timeoutMs = Math.min(options.config.timeoutMs, REQUEST_TIMEOUT_MS);
  const config = { ...options.config, timeoutMs };
  const over = new AbortController();
  const ports: TokenPorts = {
    ...options.ports,
    config: { ...config, retryBudgetMs: 0 },
    signal: over.signal,
    async openVault() {
      await othersTurn();
      return options.ports.openVault();
    },
  };
  const renewals: Promise<unknown>[] = [];
  const accounts: AccountSubject[] = [];
  const machine: OpenMachine = {
    env,
    paths,
    clock,
    signal,
    config,
    ports,
    fetch: createFetch({ env, caFile: config.caFile, timeoutMs }),
    mailkey,
    accounts,
    system: (path) => join(root, path),
    find: programFinder(env),
    vault: once(() => lookAtVault(paths, env, options.vaultLimitMs ?? VAULT_LIMIT_MS, options.askPassphrase)),
    agent: once(() => lookAtAgent(paths)),
    mailProxy: once(() => lookAtMailProxy(paths, signal)),
    async settled() {
      over.abort(new MailkeyError("ERR_INTERRUPTED", "the examination is over"));
      await Promise.allSettled(renewals);
    },
  };
  const usable = await usableAccounts(paths, options.addresses ?? addressesIn(paths));
  const looks = new Map<string, CredentialLook>();
  for (const account of usable) {
    const lender = usable.find(({ address }) => address === account.credential) ?? account;
    const look = looks.get(account.credential) ?? lookAt(lender, machine, (renewal) => renewals.push(renewal));
    looks.set(account.credential, look);
    accounts.push(subjectOf(machine, account, look));
  }
  return machine;
}

/** One whose file cannot be used is reported by a check of its own. */
async function usableAccounts(paths: Paths, addresses: readonly string[]): Promise<ResolvedAccount[]> {
  const accounts = await Promise.all(addresses.map((address) => orUndefined(() => loadAccount(paths, address))));
  return accounts.filter((account) => account !== undefined);
}

/** What mailboxes with one credential have in common: it is read and renewed once, whoever asks. */
type CredentialLook = Pick<AccountSubject, "stored" | "renewal" | "getToken">;

function lookAt(
  account: ResolvedAccount,
  machine: Machine,
  onRenewal: (renewal: Promise<unknown>) => void,
): CredentialLook {
  const { ports } = machine;
  const tracked = async (request: TokenRequest) => {
    ports.signal?.throwIfAborted(); // the process is about to end: nothing is begun any more
    const renewing = getToken(ports, account, request);
    onRenewal(renewing);
    return renewing;
  };
  const stored = once(async () => {
    const { failure } = await machine.vault();
    return failure ?? ended(async () => (await new CredentialStore(ports, account.credential).load())?.credential);
  });
  const renewal = once(async (): Promise<TokenAnswer | Error> => {
    const { failure } = await machine.vault();
    if (failure !== undefined) return failure;
    return ended(() => tracked({ force: true }));
  });
  return { stored, renewal, getToken: tracked };
}

function subjectOf(machine: Machine, account: ResolvedAccount, look: CredentialLook): AccountSubject {
  return {
    machine,
    account,
    ...look,
    async credential() {
      const found = await look.stored();
      return found instanceof Error ? undefined : found;
    },
    async token() {
      const answer = await look.renewal();
      return answer instanceof Error ? undefined : answer.token;
    },
  };
}

function addressesIn(paths: Paths): string[] {
  try {
    return listAddresses(paths);
  } catch (error) {
    if (isMailkeyError(error)) return [];
    throw error;
  }
}

function programFinder(env: Environment): Machine["find"] {
  const known = new Map<string, Promise<FoundProgram | undefined>>();
  return (executable, question) => {
    const key = JSON.stringify([executable, question?.args]);
    const found = known.get(key) ?? findProgram(executable, question, env);
    known.set(key, found);
    return found;
  };
}

async function findProgram(
  executable: string,
  question: VersionQuestion | undefined,
  env: Environment,
): Promise<FoundProgram | undefined> {
  const path = findExecutable(executable, env);
  if (path === undefined || question === undefined)
    return path === undefined ? undefined : { path, version: undefined };
  const said = await orUndefined(() => run(path, question.args, { env, timeoutMs: VERSION_TIMEOUT_MS }));
  const text = said === undefined ? "" : `${new TextDecoder().decode(said.stdout)}\n${said.stderr}`;
  const match = question.pattern.exec(text);
  return { path, version: match?.[1] ?? match?.[0] };
}

/** A passphrase costs a second of computing without a pause: in between, the other checks hear what has arrived for them. */
function othersTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function once<T>(task: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= task());
}

/** What `task` gives, or the mailkey error that it ends with. */
async function ended<T>(task: () => Promise<T>): Promise<T | MailkeyError> {
  try {
    return await task();
  } catch (error) {
    if (isMailkeyError(error)) return error;
    throw error;
  }
}

async function orUndefined<T>(task: () => Promise<T>): Promise<T | undefined> {
  const result = await ended(task);
  return isMailkeyError(result) ? undefined : result;
}
