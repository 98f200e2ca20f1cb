/**
 * The authorization code flow with a person in it: the address goes out, the answer comes in through the listener, the paste
 * prompt, or whichever is first.
 */
import { MailkeyError } from "../errors.ts";
import {
  readRedirect,
  startAuthorization,
  type Authorization,
  type RedirectAnswer,
} from "../oauth/authorization-code.ts";
import { findBrowser, launchBrowser } from "./browser.ts";
import type { FlowChoice } from "./choose.ts";
import { openLoopback, type Arrival, type Loopback } from "./loopback.ts";
import type { Page } from "./page.ts";
import { readPasted } from "./paste.ts";
import type { SignInPorts, SignInRequest } from "./request.ts";

/** The answer to one attempt, and the way to show a page to whoever brought it. */
export interface CodeAnswer {
  readonly authorization: Authorization;
  readonly answer: Exclude<RedirectAnswer, { kind: "foreign" }>;
  /** Does nothing when a person pasted the answer. */
  readonly show: (page: Page) => Promise<void>;
  readonly close: () => void;
}

type CodeChoice = Exclude<FlowChoice, { flow: "device" }>;

/** @throws ERR_SIGN_IN_FAILED; rejects with the signal's reason */
export async function obtainCode(
  request: SignInRequest,
  ports: SignInPorts,
  choice: CodeChoice,
  signal: AbortSignal,
): Promise<CodeAnswer> {
  const loopback =
    choice.flow === "loopback"
      ? await openLoopback(choice.redirectUri, {
          nowMs: ports.clock.now().wallMs,
          onStranger: (reason) => ports.tell({ kind: "stranger", reason }),
        })
      : undefined;
  try {
    const redirectUri = loopback?.redirectUri ?? choice.redirectUri;
    const { server, client, scopes, otherScopes, parameters, login } = request;
    const authorization = await startAuthorization(server, client, {
      redirectUri,
      scopes,
      otherScopes,
      parameters,
      loginHint: login,
    });
    const url = authorization.url.href;
    const opened = await openPage(url, ports);
    ports.tell({ kind: "address", flow: choice.flow, url, redirectUri, opened, fingerprint: loopback?.fingerprint });
    const { answer, arrival } = await firstAnswer(new Attempt(request, ports, authorization), loopback, signal);
    return {
      authorization,
      answer,
      show: async (page) => arrival?.answer(page),
      close: () => loopback?.close(),
    };
  } catch (error) {
    loopback?.close();
    throw error;
  }
}

interface Answered {
  readonly answer: CodeAnswer["answer"];
  /** Absent when it was pasted. */
  readonly arrival?: Arrival;
}

/** Listener and prompt at once, for people over SSH, or whose browser refuses the certificate. */
async function firstAnswer(attempt: Attempt, loopback: Loopback | undefined, signal: AbortSignal): Promise<Answered> {
  const over = new AbortController(); // ends whichever of the two was not first
  const either = AbortSignal.any([signal, over.signal]);
  const ways: Promise<Answered>[] = [];
  if (loopback !== undefined) ways.push(attempt.throughListener(loopback, either));
  ways.push(attempt.throughPrompt(either, loopback !== undefined));
  try {
    return await Promise.race(ways);
  } finally {
    for (const way of ways) way.catch(() => undefined); // the loser's end is of no interest
    over.abort();
  }
}

class Attempt {
  readonly #request: SignInRequest;
  readonly #ports: SignInPorts;
  readonly #authorization: Authorization;

  constructor(request: SignInRequest, ports: SignInPorts, authorization: Authorization) {
    this.#request = request;
    this.#ports = ports;
    this.#authorization = authorization;
  }

  async throughListener(loopback: Loopback, signal: AbortSignal): Promise<Answered> {
    const arrival = await loopback.wait((parameters) => {
      const answer = this.#read(parameters);
      return answer.kind === "foreign" ? answer.reason : undefined;
    }, signal);
    const answer = this.#read(arrival.parameters);
    if (answer.kind === "foreign") throw new TypeError("the listener let a stranger through");
    return { answer, arrival };
  }

  /** @param optional the listener may still bring the answer when nothing more can be read */
  async throughPrompt(signal: AbortSignal, optional: boolean): Promise<Answered> {
    let problem = "nothing was pasted";
    for (;;) {
      const text = await this.#ports.readLine?.(signal, optional);
      signal.throwIfAborted();
      if (text === undefined) {
        if (optional) return untilAborted(signal);
        throw new MailkeyError("ERR_SIGN_IN_FAILED", `cannot finish the sign-in: ${problem}`, {
          hint: "run the same command again, and paste the address that the browser ends on",
        });
      }
      const found = this.#readText(text);
      if (typeof found !== "string") return { answer: found };
      problem = found;
      this.#ports.tell({ kind: "wrong-paste", reason: found });
    }
  }

  /** @returns the answer, or why it is none */
  #readText(text: string): CodeAnswer["answer"] | string {
    const { redirectUri, state } = this.#authorization;
    const { endpoints, issInResponse } = this.#request.server;
    const pasted = readPasted(text, {
      redirectUri,
      state,
      authorizationEndpoint: endpoints.authorization ?? this.#authorization.url.href,
      wholeAddressOnly: issInResponse,
    });
    if (pasted.kind === "wrong") return pasted.reason;
    const answer = this.#read(pasted.parameters);
    return answer.kind === "foreign" ? `this address cannot be used: ${answer.reason}` : answer;
  }

  #read(parameters: URLSearchParams): RedirectAnswer {
    return readRedirect(this.#request.server, this.#request.client, this.#authorization, parameters);
  }
}

async function openPage(url: string, { env, platform, browser }: SignInPorts): Promise<boolean> {
  if (!browser) return false;
  const finding = findBrowser({ env, platform });
  return finding.available && (await launchBrowser(finding.launch(url), env));
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
