/** From what came on the socket to a request. Whoever can connect is this user's own program, and may still be broken: nothing is believed. */
import * as v from "valibot";
import { OPERATIONS, type Request } from "../protocol.ts";

const text = v.pipe(v.string(), v.maxLength(4096));

const RequestSchema = v.object({
  v: v.number(),
  do: v.picklist(OPERATIONS),
  config: text,
  state: text,
  address: v.optional(v.pipe(v.string(), v.maxLength(320))),
  resource: v.optional(v.pipe(v.string(), v.maxLength(64))),
  min_ttl: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000))),
  force: v.optional(v.boolean()),
  refused: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  passphrase: v.optional(text),
  env: v.optional(v.record(v.pipe(v.string(), v.regex(/^[A-Z_]{1,64}$/)), text)),
});

export function decodeRequest(value: object): Request | undefined {
  const parsed = v.safeParse(RequestSchema, value);
  return parsed.success ? parsed.output : undefined;
}
