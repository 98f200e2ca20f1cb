/** Redirect URIs as registered, and what can be done with each on this machine. @see RFC 8252 7 */

/**
 * `http` and `https` end on a listener of ours; `paste` shows the address in the browser, for a person to copy; `unusable`
 * hands it to somebody else's app or server.
 */
export type RedirectKind = "http" | "https" | "paste" | "unusable";

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Pages of providers that do nothing but show up, made for copying their address. Their ends, as hosts differ by cloud. */
const COPY_PAGES = [/^login\.[a-z.]+\/common\/oauth2\/nativeclient$/, /^login\.live\.com\/oauth20_desktop\.srf$/];

/** @see https://developers.google.com/identity/protocols/oauth2/native-app (withdrawn there, alive elsewhere) */
const OUT_OF_BAND = /^urn:ietf:wg:oauth:2\.0:oob(:auto)?$/;

export function redirectKind(uri: string): RedirectKind {
  if (OUT_OF_BAND.test(uri)) return "paste";
  if (!URL.canParse(uri)) return "unusable";
  const url = new URL(uri);
  const isLoopback = LOOPBACK_HOSTS.has(url.hostname);
  if (url.protocol === "http:") return isLoopback ? "http" : "unusable";
  if (url.protocol !== "https:") return "unusable";
  // Yahoo's and AOL's clients are registered with this one, and nobody knows whether a port may be added: it is copied.
  if (uri === "https://127.0.0.1") return "paste";
  if (isLoopback) return "https";
  return COPY_PAGES.some((page) => page.test(url.host + url.pathname)) ? "paste" : "unusable";
}

/** Whether the provider shows a code on a page of its own instead of redirecting. */
export function isOutOfBand(uri: string): boolean {
  return OUT_OF_BAND.test(uri);
}

/**
 * The URI with the port that is being listened on. Providers that ignore the port of a loopback URI compare the rest letter by
 * letter, so a missing path stays missing.
 */
export function withPort(uri: string, port: number): string {
  const url = new URL(uri);
  const hasPath = uri.endsWith("/") || url.pathname !== "/";
  return `${url.protocol}//${url.hostname}:${port}${hasPath ? url.pathname : ""}${url.search}`;
}
