import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultConfig } from "../../src/accounts/config.ts";
import { resolveAccount, type ResolvedAccount } from "../../src/accounts/resolve.ts";
import { resolvePaths } from "../../src/platform/paths.ts";
import { decodeCredential, encodeCredential, type Credential } from "../../src/tokens/credential.ts";
import { getToken, type TokenAnswer, type TokenPorts, type TokenRequest } from "../../src/tokens/get-token.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { MemoryVault } from "../support/memory-vault.ts";

export const ADDRESS = "me@hotmail.example";
export const SCOPE = "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send";

/** One reply of the scripted token endpoint: a response, or a fault on the way. */
export type Reply = Response | (() => Response | Promise<Response>);

/** The token path with a scripted provider, a clock that moves when told, and a vault in memory. */
export class Harness {
  readonly clock = new FakeClock();
  readonly vault = new MemoryVault();
  readonly home = mkdtempSync(join(tmpdir(), "mailkey-tokens-"));
  readonly requests: URLSearchParams[] = [];
  readonly timeouts: number[] = [];
  readonly traces: string[] = [];
  readonly replies: Reply[] = [];
  readonly account: ResolvedAccount;

  private constructor(account: ResolvedAccount) {
    this.account = account;
  }

  static async start(
    client: Partial<ResolvedAccount["account"]["client"]> = {},
    change: Partial<ResolvedAccount["account"]> = {},
  ): Promise<Harness> {
    return new Harness(
      await resolveAccount({
        address: ADDRESS,
        provider: "custom",
        client: { id: "client-1", ...client },
        scopes: { outlook: SCOPE.split(" "), graph: ["https://graph.microsoft.com/Mail.Send"] },
        endpoints: { token: "https://login.example/token" },
        ...change,
      }),
    );
  }

  get ports(): TokenPorts {
    return {
      env: {},
      paths: resolvePaths({ MAILKEY_HOME: this.home }),
      clock: this.clock,
      config: defaultConfig({}),
      random: () => 0.5,
      openVault: () => Promise.resolve(this.vault),
      createFetch: (timeoutMs) => {
        this.timeouts.push(timeoutMs);
        return async (_url, init) => {
          this.requests.push(new URLSearchParams(init?.body as URLSearchParams));
          const reply = this.replies.shift();
          if (reply === undefined) throw new Error("the test scripted no further reply");
          return typeof reply === "function" ? reply() : reply;
        };
      },
      trace: (step) => this.traces.push(step),
    };
  }

  token(request: TokenRequest = {}): Promise<TokenAnswer> {
    return getToken(this.ports, this.account, request);
  }

  /** Stores a credential whose default access token was obtained now. */
  async seed(change: Partial<Credential> = {}, lifetimeSeconds = 3600): Promise<void> {
    const now = this.clock.now();
    const credential: Credential = {
      version: 1,
      refreshToken: "refresh-1",
      signedInAt: now,
      accessTokens: { outlook: { token: "access-1", obtainedAt: now, lifetimeSeconds, scope: SCOPE } },
      ...change,
    };
    await this.vault.write(ADDRESS, encodeCredential(credential));
    this.vault.writes = 0;
  }

  stored(): Credential {
    return decodeCredential(this.vault.values.get(ADDRESS) ?? new Uint8Array(), ADDRESS);
  }

  stop(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

export function granted(change: Record<string, unknown> = {}): Response {
  return Response.json({
    token_type: "Bearer",
    access_token: "access-2",
    refresh_token: "refresh-2",
    expires_in: 3600,
    scope: SCOPE,
    ...change,
  });
}

export function refused(error: string, description = "", status = 400): Response {
  return Response.json({ error, error_description: description }, { status });
}
