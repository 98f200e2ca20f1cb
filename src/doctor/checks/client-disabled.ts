/** Client registrations that are known not to work any more. */
import { isMailkeyError } from "../../errors.ts";
import { defaultClient, refuseDisabledClient } from "../../providers/registry.ts";
import type { AccountCheck } from "../check.ts";
import { editLender, mailkeyLine } from "../remedies.ts";

export const clientDisabled: AccountCheck = {
  of: "credential",
  id: "client-disabled",
  title: "whether the client registration still works",
  worst: "error",
  async examine(subject) {
    const { credential, client, provider } = subject.account;
    try {
      await refuseDisabledClient(client.id);
      return [];
    } catch (error) {
      if (!isMailkeyError(error)) throw error;
      const instead = defaultClient(provider);
      return [
        {
          severity: "error",
          seen: error.message,
          means: "Signing in with it fails, and tokens can no longer be renewed.",
          remedy:
            instead === undefined
              ? [editLender(subject)]
              : [
                  mailkeyLine(
                    "add",
                    credential,
                    "--replace",
                    `--provider=${provider.id}`,
                    `--client=${instead.preset}`,
                  ),
                ],
          ...(instead === undefined ? { advice: "Put the id of a registration of your own under [client]." } : {}),
          sources: ["https://github.com/simonrob/email-oauth2-proxy/issues/267"],
        },
      ];
    }
  },
};
