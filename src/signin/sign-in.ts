/**
 * Signing in, as a use case: choose a flow, run it, check who it was. Returns what the provider granted and stores nothing.
 * What is to be seen of it goes out as events; what a person types comes in through `readLine`.
 */
import { MailkeyError } from "../errors.ts";
import { redeemCode } from "../oauth/authorization-code.ts";
import { identityOf, isIdentityOf, type Identity } from "../oauth/identity.ts";
import type { TokenOutcome } from "../oauth/token-endpoint.ts";
import type { Instant } from "../platform/clock.ts";
import { findBrowser } from "./browser.ts";
import { chooseFlow, type Flow, type FlowChoice } from "./choose.ts";
import { obtainCode } from "./code-flow.ts";
import { signInWithDevice } from "./device.ts";
import {
  failurePage,
  noRefreshTokenError,
  noRefreshTokenPage,
  signInError,
  successPage,
  wrongUserError,
  wrongUserPage,
  type Setting,
} from "./outcome.ts";
import type { Page } from "./page.ts";
import type { SignedIn, SignInPorts, SignInRequest } from "./request.ts";

const NO_FLOW: ReadonlySet<Flow> = new Set();
/** Microsoft's device codes live for 15 minutes; an attempt that nobody finishes must not listen for ever. */
const SIGN_IN_TIMEOUT_MS = 16 * 60 * 1000;

/**
 * @throws ERR_UNSUPPORTED, ERR_SIGN_IN_FAILED, ERR_WRONG_USER, ERR_CLIENT_REJECTED, ERR_PROVIDER_UNAVAILABLE, ERR_INTERRUPTED
 */
export async function signIn(request: SignInRequest, ports: SignInPorts): Promise<SignedIn> {
  const timeoutMs = ports.timeoutMs ?? SIGN_IN_TIMEOUT_MS;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([ports.signal, timeout]);
  try {
    return await attempt(request, ports, signal);
  } catch (error) {
    if (error instanceof MailkeyError) throw error;
    if (ports.signal.aborted) throw new MailkeyError("ERR_INTERRUPTED", "interrupted", { cause: error });
    if (!timeout.aborted) throw error;
    const minutes = Math.round(timeoutMs / 60_000);
    throw new MailkeyError("ERR_SIGN_IN_FAILED", `nobody signed in within ${minutes} minutes`, {
      cause: error,
      hint: "run the same command again",
    });
  }
}

async function attempt(request: SignInRequest, ports: SignInPorts, signal: AbortSignal): Promise<SignedIn> {
  const choice = choose(request, ports, NO_FLOW);
  ports.tell({ kind: "flow", flow: choice.flow, reason: choice.reason });
  const setting = { ...request, flow: choice.flow };
  if (choice.flow !== "device") return withCode(request, ports, choice, setting, signal);
  const result = await signInWithDevice(request, ports, signal);
  if (result.kind === "outcome") return accept(judge(setting, result.outcome), result.askedAt, choice.flow);
  if (result.failure.kind === "transient") throw signInError(setting, result.failure);
  return withoutDevice(request, ports, signInError(setting, result.failure), signal);
}

/**
 * No code is to be had: the endpoint is none, or the client or the scope is not admitted there (Google's case for mail). Unless
 * a device code is what was asked for, a person can still copy an address.
 */
async function withoutDevice(
  request: SignInRequest,
  ports: SignInPorts,
  error: MailkeyError,
  signal: AbortSignal,
): Promise<SignedIn> {
  const choice = request.flow === "device" ? undefined : chooseQuietly(request, ports, new Set(["device"]));
  if (choice === undefined || choice.flow === "device") throw error;
  ports.tell({ kind: "fallback", from: "device", reason: error.message });
  ports.tell({ kind: "flow", flow: choice.flow, reason: choice.reason });
  return withCode(request, ports, choice, { ...request, flow: choice.flow }, signal);
}

function chooseQuietly(request: SignInRequest, ports: SignInPorts, without: ReadonlySet<Flow>): FlowChoice | undefined {
  try {
    return choose(request, ports, without);
  } catch (error) {
    if (error instanceof MailkeyError) return undefined;
    throw error;
  }
}

function choose(request: SignInRequest, ports: SignInPorts, without: ReadonlySet<Flow>): FlowChoice {
  const finding = ports.browser
    ? findBrowser({ env: ports.env, platform: ports.platform })
    : { available: false as const, reason: "--no-browser" };
  return chooseFlow({
    clientName: request.clientName,
    redirectUris: request.redirectUris,
    deviceFlow: request.deviceFlow,
    hasAuthorizationEndpoint: request.server.endpoints.authorization !== undefined,
    hasDeviceEndpoint: request.server.endpoints.device !== undefined,
    browser: finding.available,
    noBrowserReason: finding.available ? undefined : finding.reason,
    wanted: request.flow,
    redirectUri: request.redirectUri,
    without,
  });
}

async function withCode(
  request: SignInRequest,
  ports: SignInPorts,
  choice: Exclude<FlowChoice, { flow: "device" }>,
  setting: Setting,
  signal: AbortSignal,
): Promise<SignedIn> {
  const obtained = await obtainCode(request, ports, choice, signal);
  const { authorization, answer } = obtained;
  try {
    ports.tell({ kind: "answered" });
    const askedAt = ports.clock.now();
    const outcome =
      answer.kind === "code"
        ? await redeemCode(request.server, request.client, authorization, answer.parameters, ports.fetch)
        : answer;
    const verdict = judge(setting, outcome);
    await obtained.show(verdict.page);
    return accept(verdict, askedAt, choice.flow);
  } finally {
    obtained.close();
  }
}

/** What came out of it, with the page that says so. */
type Verdict =
  | { readonly grant: SignedIn["grant"]; readonly identity: Identity | undefined; readonly page: Page }
  | { readonly error: MailkeyError; readonly page: Page };

function judge(setting: Setting, outcome: TokenOutcome): Verdict {
  if (outcome.kind !== "granted") return { error: signInError(setting, outcome), page: failurePage(setting, outcome) };
  const { grant } = outcome;
  const identity = identityOf(grant.claims);
  if (identity !== undefined && !isIdentityOf(identity, setting.login))
    return { error: wrongUserError(setting.login, identity), page: wrongUserPage(setting.login, identity) };
  const { refreshToken } = grant;
  if (refreshToken === undefined) return { error: noRefreshTokenError(setting), page: noRefreshTokenPage(setting) };
  return { grant: { ...grant, refreshToken }, identity, page: successPage(setting, identity) };
}

function accept(verdict: Verdict, obtainedAt: Instant, flow: Flow): SignedIn {
  if ("error" in verdict) throw verdict.error;
  return { grant: verdict.grant, identity: verdict.identity, obtainedAt, flow };
}
