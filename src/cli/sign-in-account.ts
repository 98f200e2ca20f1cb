/** Signs an account in: the same for `add` and `login`. */
import { findResource, scopesOf, type ResolvedAccount } from "../accounts/resolve.ts";
import type { Secret } from "../platform/secret.ts";
import type { Flow } from "../signin/choose.ts";
import type { SignedIn } from "../signin/request.ts";
import { signIn } from "../signin/sign-in.ts";
import type { TokenPorts } from "../tokens/get-token.ts";
import type { Context } from "./context.ts";
import { pastedLineReader } from "./pasted-line.ts";
import { showSignIn } from "./sign-in-progress.ts";

export interface SignInOptions {
  readonly flow: Flow | undefined;
  readonly browser: boolean;
  readonly json: boolean;
  /** Further resources to consent to, by name. */
  readonly resources: readonly string[];
}

/** @throws what `signIn` throws, ERR_UNSUPPORTED for an unknown resource; nothing has been stored then */
export async function signInAccount(
  context: Context,
  ports: TokenPorts,
  account: ResolvedAccount,
  secret: Secret | undefined,
  options: SignInOptions,
): Promise<SignedIn> {
  const { provider, client, login } = account;
  const own = scopesOf(findResource(provider, undefined));
  const others = options.resources.flatMap((name) => scopesOf(findResource(provider, name)));
  return signIn(
    {
      server: provider,
      client: { id: client.id, secret },
      providerName: shortName(provider.name),
      clientName: client.name,
      redirectUris: client.redirectUris,
      deviceFlow: client.deviceFlow,
      scopes: [...new Set([...provider.signInScopes, ...own])],
      otherScopes: others.filter((scope) => !own.includes(scope)),
      parameters: provider.authorizationParameters,
      login,
      flow: options.flow,
    },
    {
      fetch: ports.createFetch(ports.config.timeoutMs),
      clock: context.clock,
      env: context.env,
      platform: process.platform,
      signal: context.signal,
      browser: options.browser,
      tell: showSignIn(context, options.json),
      readLine: pastedLineReader(context, options.json),
    },
  );
}

/** `Microsoft 365` of `Microsoft 365 / Exchange Online (work or school)`: enough where it is clear which is meant. */
export function shortName(name: string): string {
  return name.split(/ \(| \/ /, 1)[0] ?? name;
}
