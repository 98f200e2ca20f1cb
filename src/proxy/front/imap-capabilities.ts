/** Which of a server's capabilities are none of the client's business, since the proxy is the one that it logs in to. */

/**
 * All that concerns TLS and logging in. UNAUTHENTICATE (RFC 8437) besides: whoever used it would send the proxy's password to the server
 * next.
 */
const PROXYS_OWN = / (?:AUTH=[^ ]*|STARTTLS|LOGINDISABLED|SASL-IR|UNAUTHENTICATE)(?= |$)/gi;

/** Those of a server's capabilities that a client may be told of. What could not be one is left out. */
export function capabilityNames(names: readonly string[]): string[] {
  const list = names.filter((name) => /^[!-\\^-~]+$/.test(name)).map((name) => ` ${name}`);
  return withoutProxysOwn(list.join("")).split(" ").slice(1);
}

/** @param list capabilities, each with one space before it; so is what is returned */
export function withoutProxysOwn(list: string): string {
  return list.replace(PROXYS_OWN, "");
}
