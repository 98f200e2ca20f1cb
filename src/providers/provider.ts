/**
 * What mailkey knows about a mail provider. Values are plain; where each comes from and how sure it is stands beside them in
 * `sources`, keyed by the dotted path of the value.
 */

import type { SigningAlgorithm } from "../platform/private-key.ts";

export type Protocol = "imap" | "pop" | "smtp";
export type Mechanism = "XOAUTH2" | "OAUTHBEARER";
/** How TLS starts: at once (`tls`), or after a STARTTLS/STLS command (`starttls`). There is no third way. */
export type Security = "tls" | "starttls";

export interface MailServer {
  readonly host: string;
  readonly port: number;
  readonly security: Security;
}

/** OAuth2 endpoints. @see RFC 6749 3, RFC 8628 3.1, RFC 7009 2, RFC 8414 2 */
export interface Endpoints {
  readonly authorization?: string | undefined;
  readonly token?: string | undefined;
  readonly device?: string | undefined;
  readonly revocation?: string | undefined;
  readonly userinfo?: string | undefined;
  /** The issuer identifier, compared with `iss`; `{tenantid}` stands for any tenant of Microsoft's. */
  readonly issuer?: string | undefined;
}

/**
 * Who an access token is for. Microsoft never puts two in one token; one refresh token can mint tokens for each.
 * The first resource of a provider is the default.
 */
export interface Resource {
  readonly name: string;
  readonly scopes: { readonly [P in Protocol | "api"]?: readonly string[] };
}

/** A client registration: whose application signs in. @see RFC 6749 2 */
export interface ClientRegistration {
  /** The name used with `--client`: lower case, one word. */
  readonly preset: string;
  /** The name the provider shows at consent. */
  readonly name: string;
  readonly id: string;
  /** A confidential client: its secret has to be given by the user; secrets of others are not in here. */
  readonly secretRequired: boolean;
  /** As registered. A loopback URI without a port stands for any port (RFC 8252 7.3). */
  readonly redirectUris: readonly string[];
  /** The device authorization grant is allowed for this client; unknown when absent. */
  readonly deviceFlow?: boolean;
  readonly accountTypes?: readonly string[];
  /** Resources other than the default that this registration may ask for. */
  readonly resources?: readonly string[];
  /** Why it must not be used: it was switched off, or its redirect cannot be reached by mailkey. */
  readonly disabled?: string;
  readonly note?: string;
  readonly sources: readonly string[];
}

export type Certainty = "verified" | "reported" | "unverified";

export interface Source {
  readonly status: Certainty;
  /** Names in `providers/sources.ts`, or URLs. */
  readonly sources: readonly string[];
  readonly note?: string;
}

/** Where a provider differs for some of its users. Discovery writes the difference into the account file. */
export interface Region {
  readonly name: string;
  readonly domains: readonly string[];
  readonly mxSuffixes: readonly string[];
  readonly endpoints?: Endpoints;
  readonly servers?: { readonly [P in Protocol]?: MailServer };
}

interface ProviderBase {
  readonly id: string;
  readonly name: string;
  /** What a person has to know before anything else, as one sentence. */
  readonly remark?: string;
  /** Exact domains of addresses, lower case. */
  readonly domains: readonly string[];
  /** Suffixes of domains that the provider gives out below its own: `.onmicrosoft.com`. */
  readonly domainSuffixes?: readonly string[];
  /** Suffixes of MX host names, most specific first: `.olc.protection.outlook.com` or a whole host name. */
  readonly mxSuffixes: readonly string[];
  readonly servers: { readonly [P in Protocol]?: MailServer };
  /** Data centres and brands with endpoints or servers of their own; what they leave out is the provider's. */
  readonly regions?: readonly Region[];
  readonly quirks: readonly (Source & { readonly text: string })[];
  readonly sources: Readonly<Record<string, Source>>;
}

/** A provider that accepts OAuth2 for mail. */
export interface OAuthProvider extends ProviderBase {
  readonly kind: "oauth2";
  readonly endpoints: Endpoints;
  readonly resources: readonly [Resource, ...Resource[]];
  /** Asked for at sign-in besides the resource's scopes: `offline_access`, `openid`, `email`. Never sent when refreshing. */
  readonly signInScopes: readonly string[];
  /** Added to the refresh request's scope; Microsoft wants `offline_access` there too. */
  readonly refreshScopes: readonly string[];
  /** Added to the authorization request: `access_type=offline`, `prompt=consent`. */
  readonly authorizationParameters: Readonly<Record<string, string>>;
  /** Mechanisms, preferred first, used where the server does not list its own. */
  readonly mechanisms: { readonly [P in Protocol]?: readonly Mechanism[] };
  /** The authorization response carries `iss` (RFC 9207): its absence is then an error. */
  readonly issInResponse: boolean;
  /** How a confidential client shows its secret; in the body (RFC 6749 2.3.1) when absent. */
  readonly clientAuthentication?: "client_secret_basic" | "client_secret_post";
  /** What a confidential client's signed assertion has to be like (RFC 7523 2.2), where the provider says so. */
  readonly clientAssertion?: {
    readonly audience: "issuer" | "token_endpoint";
    /** The preferred first. */
    readonly algorithms: readonly SigningAlgorithm[];
    /** The key is found by the thumbprint of its certificate (`x5t#S256`). */
    readonly certificate: boolean;
  };
  /** What an application asks for in its own name (RFC 6749 4.4), by resource; absent where it has no such grant. */
  readonly applicationScopes?: Readonly<Record<string, readonly string[]>>;
  /** Service accounts may open mailboxes of their organisation (RFC 7523 2.1). */
  readonly serviceAccounts?: boolean;
  /** What is known about the life of its tokens. */
  readonly tokens: {
    readonly accessSeconds?: number;
    /** Seconds that a token has to be renewed at the latest before mail programs would have it renewed; absent where that does not matter. */
    readonly renewAheadSeconds?: number;
    /** Days until an unused refresh token dies; absent when it has no fixed end or nobody knows. */
    readonly refreshIdleDays?: number;
    /** Days after which each sign-in ends while the client is in testing; absent where that ends none. */
    readonly testingDays?: number;
    readonly rotation: "every-use" | "never" | "sometimes" | "unknown";
    /** Using a rotated refresh token again revokes the whole grant. */
    readonly reuseDetection?: boolean;
  };
  /** Where a person withdraws the grant when there is no revocation endpoint. */
  readonly grantsPage?: string;
  readonly clients: readonly ClientRegistration[];
}

/** A provider without OAuth2 for third-party mail programs: mailkey says what to use instead. */
export interface PasswordProvider extends ProviderBase {
  readonly kind: "password";
  /** What to use instead, as a sentence to show. */
  readonly advice: string;
}

export type Provider = OAuthProvider | PasswordProvider;
