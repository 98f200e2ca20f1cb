/** Every check, in the order in which findings are shown. */
import type { Check } from "./check.ts";
import { accountFiles } from "./checks/account-files.ts";
import { accountsPresent } from "./checks/accounts.ts";
import { aercAccounts } from "./checks/aerc-accounts.ts";
import { aercFile } from "./checks/aerc-file.ts";
import { agentSocket } from "./checks/agent-socket.ts";
import { agentUnits } from "./checks/agent-units.ts";
import { agentVersion } from "./checks/agent-version.ts";
import { ageIdentity } from "./checks/age-identity.ts";
import { caFile } from "./checks/ca-file.ts";
import { clientAccountType } from "./checks/client-account-type.ts";
import { clientDisabled } from "./checks/client-disabled.ts";
import { clientRedirect } from "./checks/client-redirect.ts";
import { clientSecret } from "./checks/client-secret.ts";
import { configFile } from "./checks/config-file.ts";
import { credential } from "./checks/credential.ts";
import { dns } from "./checks/dns.ts";
import { emacsSmtpmail } from "./checks/emacs-smtpmail.ts";
import { exposedKey } from "./checks/exposed-key.ts";
import { fileModes } from "./checks/file-modes.ts";
import { fileOwners } from "./checks/file-owners.ts";
import { gitSendEmail } from "./checks/git-send-email.ts";
import { gpgAgent } from "./checks/gpg-agent.ts";
import { gpgKeyExpiry } from "./checks/gpg-key-expiry.ts";
import { gpgKey } from "./checks/gpg-key.ts";
import { gpgPinentry } from "./checks/gpg-pinentry.ts";
import { gpgProgram } from "./checks/gpg-program.ts";
import { homeVariables } from "./checks/home-variables.ts";
import { imapLogin } from "./checks/imap-login.ts";
import { keyring } from "./checks/keyring.ts";
import { leftovers } from "./checks/leftovers.ts";
import { links } from "./checks/links.ts";
import { locks } from "./checks/locks.ts";
import { mailProxyAgent } from "./checks/mail-proxy-agent.ts";
import { mailProxyRunning } from "./checks/mail-proxy-running.ts";
import { mailProxyTls } from "./checks/mail-proxy-tls.ts";
import { mailProxyPassword } from "./checks/mail-proxy-password.ts";
import { mailProxyPorts } from "./checks/mail-proxy-ports.ts";
import { mailProxyVersion } from "./checks/mail-proxy-version.ts";
import { mbsyncHelper } from "./checks/mbsync-helper.ts";
import { mbsyncMechanism } from "./checks/mbsync-mechanism.ts";
import { mbsyncSasl } from "./checks/mbsync-sasl.ts";
import { mbsyncServer } from "./checks/mbsync-server.ts";
import { mbsyncTls } from "./checks/mbsync-tls.ts";
import { msmtpApparmor } from "./checks/msmtp-apparmor.ts";
import { msmtpAuth } from "./checks/msmtp-auth.ts";
import { msmtpFile } from "./checks/msmtp-file.ts";
import { msmtpHelper } from "./checks/msmtp-helper.ts";
import { msmtpServer } from "./checks/msmtp-server.ts";
import { msmtpTls } from "./checks/msmtp-tls.ts";
import { muttAuthenticators } from "./checks/mutt-authenticators.ts";
import { muttHelper } from "./checks/mutt-helper.ts";
import { muttPassword } from "./checks/mutt-password.ts";
import { muttVersion } from "./checks/mutt-version.ts";
import { orphanedCredentials } from "./checks/orphaned-credentials.ts";
import { otherMailkeys } from "./checks/other-mailkeys.ts";
import { otherTools } from "./checks/other-tools.ts";
import { passphraseSource } from "./checks/passphrase-source.ts";
import { popLogin } from "./checks/pop-login.ts";
import { programFiles } from "./checks/program-files.ts";
import { providerClock } from "./checks/provider-clock.ts";
import { providerReach } from "./checks/provider-reach.ts";
import { providerTls } from "./checks/provider-tls.ts";
import { proxy } from "./checks/proxy.ts";
import { renewal } from "./checks/renewal.ts";
import { resourceGranted } from "./checks/resource-granted.ts";
import { runtimeFolder } from "./checks/runtime-folder.ts";
import { serverHost } from "./checks/server-host.ts";
import { setupDrift } from "./checks/setup-drift.ts";
import { signInAge } from "./checks/sign-in-age.ts";
import { smtpLogin } from "./checks/smtp-login.ts";
import { storage } from "./checks/storage.ts";
import { strayCredentials } from "./checks/stray-credentials.ts";
import { systemClock } from "./checks/system-clock.ts";
import { tokenAudience } from "./checks/token-audience.ts";
import { tokenLength } from "./checks/token-length.ts";
import { tokenScopes } from "./checks/token-scopes.ts";
import { tokenFiles } from "./checks/token-files.ts";
import { unattended } from "./checks/unattended.ts";
import { vaultCommands } from "./checks/vault-commands.ts";
import { vaultSettings } from "./checks/vault-settings.ts";
import { vaultWorks } from "./checks/vault-works.ts";

export interface CheckGroup {
  readonly title: string;
  readonly checks: readonly Check[];
}

export const CHECK_GROUPS: readonly CheckGroup[] = [
  {
    title: "Files",
    checks: [
      homeVariables,
      configFile,
      accountsPresent,
      accountFiles,
      fileOwners,
      fileModes,
      links,
      storage,
      locks,
      leftovers,
      runtimeFolder,
    ],
  },
  {
    title: "Vault",
    checks: [
      vaultSettings,
      ageIdentity,
      exposedKey,
      gpgProgram,
      gpgKey,
      gpgKeyExpiry,
      gpgAgent,
      gpgPinentry,
      passphraseSource,
      keyring,
      vaultCommands,
      vaultWorks,
      credential,
      strayCredentials,
      orphanedCredentials,
    ],
  },
  { title: "Agent", checks: [agentUnits, agentSocket, agentVersion, tokenFiles] },
  {
    title: "Mail proxy",
    checks: [mailProxyRunning, mailProxyPorts, mailProxyPassword, mailProxyTls, mailProxyAgent, mailProxyVersion],
  },
  { title: "Environment", checks: [unattended, systemClock, otherMailkeys] },
  { title: "Network", checks: [dns, proxy, caFile, providerReach, providerTls, providerClock] },
  {
    title: "Provider and token",
    checks: [
      clientDisabled,
      clientAccountType,
      clientSecret,
      clientRedirect,
      renewal,
      signInAge,
      otherTools,
      tokenAudience,
      tokenScopes,
      tokenLength,
      resourceGranted,
    ],
  },
  { title: "Mail servers", checks: [serverHost, imapLogin, popLogin, smtpLogin] },
  {
    title: "Mail programs",
    checks: [
      mbsyncSasl,
      mbsyncMechanism,
      mbsyncTls,
      mbsyncServer,
      mbsyncHelper,
      msmtpFile,
      msmtpAuth,
      msmtpTls,
      msmtpServer,
      msmtpHelper,
      msmtpApparmor,
      muttVersion,
      muttAuthenticators,
      muttHelper,
      muttPassword,
      setupDrift,
      aercFile,
      aercAccounts,
      emacsSmtpmail,
      gitSendEmail,
      programFiles,
    ],
  },
];

export const CHECKS: readonly Check[] = CHECK_GROUPS.flatMap(({ checks }) => checks);
