/** Text of other tools, parsed: hostile as it may be, no error quotes any of it, since there are secrets in it. */
import { parse as parseTomlText } from "smol-toml";
import * as v from "valibot";
import { parse as parseYamlText } from "yaml";
import { MailkeyError } from "../errors.ts";

/** A configuration by hand has a few; "a billion laughs" has as many as that. */
const MAX_ALIASES = 100;
/** A configuration by hand has some kilobytes. The parser compares each key with all others: a megabyte would take it minutes. */
const MAX_YAML_LENGTH = 64 * 1024;

/** A file of a tool's that cannot be understood. The cause is left out: a parser's message quotes what it stumbled over. */
export function notUnderstood(path: string, title: string): MailkeyError {
  return new MailkeyError("ERR_CONFIG", `${path} cannot be understood as a file of ${title}`, {
    hint: "is it that tool's? Without --from it is told by its content",
  });
}

/** The JSON value, or undefined. */
export function parseJson(text: string): unknown {
  return attempt(() => JSON.parse(text) as unknown);
}

/** The TOML table, or undefined. */
export function parseToml(text: string): unknown {
  return attempt(() => parseTomlText(text));
}

/** The YAML value, or undefined, as for a file whose aliases would make gigabytes of it, and one that is too long. */
export function parseYaml(text: string): unknown {
  if (text.length > MAX_YAML_LENGTH) return undefined;
  return attempt(() => parseYamlText(text, { maxAliasCount: MAX_ALIASES, logLevel: "error" }) as unknown);
}

/** What fits the schema, or undefined. */
export function shapeOf<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> | undefined {
  const result = v.safeParse(schema, value);
  return result.success ? result.output : undefined;
}

function attempt<A>(parse: () => A): A | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
