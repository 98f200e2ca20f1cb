/**
 * Refusals that no sign-in mends: somebody has to put the client, its secret or its key right at the provider. What, is read out of the
 * provider's codes and words; they only explain, and decide nothing.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 * @see https://developers.google.com/identity/protocols/oauth2/service-account#error-codes
 */
import { scopesOf, type ResolvedAccount } from "../accounts/resolve.ts";
import { MailkeyError } from "../errors.ts";
import type { PermanentFailure } from "../oauth/token-endpoint.ts";
import type { Instant } from "../platform/clock.ts";
import { shellLine, shellWord } from "../platform/shell.ts";
import { tenantOf } from "../providers/tenant-endpoints.ts";

/** Servers forgive some minutes; less than this is not worth a word. */
const CLOCK_TOLERANCE_MS = 60_000;

export function clientRejected(account: ResolvedAccount, failure: PermanentFailure, now: Instant): MailkeyError {
  const { error, vendorCode, description } = failure;
  const words = description === undefined ? error : `${error}: ${description}`;
  const whom = account.grant === "service_account" ? "the service account" : "the client";
  const hint = clockHint(account, failure, now) ?? remedy(account, failure);
  return new MailkeyError(
    "ERR_CLIENT_REJECTED",
    `${account.provider.name} refuses ${whom} of ${account.address} (${words})`,
    {
      hint: hint ?? shellLine(["mailkey", "show", account.address]),
      // With the address the catalogue of explanations would know better; it knows neither tenant nor clock.
      details: { error, vendorCode, ...(hint === undefined ? { address: account.address } : {}) },
    },
  );
}

/** What is signed carries the time, and is refused when that is wrong. */
function clockHint(account: ResolvedAccount, failure: PermanentFailure, now: Instant): string | undefined {
  const signs = account.grant === "service_account" || account.client.key !== undefined;
  const offMs = failure.serverTimeMs === undefined ? 0 : now.wallMs - failure.serverTimeMs;
  if (!signs || Math.abs(offMs) <= CLOCK_TOLERANCE_MS) return undefined;
  const seconds = Math.round(Math.abs(offMs) / 1000);
  return `this machine's clock is ${seconds} s ${offMs > 0 ? "fast" : "slow"}, which spoils signatures; set it: timedatectl set-ntp true`;
}

function remedy(account: ResolvedAccount, failure: PermanentFailure): string | undefined {
  return account.grant === "service_account" ? serviceAccountRemedy(account, failure) : clientRemedy(account, failure);
}

/** By the provider's own code. */
const CLIENT_REMEDIES: Readonly<Record<string, (account: ResolvedAccount) => string | undefined>> = {
  AADSTS7000215: (account) => `the secret's value (not its id) is wanted ${secretPlace(account)}`,
  AADSTS7000222: (account) =>
    `the client secret has ended: make a new one under "Certificates & secrets" of the registration, and put it ${secretPlace(account)}`,
  AADSTS700027: ({ client }) =>
    `upload the certificate under "Certificates & secrets" of the registration ${client.id}`,
  AADSTS700016: consentHint,
  AADSTS7000229: consentHint,
  AADSTS65001: consentHint,
  AADSTS650052: consentHint,
};

function clientRemedy(account: ResolvedAccount, { error, vendorCode = "" }: PermanentFailure): string | undefined {
  if (Object.hasOwn(CLIENT_REMEDIES, vendorCode)) return CLIENT_REMEDIES[vendorCode]?.(account);
  return error === "unauthorized_client" ? consentHint(account) : undefined;
}

function consentHint(account: ResolvedAccount): string | undefined {
  const url = adminConsentUrl(account);
  return url === undefined ? undefined : `an administrator of the organisation has to open ${url}`;
}

/**
 * Where an administrator admits a client to the organisation; undefined where that is not known.
 * @see https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
 */
export function adminConsentUrl({ provider, client }: ResolvedAccount): string | undefined {
  const tenant = tenantOf(provider);
  if (tenant === undefined || provider.applicationScopes === undefined) return undefined;
  const url = new URL(`/${tenant}/adminconsent`, provider.endpoints.token);
  url.searchParams.set("client_id", client.id);
  return url.href;
}

function secretPlace({ credential, grant, client: { secret } }: ResolvedAccount): string {
  const appOnly = grant === "client_credentials" ? " --app-only" : "";
  if (secret === undefined || secret === "vault")
    return `in the vault: mailkey add ${shellWord(credential)} --replace${appOnly} --client-secret-file FILE`;
  return "file" in secret ? `in ${secret.file}` : `where this finds it: ${secret.command}`;
}

function serviceAccountRemedy(account: ResolvedAccount, failure: PermanentFailure): string | undefined {
  const { error, description = "" } = failure;
  if (error === "unauthorized_client" || error === "access_denied") {
    const scopes = scopesOf(account.provider.resources[0]).join(",");
    return `an administrator has to delegate ${scopes} to client ${account.client.id} at https://admin.google.com/ac/owl/domainwidedelegation`;
  }
  if (/user ?id|(invalid|not a valid) email/i.test(description))
    return `is ${account.login} a user of the organisation, and not suspended? An alias or a group is no user`;
  if (/signature/i.test(description) || error === "invalid_client")
    return "the key was deleted or belongs to another account: make a new one, and give it with mailkey add --replace --service-account FILE";
  return undefined;
}
