/** Words for SASL mechanisms in mail programs' files: right, misspelt, or another way of logging in. */
import { closest, distance } from "fastest-levenshtein";
import type { Protocol } from "../providers/provider.ts";
import type { AccountSubject } from "./check.ts";

/** Those that take tokens. */
const FOR_TOKENS = ["XOAUTH2", "OAUTHBEARER"];
/** Others that the programs know: not misspelt, but not for tokens either. */
const OTHERS: ReadonlySet<string> = new Set([
  "PLAIN",
  "LOGIN",
  "CRAM-MD5",
  "DIGEST-MD5",
  "SCRAM-SHA-1",
  "SCRAM-SHA-256",
  "GSSAPI",
  "NTLM",
  "EXTERNAL",
]);

export interface MechanismProblem {
  readonly what: string;
  readonly means: string;
}

/** The mechanism that the account's server takes and people have plugins for. */
export function mechanismFor({ account }: AccountSubject, protocol: Protocol): string {
  return account.provider.mechanisms[protocol]?.[0] ?? "XOAUTH2";
}

/** @returns undefined when one of the words is for tokens, or leaves the choice to the program (`*`) */
export function mechanismProblem(words: readonly string[]): MechanismProblem | undefined {
  const upper = words.map((word) => word.toUpperCase());
  if (upper.some((word) => word === "*" || FOR_TOKENS.includes(word))) return undefined;
  const strange = upper.find((word) => !OTHERS.has(word));
  if (strange === undefined)
    return { what: `${upper.join(" ")} is for passwords`, means: "The token is sent as a password, and refused." };
  const near = closest(strange, FOR_TOKENS);
  const isNear = distance(strange, near) <= 4;
  return {
    what: `there is no mechanism ${strange}${isNear ? `; ${near} is meant` : ""}`,
    means: "The server does not offer what does not exist: no login is tried.",
  };
}
