/** E-mail addresses as keys and as file names. */
import { MailkeyError } from "../errors.ts";
import { withoutControls } from "../platform/text.ts";

/**
 * The form in which addresses are compared and files are named: lower case, the domain in ASCII (RFC 5891). Local parts are
 * case-sensitive in theory (RFC 5321 2.4); no provider here makes use of it, and people type them either way. One that begins with a
 * hyphen would be taken for an option by every program that it is handed to.
 *
 * @throws ERR_CONFIG when it is not an address
 */
export function normaliseAddress(address: string): string {
  const at = address.lastIndexOf("@");
  const local = address.slice(0, at);
  const domain = domainToAscii(address.slice(at + 1));
  if (at < 1 || domain === "" || !local.isWellFormed() || /[\s@]|^-/.test(local) || withoutControls(local) !== local) {
    throw new MailkeyError("ERR_CONFIG", `not an e-mail address: ${JSON.stringify(address).slice(0, 100)}`);
  }
  return `${local.toLowerCase()}@${domain}`;
}

/** Whether two addresses are one mailbox's; what is not an address equals nothing. */
export function isSameAddress(one: string, other: string): boolean {
  try {
    return normaliseAddress(one) === normaliseAddress(other);
  } catch {
    return false;
  }
}

/** The address as a file name without ending: what could leave the folder, or hide, is percent-encoded. */
export function addressToFileName(address: string): string {
  return normaliseAddress(address)
    .replace(/[^a-z0-9@._+=-]/gu, (character) => encodeURIComponent(character).replace(/[!'()*]/g, hex))
    .replace(/^\./, "%2E");
}

/** The reverse of `addressToFileName`. */
export function fileNameToAddress(name: string): string {
  return decodeURIComponent(name);
}

/** By way of a URL, which applies the same rules (UTS 46); loading node:url would cost the token path a millisecond. */
function domainToAscii(domain: string): string {
  if (/[/?#:@\\[\]%\s]/.test(domain)) return "";
  return URL.canParse(`http://${domain}`) ? new URL(`http://${domain}`).hostname : "";
}

function hex(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
