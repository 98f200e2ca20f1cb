/** The device flow with a person in it: the code is shown, and the wait for somebody to type it begins. @see RFC 8628 */
import { pollForToken, startDeviceAuthorization } from "../oauth/device-authorization.ts";
import type { PermanentFailure, TokenOutcome, TransientFailure } from "../oauth/token-endpoint.ts";
import type { Instant } from "../platform/clock.ts";
import type { Fetch } from "../platform/http.ts";
import type { SignInPorts, SignInRequest } from "./request.ts";

export type DeviceResult =
  | { readonly kind: "outcome"; readonly outcome: TokenOutcome; readonly askedAt: Instant }
  /** No code was given out; when that is permanent, another flow may work. */
  | { readonly kind: "failed"; readonly failure: PermanentFailure | TransientFailure };

/** Rejects with the signal's reason. */
export async function signInWithDevice(
  { server, client, scopes }: SignInRequest,
  ports: SignInPorts,
  signal: AbortSignal,
): Promise<DeviceResult> {
  let askedAt = ports.clock.now();
  const fetch: Fetch = (url, init) => {
    askedAt = ports.clock.now(); // a token's life starts no earlier than the request it answers
    return ports.fetch(url, init);
  };
  const start = await startDeviceAuthorization(server, client, scopes, fetch);
  if (start.kind === "unusable") return { kind: "failed", failure: notOne(start.reason) };
  if (start.kind !== "started") return { kind: "failed", failure: start };
  const { userCode, verificationUri, verificationUriComplete, expiresInSeconds } = start.device;
  ports.tell({ kind: "device", userCode, verificationUri, verificationUriComplete, expiresInSeconds });
  const outcome = await pollForToken(server, client, start.device, { fetch, clock: ports.clock, signal });
  return { kind: "outcome", outcome, askedAt };
}

function notOne(reason: string): PermanentFailure {
  return { kind: "permanent", error: "no device authorization", description: reason };
}
