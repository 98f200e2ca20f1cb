/** Accounts that open all mailboxes of a domain (`catch_all`), found without reading every file at every login. */
import { isShared } from "../accounts/account.ts";
import { accountPath, listAddresses, readAccount } from "../accounts/store.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import { fileStamp } from "../platform/files.ts";
import type { Paths } from "../platform/paths.ts";

export class CatchAlls {
  readonly #paths: Paths;
  #stamp: string | undefined;
  /** The accounts by domain. */
  #known = new Map<string, string[]>();

  constructor(paths: Paths) {
    this.#paths = paths;
  }

  /**
   * @param address normalised
   * @returns the address of the account that opens it
   * @throws ERR_CONFIG when several would
   */
  accountFor(address: string): string | undefined {
    const domain = address.slice(address.lastIndexOf("@") + 1);
    const [only, other] = this.#accounts().get(domain) ?? [];
    if (other === undefined) return only;
    throw new MailkeyError("ERR_CONFIG", `both ${only} and ${other} open all mailboxes of ${domain}`, {
      hint: `edit ${accountPath(this.#paths, other)}`,
    });
  }

  #accounts(): ReadonlyMap<string, readonly string[]> {
    const addresses = listAddresses(this.#paths);
    const stamp = addresses.map((address) => `${address} ${fileStamp(accountPath(this.#paths, address))}`).join("\n");
    if (stamp === this.#stamp) return this.#known;
    this.#known = Map.groupBy(addresses, (address) => this.#domainOf(address) ?? "");
    this.#stamp = stamp;
    return this.#known;
  }

  #domainOf(address: string): string | undefined {
    try {
      const file = readAccount(this.#paths, address);
      return file === undefined || isShared(file) ? undefined : file.catch_all?.toLowerCase();
    } catch (error) {
      if (isMailkeyError(error)) return undefined; // its own login says what is wrong with it
      throw error;
    }
  }
}
