/** The few declarations of oidc-provider that the lab uses; the package ships none. */
declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  /** What the adapter stores: members differ by model. */
  export interface Payload {
    readonly grantId?: string;
    readonly userCode?: string;
    readonly uid?: string;
    readonly accountId?: string;
    consumed?: number;
    exp?: number;
  }

  export interface Adapter {
    upsert(id: string, payload: Payload, expiresInSeconds?: number): Promise<void>;
    find(id: string): Promise<Payload | undefined>;
    findByUserCode(userCode: string): Promise<Payload | undefined>;
    findByUid(uid: string): Promise<Payload | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  export interface Client {
    readonly clientId: string;
    readonly clientName?: string;
    readonly redirectUris: readonly string[];
    grantTypeAllowed(grantType: string): boolean;
  }

  export interface Context {
    readonly path: string;
    readonly querystring: string;
    readonly method: string;
    readonly req: IncomingMessage;
    readonly res: ServerResponse;
    status: number;
    body: unknown;
    type: string;
    readonly oidc?: {
      readonly params?: Readonly<Record<string, unknown>>;
      readonly client?: Client;
      readonly entities: Readonly<Record<string, { readonly accountId?: string } | undefined>>;
    };
    redirect(url: string): void;
  }

  export class Grant {
    constructor(properties: { accountId: string; clientId: string });
    addOIDCScope(scope: string): void;
    addOIDCClaims(claims: readonly string[]): void;
    save(): Promise<string>;
  }

  export class AccessToken {
    constructor(properties: { accountId: string; clientId: string; grantId: string; scope: string });
    save(lifetimeSeconds: number): Promise<string>;
  }

  export interface InteractionDetails {
    readonly uid: string;
    readonly prompt: {
      readonly name: string;
      readonly details: {
        readonly missingOIDCScope?: readonly string[];
        readonly missingOIDCClaims?: readonly string[];
      };
    };
    readonly params: Readonly<Record<string, unknown>>;
    readonly session?: { readonly accountId: string };
    readonly grantId?: string;
  }

  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    readonly Client: {
      readonly prototype: { redirectUriAllowed: (this: Client, uri: string) => boolean };
      find(id: string): Promise<Client | undefined>;
    };
    readonly Grant: typeof Grant & { find(id: string): Promise<Grant | undefined> };
    readonly AccessToken: typeof AccessToken;
    readonly OIDCContext: {
      readonly prototype: { clientJwtAuthExpectedAudience(): { has(audience: string): boolean } };
    };
    use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): void;
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    on(event: string, listener: (...args: never[]) => void): this;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<InteractionDetails>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: Readonly<Record<string, unknown>>,
      options: { mergeWithLastSubmission: boolean },
    ): Promise<void>;
  }
}
