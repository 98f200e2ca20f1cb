/** What happens while somebody signs in, for whoever shows it: the terminal, or a script that reads JSON. Nothing in it is secret. */
import type { Flow } from "./choose.ts";

export type SignInEvent =
  /** How it will be done, and why that way. */
  | { readonly kind: "flow"; readonly flow: Flow; readonly reason: string }
  /** A flow turned out not to work here; another one is tried. */
  | { readonly kind: "fallback"; readonly from: Flow; readonly reason: string }
  /** The address to open in a browser. */
  | {
      readonly kind: "address";
      readonly flow: "loopback" | "paste";
      readonly url: string;
      /** Where the browser ends up. */
      readonly redirectUri: string;
      /** A browser has been started with it. */
      readonly opened: boolean;
      /** Of the certificate that the browser is going to warn about. */
      readonly fingerprint: string | undefined;
    }
  /** The code to type, and where. */
  | {
      readonly kind: "device";
      readonly userCode: string;
      readonly verificationUri: string;
      readonly verificationUriComplete: string | undefined;
      readonly expiresInSeconds: number;
    }
  /** Somebody came to the listener with something else. */
  | { readonly kind: "stranger"; readonly reason: string }
  /** What was pasted is not it. */
  | { readonly kind: "wrong-paste"; readonly reason: string }
  /** The answer is there; tokens are being fetched. */
  | { readonly kind: "answered" };
