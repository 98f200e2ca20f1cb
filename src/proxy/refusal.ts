/** Why a login comes to nothing: the same set for all protocols, each of which has its own codes for them. */
import type { ErrorCode } from "../errors.ts";

/** `code` is that of the error behind it, where there is one. */
export type Refusal =
  /** The password, or the user: they are not told apart. */
  | { readonly kind: "password" }
  /** Too many wrong passwords. */
  | { readonly kind: "throttled"; readonly seconds: number }
  /** The account's, or all, places are taken. */
  | { readonly kind: "sessions" }
  /** Somebody has to do something first: sign in again, unlock the vault, mend a file. `hint` is what to type. */
  | { readonly kind: "needed"; readonly words: string; readonly hint: string | undefined; readonly code?: ErrorCode }
  /** It passes by itself: the provider, the agent or the server cannot be reached. The connection ends. */
  | {
      readonly kind: "unavailable";
      readonly words: string;
      readonly hint?: string | undefined;
      readonly code?: ErrorCode;
    }
  /** The server refuses even a token that was renewed for it. */
  | { readonly kind: "server"; readonly words: string; readonly hint?: string | undefined };
