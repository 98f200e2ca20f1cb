/** Naming an access token without showing it. */
import { createHash } from "node:crypto";

/** SHA-256, in hex. */
export function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
