/** The certificate that the proxy shows its clients: the user's, or the one that mailkey has made and renews. */
import type { ProxyConfig } from "../../accounts/proxy-config.ts";
import { isMailkeyError, MailkeyError } from "../../errors.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Paths } from "../../platform/paths.ts";
import { loadPair, type LoadedCertificate } from "./load.ts";
import { isDue, loadMade, makeCertificate } from "./made.ts";

const CONFIG_HINT = "edit certificate and key below [proxy] in config.toml";

/**
 * To be asked again once a day, by who runs for long: one of mailkey's own that is near its end is renewed.
 *
 * @returns undefined when none is configured and none has been made
 * @throws ERR_CONFIG when a file is missing, is not what it should be, is over, or does not fit the other; ERR_UNTRUSTED_FILE for a key that
 *   others can read; ERR_STORAGE
 */
export async function proxyCertificate(
  paths: Paths,
  config: Pick<ProxyConfig, "certificateFile" | "keyFile">,
  clock: Clock,
): Promise<LoadedCertificate | undefined> {
  const { certificateFile: certificate, keyFile } = config;
  if (certificate === undefined && keyFile === undefined) return madeAndRenewed(paths, clock);
  if (certificate === undefined) throw unfit("config.toml names a key for the proxy, and no certificate");
  const loaded = loadPair({ certificate, key: keyFile ?? certificate }, CONFIG_HINT);
  if (loaded === undefined) throw unfit(`${certificate} is not there: it is to be the proxy's certificate`);
  const nowMs = clock.now().wallMs;
  if (loaded.endsAtMs <= nowMs) throw unfit(`${certificate} is over since ${dateOf(loaded.endsAtMs)}`);
  const beginsAtMs = Date.parse(loaded.parsed.validFrom);
  if (beginsAtMs > nowMs) throw unfit(`${certificate} is not valid before ${dateOf(beginsAtMs)}`);
  return loaded;
}

async function madeAndRenewed(paths: Paths, clock: Clock): Promise<LoadedCertificate | undefined> {
  const there = loadMade(paths);
  if (there === undefined || !isDue(there, clock)) return there;
  try {
    return await makeCertificate(paths, clock, {});
  } catch (error) {
    if (isMailkeyError(error) && there.endsAtMs > clock.now().wallMs) return there; // a disk may have room again tomorrow
    throw error;
  }
}

function unfit(message: string): MailkeyError {
  return new MailkeyError("ERR_CONFIG", message, { hint: CONFIG_HINT });
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
