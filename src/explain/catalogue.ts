/** All explanations, in the order of lists. */
import { APPARMOR } from "./catalogue/apparmor.ts";
import { GOOGLE } from "./catalogue/google.ts";
import { MAIL_PROGRAMS } from "./catalogue/mail-programs.ts";
import { MAIL_PROXY } from "./catalogue/mail-proxy.ts";
import { MAIL_SERVERS } from "./catalogue/mail-servers.ts";
import { MAILKEY } from "./catalogue/mailkey.ts";
import { MICROSOFT_ACCOUNT } from "./catalogue/microsoft-account.ts";
import { MICROSOFT_CLIENT } from "./catalogue/microsoft-client.ts";
import { MICROSOFT_TOKEN } from "./catalogue/microsoft-token.ts";
import { NETWORK } from "./catalogue/network.ts";
import { OAUTH } from "./catalogue/oauth.ts";
import { VAULT } from "./catalogue/vault.ts";
import type { Entry } from "./entry.ts";

export const CATALOGUE: readonly Entry[] = [
  ...MICROSOFT_TOKEN,
  ...MICROSOFT_ACCOUNT,
  ...MICROSOFT_CLIENT,
  ...GOOGLE,
  ...OAUTH,
  ...MAIL_SERVERS,
  ...NETWORK,
  ...MAIL_PROGRAMS,
  ...MAIL_PROXY,
  ...APPARMOR,
  ...VAULT,
  ...MAILKEY,
];

/** The entry of that id. @throws RangeError when there is none: ids are literals of this program */
export function entryOf(id: string): Entry {
  const entry = CATALOGUE.find((candidate) => candidate.id === id);
  if (entry === undefined) throw new RangeError(`no explanation ${id}`);
  return entry;
}
