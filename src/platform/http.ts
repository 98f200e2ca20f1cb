/**
 * The `fetch` that everything is handed: proxies from the environment, extra certificate authorities, a time-out for the
 * whole exchange and a bound on the answer's size. TLS is verified and 1.2 or newer in both runtimes; nothing here can turn that off.
 */
import type * as Undici from "undici";
import { isBun } from "./runtime.ts";
import { trustedCertificates } from "./certificates.ts";
import type { Environment } from "./paths.ts";

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

export interface HttpOptions {
  readonly env: Environment;
  /** PEM file of certificate authorities to trust besides the built-in ones. */
  readonly caFile?: string | undefined;
  /** Milliseconds for connecting, sending and reading the whole answer. */
  readonly timeoutMs: number;
}

/** No answer of an authorization server or autoconfig host is near this. */
const MAX_RESPONSE_BYTES = 1024 * 1024;

export function createFetch(options: HttpOptions): Fetch {
  return async (url, init = {}) => {
    const certificates = trustedCertificates(options.env, options.caFile);
    const timeout = AbortSignal.timeout(options.timeoutMs);
    const signal = init.signal ? AbortSignal.any([timeout, init.signal]) : timeout;
    const send = isBun ? bunFetch(certificates) : await nodeFetch(options.env, certificates);
    return readWhole(await send(url, { ...init, signal }));
  };
}

/** Said on every connection, because NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment turns the runtimes' defaults off. */
const VERIFIED = { rejectUnauthorized: true } as const;

/** As Bun's fetch wants it: the version on the wire (RFC 5246 6.2.1). */
const TLS_1_2 = 0x0303;

function withCertificates<T extends object>(options: T, certificates: string[] | undefined): T & { ca?: string[] } {
  return certificates === undefined ? options : { ...options, ca: certificates };
}

/** Bun's own fetch reads HTTPS_PROXY and NO_PROXY, and takes TLS options as an extension of `init`. */
function bunFetch(certificates: string[] | undefined): Fetch {
  const tls = withCertificates({ ...VERIFIED, minVersion: TLS_1_2 }, certificates);
  return (url, init) => fetch(url, { ...init, tls } as RequestInit);
}

/** Node's fetch knows neither: undici, which it is made of, does. */
async function nodeFetch(env: Environment, certificates: string[] | undefined): Promise<Fetch> {
  const proxied = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].some((name) => (env[name] ?? "") !== "");
  const undici = await import("undici");
  const tls = withCertificates({ ...VERIFIED, minVersion: "TLSv1.2" as const }, certificates);
  const dispatcher = proxied
    ? new undici.EnvHttpProxyAgent({ connect: tls, requestTls: tls, proxyTls: tls })
    : new undici.Agent({ connect: tls });
  return async (url, init) =>
    (await undici.fetch(url, { ...init, dispatcher } as Undici.RequestInit)) as unknown as Response;
}

/** Reads the body while the time-out still counts, so that a server that stalls mid-answer cannot hold the caller. */
async function readWhole(response: Response): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (response.body !== null) {
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > MAX_RESPONSE_BYTES) {
        await reader.cancel();
        throw new RangeError("the answer is larger than 1 MiB");
      }
      chunks.push(value);
    }
  }
  const bodyless = response.status === 204 || response.status === 304;
  const whole = new Response(bodyless ? null : Buffer.concat(chunks), {
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
  });
  Object.defineProperty(whole, "url", { value: response.url });
  return whole;
}
