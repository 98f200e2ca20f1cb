/** Reads and writes the user's TOML files: schema checked, mistakes named with file and key. */
import { parse, stringify, TomlError } from "smol-toml";
import * as v from "valibot";
import { MailkeyError } from "../errors.ts";
import { readPrivateText, replaceFile } from "./files.ts";

/**
 * Reads `path` and checks it against `schema`.
 *
 * @returns the settings, or undefined when there is no such file
 * @throws ERR_CONFIG naming file, line or key; ERR_UNTRUSTED_FILE; ERR_STORAGE
 */
export function readToml<S extends v.GenericSchema>(path: string, schema: S): v.InferOutput<S> | undefined {
  const text = readPrivateText(path, "trusted");
  if (text === undefined) return undefined;
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (cause) {
    const where = cause instanceof TomlError ? `line ${cause.line}, column ${cause.column}` : "somewhere";
    throw new MailkeyError("ERR_CONFIG", `${path} is not valid TOML (${where})`, { cause, hint: `edit ${path}` });
  }
  return checkShape(raw, schema, path);
}

/** @throws ERR_CONFIG naming `where` and the first key that does not fit */
export function checkShape<S extends v.GenericSchema>(raw: unknown, schema: S, where: string): v.InferOutput<S> {
  const result = v.safeParse(schema, raw);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const key = v.getDotPath(issue) ?? "the file";
  // Valibot's own words for a key that the schema does not have: "Expected never but received …".
  const problem = issue.expected === "never" ? "there is no such setting" : lowerFirst(issue.message);
  throw new MailkeyError("ERR_CONFIG", `${where}: ${key}: ${problem}`, { hint: `edit ${where}` });
}

/** Writes settings under a comment of one or more lines. @throws ERR_STORAGE with the old file intact */
export function writeToml(path: string, comment: string, settings: Record<string, unknown>): void {
  const head = comment
    .split("\n")
    .map((line) => `# ${line}\n`)
    .join("");
  replaceFile(path, `${head}\n${stringify(settings)}`);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
