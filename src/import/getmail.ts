/** The file of getmail's helper, `getmail-gmail-xoauth-tokens`: one JSON object with client, endpoints and tokens. */
import { join } from "node:path";
import * as v from "valibot";
import { notUnderstood, parseJson, shapeOf } from "./foreign-text.ts";
import { accessTokenUntil, clientSecretOf, scopesIn, tokenOf } from "./token-values.ts";
import type { ImportTool } from "./tool.ts";

/** @see https://github.com/getmail6/getmail6/blob/master/getmail-gmail-xoauth-tokens */
const TokensSchema = v.object({
  user: v.string(),
  client_id: v.string(),
  client_secret: v.optional(v.string()),
  auth_uri: v.optional(v.string()),
  token_uri: v.string(),
  scope: v.optional(v.string()),
  access_token: v.optional(v.string()),
  expires_at: v.optional(v.number()),
  refresh_token: v.optional(v.string()),
});

export const getmail: ImportTool = {
  name: "getmail",
  title: "getmail",
  usualFiles: ({ home }) => [join(home, ".getmail", "gmail.json"), join(home, ".getmail", "tokens.json")],
  recognises: (text) => shapeOf(TokensSchema, parseJson(text)) !== undefined,
  async read(file) {
    const tokens = shapeOf(TokensSchema, parseJson(file.text));
    if (tokens === undefined) throw notUnderstood(file.path, getmail.title);
    const refreshToken = tokenOf(tokens.refresh_token);
    return [
      {
        address: tokens.user,
        client: { id: tokens.client_id, secret: clientSecretOf(tokens.client_secret) },
        endpoints: { authorization: tokens.auth_uri, token: tokens.token_uri },
        scopes: scopesIn(tokens.scope),
        refreshToken,
        accessToken: accessTokenUntil(tokens.access_token, tokens.expires_at, file.modifiedMs),
        notTaken: refreshToken === undefined ? ["the sign-in: there is no refresh token in the file"] : [],
      },
    ];
  },
};
