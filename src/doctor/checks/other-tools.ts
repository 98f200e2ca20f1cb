/** Other tools that renew tokens for the same mailbox with the same client: with some providers the one ends the sign-in of the other. */
import { join } from "node:path";
import { configHome, homeFolder } from "../../platform/paths.ts";
import type { AccountCheck, Machine } from "../check.ts";
import { readConfig } from "../configs/read.ts";
import { editorLine } from "../remedies.ts";

interface Tool {
  readonly name: string;
  /** Below the home folder (`~`) or the folder of configurations (`@`). */
  readonly files: readonly string[];
}

const TOOLS: readonly Tool[] = [
  { name: "pizauth", files: ["@/pizauth.conf", "~/.pizauth.conf"] },
  { name: "oama", files: ["@/oama/config.yaml"] },
  {
    name: "email-oauth2-proxy",
    files: ["~/emailproxy.config", "@/emailproxy.config", "~/email-oauth2-proxy/emailproxy.config"],
  },
  { name: "sasl-xoauth2", files: ["~/.sasl-xoauth2.conf", "/etc/sasl-xoauth2.conf"] },
  { name: "getmail", files: ["@/getmail/getmailrc", "~/.getmail/getmailrc"] },
];

export const otherTools: AccountCheck = {
  of: "credential",
  id: "other-tools",
  title: "other tools that renew the same sign-in",
  worst: "warning",
  examine({ machine, account }) {
    const { rotation, reuseDetection } = account.provider.tokens;
    // There both can go on side by side.
    if (account.grant !== "sign_in" || rotation === "never" || reuseDetection === false) return [];
    return TOOLS.flatMap(({ name, files }) => {
      const path = files
        .map((file) => located(file, machine))
        .find((file) => mentions(file, account.credential, account.client.id));
      if (path === undefined) return [];
      return [
        {
          severity: "warning" as const,
          seen: `${name} is set up for ${account.credential} with the same client (${path})`,
          means:
            "If both use one sign-in, taken over by an import, each renewal makes the other's refresh token worthless, " +
            "and the provider may end the sign-in for both.",
          remedy: [editorLine(path)],
          advice: `Take the account out there, or sign in to each of the two separately.`,
          sources: ["https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2"],
        },
      ];
    });
  },
};

function located(file: string, machine: Machine): string {
  const { env } = machine;
  if (file.startsWith("/")) return machine.system(file);
  return join(file.startsWith("@") ? configHome(env) : homeFolder(env), file.slice(2));
}

function mentions(path: string, address: string, clientId: string): boolean {
  const text = readConfig(path)?.toLowerCase();
  return text !== undefined && text.includes(address.toLowerCase()) && text.includes(clientId.toLowerCase());
}
