/**
 * Who signed in, as the ID token tells it. The comparison guards against the wrong account being picked in a browser that
 * is signed in to several; what a mailbox may be read by is the mail server's to decide.
 *
 * @see OpenID Connect Core 5.1; https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 */
import { domainToASCII } from "node:url";
import { peerText } from "../platform/text.ts";

export interface Identity {
  /** Every address that the claims give, the most telling first; never empty. */
  readonly addresses: readonly [string, ...string[]];
}

/** Claims that may hold an address, the one that people know first. `preferred_username` can also be a telephone number. */
const ADDRESS_CLAIMS = [
  "preferred_username",
  "email",
  "upn",
  "unique_name",
  "verified_primary_email",
  "verified_secondary_email",
] as const;

/** One mailbox, two domains, and dots that do not count. @see https://support.google.com/mail/answer/7436150 */
const GMAIL_DOMAINS: ReadonlySet<string> = new Set(["gmail.com", "googlemail.com"]);

/** @returns undefined when the claims hold no address: then only a login to the mailbox tells */
export function identityOf(claims: Readonly<Record<string, unknown>> | undefined): Identity | undefined {
  if (claims === undefined) return undefined;
  const found = ADDRESS_CLAIMS.flatMap((name) => claims[name])
    .filter((value) => typeof value === "string")
    .filter((value) => /^[^\s@]+@[^\s@]+$/.test(value))
    .map((value) => peerText(value, 254));
  const [first, ...rest] = new Set(found);
  return first === undefined ? undefined : { addresses: [first, ...rest] };
}

/** Whether one of the identity's addresses is `login`, case and Gmail's spellings aside. */
export function isIdentityOf(identity: Identity, login: string): boolean {
  const wanted = comparable(login);
  return identity.addresses.some((address) => comparable(address) === wanted);
}

function comparable(address: string): string {
  const at = address.lastIndexOf("@");
  const local = address.slice(0, at).toLowerCase().normalize("NFC");
  const domain = address.slice(at + 1).toLowerCase();
  if (GMAIL_DOMAINS.has(domain)) return `${local.replace(/\+.*$/, "").replaceAll(".", "")}@gmail.com`;
  return `${local}@${domainToASCII(domain) || domain}`;
}
