/** A secret where there must be none, none where there must be one, and a secret or key that cannot be used. */
import { authenticatedClient } from "../../accounts/client-authentication.ts";
import { serviceAccountOf } from "../../accounts/service-account.ts";
import { isMailkeyError, type MailkeyError } from "../../errors.ts";
import { findClient } from "../../providers/registry.ts";
import type { AccountCheck, AccountSubject, Finding } from "../check.ts";
import { editLender, mailkeyLine } from "../remedies.ts";

export const clientSecret: AccountCheck = {
  of: "credential",
  id: "client-secret",
  title: "the client's secret, or the key that it signs with",
  worst: "error",
  async examine(subject) {
    const { client, provider } = subject.account;
    const registration = findClient(provider, client.id);
    if (registration?.disabled !== undefined) return []; // another client will not want it
    if (registration !== undefined && !registration.secretRequired && client.secret !== undefined)
      return [superfluous(subject, registration.name)];
    if (registration?.secretRequired === true && client.secret === undefined && client.key === undefined)
      return [missing(subject, `the client ${registration.name} has a secret, and none is set`)];
    return unreadable(subject);
  },
};

const NO_TOKENS = "The provider refuses every request without it: tokens cannot be renewed.";

function superfluous(subject: AccountSubject, name: string): Finding {
  return {
    severity: "error",
    seen: `a client secret is set, and the client ${name} is a public one`,
    means: "The provider refuses every request that carries a secret for it (AADSTS700025, invalid_client).",
    remedy: [editLender(subject)],
    advice: "Delete the line that begins with “secret”, or the part [client.secret].",
    sources: ["https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1"],
  };
}

/** The whole line that the account is added anew with. What is written in capitals is the user's to put in. */
function missing({ account }: AccountSubject, seen: string): Finding {
  const { client, credential, grant } = account;
  const appOnly = grant === "client_credentials" ? ["--app-only"] : [];
  const flags = ["--replace", ...appOnly, `--client-id=${client.id}`, "--client-secret-file=FILE"];
  return {
    severity: "error",
    seen,
    means: NO_TOKENS,
    remedy: [mailkeyLine("add", credential, ...flags)],
    advice: "Write the secret into a file of your own, mode 600, and put its path in the place of FILE.",
  };
}

function unusable(subject: AccountSubject, { message, hint }: MailkeyError): Finding {
  const { client, grant, credential, account } = subject.account;
  const setting =
    grant === "service_account"
      ? "service_account"
      : client.key === undefined
        ? "secret under [client]"
        : "[client.key]";
  const help = hint === undefined ? "" : ` What may help: ${hint}`;
  return {
    severity: "error",
    seen: message,
    means: NO_TOKENS,
    ...(account.service_account === "vault"
      ? { remedy: [mailkeyLine("add", credential, "--replace", "--service-account=FILE", "--key-in-vault")] }
      : { remedy: [editLender(subject)], advice: `It is named by ${setting} there.${help}` }),
  };
}

/** What the account's file names cannot be had. A file that others can read is the business of the check of files. */
async function unreadable(subject: AccountSubject): Promise<Finding[]> {
  const { account, client, grant } = subject.account;
  const { env, ports } = subject.machine;
  const isInVault = client.secret === "vault" || account.service_account === "vault";
  const stored = await subject.stored();
  // The checks of vault and credential say why there is nothing.
  if (isInVault && (stored instanceof Error || (stored === undefined && grant === "sign_in"))) return [];
  const kept = stored instanceof Error ? undefined : stored;
  try {
    if (grant === "service_account") await serviceAccountOf(subject.account, kept?.serviceAccount, env);
    else await authenticatedClient(subject.account, kept?.clientSecret, ports);
    return [];
  } catch (error) {
    if (!isMailkeyError(error)) throw error;
    if (error.code === "ERR_UNTRUSTED_FILE") return [];
    return [client.secret === "vault" ? missing(subject, error.message) : unusable(subject, error)];
  }
}
