/** What a sign-in is made of: what is asked for, the world it happens in, and what comes out of it. */
import type { Identity } from "../oauth/identity.ts";
import type { OAuthClient, OAuthServer } from "../oauth/parties.ts";
import type { TokenGrant } from "../oauth/token-endpoint.ts";
import type { Clock, Instant } from "../platform/clock.ts";
import type { Fetch } from "../platform/http.ts";
import type { Environment } from "../platform/paths.ts";
import type { Secret } from "../platform/secret.ts";
import type { Flow } from "./choose.ts";
import type { SignInEvent } from "./event.ts";

export interface SignInRequest {
  readonly server: OAuthServer;
  readonly client: OAuthClient;
  readonly providerName: string;
  /** The name that the provider shows at consent. */
  readonly clientName: string;
  /** As registered. */
  readonly redirectUris: readonly string[];
  readonly deviceFlow: boolean | undefined;
  readonly scopes: readonly string[];
  /** Of further resources, asked for along with them where the flow allows it. */
  readonly otherScopes?: readonly string[] | undefined;
  /** Added to the authorization request. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Who has to sign in; anybody else is refused. */
  readonly login: string;
  /** The flow to use whatever the surroundings are. */
  readonly flow?: Flow | undefined;
  /** The redirect to use of several. */
  readonly redirectUri?: string | undefined;
}

export interface SignInPorts {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly signal: AbortSignal;
  /** A browser may be opened, when there is one. */
  readonly browser: boolean;
  /** Milliseconds that people have; ten minutes when absent. */
  readonly timeoutMs?: number | undefined;
  tell(event: SignInEvent): void;
  /**
   * What a person pasted, line breaks within it included; undefined when nobody can, or there is no more. While a listener
   * waits for the same answer the paste is `optional`: worth asking a person for, not worth eating a script's input.
   */
  readLine?(signal: AbortSignal, optional: boolean): Promise<string | undefined>;
}

export interface SignedIn {
  readonly grant: TokenGrant & { readonly refreshToken: Secret };
  /** Undefined when the provider does not say: only a login to the mailbox tells. */
  readonly identity: Identity | undefined;
  /** Before the grant was asked for. */
  readonly obtainedAt: Instant;
  readonly flow: Flow;
}
