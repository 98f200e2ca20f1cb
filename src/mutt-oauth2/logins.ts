/** `--test`: a login to each of the registration's servers, told in the script's words. Failures go to standard error. */
import { trustedCertificates } from "../platform/certificates.ts";
import type { Secret } from "../platform/secret.ts";
import type { Task } from "./front-end.ts";
import type { Registration } from "./registrations.ts";

const PROTOCOLS = ["imap", "pop", "smtp"] as const;
/** For one server, connecting included: people watch. */
const LOGIN_TIMEOUT_MS = 15_000;
/** The script's. */
const EXIT_FAILED = 1;

/** @returns the exit status. @throws ERR_CONFIG when the user name cannot be part of a login */
export async function testLogins(
  { args, ports }: Task,
  token: Secret,
  user: string,
  { mechanism, servers }: Registration,
): Promise<number> {
  const certificates = trustedCertificates(ports.env, ports.config.caFile);
  let status = 0;
  for (const protocol of PROTOCOLS) {
    const name = protocol.toUpperCase();
    const report = await ports.testLogin({
      protocol,
      server: servers[protocol],
      user,
      token,
      mechanisms: [mechanism],
      certificates,
      timeoutMs: LOGIN_TIMEOUT_MS,
      signal: ports.signal,
    });
    if (report.ok) {
      if (args.verbose) ports.stdout(`${name} authentication succeeded\n`);
      continue;
    }
    const said = report.said === undefined ? "" : `; the server says: ${report.said}`;
    ports.stderr(`mailkey: error: ${name} authentication FAILED: ${report.message}${said}\n`);
    if (report.stage === "authentication" || report.stage === "after-login")
      ports.stderr(`mailkey: hint: does your account allow ${name}? did ${user} sign in, and nobody else?\n`);
    status = EXIT_FAILED;
  }
  return status;
}
