/**
 * Mail services without OAuth2 that are not worth an entry of their own: enough to answer clearly. That they take passwords
 * only is verified (ISPDB, FairEmail's list); the domains are the best known ones, not all.
 */
import { verified } from "./certainty.ts";

export interface PasswordOnlyService {
  readonly name: string;
  readonly domains: readonly string[];
  readonly mxSuffixes: readonly string[];
  readonly advice: string;
}

const PASSWORD = "no OAuth2 here: use the mailbox's password in the mail program";
const APP_PASSWORD = "no OAuth2 here: use an app password (authorization code) from the settings on the web";

export const PASSWORD_ONLY_SOURCE = verified(
  ["ISPDB", "FE"],
  "one program has an unused beginning of OAuth2 for 163.com",
);

export const PASSWORD_ONLY: readonly PasswordOnlyService[] = [
  { name: "mail.com", domains: ["mail.com"], mxSuffixes: [], advice: PASSWORD },
  {
    name: "1&1 IONOS",
    domains: ["1und1.de", "online.de", "onlinehome.de"],
    mxSuffixes: [".kundenserver.de", ".ionos.de", ".ionos.com", ".ionos.co.uk"],
    advice: PASSWORD,
  },
  { name: "Posteo", domains: ["posteo.de", "posteo.net"], mxSuffixes: [".posteo.de"], advice: PASSWORD },
  { name: "mailbox.org", domains: ["mailbox.org"], mxSuffixes: [".mailbox.org"], advice: PASSWORD },
  {
    name: "T-Online",
    domains: ["t-online.de", "magenta.de"],
    mxSuffixes: [],
    advice: "no OAuth2 here: use the e-mail password, set in the customer centre, which is not the login's",
  },
  {
    name: "Libero",
    domains: ["libero.it", "iol.it", "inwind.it", "blu.it", "giallo.it"],
    mxSuffixes: [],
    advice: PASSWORD,
  },
  { name: "Orange", domains: ["orange.fr", "wanadoo.fr"], mxSuffixes: [], advice: PASSWORD },
  { name: "Free", domains: ["free.fr"], mxSuffixes: [], advice: PASSWORD },
  { name: "QQ Mail", domains: ["qq.com", "vip.qq.com", "foxmail.com"], mxSuffixes: [], advice: APP_PASSWORD },
  { name: "NetEase 163", domains: ["163.com"], mxSuffixes: [], advice: APP_PASSWORD },
  { name: "Spectrum", domains: ["charter.net", "spectrum.net"], mxSuffixes: [], advice: PASSWORD },
];
