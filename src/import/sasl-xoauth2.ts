/** sasl-xoauth2, the plugin that people use with Postfix: a JSON file of tokens for each mailbox, and the client in one for the system. */
import { basename } from "node:path";
import * as v from "valibot";
import { notUnderstood, parseJson, shapeOf } from "./foreign-text.ts";
import { accessTokenUntil, clientSecretOf, tokenOf } from "./token-values.ts";
import { unusable, type ForeignFile, type ImportPorts, type ImportTool } from "./tool.ts";

const SYSTEM_FILE = "/etc/sasl-xoauth2.conf";
/** What the plugin asks when nobody tells it otherwise. */
const DEFAULT_ENDPOINT = "https://accounts.google.com/o/oauth2/token";

const setting = v.optional(v.string());
/** @see https://github.com/tarickb/sasl-xoauth2/blob/master/docs/sasl-xoauth2.conf.5.md */
const ClientSchema = v.object({ client_id: setting, client_secret: setting, token_endpoint: setting });
/** What the system's file says may stand in here as well, and counts more. */
const TokensSchema = v.object({
  refresh_token: v.string(),
  access_token: v.optional(v.string()),
  expiry: v.optional(v.union([v.string(), v.number()])),
  ...ClientSchema.entries,
});

export const saslXoauth2: ImportTool = {
  name: "sasl-xoauth2",
  title: "sasl-xoauth2",
  usualFiles: () => [],
  recognises: (text) => shapeOf(TokensSchema, parseJson(text)) !== undefined,
  async read(file, ports) {
    const tokens = shapeOf(TokensSchema, parseJson(file.text));
    if (tokens === undefined) throw notUnderstood(file.path, saslXoauth2.title);
    const address = addressOf(file, ports);
    if (address === undefined)
      return [unusable(basename(file.path), "the file does not say whose mailbox it is", "--address ADDRESS")];
    const system = shapeOf(ClientSchema, parseJson((await ports.readFile(SYSTEM_FILE))?.text ?? "")) ?? {};
    const id = ports.clientFor("")?.id ?? tokens.client_id ?? system.client_id;
    if (id === undefined || id === "")
      return [unusable(address, `no client is named in the file, or in ${SYSTEM_FILE}`, "--client-id ID")];
    const refreshToken = tokenOf(tokens.refresh_token);
    const systemEndpoint = system.token_endpoint ?? DEFAULT_ENDPOINT;
    const token = tokens.token_endpoint ?? systemEndpoint;
    // The system's secret is for the system's endpoint: a file that names another one does not get it.
    const isSystems = token === systemEndpoint;
    const secret = clientSecretOf(tokens.client_secret ?? (isSystems ? system.client_secret : undefined));
    const isSecretLeft = secret === undefined && !isSystems && system.client_secret !== undefined;
    return [
      {
        address,
        client: { id, secret },
        endpoints: { token },
        refreshToken,
        accessToken: accessTokenUntil(tokens.access_token, Number(tokens.expiry ?? 0), file.modifiedMs),
        notTaken: [
          ...(refreshToken === undefined ? ["the sign-in: there is no refresh token in the file"] : []),
          ...(isSecretLeft ? [`the client secret: ${SYSTEM_FILE} has it for another token endpoint`] : []),
        ],
      },
    ];
  },
};

/** People name the file after the mailbox: `/etc/tokens/you@example.com`. */
function addressOf({ path }: ForeignFile, { address }: ImportPorts): string | undefined {
  if (address !== undefined) return address;
  const name = basename(path).replace(/\.json$/, "");
  return name.includes("@") ? name : undefined;
}
