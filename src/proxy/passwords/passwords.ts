/** The proxy's own passwords: one for each account or device, made by mailkey, shown once, kept as a hash. */
import type { Secret } from "../../platform/secret.ts";
import type { Refusal } from "../refusal.ts";

/** `device` is whose password it was. `throttled`: not even looked at. `unavailable`: the passwords cannot be read. */
export type Verdict =
  | { readonly kind: "right"; readonly device: string }
  | { readonly kind: "wrong" }
  | Extract<Refusal, { readonly kind: "throttled" | "unavailable" }>;

export interface Passwords {
  /**
   * Off the event loop; at once for one that was right a while ago. A user that does not exist takes as long as one that does.
   *
   * @param user as the client sent it
   * @param peer the client's address, for counting wrong ones
   */
  verify(user: string, password: Secret, peer: string): Promise<Verdict>;
}
