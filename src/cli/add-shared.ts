/** `mailkey add` for a mailbox that another account's sign-in opens: there is nobody to sign in, and one file to write. */
import { isShared, type Account } from "../accounts/account.ts";
import { isSameAddress } from "../accounts/address.ts";
import { mailboxesSharing, readAccount } from "../accounts/store.ts";
import { MailkeyError } from "../errors.ts";
import type { Paths } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import { usage, type AddValues } from "./add-flags.ts";

/** Whoever names one of these wants a sign-in of the mailbox's own. */
const OWN_SIGN_IN = [
  "client",
  "client-id",
  "client-secret-file",
  "client-secret-command",
  "certificate",
  "key",
  "redirect-uri",
  "tenant",
  "app-only",
  "catch-all",
  "service-account",
  "issuer",
  "issuer-id",
  "authorization-endpoint",
  "token-endpoint",
  "device-endpoint",
  "revocation-endpoint",
  "scope",
  "resource",
  "flow",
] as const satisfies readonly (keyof AddValues)[];

/**
 * The account whose sign-in opens the mailbox: the one that `--share` names, or that of the person who is named with `--login-as`,
 * unless the flags ask for something else. Undefined when somebody has to sign in.
 *
 * @throws ERR_ACCOUNT_UNKNOWN, ERR_USAGE, ERR_CONFIG
 */
export function findLender(paths: Paths, address: string, values: AddValues): Account | undefined {
  const { share, "login-as": person } = values;
  const own = OWN_SIGN_IN.find((name) => values[name] !== undefined);
  if (share !== undefined && own !== undefined) throw usage(`--${own} does not go with --share`);
  const name = share ?? (own === undefined ? person : undefined);
  const lender = name === undefined ? undefined : findAccount(paths, name);
  if (name === undefined || (lender === undefined && share === undefined)) return undefined;
  if (lender === undefined)
    throw new MailkeyError("ERR_ACCOUNT_UNKNOWN", `there is no account ${name} whose sign-in could be shared`, {
      hint: shellLine(["mailkey", "add", name]),
    });
  if (share === undefined && !fitsPerson(lender, values)) return undefined;
  refuseCircles(paths, address, lender);
  return lender;
}

/** The account of that address, or the one that it shares in its turn. */
function findAccount(paths: Paths, address: string): Account | undefined {
  const found = readAccount(paths, address);
  if (found === undefined || !isShared(found)) return found;
  const lender = readAccount(paths, found.credential);
  return lender === undefined || isShared(lender) ? undefined : lender;
}

/** An application signs nobody in, and another provider's sign-in opens nothing here. */
function fitsPerson(lender: Account, { provider }: AddValues): boolean {
  const isPerson = lender.grant === undefined && lender.service_account === undefined;
  return isPerson && (provider === undefined || provider === lender.provider);
}

function refuseCircles(paths: Paths, address: string, lender: Account): void {
  if (isSameAddress(lender.address, address)) throw usage("a mailbox cannot share its own sign-in");
  const [sharing] = mailboxesSharing(paths, address);
  if (sharing === undefined) return;
  throw new MailkeyError("ERR_CONFIG", `${sharing} uses the sign-in of ${address}, which has to stay`, {
    hint: shellLine(["mailkey", "remove", sharing]),
  });
}
