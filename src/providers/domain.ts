/** The first step of discovery: the part of the address after the @. */
import { domainToASCII } from "node:url";
import { MailkeyError } from "../errors.ts";
import type { Provider, Region } from "./provider.ts";

/** Labels of letters, digits, hyphens and (in names of hosts in the wild) underscores; two of them at least. */
const HOST_NAME = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * The domain of an address, lower case and in ASCII (RFC 5890 A-labels).
 *
 * @throws ERR_USAGE when there is none that could be looked up
 */
export function mailDomain(address: string): string {
  const at = address.lastIndexOf("@");
  const domain = at <= 0 ? null : toHostName(address.slice(at + 1));
  if (domain === null)
    throw new MailkeyError("ERR_USAGE", `not an e-mail address: ${JSON.stringify(address.slice(0, 80))}`, {
      hint: "mailkey add you@example.com",
    });
  return domain;
}

/** A host name in its one form: ASCII, lower case, without the root's dot. Null for what is none, IP addresses included. */
export function toHostName(text: string): string | null {
  // A name beyond ASCII is at most as long as its A-label form. What a URL parser takes for the end of a host is none here.
  if (text.length > 254 || /[^A-Za-z0-9._\u0080-\u{10ffff}-]/u.test(text)) return null;
  const name = domainToASCII(text.replace(/\.$/, "")).toLowerCase();
  return HOST_NAME.test(name) && !/\.\d+$/.test(name) ? name : null;
}

/** The provider whose domain it is: by name first, then as a name below one that it gives out. */
export function matchDomain<P extends Pick<Provider, "domains" | "domainSuffixes">>(
  domain: string,
  providers: readonly P[],
): P | null {
  return (
    providers.find((provider) => provider.domains.includes(domain)) ??
    providers.find((provider) => provider.domainSuffixes?.some((suffix) => domain.endsWith(suffix))) ??
    null
  );
}

/** The region of a provider that a domain, or a host it receives mail at, belongs to; null for the provider's own values. */
export function regionOf(provider: Provider, domain: string, mxHost?: string): Region | null {
  const regions = provider.regions ?? [];
  return (
    regions.find((region) => region.domains.includes(domain)) ??
    (mxHost === undefined
      ? undefined
      : regions.find((region) => region.mxSuffixes.some((s) => hasSuffix(mxHost, s)))) ??
    null
  );
}

/** `.example.net` matches every host below it, `mx.example.net` that host only. */
export function hasSuffix(host: string, suffix: string): boolean {
  return suffix.startsWith(".") ? host.endsWith(suffix) : host === suffix;
}
