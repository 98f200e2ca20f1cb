/** Accounts as recipes are given them. */
import { createHash } from "node:crypto";
import { normaliseAddress } from "../accounts/address.ts";
import type { ResolvedAccount } from "../accounts/resolve.ts";
import type { Protocol } from "../providers/provider.ts";
import type { MailAccount } from "./recipe.ts";

/** By its full path, which AppArmor's profile of msmtp allows and every list of words can have. @see FHS 3.0, 3.4 */
const CAT = "/bin/cat";

/**
 * @param labels of all configured accounts, by `labelsOf`
 * @param command this program's absolute path
 * @param tokenFile where the agent keeps its token, if it does
 */
export function mailAccountOf(
  { address, user, provider }: ResolvedAccount,
  labels: ReadonlyMap<string, string>,
  command: string,
  tokenFile?: string,
): MailAccount {
  return {
    address,
    user,
    label: labels.get(normaliseAddress(address)) ?? slug(address),
    servers: provider.servers,
    mechanisms: provider.mechanisms,
    tokenCommand: tokenCommandOf(address, command),
    tunnelCommands: {
      imap: tunnelCommandOf(address, "imap", command),
      pop: tunnelCommandOf(address, "pop", command),
      smtp: tunnelCommandOf(address, "smtp", command),
    },
    ...(tokenFile === undefined ? {} : { fileCommand: fileCommandOf(tokenFile) }),
  };
}

/** What a program runs to get a token. */
export function tokenCommandOf(address: string, command: string): readonly [string, ...string[]] {
  return [command, "token", ...(address.startsWith("-") ? ["--"] : []), address];
}

/** What a program runs in the place of a connection: the mailbox on standard input and output, logged in already. */
export function tunnelCommandOf(address: string, protocol: Protocol, command: string): readonly [string, ...string[]] {
  const options = protocol === "imap" ? [] : ["--protocol", protocol];
  return [command, "tunnel", ...options, ...(address.startsWith("-") ? ["--"] : []), address];
}

/** What a program runs to get a token from the file that the agent keeps. */
export function fileCommandOf(tokenFile: string): readonly [string, ...string[]] {
  return [CAT, tokenFile];
}

/**
 * A label for each address, by its normalised form: readable, unique, and the same in every run. Where two addresses would get the same,
 * all but the first in alphabetical order get some of their hash as well.
 */
export function labelsOf(addresses: readonly string[]): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  const taken = new Set<string>();
  for (const address of addresses.map(normaliseAddress).toSorted()) {
    if (labels.has(address)) continue;
    const plain = slug(address);
    const label = taken.has(plain)
      ? `${plain}-${createHash("sha256").update(address).digest("hex").slice(0, 6)}`
      : plain;
    taken.add(label);
    labels.set(address, label);
  }
  return labels;
}

function slug(address: string): string {
  const words = address
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return words === "" ? "mail" : words;
}
