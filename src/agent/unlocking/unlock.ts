/**
 * Who may read the vault through the agent, and when a person is asked.
 *
 * A vault that needs nobody (an age identity, a passphrase file) is simply open. For the others:
 *
 * - `closed`: nothing is in hand. The first request on behalf of a program asks, once, where there is a display or a terminal to ask
 *   on; whoever comes meanwhile waits for the same answer.
 * - `unlocked`: what has been read is in hand, and the age passphrase. Ends after `lock_after`, counted from unlocking, as `closed`.
 * - `refused`: somebody was asked, in vain. Nobody is asked again until `mailkey agent unlock`; what can be read without asking, is.
 * - `locked`: by `mailkey agent lock`, which holds for every vault until `mailkey agent unlock`.
 *
 * Locking keeps nobody from storing: a renewal that is under way must not lose what the provider has just granted.
 */
import { isMailkeyError, type MailkeyError } from "../../errors.ts";
import type { Alarm } from "../../platform/alarm.ts";
import type { Clock } from "../../platform/clock.ts";
import { withLimit } from "../../platform/limit.ts";
import type { Environment, Paths } from "../../platform/paths.ts";
import type { MemoryUse, SecretMemory } from "../../platform/secret-memory.ts";
import type { Secret } from "../../platform/secret.ts";
import type { Vault } from "../../vault/vault.ts";
import type { AgentEvent } from "../event.ts";
import { HeldVault } from "./held-vault.ts";
import { VaultOpener, type Needs, type OpenedVault } from "./opened-vault.ts";
import { lockedError, lockedReason, UNLOCK } from "./locked.ts";
import { canAskIn, isAtTerminal, withSession } from "./session.ts";
import { QUESTION_SECONDS, VaultPassphrase, type Trial } from "./vault-passphrase.ts";

export interface UnlockPorts {
  readonly paths: Paths;
  /** The agent's own environment. */
  readonly env: Environment;
  readonly alarm: Alarm;
  readonly clock: Clock;
  readonly memory: SecretMemory;
  /** How this program is run: for a passphrase's key another process is started. */
  readonly program: readonly string[];
  /** Read when it is needed: it may have been reloaded. */
  readonly config: () => { readonly lockAfterMs: number | undefined; readonly pinentry: string };
  readonly observe: (event: Extract<AgentEvent, { kind: "locked" | "unlocked" }>) => void;
}

/** `may-ask`: a program waits for it, and a person may be there. `never`: it is the agent's own idea. */
export type Asking = "may-ask" | "never";

export type LockState = "closed" | "unlocked" | "refused" | "locked";

export interface UnlockStatus {
  /** `unlocked` for a vault that needs nobody, unless it is `locked`. */
  readonly state: LockState;
  readonly needs: Needs;
  /** When it will lock itself, in milliseconds since the Unix epoch. */
  readonly locksAtMs: number | undefined;
  readonly memory: MemoryUse;
}

/** One attempt's way to the vault. What it has begun to store it can store, whatever is locked meanwhile. */
export interface VaultLease {
  openVault(): Promise<Vault>;
  end(): void;
}

export interface UnlockRequest {
  /** Typed by the person at the client's terminal. */
  readonly passphrase?: Secret | undefined;
  /** Of the client: where the person sits. */
  readonly env?: Environment | undefined;
}

/** A little more than mailkey's own question lasts; that of gpg or the keyring may stand longer. */
const WAIT_MS = (QUESTION_SECONDS + 15) * 1000;
const UNANSWERED = "the vault is locked, and nobody has answered the question for its passphrase yet";
const NOWHERE_TO_ASK =
  "the vault is locked, and there is neither a display nor a terminal to ask for its passphrase on";

export class VaultLock {
  readonly #ports: UnlockPorts;
  readonly #held: HeldVault;
  readonly #passphrase: VaultPassphrase;
  readonly #opener: VaultOpener;
  #env: Environment;
  #state: Exclude<LockState, "refused"> | { readonly refused: MailkeyError } = "closed";
  /** Of the vault that is unlocked. What nobody has unlocked does not lock itself. */
  #neededPerson = false;
  #locksAtMs: number | undefined;
  #question: Promise<void> | undefined;
  /** Ends the question that is on somebody's screen. */
  #stopAsking = new AbortController();
  /** Counts locking: what was begun before is not to be handed out. */
  #epoch = 0;

  constructor(ports: UnlockPorts) {
    this.#ports = ports;
    this.#env = ports.env;
    this.#held = new HeldVault(ports.memory);
    this.#passphrase = new VaultPassphrase({
      memory: ports.memory,
      program: ports.program,
      env: ports.env,
      session: () => this.#env,
      pinentry: () => ports.config().pinentry,
    });
    this.#opener = new VaultOpener(
      {
        paths: ports.paths,
        env: () => this.#env,
        passphraseCipher: (source, description) => this.#passphrase.cipher(source, description),
        onSwitch: () => this.#switch(),
      },
      this.#held,
    );
  }

  /** Not so of a vault that needs nobody and that nobody has used yet. */
  get isUnlocked(): boolean {
    return this.#state === "unlocked";
  }

  /** For one attempt at a token. To be ended, whatever becomes of the attempt. */
  lease(asking: Asking): VaultLease {
    return { openVault: () => this.openVault(asking), end: this.#passphrase.lease() };
  }

  /** @throws what `vault/open.ts` throws; reading throws ERR_VAULT_LOCKED where a person is needed and not to be had */
  async openVault(asking: Asking): Promise<Vault> {
    const { bare } = await this.#opener.open();
    return {
      kind: bare.kind,
      description: bare.description,
      read: (name) => this.#read(name, asking),
      write: async (name, plaintext) => (await this.#writable()).write(name, plaintext),
      remove: async (name) => (await this.#opener.open()).held.remove(name),
      list: () => bare.list(),
      stamp: (name) => bare.stamp(name),
    };
  }

  /** Overwrites everything that was in hand. */
  lock(reason: "asked" | "time" | "stopping"): void {
    const wasLocked = this.#state === "locked";
    this.#epoch += 1;
    this.takeQuestionAway();
    this.#forget();
    this.#opener.reset();
    this.#state = reason === "time" ? "closed" : "locked";
    if (!wasLocked) this.#ports.observe({ kind: "locked", reason });
  }

  /**
   * Opens the vault, asking when it has to. A passphrase that is handed over is tried before it is kept; a client at a terminal
   * is to ask for it by itself.
   *
   * @throws ERR_VAULT_LOCKED: `details.reason` is `needs_passphrase` when one has to be handed over, `bad_passphrase` when it is wrong;
   *   what the vault throws. It is then as locked as it was.
   */
  async unlock({ passphrase, env }: UnlockRequest): Promise<void> {
    if (env !== undefined) {
      this.#env = withSession(this.#ports.env, env);
      this.#opener.reset();
    }
    const opened = await this.#opener.open();
    const epoch = this.#epoch;
    const names = await opened.bare.list();
    if (opened.needs === "passphrase" && passphrase !== undefined)
      await this.#passphrase.accept(new TextEncoder().encode(passphrase.reveal()), this.#trialOn(names));
    else if (opened.needs === "passphrase" && isAtTerminal(env))
      throw lockedError("needs_passphrase", "the vault's passphrase has to be typed");
    else if (opened.needs === "passphrase") await this.#askForPassphrase(names);
    else if (opened.needs === "program") await this.#letProgramAsk(opened, names);
    if (epoch !== this.#epoch) throw lockedError("needs_person");
    this.takeQuestionAway();
    this.#becomeUnlocked(opened.needs);
  }

  /** `lockAfterMs` is another one now. An open vault is locked that long from now. */
  lockAfterChanged(): void {
    if (this.#state === "unlocked") this.#lockLater();
  }

  /** Who waits for its answer is told that the vault is locked. That of gpg or the keyring stays. */
  takeQuestionAway(): void {
    this.#stopAsking.abort();
    this.#stopAsking = new AbortController();
    this.#question = undefined;
  }

  async status(): Promise<UnlockStatus> {
    const needs = await this.#opener.open().then(
      (opened) => opened.needs,
      () => "nothing" as const, // what is wrong with the vault is said when it is used
    );
    const state = typeof this.#state === "object" ? "refused" : this.#state;
    const isOpen = needs === "nothing" && state !== "locked";
    return { state: isOpen ? "unlocked" : state, needs, locksAtMs: this.#locksAtMs, memory: this.#held.use() };
  }

  async #read(name: string, asking: Asking): Promise<Uint8Array | undefined> {
    if (this.#state === "locked") throw lockedError("needs_person");
    const epoch = this.#epoch;
    const wasUnlocked = this.isUnlocked;
    const { needs, held } = await this.#opener.open();
    const wasHeld = this.#held.holds(held, name);
    const { plaintext, hasAsked } = await this.#readOrAsk(name, asking);
    if (epoch !== this.#epoch) {
      plaintext?.fill(0);
      throw lockedError("needs_person");
    }
    // One credential of an open vault can be locked, when another process has stored it: whoever waits for it has to hear, too.
    const isNews = wasUnlocked ? hasAsked : !this.isUnlocked;
    if (!wasHeld && plaintext !== undefined && isNews) this.#becomeUnlocked(needs);
    return plaintext;
  }

  async #readOrAsk(name: string, asking: Asking) {
    const { held } = await this.#opener.open();
    try {
      return { plaintext: await held.read(name), hasAsked: false };
    } catch (error) {
      if (lockedReason(error) !== "needs_person" || asking === "never") throw error;
    }
    await this.#askOnce(name);
    return { plaintext: await (await this.#opener.open()).held.read(name), hasAsked: true };
  }

  /** Storing needs nobody, and goes on while it is locked; only then nothing is remembered of it. */
  async #writable(): Promise<Vault> {
    const { held, bare, needs } = await this.#opener.open();
    return this.#state === "locked" || (this.#state === "closed" && needs !== "nothing") ? bare : held;
  }

  /** One question for all who need its answer. */
  async #askOnce(name: string): Promise<void> {
    if (typeof this.#state === "object") {
      const { refused } = this.#state;
      throw lockedError("refused", `the vault is locked: ${refused.message}`, { cause: refused });
    }
    if (!canAskIn(this.#env)) throw lockedError("needs_person");
    if (this.#question === undefined) {
      const question = this.#ask(name).finally(() => {
        if (this.#question === answer) this.#question = undefined;
      });
      // One limit for all: who comes when it has passed is told so at once.
      const answer = withLimit(question, WAIT_MS, () => lockedError("needs_person", UNANSWERED));
      this.#question = answer;
    }
    await this.#question;
  }

  async #ask(name: string): Promise<void> {
    const epoch = this.#epoch;
    const { signal } = this.#stopAsking;
    const opened = await this.#opener.open();
    try {
      if (opened.needs === "passphrase") await this.#askForPassphrase([name]);
      else await this.#letProgramAsk(opened, [name]);
    } catch (error) {
      if (epoch !== this.#epoch) throw lockedError("needs_person");
      if (signal.aborted) return; // it may have been unlocked in another way
      const isRefusal = isMailkeyError(error, "ERR_VAULT_LOCKED") || isMailkeyError(error, "ERR_VAULT_UNUSABLE");
      if (isRefusal) this.#state = { refused: error };
      throw error;
    }
  }

  #askForPassphrase(names: readonly string[]): Promise<void> {
    return this.#passphrase.ask(this.#trialOn(names), this.#stopAsking.signal);
  }

  /** Decrypts one of `names` with the passphrase in question. */
  #trialOn(names: readonly string[]): Trial {
    return async (cipher) => {
      const vault = await this.#opener.openWith(cipher);
      await firstReadable(names, (name) => this.#held.decrypt(vault, name));
    };
  }

  /** Then reads all that is stored: gpg-agent will have forgotten soon. */
  async #letProgramAsk({ held, asking }: OpenedVault, names: readonly string[]): Promise<void> {
    const unread = names.filter((name) => !this.#held.holds(held, name));
    const canAsk = canAskIn(this.#env);
    try {
      await firstReadable(unread, async (name) => (await (canAsk ? asking : held).read(name))?.fill(0));
    } catch (error) {
      if (canAsk || lockedReason(error) === undefined) throw error;
      throw lockedError("no_terminal", NOWHERE_TO_ASK, { cause: error, hint: `export GPG_TTY=$(tty) && ${UNLOCK}` });
    }
    void this.#readAll(held);
  }

  /** What cannot be read is told to whoever asks for it. */
  async #readAll(held: Vault): Promise<void> {
    const epoch = this.#epoch;
    for (const name of await held.list().catch(() => [])) {
      if (epoch !== this.#epoch) return;
      if (this.#held.holds(held, name)) continue;
      await held.read(name).then(
        (plaintext) => plaintext?.fill(0),
        () => undefined,
      );
    }
  }

  #becomeUnlocked(needs: Needs): void {
    this.#state = "unlocked";
    this.#neededPerson = needs !== "nothing";
    this.#lockLater();
    this.#ports.observe({ kind: "unlocked" });
  }

  #lockLater(): void {
    const { alarm, clock, config } = this.#ports;
    const lockAfterMs = this.#neededPerson ? config().lockAfterMs : undefined;
    this.#locksAtMs = lockAfterMs === undefined ? undefined : clock.now().wallMs + lockAfterMs;
    if (lockAfterMs === undefined) alarm.clear();
    else alarm.set(lockAfterMs, () => this.lock("time"));
  }

  #switch(): void {
    this.#forget();
    this.#passphrase.forget();
    if (this.#state !== "locked") this.#state = "closed";
  }

  #forget(): void {
    this.#ports.alarm.clear();
    this.#locksAtMs = undefined;
    this.#held.forget();
    this.#passphrase.endTerm();
  }
}

/** Until one of them can be read: a damaged one says nothing about the others. */
async function firstReadable(names: readonly string[], read: (name: string) => Promise<unknown>): Promise<void> {
  let failure: unknown;
  for (const name of names) {
    try {
      await read(name);
      return;
    } catch (error) {
      if (isMailkeyError(error, "ERR_VAULT_LOCKED")) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure as Error;
}
