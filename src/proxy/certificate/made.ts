/**
 * The certificate that mailkey makes for the proxy: self-signed, for this machine's names and those that were asked for.
 *
 * It is no authority. Programs trust this one certificate, by its file, and whoever stole its key could pass for the proxy and nobody else.
 * Renewing keeps the key: only one file changes, so that the pair always fits, and programs that have pinned the public key go on.
 */
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import { MailkeyError } from "../../errors.ts";
import type { Clock } from "../../platform/clock.ts";
import { removeFile, replaceFile } from "../../platform/files.ts";
import { acquireLock } from "../../platform/lock.ts";
import type { Paths } from "../../platform/paths.ts";
import { loadPair, pemOf, type CertificateFiles, type LoadedCertificate } from "./load.ts";

/** What is asked of it. */
export interface Wish {
  /** Host names and addresses besides this machine's own; undefined: those that it has already. */
  readonly names?: readonly string[] | undefined;
  /** With a new key, and nothing of what there is. */
  readonly anew?: boolean;
}

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** Apple's programs take none that lasts longer than 825 days. */
const LIFETIME_MS = 824 * DAY_MS;
const RENEW_AHEAD_MS = 30 * DAY_MS;
const LOCK_TIMEOUT_MS = 10_000;
const OWN_NAMES = ["localhost", "127.0.0.1", "::1"];

/**
 * What is there when it will do, otherwise another.
 *
 * @throws ERR_USAGE for what is no host's name, ERR_CONFIG for files that are damaged (unless `anew`), ERR_LOCK_TIMEOUT, ERR_STORAGE
 */
export async function makeCertificate(paths: Paths, clock: Clock, wish: Wish): Promise<LoadedCertificate> {
  const wished = wish.names?.map(hostName);
  const lockPath = join(paths.state, "locks", "proxy-certificate.lock");
  const lock = await acquireLock(lockPath, { timeoutMs: LOCK_TIMEOUT_MS, clock });
  try {
    const there = wish.anew === true ? undefined : loadMade(paths);
    const before = there === undefined ? [] : namesOf(there);
    const names = [...new Set([...OWN_NAMES, ...(wished ?? before)])];
    if (there !== undefined && !isDue(there, clock) && names.join() === before.join()) return there;
    return await write(paths, clock, names, there?.key);
  } finally {
    lock.release();
  }
}

/** @returns undefined when none has been made. @throws ERR_CONFIG, ERR_UNTRUSTED_FILE, ERR_STORAGE */
export function loadMade(paths: Paths): LoadedCertificate | undefined {
  return loadPair(madeFiles(paths), "mailkey proxy cert --new");
}

/** Whether it is to be renewed: it is over within a month. */
export function isDue({ endsAtMs }: LoadedCertificate, clock: Clock): boolean {
  return endsAtMs - clock.now().wallMs < RENEW_AHEAD_MS;
}

/** Host names and addresses, as it lists them. */
export function namesOf({ parsed }: LoadedCertificate): string[] {
  const listed = parsed.subjectAltName?.split(", ") ?? [];
  return listed.map((each) => shortest(each.replace(/^(?:DNS|IP Address):/, "")));
}

export function madeFiles({ state }: Pick<Paths, "state">): CertificateFiles {
  return { certificate: join(state, "proxy", "certificate.pem"), key: join(state, "proxy", "key.pem") };
}

/** @param keptKey PEM; a new one unless given */
async function write(
  paths: Paths,
  clock: Clock,
  names: readonly string[],
  keptKey: string | undefined,
): Promise<LoadedCertificate> {
  const files = madeFiles(paths);
  const nowMs = clock.now().wallMs;
  const key =
    keptKey === undefined ? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey : createPrivateKey(keptKey);
  const { makeSelfSigned } = await import("../../platform/self-signed.ts"); // a megabyte that is needed every two years
  const certificate = await makeSelfSigned({
    subject: "CN=localhost,O=mailkey proxy",
    names,
    key,
    fromMs: nowMs - HOUR_MS, // other machines' clocks differ
    untilMs: nowMs + LIFETIME_MS,
  });
  if (keptKey === undefined) {
    removeFile(files.certificate); // never one beside another's key
    replaceFile(files.key, pemOf(key));
  }
  replaceFile(files.certificate, certificate);
  const loaded = loadMade(paths);
  if (loaded === undefined) throw new MailkeyError("ERR_STORAGE", `${files.certificate} is gone again`);
  return loaded;
}

/** @throws ERR_USAGE */
function hostName(given: string): string {
  const isName = isIP(given) === 0 && !/[/?#:@\\[\]%*\s]/.test(given) && URL.canParse(`http://${given}`);
  if (isName || isIP(given) !== 0) return shortest(given);
  throw new MailkeyError("ERR_USAGE", `not a host name or an IP address: ${JSON.stringify(given).slice(0, 100)}`, {
    hint: "mailkey proxy cert --name nas.example.org",
  });
}

/** The one form of a name or an address that is compared: ASCII, lower case, IPv6 with `::`. */
function shortest(name: string): string {
  const host = new URL(`http://${isIP(name) === 6 ? `[${name}]` : name}`).hostname;
  return host.replace(/^\[(.*)\]$/, "$1");
}
