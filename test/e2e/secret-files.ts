/** Files that hold secrets of other programs', for the search whether mailkey gives them away: those that setup adds to, and those it imports. */
import { newSecrets, type Secrets } from "../import/formats.ts";
import * as formats from "../import/formats.ts";
import { tokenFields } from "../mutt-oauth2/world.ts";

export const MAIL_PASSWORD = "password-of-an-old-mailbox";

/** Somebody else's accounts, in the files that setup adds to and the doctor reads. */
export const FILES_WITH_PASSWORD: Readonly<Record<string, string>> = {
  ".mbsyncrc": `IMAPAccount old\nHost mail.test\nUser old\nPass ${MAIL_PASSWORD}\n`,
  ".msmtprc": `account old\nhost mail.test\nuser old\npassword ${MAIL_PASSWORD}\n# before: ${MAIL_PASSWORD}\n`,
  ".muttrc": `set imap_pass = "${MAIL_PASSWORD}"\nset smtp_url = "smtp://old@mail.test:${MAIL_PASSWORD}@mail.test/"\n`,
  ".config/neomutt/neomuttrc": `set imap_pass="${MAIL_PASSWORD}"\nset folder=imaps://old:${MAIL_PASSWORD}@mail.test/\n`,
  ".mpoprc": `account old\nhost mail.test\nuser old\npassword ${MAIL_PASSWORD}\n`,
  ".config/aerc/accounts.conf": `[old]\nsource = imaps://old:${MAIL_PASSWORD}@mail.test\noutgoing = smtps://old:${MAIL_PASSWORD}@mail.test\nfrom = <old@mail.test>\n`,
  ".config/himalaya/config.toml": `[accounts.old]\nemail = "old@mail.test"\nbackend.auth.type = "password"\nbackend.auth.raw = "${MAIL_PASSWORD}"\n`,
  ".gitconfig": `[sendemail]\n\tsmtpServer = mail.test\n\tsmtpUser = old\n\tsmtpPass = ${MAIL_PASSWORD}\n[github]\n\ttoken = ${MAIL_PASSWORD}\n`,
  ".imapfilter/config.lua": `old = IMAP { server = 'mail.test', username = 'old', password = '${MAIL_PASSWORD}' }\n`,
  ".fdm.conf": `account "old" imaps server "mail.test" user "old" pass "${MAIL_PASSWORD}"\n`,
  ".emacs.d/init.el": `(setq smtpmail-smtp-user "old" old-password "${MAIL_PASSWORD}")\n(setq some-api-key "${MAIL_PASSWORD}")\n`,
  ".authinfo": `machine mail.test login old password ${MAIL_PASSWORD}\n`,
  ".netrc": `machine mail.test login old password ${MAIL_PASSWORD}\n`,
};

export const IMPORT_PASSWORD = "password-of-the-proxy-5521";
export const IMPORT_SECRETS: Secrets = newSecrets();

/** A file of each tool that sign-ins are imported from, by the tool's name. */
export function importFiles(): Readonly<Record<string, string>> {
  const { refreshToken, accessToken, clientSecret } = IMPORT_SECRETS;
  return {
    "mutt-oauth2": JSON.stringify(
      tokenFields({ refresh_token: refreshToken, access_token: accessToken, client_secret: clientSecret }),
    ),
    getmail: formats.getmailJson(IMPORT_SECRETS),
    oama: formats.oamaRecord(IMPORT_SECRETS),
    "sasl-xoauth2": formats.saslTokens(IMPORT_SECRETS),
    pizauth: formats.pizauthConfiguration(IMPORT_SECRETS),
    "email-oauth2-proxy": formats.proxyConfiguration(IMPORT_SECRETS, { password: IMPORT_PASSWORD }),
    aerc: formats.aercAccounts(IMPORT_SECRETS),
    himalaya: formats.himalayaConfiguration(IMPORT_SECRETS),
  };
}
