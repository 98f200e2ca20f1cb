/**
 * The real `oidc-provider`, posing as Microsoft: its paths, scopes and public clients, PKCE demanded, `iss` sent, refresh
 * tokens rotated with reuse detection unless told otherwise. The user's login becomes `sub`, `email` and `preferred_username`.
 *
 * Where it differs from Microsoft: it is stricter (see docs/lab.md). What it refuses to do is in `hostile.ts`.
 */
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { generateKeyPairSync } from "node:crypto";
import type { Context, Client, Provider } from "oidc-provider";
import type { JWTHeaderParameters, JWTPayload } from "jose";
import { Organisation } from "./applications.ts";
import type { CertificateSet } from "./certificates.ts";
import { MAIL_SERVER_CLIENT_ID, redirectAllowed, REGISTRATIONS, SCOPES } from "./registrations.ts";
import { answerSignInPage, page } from "./sign-in-pages.ts";
import { TokenStore } from "./token-store.ts";

/**
 * What happens to a refresh token when it is used. `every-use`: replaced, and using it once more revokes the whole grant.
 * `keep-old-valid`: a new one is given, the old ones stay good, as Microsoft does. `never`: it stays the same.
 */
export type Rotation = "every-use" | "keep-old-valid" | "never";

/** A request that the token endpoint has answered. Holds no secret. */
export interface TokenRequest {
  readonly grantType: string;
  readonly clientId: string;
  /** Whose tokens: known when the request was granted, and for some refusals. */
  readonly login: string | undefined;
  readonly status: number;
  /** RFC 6749 5.2, when refused. */
  readonly error: string | undefined;
  /** The names of the parameters that were sent. */
  readonly parameters: readonly string[];
}

export interface AuthorizationServerOptions {
  readonly certificates: CertificateSet;
  readonly accessTokenSeconds: number;
  readonly rotation: Rotation;
  /** Length of tokens and codes in characters, about; Microsoft's access tokens have 1,000 to 2,500. */
  readonly tokenCharacters: number;
}

export interface ServerEndpoints {
  readonly issuer: string;
  readonly authorization: string;
  readonly token: string;
  readonly device: string;
  readonly revocation: string;
  readonly userinfo: string;
  readonly introspection: string;
}

export interface AuthorizationServer {
  readonly endpoints: ServerEndpoints;
  readonly port: number;
  readonly store: TokenStore;
  readonly organisation: Organisation;
  /** Every token request answered so far, oldest first; sign-ins count as well as refreshes. */
  readonly tokenRequests: readonly TokenRequest[];
  /** Lifetime of access tokens given out from now on. */
  accessTokenSeconds: number;
  rotation: Rotation;
  /** Stops answering: connections are refused. Nothing is forgotten. */
  stop(): Promise<void>;
  /** Answers again, on the same port and with the same memory. */
  start(): Promise<void>;
}

const MICROSOFT_PATHS = {
  authorization: "/common/oauth2/v2.0/authorize",
  token: "/common/oauth2/v2.0/token",
  device_authorization: "/common/oauth2/v2.0/devicecode",
  code_verification: "/common/oauth2/deviceauth",
  userinfo: "/oidc/userinfo",
  jwks: "/common/discovery/v2.0/keys",
  end_session: "/common/oauth2/v2.0/logout",
};

const INTROSPECTION_PATH = "/token/introspection";

export async function startAuthorizationServer(options: AuthorizationServerOptions): Promise<AuthorizationServer> {
  const store = new TokenStore();
  const tokenRequests: TokenRequest[] = [];
  const settings = { accessTokenSeconds: options.accessTokenSeconds, rotation: options.rotation };
  const { certificatePem: cert, keyPem: key } = options.certificates;
  let handle: ReturnType<Provider["callback"]> | undefined;
  let server: Server | undefined;

  const listen = async (port: number) => {
    const starting = createServer({ key, cert }, (request, response) => {
      request.url = asKnownPath(request.url ?? "/");
      void handle?.(request, response);
    });
    await new Promise<void>((resolve, reject) => {
      starting.once("error", reject);
      starting.listen(port, "127.0.0.1", resolve);
    });
    server = starting;
    return (starting.address() as AddressInfo).port;
  };

  const port = await listen(0);
  const issuer = `https://localhost:${port}`;
  const organisation = new Organisation(store, issuer);
  const provider = await createProvider(issuer, options, settings, store, organisation);
  provider.use(async (context, next) => {
    if (await answerSignInPage(provider, context)) return;
    if (await organisation.answer(provider, context, settings.accessTokenSeconds)) return;
    await next();
    if (context.path === INTROSPECTION_PATH && isActive(context.body))
      context.body = organisation.introspected(context.body, new URLSearchParams(context.querystring).get("mailbox"));
    if (context.path !== MICROSOFT_PATHS.token) return;
    tokenRequests.push(describe(context));
    for (const name of ["code_verifier", "client_assertion"]) {
      const secret = context.oidc?.params?.[name];
      if (typeof secret === "string") store.noteSecret(secret);
    }
  });
  handle = provider.callback();

  return {
    endpoints: {
      issuer,
      authorization: issuer + MICROSOFT_PATHS.authorization,
      token: issuer + MICROSOFT_PATHS.token,
      device: issuer + MICROSOFT_PATHS.device_authorization,
      revocation: `${issuer}/token/revocation`,
      userinfo: issuer + MICROSOFT_PATHS.userinfo,
      introspection: issuer + INTROSPECTION_PATH,
    },
    port,
    store,
    organisation,
    tokenRequests,
    get accessTokenSeconds() {
      return settings.accessTokenSeconds;
    },
    set accessTokenSeconds(seconds) {
      settings.accessTokenSeconds = seconds;
    },
    get rotation() {
      return settings.rotation;
    },
    set rotation(rotation) {
      settings.rotation = rotation;
      store.keepsUsedRefreshTokens = rotation === "keep-old-valid";
    },
    async stop() {
      const stopping = server;
      server = undefined;
      if (stopping === undefined) return;
      await new Promise<void>((resolve) => {
        stopping.close(() => resolve());
        stopping.closeAllConnections();
      });
    },
    async start() {
      if (server === undefined) await listen(port);
    },
  };
}

type Settings = Pick<AuthorizationServer, "accessTokenSeconds" | "rotation">;

async function createProvider(
  issuer: string,
  options: AuthorizationServerOptions,
  settings: Settings,
  store: TokenStore,
  organisation: Organisation,
): Promise<Provider> {
  store.keepsUsedRefreshTokens = settings.rotation === "keep-old-valid";
  const signingKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
  const createQuietly = async () => {
    const { Provider } = await import("oidc-provider");
    return new Provider(issuer, {
      adapter: (model: string) => store.adapter(model),
      clients: REGISTRATIONS,
      scopes: SCOPES,
      claims: { openid: ["sub", "tid", "preferred_username"], email: ["email"], profile: ["name"] },
      conformIdTokenClaims: false, // Microsoft puts the user's names into the ID token itself
      findAccount: (_context: Context, login: string) => ({
        accountId: login,
        claims: () => ({ sub: login, email: login, preferred_username: login, name: login, tid: "lab" }),
      }),
      routes: MICROSOFT_PATHS,
      interactions: { url: (_context: Context, { uid }: { uid: string }) => `/interaction/${uid}` },
      pkce: { required: () => true },
      issueRefreshToken: (_context: Context, client: Client, code: { scopes: ReadonlySet<string> }) =>
        client.grantTypeAllowed("refresh_token") && code.scopes.has("offline_access"),
      rotateRefreshToken: () => settings.rotation !== "never",
      ttl: {
        AccessToken: () => settings.accessTokenSeconds,
        ClientCredentials: () => settings.accessTokenSeconds,
        AuthorizationCode: 300,
        DeviceCode: 900,
        IdToken: 3600,
        Interaction: 3600,
        Grant: 90 * 24 * 3600,
        RefreshToken: 90 * 24 * 3600,
        Session: 24 * 3600,
      },
      jwks: { keys: [{ ...signingKey, alg: "RS256", use: "sig", kid: "lab" }] },
      clockTolerance: 0,
      assertJwtClientAuthClaimsAndHeader(_context: Context, claims: JWTPayload, header: JWTHeaderParameters) {
        organisation.checkClientAssertion(claims, header);
      },
      formats: { bitsOfOpaqueRandomness: options.tokenCharacters * 6 },
      features: {
        devInteractions: { enabled: false },
        introspection: { enabled: true, allowedPolicy: isMailServer },
        revocation: { enabled: true, allowedPolicy: ownsToken },
        userinfo: { enabled: true },
        clientCredentials: { enabled: true },
        deviceFlow: {
          enabled: true,
          userCodeInputSource(context: Context, form: string, _out: unknown, error: Error | undefined) {
            context.body = page("Enter code", `<p>${codeProblem(error)}</p>${form}`);
          },
          userCodeConfirmSource(context: Context, form: string) {
            context.body = page("Are you trying to sign in?", `${form}<p>Continue only if you asked for this.</p>`);
          },
          successSource(context: Context) {
            context.body = page("You are signed in", "<p>You may close this window.</p>");
          },
        },
      },
      renderError(context: Context, out: Readonly<Record<string, string>>) {
        context.type = "html";
        context.body = page("Sorry", `<p>${out["error"]}: ${out["error_description"] ?? ""}</p>`);
      },
    });
  };
  const provider = await withoutNotices(createQuietly);
  provider.Client.prototype.redirectUriAllowed = redirectUriAllowed;
  // Microsoft wants the token endpoint that was asked, tenant included, and not the issuer (AADSTS700023).
  provider.OIDCContext.prototype.clientJwtAuthExpectedAudience = () => ({
    has: (audience) =>
      audience.startsWith(issuer) && asKnownPath(audience.slice(issuer.length)) === MICROSOFT_PATHS.token,
  });
  return provider;
}

function isActive(body: unknown): body is Readonly<Record<string, unknown>> {
  return typeof body === "object" && body !== null && "active" in body && body.active === true;
}

/** Only mail servers may ask about tokens. */
function isMailServer(_context: Context, client: Client): boolean {
  return client.clientId === MAIL_SERVER_CLIENT_ID;
}

function ownsToken(_context: Context, client: Client, token: { readonly clientId: string }): boolean {
  return token.clientId === client.clientId;
}

function redirectUriAllowed(this: Client, uri: string): boolean {
  return redirectAllowed(uri, this.redirectUris);
}

/** Bun is an "unsupported runtime" to oidc-provider, which says so on the console; it works, and the lab is not production. */
async function withoutNotices<T>(create: () => Promise<T>): Promise<T> {
  const { warn, info } = console;
  console.warn = console.info = () => undefined;
  try {
    return await create();
  } finally {
    Object.assign(console, { warn, info });
  }
}

/** Any tenant is `common`; metadata is found in all the usual places; consent is asked for without `prompt=consent`. */
function asKnownPath(path: string): string {
  const known = path
    .replace(/^\/(?:consumers|organizations|[0-9a-f-]{36})\/(?=oauth2\/)/, "/common/")
    .replace(
      /^\/(?:[^/]+\/v2\.0\/)?\.well-known\/(?:openid-configuration|oauth-authorization-server).*$/,
      DISCOVERY_PATH,
    );
  const [base = "", query = ""] = known.split("?", 2);
  if (base !== MICROSOFT_PATHS.authorization) return known;
  const parameters = new URLSearchParams(query);
  // oidc-provider drops offline_access unless consent is asked for (OpenID Connect Core 11); Microsoft does not.
  const prompts = new Set((parameters.get("prompt") ?? "").split(" ").filter((prompt) => prompt !== "select_account"));
  prompts.delete("");
  if (!prompts.has("none")) prompts.add("consent");
  parameters.set("prompt", [...prompts].join(" "));
  return `${base}?${parameters.toString()}`;
}

function codeProblem(error: Error | undefined): string {
  if (error === undefined) return "Enter the code displayed on your device.";
  return error.name === "AbortedError"
    ? "You canceled the sign-in."
    : "That code did not work. Check it and try again.";
}

const DISCOVERY_PATH = "/.well-known/openid-configuration";

function describe(context: Context): TokenRequest {
  const parameters = context.oidc?.params ?? {};
  const body = context.body as { readonly error?: string } | undefined;
  const text = (name: string) => (typeof parameters[name] === "string" ? parameters[name] : "");
  return {
    grantType: text("grant_type"),
    clientId: context.oidc?.client?.clientId ?? text("client_id"),
    login: context.oidc?.entities["Account"]?.accountId,
    status: context.status,
    error: body?.error,
    parameters: Object.keys(parameters).filter((name) => parameters[name] !== undefined),
  };
}
