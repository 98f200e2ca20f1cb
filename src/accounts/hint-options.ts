/** What the explanation of a refused login has to know of an account. */
import type { HintOptions } from "../mail/explain-login.ts";
import type { ResolvedAccount } from "./resolve.ts";

export function hintOptions({ provider, address, credential, grant }: ResolvedAccount): HintOptions {
  const unattended = grant === "sign_in" ? undefined : grant;
  return { providerId: provider.id, address, unattended, shared: credential !== address };
}
