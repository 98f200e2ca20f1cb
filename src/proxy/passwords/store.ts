/**
 * The file of the proxy's passwords, `proxy/passwords.json` in the state folder: hashes only, 0600, replaced atomically under a lock.
 *
 * Only the command line writes it; the proxy reads it. A file that cannot be understood is an error everywhere: taken for an empty one, the next
 * password would wipe out all others.
 */
import { join } from "node:path";
import * as v from "valibot";
import { MailkeyError } from "../../errors.ts";
import type { Clock } from "../../platform/clock.ts";
import { readPrivateText, replaceFile } from "../../platform/files.ts";
import { acquireLock } from "../../platform/lock.ts";
import type { Paths } from "../../platform/paths.ts";
import type { Secret } from "../../platform/secret.ts";
import { shellWord } from "../../platform/shell.ts";
import { withoutControls } from "../../platform/text.ts";
import { HASH_BYTES, hashPassword, newParameters } from "./hash.ts";
import { makePassword } from "./made.ts";

const base64 = (bytes: number) =>
  v.pipe(
    v.string(),
    v.check((text) => Buffer.from(text, "base64").length >= bytes, "is too short"),
  );
const count = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));

const EntrySchema = v.strictObject({
  /** An address, or `@domain` for all mailboxes that a catch-all account opens. Normalised. */
  for: v.string(),
  device: v.string(),
  made: v.pipe(v.string(), v.isoTimestamp()),
  hash: base64(HASH_BYTES),
});

const FileSchema = v.strictObject({
  version: v.literal(1),
  /** Bounded, since the proxy spends what is asked for here. */
  scrypt: v.strictObject({
    salt: base64(16),
    n: v.pipe(
      count(2 ** 20),
      v.check((n) => n > 1 && Number.isInteger(Math.log2(n)), "must be a power of two"),
    ),
    r: count(32),
    p: count(16),
  }),
  passwords: v.array(EntrySchema),
});

export type PasswordFile = v.InferOutput<typeof FileSchema>;
export type KeptPassword = v.InferOutput<typeof EntrySchema>;

/** Whose password it is. */
export interface Holder {
  /** An address or `@domain`, normalised. */
  readonly for: string;
  readonly device: string;
}

export const USUAL_DEVICE = "default";
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_DEVICE_LENGTH = 60;
const LOCK_TIMEOUT_MS = 10_000;

export function passwordsPath(paths: Pick<Paths, "state">): string {
  return join(paths.state, "proxy", "passwords.json");
}

/** @returns undefined when there never was a password. @throws ERR_CONFIG when it is damaged, ERR_UNTRUSTED_FILE, ERR_STORAGE */
export function readPasswordFile(paths: Pick<Paths, "state">): PasswordFile | undefined {
  const path = passwordsPath(paths);
  const text = readPrivateText(path, "secret", MAX_BYTES);
  if (text === undefined) return undefined;
  try {
    return v.parse(FileSchema, JSON.parse(text));
  } catch (cause) {
    throw new MailkeyError("ERR_CONFIG", `${path} is damaged: the proxy's passwords cannot be read`, {
      cause,
      hint: `restore it, or rm ${shellWord(path)} and make new passwords: mailkey proxy password add`,
    });
  }
}

/** Sorted by whom they are for, then by device. @throws like readPasswordFile */
export function listPasswords(paths: Pick<Paths, "state">): readonly KeptPassword[] {
  const name = (each: KeptPassword) => `${each.for} ${each.device}`;
  return (readPasswordFile(paths)?.passwords ?? []).toSorted((a, b) => (name(a) < name(b) ? -1 : 1));
}

/**
 * Makes a password, which takes the place of the one that the holder has, if any.
 *
 * @returns the password, which is kept nowhere
 * @throws ERR_USAGE for a device's name that cannot be shown, ERR_LOCK_TIMEOUT, and like readPasswordFile
 */
export async function addPassword(paths: Paths, clock: Clock, holder: Holder): Promise<Secret> {
  checkDevice(holder.device);
  const password = makePassword();
  await change(paths, clock, async (file) => {
    const { scrypt, passwords } = file ?? { scrypt: newParameters(), passwords: [] };
    const hash = (await hashPassword(password, scrypt)).toString("base64");
    const made = new Date(clock.now().wallMs).toISOString();
    const others = passwords.filter((each) => !isHolder(each, holder));
    return { version: 1, scrypt, passwords: [...others, { ...holder, made, hash }] };
  });
  return password;
}

/**
 * @returns those that are gone
 * @throws ERR_LOCK_TIMEOUT, and like readPasswordFile
 */
export async function removePasswords(
  paths: Paths,
  clock: Clock,
  isGone: (kept: KeptPassword) => boolean,
): Promise<readonly KeptPassword[]> {
  if (!listPasswords(paths).some(isGone)) return [];
  let gone: readonly KeptPassword[] = [];
  await change(paths, clock, (file) => {
    gone = file?.passwords.filter(isGone) ?? [];
    return file === undefined ? undefined : { ...file, passwords: file.passwords.filter((each) => !isGone(each)) };
  });
  return gone;
}

export function isHolder(kept: KeptPassword, holder: Holder): boolean {
  return kept.for === holder.for && kept.device === holder.device;
}

type Change = (file: PasswordFile | undefined) => PasswordFile | undefined | Promise<PasswordFile>;

/** Reads, changes and writes while nobody else does. */
async function change(paths: Paths, clock: Clock, changed: Change): Promise<void> {
  const lockPath = join(paths.state, "locks", "proxy-passwords.lock");
  const lock = await acquireLock(lockPath, { timeoutMs: LOCK_TIMEOUT_MS, clock });
  try {
    const file = await changed(readPasswordFile(paths));
    if (file !== undefined) replaceFile(passwordsPath(paths), `${JSON.stringify(file, null, 2)}\n`);
  } finally {
    lock.release();
  }
}

function checkDevice(device: string): void {
  const isFit = device.trim() === device && device !== "" && withoutControls(device) === device;
  if (isFit && device.isWellFormed() && device.length <= MAX_DEVICE_LENGTH) return;
  throw new MailkeyError("ERR_USAGE", `not a device's name: ${JSON.stringify(device).slice(0, 100)}`, {
    hint: `a word or two, of at most ${MAX_DEVICE_LENGTH} characters: --device scanner`,
  });
}
