/**
 * Which servers are believed, and the TLS sessions that were made on the strength of it. A resumed session is not verified again, so all are
 * forgotten when the certificates change.
 */
import { createSecureContext, type SecureContext } from "node:tls";
import { MailkeyError } from "../../errors.ts";
import { trustedCertificates } from "../../platform/certificates.ts";
import { fileStamp } from "../../platform/files.ts";
import type { Environment } from "../../platform/paths.ts";
import type { ServerAddress } from "../../mail/report.ts";

interface Faith {
  readonly stamp: string;
  /** Undefined: the runtime's own, which it keeps ready itself. */
  readonly context: SecureContext | undefined;
  /** The newest of each server. */
  readonly sessions: Map<string, Buffer>;
}

export class Trust {
  readonly #env: Environment;
  readonly #caFile: () => string | undefined;
  #faith: Faith | undefined;

  /** @param caFile `network.ca_file`, of the moment */
  constructor(env: Environment, caFile: () => string | undefined) {
    this.#env = env;
    this.#caFile = caFile;
  }

  /** What a connection to `server` takes. @throws ERR_CONFIG */
  for(server: ServerAddress): {
    readonly context: SecureContext | undefined;
    readonly resume: Buffer | undefined;
    readonly onSession: (session: Buffer) => void;
  } {
    const { context, sessions } = this.#current();
    const name = serverName(server);
    return { context, resume: sessions.get(name), onSession: (session) => void sessions.set(name, session) };
  }

  #current(): Faith {
    const caFile = this.#caFile();
    const files = [caFile, this.#env["NODE_EXTRA_CA_CERTS"]].filter((file) => file !== undefined);
    const stamp = files.map((file) => `${file} ${fileStamp(file)}`).join("\n");
    if (this.#faith?.stamp === stamp) return this.#faith;
    const certificates = trustedCertificates(this.#env, caFile);
    const context = certificates === undefined ? undefined : contextOf(certificates, files);
    this.#faith = { stamp, context, sessions: new Map() };
    return this.#faith;
  }
}

/** @param files where some of them are from @throws ERR_CONFIG */
function contextOf(certificates: string[], files: readonly string[]): SecureContext {
  try {
    return createSecureContext({ ca: certificates, minVersion: "TLSv1.2" });
  } catch (cause) {
    throw new MailkeyError("ERR_CONFIG", `there is no usable certificate in ${files.join(" or ")}`, { cause });
  }
}

/** Unlike for any two servers. */
export function serverName({ host, port, security }: ServerAddress): string {
  return `${host} ${port} ${security}`;
}
