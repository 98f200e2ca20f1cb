/**
 * Opens mailboxes: a token, a verified connection in TLS, a login. What goes wrong is told in the words of whoever knows why.
 *
 * A server that refuses a token which should be good is asked once more with another one, on a connection of its own: the client hears of it
 * only when that does not help either.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../../accounts/config.ts";
import { isMailkeyError } from "../../errors.ts";
import { approach, cleaner, failureOf, logIn, type Approached, type Progress } from "../../mail/login.ts";
import { MailServerError } from "../../mail/mail-server-error.ts";
import type { LoginFailure, MailProtocol, ServerAddress } from "../../mail/report.ts";
import type { Environment } from "../../platform/paths.ts";
import type { Secret } from "../../platform/secret.ts";
import { shellWord } from "../../platform/shell.ts";
import { Turns } from "../../platform/turns.ts";
import type { Mailbox } from "../mailboxes.ts";
import type { Refusal } from "../refusal.ts";
import type { AccessTokens } from "../tokens.ts";
import { Extensions } from "./extensions.ts";
import { isTokenRefused, withoutToken, withToken } from "./refusals.ts";
import { serverName, Trust } from "./trust.ts";
import type { Opened, Upstream, UpstreamRequest } from "./upstream.ts";

export interface UpstreamPorts {
  readonly env: Environment;
  /** Of the moment: it may be read again. */
  readonly config: () => Config;
  readonly tokens: AccessTokens;
  /** For one login, the wait for its turn included: who waits behind a server that hangs is told in time. */
  readonly loginTimeoutMs?: number;
}

/** Exchange takes its time over the first login of a new client. */
const LOGIN_TIMEOUT_MS = 30_000;
/** While somebody signs in: how often it is looked whether they have. */
const SIGN_IN_PAUSE_MS = 1000;

const PROTOCOL_NAMES: Readonly<Record<MailProtocol, string>> = { imap: "IMAP", pop: "POP3", smtp: "SMTP" };

export class MailUpstream implements Upstream {
  readonly #ports: UpstreamPorts;
  readonly #trust: Trust;
  readonly #extensions: Extensions;
  /** By server: one that hangs holds up nobody else's clients. */
  readonly #handshakes = new Map<string, Turns>();

  constructor(ports: UpstreamPorts) {
    this.#ports = ports;
    this.#trust = new Trust(ports.env, () => ports.config().caFile);
    this.#extensions = new Extensions({
      trust: (server) => this.#trust.for(server),
      now: () => performance.now(),
    });
  }

  async open(request: UpstreamRequest): Promise<Opened | Refusal> {
    const { protocol, mailbox, signal } = request;
    const server = mailbox.servers[protocol];
    if (server === undefined) return withoutServer(mailbox, protocol);
    try {
      const token = await this.#token(request);
      const first = await this.#attempt(request, server, token);
      if (!("ok" in first)) return first;
      const other = isTokenRefused(first) ? await this.#token(request, token) : token;
      const last = other.equals(token) ? first : await this.#attempt(request, server, other);
      return "ok" in last ? await withToken(last, mailbox) : last;
    } catch (error) {
      signal.throwIfAborted();
      if (isMailkeyError(error)) return withoutToken(error);
      throw error;
    }
  }

  async extensions(protocol: MailProtocol, mailboxes: readonly Mailbox[]): Promise<readonly string[]> {
    return this.#extensions.common(
      protocol,
      mailboxes.flatMap(({ servers }) => servers[protocol] ?? []),
    );
  }

  /** Waits for a sign-in where that is wished. */
  async #token({ protocol, mailbox, signal }: UpstreamRequest, refused?: Secret): Promise<Secret> {
    const { tokens, config } = this.#ports;
    const endMs = performance.now() + config().proxy.waitForSignInMs;
    for (;;) {
      try {
        return await tokens.get({ mailbox, resource: mailbox.resources[protocol], refused, signal });
      } catch (error) {
        if (!isMailkeyError(error, "ERR_SIGN_IN_AGAIN") || performance.now() >= endMs) throw error;
        await sleep(SIGN_IN_PAUSE_MS, undefined, { signal });
      }
    }
  }

  async #attempt(
    { protocol, mailbox, clientName, signal }: UpstreamRequest,
    server: ServerAddress,
    token: Secret,
  ): Promise<Opened | LoginFailure> {
    const timeoutMs = this.#ports.loginTimeoutMs ?? LOGIN_TIMEOUT_MS;
    const endMs = performance.now() + timeoutMs;
    const [preferred = "XOAUTH2", ...others] = mailbox.mechanisms[protocol] ?? ["XOAUTH2", "OAUTHBEARER"];
    const login = {
      protocol,
      server,
      clientName,
      user: mailbox.user,
      token,
      mechanisms: [preferred, ...others] as const,
      timeoutMs,
      signal,
      ...this.#trust.for(server),
    };
    const clean = cleaner(login);
    const progress: Progress = { stage: "connect" };
    let approached: Approached | undefined;
    try {
      approached = await this.#turns(server).take(() =>
        approach({ ...login, timeoutMs: Math.max(0, endMs - performance.now()) }, progress),
      );
      const { connection, dialogue } = approached;
      const { said, capabilities } = await logIn(approached, login, progress);
      this.#extensions.note(protocol, server, dialogue.extensions);
      return { ...connection.release(), said: clean(said), capabilities, extensions: dialogue.extensions };
    } catch (error) {
      approached?.connection.close();
      signal.throwIfAborted(); // or the server would be blamed for it
      if (error instanceof MailServerError) return failureOf(error, login, progress, clean);
      throw error;
    }
  }

  #turns(server: ServerAddress): Turns {
    const name = serverName(server);
    const turns = this.#handshakes.get(name) ?? new Turns(this.#ports.config().proxy.limits.handshakes);
    this.#handshakes.set(name, turns);
    return turns;
  }
}

function withoutServer({ address }: Mailbox, protocol: MailProtocol): Refusal {
  const words = `${address} has no ${PROTOCOL_NAMES[protocol]} server`;
  return { kind: "needed", words, hint: `mailkey show ${shellWord(address)}`, code: "ERR_CONFIG" };
}
