/**
 * `mutt-oauth2.toml` beside `config.toml`: what people wrote into the text of the script, for calls without the flags that say it. Written by
 * the user; a flag on the command line counts more.
 */
import { join } from "node:path";
import * as v from "valibot";
import { readToml } from "../platform/toml.ts";
import { MailkeyError } from "../errors.ts";
import type { OAuthClient } from "../oauth/parties.ts";
import { expandHome, type Environment, type Paths } from "../platform/paths.ts";
import { Secret } from "../platform/secret.ts";
import type { Pipes } from "./pipes.ts";
import { readScript, type ScriptSettings } from "./script.ts";
import { splitWords } from "./shlex.ts";

const SettingsSchema = v.strictObject({
  decryption_pipe: v.optional(v.string()),
  encryption_pipe: v.optional(v.string()),
  /** An edited copy of the script, for pipes and client. */
  script: v.optional(v.string()),
});

/** What the command line says of it. */
export interface GivenSettings {
  readonly decryptionPipe?: readonly string[] | undefined;
  readonly encryptionPipe?: readonly string[] | undefined;
  readonly script?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
}

export interface Settings {
  readonly pipes: Pipes;
  /** The client for a token file that names none. A public client has no secret. */
  readonly clientFor: (registration: string) => OAuthClient | undefined;
}

/** @throws ERR_CONFIG, ERR_UNTRUSTED_FILE */
export function loadSettings(paths: Paths, env: Environment, given: GivenSettings): Settings {
  const path = join(paths.config, "mutt-oauth2.toml");
  const settings = readToml(path, SettingsSchema) ?? {};
  const scriptPath = given.script ?? (settings.script === undefined ? undefined : expandHome(settings.script, env));
  const script = scriptPath === undefined ? undefined : readScript(scriptPath);
  const pipe = (key: "decryption_pipe" | "encryption_pipe") => splitPipe(settings[key], key, path);
  return {
    pipes: {
      decryption: given.decryptionPipe ?? pipe("decryption_pipe") ?? script?.decryptionPipe,
      encryption: given.encryptionPipe ?? pipe("encryption_pipe") ?? script?.encryptionPipe,
      env,
    },
    clientFor: (registration) => clientFrom(given, script, registration),
  };
}

function splitPipe(line: string | undefined, key: string, path: string): readonly string[] | undefined {
  if (line === undefined) return undefined;
  const words = splitWords(line);
  if (words === undefined || words.length === 0)
    throw new MailkeyError("ERR_CONFIG", `${path}: ${key} is not a command`, { hint: `edit ${path}` });
  return words;
}

function clientFrom(
  given: GivenSettings,
  script: ScriptSettings | undefined,
  registration: string,
): OAuthClient | undefined {
  const edited = script?.clients[registration];
  const id = given.clientId ?? edited?.id;
  const secret = given.clientSecret ?? edited?.secret ?? "";
  if (id === undefined) return undefined;
  return { id, secret: secret === "" ? undefined : new Secret(secret) };
}
