/**
 * What a person pastes, made into the parameters of a redirect: the whole address, a part of it, or the bare code. Terminals,
 * mail programs and chat windows break lines, add quotes and escape ampersands; people copy the wrong address. Pure.
 */
import { isOutOfBand } from "./redirect.ts";

export interface PasteQuestion {
  readonly redirectUri: string;
  readonly authorizationEndpoint: string;
  /** Of this attempt: a bare code carries none, and PKCE alone binds it to this attempt. */
  readonly state: string;
  /** The provider names itself in the answer (RFC 9207): a bare code then lacks something that has to be checked. */
  readonly wholeAddressOnly: boolean;
}

export type Pasted =
  /** For `readRedirect` to judge: a wrong `state`, or the provider's error, is still possible. */
  | { readonly kind: "parameters"; readonly parameters: URLSearchParams }
  /** Not what is needed, and what is. For people. */
  | { readonly kind: "wrong"; readonly reason: string };

/** Shorter than any code; longer than a word typed by mistake. */
const MIN_CODE_LENGTH = 8;

export function readPasted(text: string, question: PasteQuestion): Pasted {
  const clean = unwrap(text);
  if (clean === "") return wrong("nothing was pasted");
  if (/^[a-z][a-z0-9+.-]*:/i.test(clean) && URL.canParse(clean)) return readAddress(new URL(clean), question);
  const host = hostPrefix(question.redirectUri);
  if (host !== undefined && clean.toLowerCase().startsWith(host)) {
    const scheme = new URL(question.redirectUri).protocol;
    if (URL.canParse(`${scheme}//${clean}`)) return readAddress(new URL(`${scheme}//${clean}`), question);
  }
  if (/(^|[?&#/])(code|error)=/.test(clean)) return readQuery(clean);
  return readBareCode(clean, question);
}

function readAddress(url: URL, question: PasteQuestion): Pasted {
  const { redirectUri, authorizationEndpoint } = question;
  const start = new URL(authorizationEndpoint);
  const isStart = url.searchParams.has("code_challenge") || url.searchParams.get("response_type") === "code";
  if (isStart) return wrong("this is the address where the sign-in starts; what is needed is the one where it ends");
  if (url.host === start.host && !isRedirect(url, redirectUri))
    return wrong(`the sign-in is not finished at this address of ${url.host}: go on until ${landing(redirectUri)}`);
  if (!isRedirect(url, redirectUri))
    return wrong(`this is an address of ${url.host || url.protocol}, but the sign-in ends at ${redirectUri}`);
  // Some servers answer in the fragment, which a listener never sees but a person can copy.
  const parameters = url.searchParams.has("state") ? url.searchParams : new URLSearchParams(url.hash.slice(1));
  const found = [...url.searchParams].length > 0 && [...parameters].length === 0 ? url.searchParams : parameters;
  if (!found.has("code") && !found.has("error"))
    return wrong(`this address holds no code: copy all of it, from ${redirectUri} to its end`);
  if (!found.has("state")) return wrong("this address is cut off: copy all of it, to its end");
  return { kind: "parameters", parameters: found };
}

/** `?code=…&state=…` without what comes before it. */
function readQuery(text: string): Pasted {
  const start = text.search(/(code|error)=/);
  const before = Math.max(text.lastIndexOf("?", start), text.lastIndexOf("#", start));
  const parameters = new URLSearchParams(text.slice(before + 1));
  if (!parameters.has("state")) return wrong("this is only a part of the address: copy all of it, to its end");
  return { kind: "parameters", parameters };
}

function readBareCode(text: string, { state, wholeAddressOnly }: PasteQuestion): Pasted {
  const [code = "", ...rest] = text.split("&");
  if (!/^[\u0021-\u007e]+$/.test(code) || code.length < MIN_CODE_LENGTH || code.includes("://"))
    return wrong("this is neither an address nor a code");
  if (wholeAddressOnly) return wrong("the code alone does not say who gave it out: paste the whole address");
  const parameters = new URLSearchParams(rest.join("&"));
  parameters.set("code", decodeQuietly(code));
  if (!parameters.has("state")) parameters.set("state", state);
  return { kind: "parameters", parameters };
}

/** The address as somebody meant it: without line breaks, quotes and brackets around it. */
function unwrap(text: string): string {
  const joined = text
    .replace(/\u001b\[20[01]~/g, "") // bracketed paste, where the terminal's reader did not take it out
    .replace(/[\s\u0000-\u001f\u007f\u200b-\u200f\u2028-\u202e\u2060\ufeff]+/g, "");
  const bare = joined.replace(/^[<"'`“”‘’([]+/, "").replace(/[>"'`“”‘’)\]]+$/, "");
  return bare.replaceAll("&amp;", "&").replaceAll("\\&", "&").replaceAll("\\?", "?").replaceAll("\\=", "=");
}

/** Whether `url` is the redirect URI with something after it; the port counts only where one was registered. */
function isRedirect(url: URL, redirectUri: string): boolean {
  if (!URL.canParse(redirectUri) || isOutOfBand(redirectUri)) return false;
  const redirect = new URL(redirectUri);
  return url.protocol === redirect.protocol && url.host === redirect.host && url.pathname === redirect.pathname;
}

/** `localhost/`, as browsers that hide the scheme show it. */
function hostPrefix(redirectUri: string): string | undefined {
  if (isOutOfBand(redirectUri) || !URL.canParse(redirectUri)) return undefined;
  return new URL(redirectUri).host;
}

function landing(redirectUri: string): string {
  return isOutOfBand(redirectUri) ? "it shows a code" : `the address starts with ${redirectUri}`;
}

function decodeQuietly(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a per cent sign that escapes nothing belongs to the code
  }
}

function wrong(reason: string): Pasted {
  return { kind: "wrong", reason };
}
