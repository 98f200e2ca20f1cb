/** A secret where there must be none, none where there must be one, and a key that cannot be used. */
import { existsSync } from "node:fs";
import { authenticatedClient } from "../../accounts/client-authentication.ts";
import { isMailkeyError, type MailkeyError } from "../../errors.ts";
import { expandHome } from "../../platform/paths.ts";
import { findClient } from "../../providers/registry.ts";
import type { AccountCheck, AccountSubject, Finding } from "../check.ts";
import { editAccount, mailkeyLine } from "../remedies.ts";

export const clientSecret: AccountCheck = {
  of: "account",
  id: "client-secret",
  title: "the client's secret",
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

function superfluous(subject: AccountSubject, name: string): Finding {
  return {
    severity: "error",
    seen: `a client secret is set, and the client ${name} is a public one`,
    means: "The provider refuses every request that carries a secret for it (AADSTS700025, invalid_client).",
    remedy: [editAccount(subject)],
    advice: "Delete the line that begins with “secret”, or the part [client.secret].",
    sources: ["https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1"],
  };
}

function missing({ account: { address } }: AccountSubject, seen: string): Finding {
  return {
    severity: "error",
    seen,
    means: "The provider refuses every request without it: tokens cannot be renewed.",
    remedy: [mailkeyLine("add", address, "--replace", "--client-secret-file=FILE")],
    advice: "Write the secret into a file of your own, mode 600, and put its path in the place of FILE.",
  };
}

function unusableKey(subject: AccountSubject, { message, hint }: MailkeyError): Finding {
  return {
    severity: "error",
    seen: message,
    means: "The client signs with that key to prove who it is: tokens cannot be renewed without it.",
    remedy: [editAccount(subject)],
    ...(hint === undefined ? {} : { advice: `It is named under [client.key]. What may help: ${hint}` }),
  };
}

/** Where the account says the secret is. A file that others can read is the business of the check of files. */
async function unreadable(subject: AccountSubject): Promise<Finding[]> {
  const { client } = subject.account;
  const { env, ports } = subject.machine;
  if (client.secret === undefined && client.key === undefined) return [];
  const credential = await subject.credential();
  if (client.secret === "vault" && credential === undefined) return [];
  if (typeof client.secret === "object" && "file" in client.secret && existsSync(expandHome(client.secret.file, env)))
    return [];
  try {
    await authenticatedClient(subject.account, credential?.clientSecret, ports);
    return [];
  } catch (error) {
    if (!isMailkeyError(error)) throw error;
    if (client.key !== undefined) return [unusableKey(subject, error)];
    return [missing(subject, error.message)];
  }
}
