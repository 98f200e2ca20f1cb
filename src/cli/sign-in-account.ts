/** Gets an account its grant: the same for `add` and `login`. A person signs in, or where none is needed a token is asked for. */
import { authenticatedClient } from "../accounts/client-authentication.ts";
import { findResource, scopesOf, type ResolvedAccount } from "../accounts/resolve.ts";
import type { TokenGrant } from "../oauth/token-endpoint.ts";
import type { Instant } from "../platform/clock.ts";
import type { Flow } from "../signin/choose.ts";
import { signIn } from "../signin/sign-in.ts";
import type { TokenPorts } from "../tokens/get-token.ts";
import { mintToken } from "../tokens/mint.ts";
import type { KeptSecrets } from "../tokens/sign-in.ts";
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

export interface Obtained {
  readonly grant: TokenGrant;
  /** Before the grant was asked for. */
  readonly obtainedAt: Instant;
  /** How: a flow of signing in, or the grant's name. */
  readonly flow: string;
  /** Who signed in; undefined when the provider does not say, or nobody did. */
  readonly who: string | undefined;
  /** The grant is known to be the account's. Otherwise only a login to the mailbox tells. */
  readonly isCertain: boolean;
}

/**
 * @param kept what the vault keeps for the account, or is going to
 * @throws what `signIn` and `mintToken` throw, ERR_UNSUPPORTED for an unknown resource; nothing has been stored then
 */
export async function obtainGrant(
  context: Context,
  ports: TokenPorts,
  account: ResolvedAccount,
  kept: KeptSecrets,
  options: SignInOptions,
): Promise<Obtained> {
  if (account.grant !== "sign_in") {
    const minted = await mintToken(ports, account, kept);
    return { ...minted, flow: account.grant, who: undefined, isCertain: true };
  }
  const { provider, client, login } = account;
  const own = scopesOf(findResource(provider, undefined));
  const others = options.resources.flatMap((name) => scopesOf(findResource(provider, name)));
  const { grant, obtainedAt, flow, identity } = await signIn(
    {
      server: provider,
      client: await authenticatedClient(account, kept.clientSecret, ports),
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
  return { grant, obtainedAt, flow, who: identity?.addresses[0], isCertain: identity !== undefined };
}

/** `Microsoft 365` of `Microsoft 365 / Exchange Online (work or school)`: enough where it is clear which is meant. */
export function shortName(name: string): string {
  return name.split(/ \(| \/ /, 1)[0] ?? name;
}
