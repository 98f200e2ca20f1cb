/** The mechanisms in which clients say a password, by name. */
import { loginExchange } from "./login.ts";
import type { PasswordExchange } from "./password-exchange.ts";
import { plainExchange } from "./plain.ts";

/** In the order in which they are offered. */
export const PASSWORD_MECHANISMS = ["PLAIN", "LOGIN"] as const;

/** @param name in any case. @returns undefined when there is no such mechanism */
export function passwordExchange(name: string): PasswordExchange | undefined {
  switch (name.toUpperCase()) {
    case "PLAIN":
      return plainExchange();
    case "LOGIN":
      return loginExchange();
    default:
      return undefined;
  }
}
