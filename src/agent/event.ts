/**
 * What happens in the agent, told to whoever observes it: token files, hooks, notifications, log, metrics. Observers are told in
 * the order of their registration, must not throw, and delay nobody: what takes time they start by themselves.
 */
import type { MailkeyError } from "../errors.ts";
import type { AccessToken } from "../tokens/credential.ts";

/** One token that the agent keeps fresh. */
export interface Target {
  /** The account's address, as its file has it. */
  readonly address: string;
  readonly resource: string;
}

export type AgentEvent =
  /** A token is in hand: found in the vault (`isNew` false), or obtained just now, by whichever process. */
  | { readonly kind: "token"; readonly target: Target; readonly token: AccessToken; readonly isNew: boolean }
  | {
      readonly kind: "failed";
      readonly target: Target;
      readonly error: MailkeyError;
      /** Trying again does not help: a person has to do something. */
      readonly isPermanent: boolean;
      /** Seconds that the token in hand still lasts; 0 when there is none. */
      readonly validSeconds: number;
    }
  /** The account's file is gone, or the sign-in removed: nothing is kept for it any more. */
  | { readonly kind: "gone"; readonly target: Target }
  /** Everything secret has been forgotten. */
  | { readonly kind: "locked"; readonly reason: "asked" | "time" | "stopping" }
  | { readonly kind: "unlocked" };

export type Observer = (event: AgentEvent) => void;
