/**
 * A browser without a person: keeps cookies, follows redirects, fills in the forms of the lab's sign-in pages.
 *
 * It trusts the world's certificate authority, and like a person who was told to expect the warning it accepts an untrusted
 * certificate of a loopback listener, and of nothing else.
 */
import { request as httpsRequest } from "node:https";
import { request as httpRequest } from "node:http";
import { readFileSync } from "node:fs";

export interface BrowserOptions {
  /** Who signs in: what is typed into the page. */
  readonly login: string;
  /** PEM file of the world's certificate authority. */
  readonly caFile: string;
  /** `deny` presses Cancel where consent is asked for. */
  readonly consent?: "accept" | "deny";
}

export interface SignInResult {
  /** Where the authorization server sent the browser in the end: what its address bar shows. */
  readonly redirectUrl: string;
  /** What was served there, or undefined when nobody listens or the address is not on this machine. */
  readonly page: { readonly status: number; readonly html: string } | undefined;
}

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);
/** More redirects and pages than any sign-in has. */
const MAX_STEPS = 30;

/** Opens an authorization URL, signs in, consents, and follows the redirect back to the program that asked. */
export async function signIn(authorizationUrl: string, options: BrowserOptions): Promise<SignInResult> {
  const browser = new Browser(options);
  const last = await browser.drive(authorizationUrl);
  if (last.left === undefined) throw new Error(`the sign-in ended on a page of the server: ${textOf(last.html)}`);
  return { redirectUrl: last.left, page: await visitOutside(last.left) };
}

/** Opens the device page, types the code, signs in and consents. @returns the text of the page it ends on */
export async function deviceSignIn(
  verificationUri: string,
  userCode: string,
  options: BrowserOptions,
): Promise<string> {
  const browser = new Browser(options);
  const last = await browser.drive(verificationUri, userCode);
  return textOf(last.html);
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly html: string;
  readonly cookies: readonly string[];
}

class Browser {
  readonly #options: BrowserOptions;
  readonly #ca: string;
  /** By name and path: the server scopes its cookies to paths. */
  readonly #cookies = new Map<string, { readonly path: string; readonly pair: string }>();

  constructor(options: BrowserOptions) {
    this.#options = options;
    this.#ca = readFileSync(options.caFile, "utf8");
  }

  /** Goes on until there is no form to fill in, or the server sends the browser elsewhere (`left`). */
  async drive(start: string, userCode?: string): Promise<{ html: string; left: string | undefined }> {
    const home = new URL(start).origin;
    let url = start;
    let form: URLSearchParams | undefined;
    let typed = false; // the device page asks for the code once more when it did not like it
    for (let step = 0; step < MAX_STEPS; step++) {
      const answer = await this.#load(url, form);
      form = undefined;
      if (answer.location !== undefined) {
        url = new URL(answer.location, url).href;
        if (new URL(url).origin !== home) return { html: "", left: url };
        continue;
      }
      const next = this.#fillIn(answer.html, userCode);
      const refused = typed && next?.fields.has("user_code") === true && !next.fields.has("confirm");
      if (next === undefined || refused) return { html: answer.html, left: undefined };
      typed ||= next.fields.has("user_code");
      url = new URL(next.action, url).href;
      form = next.fields;
    }
    throw new Error("the sign-in goes round in circles");
  }

  #fillIn(html: string, userCode: string | undefined): { action: string; fields: URLSearchParams } | undefined {
    const forms = formsOf(html);
    const denies = this.#options.consent === "deny" && forms.some(({ fields }) => fields.has("consent"));
    const form = denies ? forms.find(({ fields }) => fields.has("cancel")) : forms[0];
    if (form === undefined) return undefined;
    if (form.fields.has("login")) {
      form.fields.set("login", this.#options.login);
      form.fields.set("password", "any password");
    }
    if (form.fields.get("user_code") === "") form.fields.set("user_code", userCode ?? "");
    return form;
  }

  async #load(url: string, form: URLSearchParams | undefined): Promise<Answer> {
    const { pathname } = new URL(url);
    const sent = [...this.#cookies.values()].filter(({ path }) => pathname.startsWith(path)).map(({ pair }) => pair);
    const answer = await exchange(url, { ca: this.#ca, form, cookies: sent });
    for (const cookie of answer.cookies) {
      const [pair = "", ...attributes] = cookie.split("; ");
      const path = /^path=(.*)$/i.exec(attributes.find((one) => /^path=/i.test(one)) ?? "")?.[1] ?? "/";
      const name = pair.slice(0, pair.indexOf("="));
      if (pair === `${name}=`) this.#cookies.delete(`${name} ${path}`);
      else this.#cookies.set(`${name} ${path}`, { path, pair });
    }
    return answer;
  }
}

/** The redirect back. Nobody listening there is no error: a person would then copy the address bar. */
async function visitOutside(url: string): Promise<SignInResult["page"]> {
  if (!LOOPBACK.has(new URL(url).hostname)) return undefined;
  try {
    const { status, html } = await exchange(url, { ca: undefined, form: undefined, cookies: [] });
    return { status, html };
  } catch (error) {
    if (isRefused(error)) return undefined;
    throw error;
  }
}

interface Exchange {
  /** Undefined: any certificate will do. */
  readonly ca: string | undefined;
  readonly form: URLSearchParams | undefined;
  readonly cookies: readonly string[];
}

function exchange(address: string, { ca, form, cookies }: Exchange): Promise<Answer> {
  const url = new URL(address);
  const body = form?.toString();
  const options = {
    method: body === undefined ? "GET" : "POST",
    agent: false,
    headers: {
      accept: "text/html",
      ...(cookies.length === 0 ? {} : { cookie: cookies.join("; ") }),
      ...(body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
    },
  } as const;
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === "https:"
        ? httpsRequest(url, { ...options, ...(ca === undefined ? { rejectUnauthorized: false } : { ca }) })
        : httpRequest(url, options);
    request.on("error", reject);
    request.on("response", (response) => {
      let html = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (html += chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location,
          html,
          cookies: response.headers["set-cookie"] ?? [],
        });
      });
    });
    request.end(body);
  });
}

function formsOf(html: string): { action: string; fields: URLSearchParams }[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, attributes = "", content = ""]) => {
    const fields = new URLSearchParams();
    for (const [, input = ""] of content.matchAll(/<input\b([^>]*)>/gi)) {
      const name = attribute(input, "name");
      if (name !== undefined) fields.append(name, attribute(input, "value") ?? "");
    }
    return { action: attribute(attributes, "action") ?? "", fields };
  });
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`, "i").exec(tag)?.[1];
  return value?.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))).replaceAll("&amp;", "&");
}

function textOf(html: string): string {
  return html
    .replace(/<(style|title)[\s\S]*?<\/\1>/gi, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

function isRefused(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isRefused);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ECONNREFUSED" || code === "ConnectionRefused";
}
