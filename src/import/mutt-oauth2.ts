/** mutt_oauth2.py's token files. Files of the older script name no client. */
import * as v from "valibot";
import { loadRegistration } from "../mutt-oauth2/registrations.ts";
import { clientOf, signInCommand } from "../mutt-oauth2/renewal.ts";
import { parseTokenFile } from "../mutt-oauth2/token-file.ts";
import { shellWord } from "../platform/shell.ts";
import { parseJson, shapeOf } from "./foreign-text.ts";
import { unusable, type ImportTool } from "./tool.ts";

const FileSchema = v.object({ registration: v.string(), refresh_token: v.string() });

/** How people register a client for the script's flows; what they did for device codes does not show in the file. */
const REDIRECTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  microsoft: {
    authcode: "https://login.microsoftonline.com/common/oauth2/nativeclient",
    localhostauthcode: "http://localhost",
  },
};

export const muttOauth2: ImportTool = {
  name: "mutt-oauth2",
  title: "mutt_oauth2.py",
  usualFiles: () => [],
  recognises: (text) => shapeOf(FileSchema, parseJson(text)) !== undefined,
  async read(file, ports) {
    const tokens = parseTokenFile(file.path, new TextEncoder().encode(file.text), file.modifiedMs);
    const address = ports.address ?? tokens.email;
    if (address === "") return [unusable(file.path, "it names no mailbox", "--address ADDRESS")];
    const { provider } = await loadRegistration(tokens.registration);
    const client = clientOf(tokens, ports.clientFor(tokens.registration));
    if (tokens.refreshToken === undefined) {
      const hint = `mailkey add ${shellWord(address)}, or first: ${signInCommand(file.path)}`;
      return [unusable(address, `there is no refresh token in ${file.path}`, hint, "ERR_SIGN_IN_AGAIN")];
    }
    return [
      {
        address,
        client: { id: client.id, secret: client.secret },
        endpoints: provider.endpoints,
        redirectUri: REDIRECTS[tokens.registration]?.[tokens.authflow],
        refreshToken: tokens.refreshToken,
        accessToken: tokens.accessToken,
        notTaken: [],
      },
    ];
  },
};
