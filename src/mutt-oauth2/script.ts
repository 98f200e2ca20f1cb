/**
 * An edited copy of the script. Its older generation has no flags for pipes and client: people wrote them into its text, from where
 * they can be taken over. Only plain string literals are understood; nothing of it is run.
 */
import { MailkeyError } from "../errors.ts";
import { readPrivateText } from "../platform/files.ts";

export interface ScriptSettings {
  readonly decryptionPipe: readonly string[] | undefined;
  readonly encryptionPipe: readonly string[] | undefined;
  /** By registration; only those with an id. */
  readonly clients: Readonly<Record<string, { readonly id: string; readonly secret: string }>>;
}

/** What the package puts in the recipient's place. */
const PLACEHOLDER = "YOUR_GPG_IDENTITY";

/** @throws ERR_CONFIG when there is no such file, ERR_UNTRUSTED_FILE */
export function readScript(path: string): ScriptSettings {
  const source = readPrivateText(path, "trusted");
  if (source === undefined) throw new MailkeyError("ERR_CONFIG", `there is no script ${path}`);
  return parseScript(source);
}

export function parseScript(source: string): ScriptSettings {
  const clients: Record<string, { id: string; secret: string }> = {};
  for (const [, name = "", body = ""] of source.matchAll(/^ {4}['"](\w+)['"]: \{\n([\s\S]*?)^ {4}\}/gm)) {
    const id = literal(body, "client_id");
    if (id !== "") clients[name] = { id, secret: literal(body, "client_secret") };
  }
  return { decryptionPipe: pipe(source, "DECRYPTION_PIPE"), encryptionPipe: pipe(source, "ENCRYPTION_PIPE"), clients };
}

function pipe(source: string, name: string): string[] | undefined {
  const list = source.match(new RegExp(`^${name} *= *\\[([^\\]]*)\\]`, "m"))?.[1];
  const words = [...(list ?? "").matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)].map(([, single, double]) =>
    (single ?? double ?? "").replace(/\\(['"\\])/g, "$1"),
  );
  return words.length === 0 || words.includes(PLACEHOLDER) ? undefined : words;
}

function literal(body: string, key: string): string {
  const match = body.match(new RegExp(`^\\s*['"]${key}['"]: *(?:'([^']*)'|"([^"]*)")`, "m"));
  return match?.[1] ?? match?.[2] ?? "";
}
