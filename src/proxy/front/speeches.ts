/** The protocols that the proxy serves. */
import { ImapFront } from "./imap-front.ts";
import { ImapPassage } from "./imap-passage.ts";
import type { Speech } from "./front.ts";

export const SPEECHES = {
  imap: { front: (options) => new ImapFront(options), passage: () => new ImapPassage() },
} as const satisfies { readonly [protocol: string]: Speech };
