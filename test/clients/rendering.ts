/** Accounts and requests for rendering recipes without a machine around them. */
import { defaultConfig } from "../../src/accounts/config.ts";
import { tunnelCommandOf } from "../../src/clients/account.ts";
import type { MailAccount, Rendering, RenderRequest } from "../../src/clients/recipe.ts";

const MAILKEY = "/usr/local/bin/mailkey";

export function mailAccount(address: string, overrides: Partial<MailAccount> = {}): MailAccount {
  return {
    address,
    user: address,
    label: address.replace(/[^a-z0-9]+/g, "-"),
    servers: {
      imap: { host: "imap.mail.test", port: 993, security: "tls" },
      smtp: { host: "smtp.mail.test", port: 587, security: "starttls" },
    },
    mechanisms: { imap: ["XOAUTH2"], smtp: ["XOAUTH2"] },
    tokenCommand: [MAILKEY, "token", address],
    tunnelCommands: {
      imap: tunnelCommandOf(address, "imap", MAILKEY),
      pop: tunnelCommandOf(address, "pop", MAILKEY),
      smtp: tunnelCommandOf(address, "smtp", MAILKEY),
    },
    ...overrides,
  };
}

/** @param files what is on disk, by absolute path; the home is `/home/anna` */
export function renderRequest(
  accounts: RenderRequest["accounts"],
  overrides: Partial<RenderRequest> = {},
  files: Readonly<Record<string, string>> = {},
): RenderRequest {
  return {
    accounts,
    program: undefined,
    way: undefined,
    proxy: defaultConfig({}).proxy,
    hasTokenPlugin: async () => undefined,
    find: () => undefined,
    home: "/home/anna",
    env: {},
    caFile: undefined,
    read: (path) => files[path],
    ...overrides,
  };
}

/** The text that goes into `path`. */
export function textFor(rendering: Rendering, path: string): string {
  const edit = rendering.edits.find((each) => each.path === path);
  if (edit === undefined)
    throw new Error(`nothing goes into ${path}: ${rendering.edits.map((each) => each.path).join(", ")}`);
  return edit.text;
}
