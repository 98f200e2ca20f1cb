/** The second step of `mailkey add` where nobody signs in: which application or service account opens the mailbox. */
import { parseServiceAccount, readServiceAccountFile } from "../accounts/service-account.ts";
import { MailkeyError } from "../errors.ts";
import type { Environment } from "../platform/paths.ts";
import { Secret } from "../platform/secret.ts";
import { shellWord } from "../platform/shell.ts";
import type { OAuthProvider } from "../providers/provider.ts";
import { chooseClient, settingsPath, type ClientChoice } from "./add-client.ts";
import { usage, type AddValues } from "./add-flags.ts";
import type { Asker } from "./ask.ts";

/** What belongs to a person's sign-in, or to the other grant. */
const NOT_FOR_APPLICATIONS = ["client", "flow", "login-as", "redirect-uri", "resource", "service-account"] as const;
const NOT_FOR_SERVICE_ACCOUNTS = [
  ...NOT_FOR_APPLICATIONS.filter((name) => name !== "service-account" && name !== "login-as"),
  "client-id",
  "client-secret-file",
  "client-secret-command",
  "certificate",
  "key",
  "tenant",
] as const;

/** The client credentials grant: a registration of the organisation's own, with a secret or a certificate. */
export async function chooseApplication(values: AddValues, asker: Asker | undefined): Promise<ClientChoice> {
  refuseFlags(values, NOT_FOR_APPLICATIONS, "--app-only");
  const id = values["client-id"] ?? (await askForId(asker));
  const { part, kept } = await chooseClient(undefined, { ...values, "client-id": id }, asker);
  if (part.client.secret === undefined && part.client.key === undefined) {
    throw new MailkeyError("ERR_USAGE", "nobody vouches for an application but its own secret or certificate", {
      hint: `--app-only --client-id ${shellWord(id)} --client-secret-file FILE, or --certificate FILE --key FILE in its place`,
    });
  }
  return {
    part: { ...part, grant: "client_credentials" },
    kept,
    told: `Nobody signs in: the application ${id} opens the mailbox in its own name.`,
  };
}

/** @param provider undefined for `custom` */
export async function chooseServiceAccount(
  file: string,
  provider: OAuthProvider | undefined,
  values: AddValues,
  env: Environment,
): Promise<ClientChoice> {
  refuseFlags(values, NOT_FOR_SERVICE_ACCOUNTS, "--service-account");
  const path = settingsPath(file);
  const content = readServiceAccountFile(path, env);
  const { email, clientId, tokenEndpoint } = await parseServiceAccount(new Secret(content), file);
  const isUsual = provider?.endpoints.token === tokenEndpoint || values["token-endpoint"] !== undefined;
  const server = isUsual ? "" : ` Its key file names ${new URL(tokenEndpoint).host} as the server for tokens.`;
  const inVault = values["key-in-vault"] === true;
  return {
    part: {
      client: { id: clientId },
      service_account: inVault ? "vault" : { file: path },
      ...(isUsual ? {} : { endpoints: { token: tokenEndpoint } }),
    },
    kept: inVault ? { serviceAccount: content } : {},
    told: `Nobody signs in: the service account ${email} opens the mailbox.${server}`,
  };
}

async function askForId(asker: Asker | undefined): Promise<string> {
  if (asker === undefined) {
    throw new MailkeyError("ERR_USAGE", "which application? docs/unattended.md says how to register one", {
      hint: "--app-only --client-id ID --client-secret-file FILE",
    });
  }
  return asker.text("Client id of the application (docs/unattended.md says how to register one)", "", (answer) =>
    /^[\u0021-\u007e]+$/.test(answer) ? undefined : "a client id has no spaces and is not empty",
  );
}

function refuseFlags(values: AddValues, names: readonly (keyof AddValues)[], with_: string): void {
  const other = names.find((name) => values[name] !== undefined);
  if (other !== undefined) throw usage(`--${other} does not go with ${with_}`);
}
