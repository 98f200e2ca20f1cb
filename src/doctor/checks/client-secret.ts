/** A secret where there must be none, and none where there must be one. */
import { existsSync } from "node:fs";
import { clientSecret as readClientSecret } from "../../accounts/resolve.ts";
import { isMailkeyError } from "../../errors.ts";
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
    if (registration?.secretRequired === true && client.secret === undefined)
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

/** Where the account says the secret is. A file that others can read is the business of the check of files. */
async function unreadable(subject: AccountSubject): Promise<Finding[]> {
  const { client } = subject.account;
  const { env } = subject.machine;
  if (client.secret === undefined) return [];
  const credential = await subject.credential();
  if (client.secret === "vault" && credential === undefined) return [];
  if (typeof client.secret === "object" && "file" in client.secret && existsSync(expandHome(client.secret.file, env)))
    return [];
  try {
    await readClientSecret(client, credential?.clientSecret, env);
    return [];
  } catch (error) {
    if (!isMailkeyError(error)) throw error;
    return [missing(subject, error.message)];
  }
}
