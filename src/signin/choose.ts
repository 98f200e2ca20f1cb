/**
 * Which flow signs in: decided from the client registration, the provider and the machine, and said in one line. Pure.
 *
 * A browser on this machine is the easiest for people and the least often forbidden by employers (device codes are the first
 * thing that Conditional Access switches off); without one a code typed elsewhere beats copying addresses.
 */
import { MailkeyError } from "../errors.ts";
import { redirectKind, type RedirectKind } from "./redirect.ts";

export const FLOWS = ["loopback", "paste", "device"] as const;
export type Flow = (typeof FLOWS)[number];

export interface FlowQuestion {
  readonly clientName: string;
  readonly redirectUris: readonly string[];
  /** What is known of the registration; undefined when nothing is. */
  readonly deviceFlow: boolean | undefined;
  readonly hasAuthorizationEndpoint: boolean;
  readonly hasDeviceEndpoint: boolean;
  /** A browser can be opened here, and its `localhost` is this machine. */
  readonly browser: boolean;
  /** Why not, for people. */
  readonly noBrowserReason?: string | undefined;
  /** `--flow` */
  readonly wanted?: Flow | undefined;
  /** `--redirect-uri` */
  readonly redirectUri?: string | undefined;
  /** Flows that were tried and do not work. */
  readonly without?: ReadonlySet<Flow>;
}

export type FlowChoice =
  | { readonly flow: "loopback" | "paste"; readonly redirectUri: string; readonly reason: string }
  | { readonly flow: "device"; readonly reason: string };

/** @throws ERR_UNSUPPORTED when the client cannot do what is wanted, or nothing at all */
export function chooseFlow(question: FlowQuestion): FlowChoice {
  const options = optionsOf(question);
  if (question.wanted !== undefined) return wantedFlow(question.wanted, question, options);
  const { loopback, paste, device } = options;
  if (question.browser && loopback !== undefined)
    return { flow: "loopback", redirectUri: loopback, reason: "a browser on this machine" };
  const why = question.noBrowserReason ?? "no browser on this machine";
  if (question.browser && paste !== undefined)
    return { flow: "paste", redirectUri: paste, reason: `${question.clientName} is registered for copying only` };
  if (device) return { flow: "device", reason: why };
  if (paste !== undefined) return { flow: "paste", redirectUri: paste, reason: why };
  throw new MailkeyError(
    "ERR_UNSUPPORTED",
    `${question.clientName} cannot sign in from here: ${whyNothing(question)}`,
    {
      hint: "--client-id ID, with a registration of your own",
    },
  );
}

interface Options {
  readonly loopback: string | undefined;
  readonly paste: string | undefined;
  readonly device: boolean;
}

function optionsOf(question: FlowQuestion): Options {
  const { redirectUri, without } = question;
  const uris = redirectUri === undefined ? question.redirectUris : [redirectUri];
  const first = (...kinds: RedirectKind[]) =>
    kinds.map((kind) => uris.find((uri) => redirectKind(uri) === kind)).find((uri) => uri !== undefined);
  const usesCode = question.hasAuthorizationEndpoint;
  return {
    loopback: usesCode && without?.has("loopback") !== true ? first("http", "https") : undefined,
    // A loopback redirect can always be copied: the browser keeps the address of a page that it could not open.
    paste: usesCode && without?.has("paste") !== true ? first("paste", "https", "http") : undefined,
    device:
      question.hasDeviceEndpoint &&
      question.deviceFlow !== false &&
      redirectUri === undefined &&
      without?.has("device") !== true,
  };
}

function wantedFlow(wanted: Flow, question: FlowQuestion, { loopback, paste }: Options): FlowChoice {
  const reason = `--flow ${wanted}`;
  if (wanted === "device") {
    if (!question.hasDeviceEndpoint) throw unsupported("the provider has no device authorization endpoint", question);
    if (question.deviceFlow === false) throw unsupported(`${question.clientName} may not use device codes`, question);
    return { flow: "device", reason };
  }
  if (!question.hasAuthorizationEndpoint) throw unsupported("the provider has no authorization endpoint", question);
  const redirectUri = wanted === "loopback" ? loopback : paste;
  if (redirectUri === undefined) {
    const what = wanted === "loopback" ? "a redirect to this machine" : "a redirect that can be copied";
    throw unsupported(`${question.clientName} is not registered with ${what}`, question);
  }
  return { flow: wanted, redirectUri, reason };
}

function unsupported(reason: string, question: FlowQuestion): MailkeyError {
  const other = FLOWS.find((flow) => flow !== question.wanted && isPossible(flow, question));
  return new MailkeyError("ERR_UNSUPPORTED", `cannot sign in with --flow ${question.wanted}: ${reason}`, {
    hint: other === undefined ? "--client-id ID, with a registration of your own" : `--flow ${other}`,
  });
}

function isPossible(flow: Flow, question: FlowQuestion): boolean {
  const { loopback, paste, device } = optionsOf(question);
  return flow === "device" ? device : (flow === "loopback" ? loopback : paste) !== undefined;
}

function whyNothing({ redirectUris, redirectUri, hasAuthorizationEndpoint, hasDeviceEndpoint }: FlowQuestion): string {
  if (!hasAuthorizationEndpoint && !hasDeviceEndpoint) return "the provider has no authorization endpoint";
  const uris = redirectUri === undefined ? redirectUris : [redirectUri];
  if (uris.length === 0) return "it is registered without a redirect, and without device codes";
  return `its redirects lead elsewhere (${uris.join(", ")})`;
}
