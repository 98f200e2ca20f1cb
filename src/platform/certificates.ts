/** Which certificate authorities are trusted: the runtime's own list, and those the user adds. */
import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { MailkeyError } from "../errors.ts";
import type { Environment } from "./paths.ts";

/**
 * The PEM list to hand to TLS, or undefined when the runtime's own list is all.
 *
 * @param caFile `network.ca_file` of the configuration; `NODE_EXTRA_CA_CERTS` counts as well, in both runtimes
 * @throws ERR_CONFIG when the configured file cannot be read or holds no certificate
 */
export function trustedCertificates(env: Environment, caFile: string | undefined): string[] | undefined {
  const files = [caFile, env["NODE_EXTRA_CA_CERTS"]].filter(
    (file): file is string => file !== undefined && file !== "",
  );
  if (files.length === 0) return undefined;
  const extra: string[] = [];
  for (const file of files) {
    try {
      const found = readFileSync(file, "utf8").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
      if (found === null) throw new Error("no certificate in it");
      extra.push(...found);
    } catch (cause) {
      if (file !== caFile) continue; // the runtimes ignore an unreadable NODE_EXTRA_CA_CERTS too
      throw new MailkeyError("ERR_CONFIG", `cannot read certificates from ${file}`, { cause });
    }
  }
  return extra.length === 0 ? undefined : [...rootCertificates, ...extra];
}
