/** SMTP submission before a login. @see RFC 5321, RFC 4954 (AUTH), RFC 3207 (STARTTLS), RFC 3463 (enhanced codes) */
import { parseAuthArgument } from "../../mail/auth-argument.ts";
import { isClientName, parseSmtpCommand } from "../../mail/smtp-command.ts";
import { PASSWORD_MECHANISMS } from "../../sasl/password-mechanisms.ts";
import type { Refusal } from "../refusal.ts";
import type { Farewell, Front, FrontOptions } from "./front.ts";
import { LineFront, type Dialect, type Occasion, type Offer, type Reaction } from "./line-front.ts";
import { farewellWords, refusalWords, spoken } from "./words.ts";

export function smtpFront(options: FrontOptions): Front {
  return new LineFront(new SmtpDialect(options.login), options);
}

/** @see RFC 3463 3 */
const FAREWELL_CODES: Readonly<Record<Farewell, string>> = {
  time: "4.4.2",
  sessions: "4.7.0",
  stopping: "4.3.2",
  upstream: "4.3.0",
  bug: "4.3.0",
};

/** Without its line's end. */
export function smtpFarewell(reason: Farewell): string {
  return `421 ${FAREWELL_CODES[reason]} ${farewellWords(reason)}`;
}

/** The proxy is no server of its own, and its machine's name is nobody's business. */
const DOMAIN = "localhost";

const SERVER_MATTERS = new Set([
  "MAIL",
  "RCPT",
  "DATA",
  "BDAT",
  "EXPN",
  "ETRN",
  "BURL",
  "SEND",
  "SAML",
  "SOML",
  "TURN",
]);

const REPLIES: Readonly<Record<Occasion, string>> = {
  logInFirst: "530 5.7.0 log in first (AUTH)",
  startTlsFirst: "530 5.7.0 start TLS first (STARTTLS)",
  logInInTls: "538 5.7.11 start TLS first (STARTTLS)",
  noTls: "502 5.5.1 there is no TLS here",
  tlsAlready: "503 5.5.1 TLS has begun already",
  startTls: "220 2.0.0 start TLS now",
  bytesBeforeTls: "554 5.5.1 nothing may follow STARTTLS before TLS",
  unknownMechanism: `504 5.5.4 there are ${PASSWORD_MECHANISMS.join(" and ")} here`,
  cancelled: "501 5.7.0 cancelled",
  lineTooLong: "500 5.5.2 the line is too long",
  bareLineEnd: "500 5.5.2 lines end with CR LF",
  nul: "500 5.5.2 a line has no NUL in it",
  isHttp: "500 5.5.2 this is SMTP, not HTTP",
  tooManyCommands: "421 4.7.0 too many commands without a login",
  tooMuchAtOnce: "421 4.7.0 too much at once",
};

class SmtpDialect implements Dialect {
  readonly greeting = `220 ${DOMAIN} ESMTP mailkey proxy`;
  readonly replies = REPLIES;
  clientName: string | undefined;
  readonly #login: FrontOptions["login"];

  constructor(login: FrontOptions["login"]) {
    this.#login = login;
  }

  react(line: string): Reaction {
    const { verb, argument } = parseSmtpCommand(line);
    switch (verb) {
      case "EHLO":
        this.#meet(argument);
        return { kind: "list" };
      case "HELO":
        this.#meet(argument);
        return { kind: "say", text: `250 ${DOMAIN}` };
      case "AUTH": {
        const auth = parseAuthArgument(argument);
        return auth === undefined
          ? { kind: "say", text: "501 5.5.4 AUTH takes a mechanism, and its initial response" }
          : { kind: "authenticate", ...auth };
      }
      case "STARTTLS":
        return argument === "" ? { kind: "start-tls" } : { kind: "say", text: "501 5.5.4 STARTTLS stands alone" };
      case "NOOP":
      case "RSET":
        return { kind: "say", text: "250 2.0.0 OK" };
      case "HELP":
        return { kind: "say", text: "214 2.0.0 log in with a password of the proxy: mailkey proxy password --help" };
      case "VRFY":
        return { kind: "say", text: "252 2.0.0 nobody can tell before the login" };
      case "QUIT":
        return { kind: "leave", text: "221 2.0.0 bye" };
      default:
        return this.#reactToServerMatter(verb);
    }
  }

  list(offer: Offer, extensions: readonly string[]): string {
    const mechanisms = PASSWORD_MECHANISMS.join(" ");
    const lines = [
      `${DOMAIN} greets you`,
      ...extensions.filter((line) => !OWN_EXTENSION.test(line)),
      // The second is the form of servers before RFC 2554; some old clients know no other.
      ...(offer.mayLogIn && this.#login === "password" ? [`AUTH ${mechanisms}`, `AUTH=${mechanisms}`] : []),
      ...(offer.mayStartTls ? ["STARTTLS"] : []),
    ];
    return lines.map((line, index) => `250${index === lines.length - 1 ? " " : "-"}${line}`).join("\r\n");
  }

  forget(): void {
    this.clientName = undefined;
  }

  challenge(challenge: string): string {
    return `334 ${challenge}`;
  }

  accepted(said: string): string {
    return `235 2.7.0 ${spoken(said) || "logged in"}`;
  }

  refused(refusal: Refusal): string {
    return `${REFUSAL_CODES[refusal.kind]} ${refusalWords(refusal)}`;
  }

  farewell(reason: Farewell): string {
    return smtpFarewell(reason);
  }

  malformed(why: string): string {
    return `501 5.5.2 ${why}`;
  }

  #reactToServerMatter(verb: string): Reaction {
    // Its data follow at once (RFC 3030 2), and must not be taken for commands.
    if (verb === "BDAT" && this.#login === "password") return { kind: "leave", text: REPLIES.logInFirst };
    if (this.#login === "given" || SERVER_MATTERS.has(verb)) return { kind: "pass" };
    return { kind: "say", text: "500 5.5.1 there is no such command before the login" };
  }

  #meet(name: string): void {
    this.clientName = isClientName(name) ? name : undefined;
  }
}

const OWN_EXTENSION = /^(?:AUTH|STARTTLS)(?:[ =]|$)/i;

const REFUSAL_CODES: Readonly<Record<Refusal["kind"], string>> = {
  password: "535 5.7.8",
  throttled: "454 4.7.0",
  sessions: "454 4.7.0",
  needed: "535 5.7.8",
  unavailable: "421 4.3.0",
  server: "535 5.7.8",
};
