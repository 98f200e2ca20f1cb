/**
 * What organisations set up so that nobody has to sign in: applications with a secret or a certificate, service accounts that may act for
 * mailboxes, and mailboxes that are open to others than their owner.
 *
 * The authorization server checks what is signed as Microsoft and Google say they do; it forgives no clock.
 */
import { generateKeyPairSync, X509Certificate, type KeyObject } from "node:crypto";
import * as jose from "jose";
import type { Context, Provider } from "oidc-provider";
import { readAll } from "./delivery.ts";
import {
  APPLICATION_SCOPE,
  CERTIFICATE_CLIENT_ID,
  certificateClient,
  MAIL_SCOPES,
  serviceAccountClient,
} from "./registrations.ts";
import type { TokenStore } from "./token-store.ts";

export const SERVICE_ACCOUNT_PATH = "/service-account/token";
export const SERVICE_ACCOUNT_SCOPE = "https://mail.google.com/";
const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/** Microsoft advises 5 to 10 minutes; Google takes up to an hour. */
const LONGEST_ASSERTION_SECONDS = { client: 600, serviceAccount: 3600 };

interface ServiceAccount {
  readonly email: string;
  readonly clientId: string;
  readonly publicKey: KeyObject;
  /** An administrator delegated the mail scope to it. */
  readonly delegated: boolean;
}

export class Organisation {
  readonly #store: TokenStore;
  readonly #tokenEndpoint: string;
  /** By key id. */
  readonly #serviceAccounts = new Map<string, ServiceAccount>();
  /** Who may open a mailbox besides its owner: logins and client ids. */
  readonly #open = new Map<string, Set<string>>();
  readonly #usedAssertions = new Set<string>();
  #thumbprint: string | undefined;

  constructor(store: TokenStore, origin: string) {
    this.#store = store;
    this.#tokenEndpoint = origin + SERVICE_ACCOUNT_PATH;
  }

  /** Lets `CERTIFICATE_CLIENT_ID` sign with the key of this certificate, and with no other. */
  async registerCertificate(certificatePem: string): Promise<void> {
    const certificate = new X509Certificate(certificatePem);
    const jwk = certificate.publicKey.export({ format: "jwk" });
    this.#thumbprint = Buffer.from(certificate.fingerprint256.replaceAll(":", ""), "hex").toString("base64url");
    await this.#store.adapter("Client").upsert(CERTIFICATE_CLIENT_ID, certificateClient(jwk));
  }

  /** The content of a new service account's key file, as Google's console gives it out. */
  async createServiceAccount(options: { readonly delegated?: boolean } = {}): Promise<string> {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const number = this.#serviceAccounts.size + 1;
    const email = `mail-${number}@lab-project.iam.gserviceaccount.test`;
    const clientId = `10000000000000000000${number}`;
    const keyId = `key-${number}`;
    this.#serviceAccounts.set(keyId, { email, clientId, publicKey, delegated: options.delegated ?? true });
    await this.#store.adapter("Client").upsert(clientId, serviceAccountClient(clientId));
    const privatePem = privateKey.export({ type: "pkcs8", format: "pem" });
    for (const line of privatePem.split("\n").slice(1, -2)) this.#store.noteSecret(line);
    return JSON.stringify({
      type: "service_account",
      project_id: "lab-project",
      private_key_id: keyId,
      private_key: privatePem,
      client_email: email,
      client_id: clientId,
      token_uri: this.#tokenEndpoint,
    });
  }

  /** @param holder a login, or the id of a client that acts in its own name */
  openMailbox(mailbox: string, holder: string): void {
    const holders = this.#open.get(mailbox.toLowerCase()) ?? new Set();
    this.#open.set(mailbox.toLowerCase(), holders.add(holder));
  }

  /** Whose mailbox the bearer of a token may open, asked for `mailbox`, and for what: an introspection as mail servers understand it. */
  introspected(body: Readonly<Record<string, unknown>>, mailbox: string | null): Record<string, unknown> {
    const { sub, client_id: clientId, scope } = body;
    const holder = String(sub ?? clientId);
    const isOpen = mailbox !== null && this.#open.get(mailbox.toLowerCase())?.has(holder) === true;
    const isMail = scope === APPLICATION_SCOPE || scope === SERVICE_ACCOUNT_SCOPE;
    return {
      ...body,
      ...(isOpen ? { sub: mailbox } : {}),
      ...(isMail ? { scope: Object.values(MAIL_SCOPES).join(" ") } : {}),
    };
  }

  /** What Microsoft wants of a client's assertion beyond RFC 7523. @throws Error, which becomes invalid_client */
  checkClientAssertion({ exp = 0, nbf, iss, sub }: jose.JWTPayload, header: jose.JWTHeaderParameters): void {
    if (header["x5t#S256"] !== this.#thumbprint) throw new Error("AADSTS700027: no certificate of that thumbprint");
    if (header.alg !== "PS256" || header.typ !== "JWT") throw new Error("AADSTS700027: alg is PS256, typ is JWT");
    if (iss !== sub) throw new Error("iss and sub are the client");
    if (nbf === undefined || exp - nbf > LONGEST_ASSERTION_SECONDS.client)
      throw new Error("nbf is missing, or exp too late");
  }

  /** Answers a service account's request. @returns false when it is another path */
  async answer(provider: Provider, context: Context, lifetimeSeconds: number): Promise<boolean> {
    if (context.path !== SERVICE_ACCOUNT_PATH) return false;
    const form = new URLSearchParams(await readAll(context.req));
    context.type = "json";
    try {
      const { login, clientId } = await this.#judge(form);
      const token = await mint(provider, login, clientId, lifetimeSeconds);
      context.body = { access_token: token, token_type: "Bearer", expires_in: lifetimeSeconds };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      context.status = 400;
      context.body = { error: error.code, error_description: error.message };
    }
    return true;
  }

  async #judge(form: URLSearchParams): Promise<{ login: string; clientId: string }> {
    if (form.get("grant_type") !== JWT_BEARER) throw new Refusal("unsupported_grant_type", "Invalid grant_type");
    const assertion = form.get("assertion") ?? "";
    this.#store.noteSecret(assertion);
    const { kid = "" } = decodedHeader(assertion);
    const account = this.#serviceAccounts.get(kid);
    if (account === undefined) throw new Refusal("invalid_grant", "Invalid JWT Signature.");
    const claims = await verified(assertion, account, this.#tokenEndpoint);
    const { exp = 0, iat = 0, jti, sub, scope } = claims;
    if (exp - iat > LONGEST_ASSERTION_SECONDS.serviceAccount || iat > Date.now() / 1000 + 1)
      throw new Refusal("invalid_grant", "Invalid JWT: Token must be in a reasonable timeframe.");
    if (jti === undefined || this.#usedAssertions.has(jti))
      throw new Refusal("invalid_grant", "Invalid JWT: replayed.");
    this.#usedAssertions.add(jti);
    if (!account.delegated || scope !== SERVICE_ACCOUNT_SCOPE) {
      const words =
        "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.";
      throw new Refusal("unauthorized_client", words);
    }
    if (sub?.endsWith("@mail.test") !== true) throw new Refusal("invalid_grant", "Invalid email or User ID");
    return { login: sub, clientId: account.clientId };
  }
}

class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

function decodedHeader(assertion: string): jose.ProtectedHeaderParameters {
  try {
    return jose.decodeProtectedHeader(assertion);
  } catch {
    throw new Refusal("invalid_grant", "Bad Request");
  }
}

async function verified(assertion: string, account: ServiceAccount, audience: string): Promise<jose.JWTPayload> {
  try {
    const rules = { issuer: account.email, audience, algorithms: ["RS256"], typ: "JWT" };
    return (await jose.jwtVerify(assertion, account.publicKey, rules)).payload;
  } catch (error) {
    const isSignature = error instanceof jose.errors.JWSSignatureVerificationFailed;
    const words =
      "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.";
    throw new Refusal("invalid_grant", isSignature ? "Invalid JWT Signature." : words);
  }
}

/** An access token of the user's, as if they had signed in with that client. */
async function mint(provider: Provider, login: string, clientId: string, lifetimeSeconds: number): Promise<string> {
  const grant = new provider.Grant({ accountId: login, clientId });
  grant.addOIDCScope(SERVICE_ACCOUNT_SCOPE);
  const grantId = await grant.save();
  const token = new provider.AccessToken({ accountId: login, clientId, grantId, scope: SERVICE_ACCOUNT_SCOPE });
  return token.save(lifetimeSeconds);
}
