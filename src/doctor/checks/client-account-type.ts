/** A registration that is not for this kind of account: personal or work. */
import { defaultClient, findClient } from "../../providers/registry.ts";
import type { AccountCheck } from "../check.ts";
import { mailkeyLine } from "../remedies.ts";

/** What a registration's `accountTypes` call the accounts of a provider. */
const KINDS: Readonly<Record<string, string>> = { microsoft: "work", "microsoft-personal": "personal" };

export const clientAccountType: AccountCheck = {
  of: "credential",
  id: "client-account-type",
  title: "whether the client is for this kind of account",
  worst: "error",
  examine({ account: { credential, client, provider } }) {
    const kind = KINDS[provider.id];
    const registration = findClient(provider, client.id);
    const kinds = registration?.accountTypes;
    if (registration === undefined || registration.disabled !== undefined) return []; // unknown, or reported already
    if (kind === undefined || kinds === undefined || kinds.includes(kind)) return [];
    const instead = defaultClient(provider)?.preset ?? "ID";
    return [
      {
        severity: "error",
        seen: `the client ${registration.name} is for ${kinds.join(" and ")} accounts, and ${credential} is a ${kind} one`,
        means: "The provider refuses to sign in with it, or to renew tokens (AADSTS50020 and its kin).",
        remedy: [mailkeyLine("add", credential, "--replace", `--provider=${provider.id}`, `--client=${instead}`)],
        sources: ["https://learn.microsoft.com/entra/identity-platform/reference-error-codes"],
      },
    ];
  },
};
