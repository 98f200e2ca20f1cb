/**
 * The record beside a credential: dates and the last failure, nothing secret. `status` and `list` read it, so that looking
 * does not ask for a passphrase. It is a convenience: the credential is the truth, and a lost record comes back at the next renewal.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { addressToFileName } from "../accounts/address.ts";
import { removeFile, replaceFile } from "../platform/files.ts";
import type { Paths } from "../platform/paths.ts";
import { instant, signInEnd, type Credential } from "./credential.ts";

const failure = v.object({
  kind: v.picklist(["transient", "permanent"]),
  at: instant,
  /** For people, without secrets. */
  reason: v.string(),
});

const RecordSchema = v.object({
  version: v.literal(1),
  signedInAt: instant,
  refreshedAt: v.optional(instant),
  signInEnd: v.optional(signInEnd),
  accessTokens: v.record(v.string(), v.object({ obtainedAt: instant, lifetimeSeconds: v.number(), scope: v.string() })),
  needsSignIn: v.boolean(),
  failure: v.optional(failure),
});

export type CredentialRecord = v.InferOutput<typeof RecordSchema>;
export type Failure = v.InferOutput<typeof failure>;

export function recordOf(credential: Credential, failed?: Failure): CredentialRecord {
  const accessTokens: CredentialRecord["accessTokens"] = {};
  for (const [resource, { obtainedAt, lifetimeSeconds, scope }] of Object.entries(credential.accessTokens)) {
    accessTokens[resource] = { obtainedAt, lifetimeSeconds, scope };
  }
  return {
    version: 1,
    signedInAt: credential.signedInAt,
    ...(credential.refreshedAt === undefined ? {} : { refreshedAt: credential.refreshedAt }),
    ...(credential.signInEnd === undefined ? {} : { signInEnd: credential.signInEnd }),
    accessTokens,
    needsSignIn: credential.refused !== undefined || credential.refreshToken === undefined,
    ...(failed === undefined ? {} : { failure: failed }),
  };
}

/** @param address whose credential it is */
export function recordPath({ state }: Pick<Paths, "state">, address: string): string {
  return join(state, "status", `${addressToFileName(address)}.json`);
}

/** @returns undefined when there is none, or none that can be understood */
export function readRecord(path: string): CredentialRecord | undefined {
  try {
    return v.parse(RecordSchema, JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}

export function writeRecord(path: string, record: CredentialRecord): void {
  try {
    replaceFile(path, `${JSON.stringify(record)}\n`);
  } catch {
    // a full disk must not turn a renewed token into a failure; see the header
  }
}

export function removeRecord(path: string): void {
  try {
    removeFile(path);
  } catch {
    // it would only show an old date
  }
}
