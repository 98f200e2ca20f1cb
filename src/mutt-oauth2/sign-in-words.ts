/** A sign-in's events as lines on standard error. */
import type { SignInEvent } from "../signin/event.ts";

export function showEvent(event: SignInEvent, stderr: (text: string) => void): void {
  const lines = linesOf(event);
  if (lines.length > 0) stderr(`${lines.join("\n")}\n`);
}

function linesOf(event: SignInEvent): string[] {
  switch (event.kind) {
    case "address":
      return [
        event.opened ? "Your browser has been sent to this address:" : "Open this address in a browser:",
        "",
        event.url,
        "",
        ...(event.flow === "loopback"
          ? [
              `Waiting for the browser to come back to ${event.redirectUri}.`,
              "If it cannot, paste the address that it ends on here.",
            ]
          : [
              `Sign in until the browser ends on ${event.redirectUri}, which may be an empty or failed page.`,
              "Then paste its whole address here:",
            ]),
        ...(event.fingerprint === undefined
          ? []
          : [`The browser is going to warn about a certificate: it is mailkey's own, ${event.fingerprint}`]),
      ];
    case "device":
      return [`Open ${event.verificationUri} on any device and type the code ${event.userCode}`, "Waiting."];
    case "fallback":
      return [`That does not work here: ${event.reason}.`];
    case "stranger":
      return [`Something else came instead of the browser's answer: ${event.reason}.`];
    case "wrong-paste":
      return [`That is not it: ${event.reason}. Try again:`];
    case "answered":
      return ["Signed in; fetching the tokens."];
    case "flow":
    default:
      return [];
  }
}
