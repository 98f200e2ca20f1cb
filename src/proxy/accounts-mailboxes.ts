/**
 * The mailboxes of the account files. What was read is remembered until the files change, so that a login costs a few `stat` calls.
 *
 * A mailbox without a file of its own may be opened by an account that opens all of a domain (`catch_all`).
 */
import { isShared } from "../accounts/account.ts";
import { normaliseAddress } from "../accounts/address.ts";
import { loadAccount, type ResolvedAccount } from "../accounts/resolve.ts";
import { accountPath, listAddresses, readAccount } from "../accounts/store.ts";
import { hintOptions } from "../accounts/hint-options.ts";
import { isMailkeyError } from "../errors.ts";
import { fileStamp } from "../platform/files.ts";
import type { Paths } from "../platform/paths.ts";
import type { Protocol } from "../providers/provider.ts";
import { CatchAlls } from "./catch-alls.ts";
import type { Mailbox, Mailboxes } from "./mailboxes.ts";

interface Remembered {
  readonly account: ResolvedAccount;
  readonly stamp: string;
}

const PROTOCOLS = ["imap", "pop", "smtp"] as const;

export class AccountMailboxes implements Mailboxes {
  readonly #paths: Paths;
  readonly #catchAlls: CatchAlls;
  readonly #remembered = new Map<string, Remembered>();

  constructor(paths: Paths) {
    this.#paths = paths;
    this.#catchAlls = new CatchAlls(paths);
  }

  async find(user: string): Promise<Mailbox | undefined> {
    const address = normalised(user);
    if (address === undefined) return undefined;
    const own = await this.#account(address);
    if (own !== undefined) return mailboxOf(own, address);
    const catching = this.#catchAlls.accountFor(address);
    const account = catching === undefined ? undefined : await this.#account(catching);
    return account === undefined ? undefined : mailboxOf(account, address);
  }

  async all(): Promise<readonly Mailbox[]> {
    const found = await Promise.all(listAddresses(this.#paths).map((address) => this.#usable(address)));
    return found.filter((mailbox) => mailbox !== undefined);
  }

  async #usable(address: string): Promise<Mailbox | undefined> {
    try {
      return await this.find(address);
    } catch (error) {
      if (isMailkeyError(error)) return undefined;
      throw error;
    }
  }

  /** @returns undefined when it has no file */
  async #account(address: string): Promise<ResolvedAccount | undefined> {
    const known = this.#remembered.get(address);
    if (known !== undefined && known.stamp === this.#stamp(address, known.account.credential)) return known.account;
    this.#remembered.delete(address);
    const file = readAccount(this.#paths, address);
    if (file === undefined) return undefined;
    const stamp = this.#stamp(address, isShared(file) ? file.credential : file.address);
    const account = await loadAccount(this.#paths, address);
    this.#remembered.set(address, { account, stamp });
    return account;
  }

  #stamp(address: string, credential: string): string {
    return `${fileStamp(accountPath(this.#paths, address))} ${fileStamp(accountPath(this.#paths, credential))}`;
  }
}

function mailboxOf(resolved: ResolvedAccount, address: string): Mailbox {
  const { user, provider } = resolved;
  const own = normaliseAddress(resolved.address);
  const resources = PROTOCOLS.flatMap((protocol) => {
    const resource = provider.resources.find(({ scopes }) => scopes[protocol] !== undefined);
    return resource === undefined ? [] : [[protocol, resource.name] as const];
  });
  return {
    address,
    account: own,
    user: own === address ? user : address,
    servers: provider.servers,
    mechanisms: provider.mechanisms,
    resources: Object.fromEntries(resources) as { readonly [P in Protocol]?: string },
    about: hintOptions(resolved),
  };
}

function normalised(address: string): string | undefined {
  try {
    return normaliseAddress(address);
  } catch {
    return undefined;
  }
}
