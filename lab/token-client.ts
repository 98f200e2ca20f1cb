/**
 * The lab's own way to tokens, in a few lines and independent of mailkey: for the tests of the lab itself, and for tests that only
 * need some valid token.
 */
import { createHash, randomBytes } from "node:crypto";
import { request } from "node:https";
import { readFileSync } from "node:fs";
import { type BrowserOptions, signIn } from "./browser.ts";
import { MAIL_SCOPES, THUNDERBIRD_CLIENT_ID } from "./registrations.ts";
import type { World } from "./world.ts";

export interface FormAnswer {
  readonly status: number;
  /** The members of the JSON answer. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Signs in as `login` with the authorization code flow. @throws Error with the server's answer when it refuses */
export async function obtainTokens(
  world: World,
  options: { readonly login?: string; readonly scopes?: readonly string[] } = {},
): Promise<Tokens> {
  const verifier = randomBytes(32).toString("base64url");
  const redirectUri = "https://localhost";
  const scopes = options.scopes ?? Object.values(MAIL_SCOPES);
  const url = new URL(world.endpoints.authorization);
  url.search = new URLSearchParams({
    client_id: THUNDERBIRD_CLIENT_ID,
    response_type: "code",
    redirect_uri: redirectUri,
    scope: ["openid", "email", "offline_access", ...scopes].join(" "),
    state: "lab",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  const browser: BrowserOptions = { login: options.login ?? world.address, caFile: world.caFile };
  const { redirectUrl } = await signIn(url.href, browser);
  const code = new URL(redirectUrl).searchParams.get("code");
  if (code === null) throw new Error(`the sign-in was refused: ${redirectUrl}`);
  return tokensOf(
    await postForm(world, world.endpoints.token, {
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri,
      client_id: THUNDERBIRD_CLIENT_ID,
      code_verifier: verifier,
    }),
  );
}

/** One refresh request, whatever comes of it. */
export function refresh(world: World, refreshToken: string): Promise<FormAnswer> {
  return postForm(world, world.endpoints.token, {
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: THUNDERBIRD_CLIENT_ID,
  });
}

/** @throws Error with the answer when it holds no tokens */
export function tokensOf({ status, body }: FormAnswer): Tokens {
  const { access_token: accessToken, refresh_token: refreshToken } = body;
  if (typeof accessToken === "string" && typeof refreshToken === "string") return { accessToken, refreshToken };
  throw new Error(`no tokens but ${status} ${String(body["error"])}: ${String(body["error_description"])}`);
}

/** Posts a form to the world and reads the JSON answer; an empty answer has no members. */
export function postForm(
  world: Pick<World, "caFile">,
  url: string,
  parameters: Readonly<Record<string, string>>,
): Promise<FormAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: "POST",
      agent: false,
      ca: readFileSync(world.caFile),
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => {
        const body = text === "" ? {} : (JSON.parse(text) as FormAnswer["body"]);
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    sent.end(new URLSearchParams(parameters).toString());
  });
}
