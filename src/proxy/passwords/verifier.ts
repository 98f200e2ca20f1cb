/**
 * Says whether a password is right, for a proxy that many programs log in to again and again.
 *
 * A derivation costs a tenth of a second of one core. Few run at once, those for the same login share one, and its outcome is remembered:
 * as a key that only this process can compute, so that its memory holds nothing that could be tried elsewhere. What was right stays right
 * until it is taken out of the file; what was wrong is looked at again once the file has changed.
 *
 * Waiting concerns only passwords that have to be derived: whoever is known already cannot be locked out by others' wrong guesses.
 */
import { createHmac, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { accountPath } from "../../accounts/store.ts";
import { normaliseAddress } from "../../accounts/address.ts";
import { isMailkeyError } from "../../errors.ts";
import type { Clock } from "../../platform/clock.ts";
import { fileStamp } from "../../platform/files.ts";
import type { Paths } from "../../platform/paths.ts";
import type { Secret } from "../../platform/secret.ts";
import { startSteadyTime } from "../../platform/steady-time.ts";
import { Turns } from "../../platform/turns.ts";
import { hashPassword, isHash, newParameters, type ScryptParameters } from "./hash.ts";
import { LastUses } from "./last-used.ts";
import { canonicalPassword } from "./made.ts";
import type { Passwords, Verdict } from "./passwords.ts";
import { Recent } from "./recent.ts";
import { passwordsPath, readPasswordFile, type KeptPassword } from "./store.ts";
import { Throttle } from "./throttle.ts";

export interface VerifierPorts {
  readonly paths: Paths;
  readonly clock: Clock;
  readonly hash?: typeof hashPassword;
}

/** Each has a thread and 32 MiB to itself; the machine's other work goes on. */
const AT_ONCE = 2;
/** Some seconds of work. Programs that find it full come again by themselves. */
const MOST_WAITING = 64;
const MOST_REMEMBERED = 10_000;
/** RFC 5321 4.5.3.1 allows 320 characters at most. */
const LONGEST_ADDRESS = 320;
const FULL: Verdict = { kind: "throttled", seconds: 5 };
/** Nothing of the cause: whoever hears it has not shown any password yet. */
const UNREADABLE: Verdict = { kind: "unavailable", words: "the proxy cannot read its passwords" };

interface Attempt {
  /** Normalised; empty for what is no address, which nobody's password is for. */
  readonly address: string;
  readonly password: Secret;
  readonly peer: string;
  /** Of user and password, for remembering. */
  readonly key: string;
}

/** The file as it was read last. */
interface Known {
  readonly stamp: string | undefined;
  readonly scrypt: ScryptParameters;
  readonly kept: readonly KeptPassword[];
}

export class Verifier implements Passwords {
  readonly #paths: Paths;
  readonly #hash: typeof hashPassword;
  readonly #throttle: Throttle;
  readonly #uses: LastUses;
  readonly #turns = new Turns(AT_ONCE);
  readonly #processKey = randomBytes(32);
  /** By an attempt's key: the hash that it fits. */
  readonly #right = new Recent<string>(MOST_REMEMBERED);
  readonly #wrong = new Recent<true>(MOST_REMEMBERED);
  readonly #deriving = new Map<string, Promise<Verdict>>();
  #known: Known | undefined;

  constructor({ paths, clock, hash = hashPassword }: VerifierPorts) {
    this.#paths = paths;
    this.#hash = hash;
    this.#throttle = new Throttle(startSteadyTime(clock));
    this.#uses = new LastUses(paths, () => clock.now().wallMs);
  }

  async verify(user: string, password: Secret, peer: string): Promise<Verdict> {
    const address = addressOf(user);
    const attempt = { address, password, peer, key: this.#keyOf(address, password) };
    const known = this.#read();
    if (known === undefined) return UNREADABLE;
    return this.#remembered(attempt, known) ?? this.#derivation(attempt);
  }

  #remembered({ address, key }: Attempt, known: Known): Verdict | undefined {
    const hash = this.#right.get(key);
    const kept = hash === undefined ? undefined : this.#keptFor(address, known).find((each) => each.hash === hash);
    if (kept !== undefined) return this.#welcome(kept, known);
    return this.#wrong.get(key) === true ? { kind: "wrong" } : undefined;
  }

  /** Programs open several connections at once, with the same password. */
  #derivation(attempt: Attempt): Verdict | Promise<Verdict> {
    const same = this.#deriving.get(attempt.key);
    if (same !== undefined) return same;
    const throttled = this.#throttled(attempt);
    if (throttled !== undefined) return throttled;
    if (this.#deriving.size >= MOST_WAITING) return FULL;
    const verdict = this.#turns.take(() => this.#derive(attempt)).finally(() => this.#deriving.delete(attempt.key));
    this.#deriving.set(attempt.key, verdict);
    return verdict;
  }

  async #derive(attempt: Attempt): Promise<Verdict> {
    const { address, password, peer, key } = attempt;
    const throttled = this.#throttled(attempt); // by those that were waiting before it
    if (throttled !== undefined) return throttled;
    const known = this.#read();
    if (known === undefined) return UNREADABLE;
    const hash = await this.#hash(password, known.scrypt);
    const kept = this.#keptFor(address, known).find((each) => isHash(hash, each.hash));
    if (kept !== undefined) {
      this.#throttle.right(peer);
      this.#right.set(key, kept.hash);
      return this.#welcome(kept, known);
    }
    this.#throttle.wrong(peer);
    // A domain's is wrong as long as the mailbox has an account file, of which the passwords' file says nothing.
    const isDomains = known.kept.some((each) => each.for.startsWith("@") && isHash(hash, each.hash));
    if (known === this.#known && !isDomains) this.#wrong.set(key, true);
    return { kind: "wrong" };
  }

  #welcome(kept: KeptPassword, known: Known): Verdict {
    this.#uses.note(kept, known.kept);
    return { kind: "right", device: kept.device };
  }

  /** A catch-all account's are for mailboxes without an account file of their own: others have been entrusted to nobody else. */
  #keptFor(address: string, { kept }: Known): readonly KeptPassword[] {
    if (address === "") return [];
    const domain = address.slice(address.lastIndexOf("@"));
    const isCaught = () => !existsSync(accountPath(this.#paths, address));
    return kept.filter((each) => each.for === address || (each.for === domain && isCaught()));
  }

  #throttled({ peer }: Attempt): Verdict | undefined {
    const waitMs = this.#throttle.waitMs(peer);
    return waitMs > 0 ? { kind: "throttled", seconds: Math.ceil(waitMs / 1000) } : undefined;
  }

  /** @returns undefined when it cannot be read */
  #read(): Known | undefined {
    const stamp = fileStamp(passwordsPath(this.#paths));
    if (this.#known !== undefined && this.#known.stamp === stamp) return this.#known;
    try {
      const file = readPasswordFile(this.#paths);
      // Where there is none, guessing takes as long.
      const { scrypt, passwords: kept } = file ?? { scrypt: newParameters(), passwords: [] };
      this.#wrong.clear();
      this.#known = { stamp, scrypt, kept };
    } catch (error) {
      if (!isMailkeyError(error)) throw error;
      this.#known = undefined;
    }
    return this.#known;
  }

  #keyOf(address: string, password: Secret): string {
    const hmac = createHmac("sha256", this.#processKey);
    return hmac.update(`${address}\0${canonicalPassword(password).reveal()}`).digest("base64");
  }
}

function addressOf(user: string): string {
  try {
    return user.length > LONGEST_ADDRESS ? "" : normaliseAddress(user);
  } catch {
    return "";
  }
}
