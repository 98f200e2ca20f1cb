/** A sign-in's events for people (lines on standard error) or for scripts (`--json`: one JSON object per line there). */
import { jsonText } from "../platform/text.ts";
import { drawQr, speaksUtf8 } from "../signin/qr.ts";
import type { SignInEvent } from "../signin/event.ts";
import { redirectKind } from "../signin/redirect.ts";
import type { Context } from "./context.ts";
import { formatSeconds } from "./duration.ts";
import { tinted } from "./table.ts";
import { wrapText } from "./wrap.ts";

export function showSignIn(context: Context, json: boolean): (event: SignInEvent) => void {
  if (json) return (event) => context.stderr(`${jsonText(jsonOf(event))}\n`);
  return (event) => {
    const text = textOf(event, context);
    if (text !== "") context.stderr(text);
  };
}

/** The event with the names that JSON has elsewhere: the RFC's where there are any. */
function jsonOf(event: SignInEvent): Record<string, unknown> {
  switch (event.kind) {
    case "address":
      return {
        event: "open_url",
        flow: event.flow,
        url: event.url,
        redirect_uri: event.redirectUri,
        opened: event.opened,
        ...(event.fingerprint === undefined ? {} : { certificate_sha256: event.fingerprint }),
      };
    case "device":
      return {
        event: "device_code",
        user_code: event.userCode,
        verification_uri: event.verificationUri,
        verification_uri_complete: event.verificationUriComplete,
        expires_in: event.expiresInSeconds,
      };
    case "flow":
    case "fallback":
    case "stranger":
    case "wrong-paste":
    case "answered":
    default: {
      const { kind, ...rest } = event;
      return { event: kind.replace("-", "_"), ...rest };
    }
  }
}

function textOf(event: SignInEvent, context: Context): string {
  const paragraph = (text: string) => `${wrapText(text, context.terminal.columns)}\n`;
  switch (event.kind) {
    case "flow":
      return paragraph(`\n${HOW[event.flow]} (${event.reason}).`);
    case "fallback":
      return paragraph(`That does not work here: ${event.reason}.`);
    case "address":
      return addressText(event, context);
    case "device":
      return deviceText(event, context);
    case "stranger":
      return paragraph(`Something came that is not the answer: ${event.reason}. Still waiting.`);
    case "wrong-paste":
      return paragraph(`That cannot be used: ${event.reason}.`) + prompt(context);
    case "answered":
    default:
      return "The answer is here.\n";
  }
}

const HOW = {
  loopback: "Signing in through your browser",
  paste: "Signing in through a browser anywhere",
  device: "Signing in with a code on any device",
} as const;

function addressText(event: Extract<SignInEvent, { kind: "address" }>, context: Context): string {
  const { columns } = context.terminal;
  const lines = [
    event.opened
      ? "Your browser has been asked to open this page. If it is nowhere to be seen, open it yourself:"
      : "Open this page in a browser and sign in:",
    "",
  ];
  // The address stays in one piece, whatever the width: terminals wrap it so that it can be copied.
  const after = event.flow === "loopback" ? afterLoopback(event, context) : afterPaste(event);
  const text = (paragraphs: readonly string[]) => paragraphs.map((one) => `${wrapText(one, columns)}\n`).join("");
  return `${text(lines)}${event.url}\n\n${text(after)}${event.flow === "paste" || context.terminal.interactive ? prompt(context) : ""}`;
}

function afterLoopback(event: Extract<SignInEvent, { kind: "address" }>, context: Context): string[] {
  const { origin } = new URL(event.redirectUri);
  const warning =
    event.fingerprint === undefined
      ? []
      : [
          `At the end your browser warns about the certificate of ${origin}. That is expected: mailkey has just made it, for this one page on your own machine. Choose "Advanced" and go on. To be quite sure, compare its SHA-256 fingerprint:`,
          ...(event.fingerprint.match(/.{1,48}/g) ?? []).map((part) => `  ${part.replace(/:$/, "")}`),
          "",
        ];
  const paste = context.terminal.interactive
    ? ["Waiting for the browser. If it cannot come back here, copy the address it ends on and paste it:"]
    : [`Waiting for the browser to come back to ${origin}.`];
  return [...warning, ...paste];
}

function afterPaste({ redirectUri }: Extract<SignInEvent, { kind: "address" }>): string[] {
  const kind = redirectKind(redirectUri);
  const end =
    !URL.canParse(redirectUri) || new URL(redirectUri).protocol === "urn:"
      ? "In the end it shows a code."
      : kind === "paste"
        ? `In the end the browser shows an empty page, whose address starts with ${redirectUri}.`
        : `In the end the browser says that it cannot open the page. That is expected: what counts is the address, which starts with ${redirectUri}.`;
  return [end, "Copy all of it and paste it here (it is not shown):"];
}

function deviceText(event: Extract<SignInEvent, { kind: "device" }>, context: Context): string {
  const { terminal, env } = context;
  const address = event.verificationUriComplete ?? event.verificationUri;
  const canvas = { columns: terminal.columns - 2, utf8: speaksUtf8(env, process.platform), colour: terminal.colourErr };
  const qr = (terminal.interactive ? drawQr(address, canvas) : undefined) ?? [];
  const code = tinted({ text: event.userCode, tone: "good" }, terminal.colourErr);
  // The QR code is tall: whatever scrolls out of a small terminal, the code to type in stays.
  return [
    ...(qr.length === 0 ? [] : ["Scan this with another device:", "", ...qr.map((line) => `  ${line}`), ""]),
    qr.length === 0 ? "On this or any other device open" : "or open on any device",
    "",
    `  ${event.verificationUri}`,
    "",
    "and type in the code",
    "",
    `  ${code}`,
    "",
    `Waiting; the code is good for ${formatSeconds(event.expiresInSeconds)}. Type it nowhere else.`,
    "",
  ].join("\n");
}

function prompt({ terminal }: Context): string {
  return terminal.interactive ? "> " : "";
}
