/** Apple iCloud Mail: no OAuth2 for mail programs. */
import { reported, unverified, verified } from "../certainty.ts";
import type { PasswordProvider } from "../provider.ts";

export const icloud: PasswordProvider = {
  kind: "password",
  id: "icloud",
  name: "Apple iCloud Mail",
  remark: "No OAuth2: an app-specific password.",
  advice: "no OAuth2 here: use an app-specific password, made at https://account.apple.com under Sign-In and Security",
  domains: ["mac.com", "me.com", "icloud.com"],
  mxSuffixes: [".mail.icloud.com"],
  servers: {
    imap: { host: "imap.mail.me.com", port: 993, security: "tls" },
    smtp: { host: "smtp.mail.me.com", port: 587, security: "starttls" },
  },
  quirks: [
    {
      text: "The user name is the part before the @ for IMAP, and the whole address for SMTP.",
      ...verified(["ISPDB:me.com.xml"]),
    },
    {
      text: "The servers offer ATOKEN, which is Apple's own, and PLAIN; tokens of Sign in with Apple do not work.",
      ...reported(["jstedfast/MailKit#295", "jstedfast/MailKit#1397"]),
    },
    { text: "An alias cannot log in.", ...reported(["FE-FAQ"]) },
    { text: "There is no POP.", ...verified(["ISPDB:me.com.xml"]) },
  ],
  sources: {
    domains: verified(["ISPDB:me.com.xml"]),
    mxSuffixes: unverified([], "Apple's help on custom domains, which was not kept"),
    servers: verified(["ISPDB:me.com.xml"]),
    advice: reported(["jstedfast/MailKit#295"], "the page to visit is from general knowledge"),
  },
};
