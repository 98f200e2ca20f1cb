/**
 * POP3 before a login. No APOP: it would need the password itself, and the proxy keeps a hash. No UTF8 and LANG (RFC 6856) either: they belong
 * before the login, where there is no server yet.
 *
 * @see RFC 1939, RFC 2449 (CAPA), RFC 2595 (STLS), RFC 5034 (AUTH), RFC 3206 (response codes)
 */
import { parseAuthArgument } from "../../mail/auth-argument.ts";
import { MULTILINE_END } from "../../mail/pop-codec.ts";
import { parsePopCommand } from "../../mail/pop-command.ts";
import { Secret } from "../../platform/secret.ts";
import { isUserName } from "../../sasl/password-exchange.ts";
import { PASSWORD_MECHANISMS } from "../../sasl/password-mechanisms.ts";
import type { Refusal } from "../refusal.ts";
import type { Farewell, Front, FrontOptions } from "./front.ts";
import { LineFront, type Dialect, type Occasion, type Offer, type Reaction } from "./line-front.ts";
import { farewellWords, refusalWords, spoken } from "./words.ts";

export function popFront(options: FrontOptions): Front {
  return new LineFront(new PopDialect(options.login), options);
}

/** Without its line's end. */
export function popFarewell(reason: Farewell): string {
  return `-ERR [SYS/TEMP] ${farewellWords(reason)}`;
}

const REPLIES: Readonly<Record<Occasion, string>> = {
  logInFirst: "-ERR log in first (USER and PASS, or AUTH)",
  startTlsFirst: "-ERR start TLS first (STLS)",
  logInInTls: "-ERR start TLS first (STLS)",
  noTls: "-ERR there is no TLS here",
  tlsAlready: "-ERR TLS has begun already",
  startTls: "+OK start TLS now",
  bytesBeforeTls: "-ERR nothing may follow STLS before TLS",
  unknownMechanism: `-ERR there are ${PASSWORD_MECHANISMS.join(" and ")} here`,
  cancelled: "-ERR cancelled",
  lineTooLong: "-ERR the line is too long",
  bareLineEnd: "-ERR lines end with CR LF",
  nul: "-ERR a line has no NUL in it",
  isHttp: "-ERR this is POP3, not HTTP",
  tooManyCommands: "-ERR [SYS/TEMP] too many commands without a login",
  tooMuchAtOnce: "-ERR [SYS/TEMP] too much at once",
};

class PopDialect implements Dialect {
  readonly greeting = "+OK mailkey proxy ready";
  readonly replies = REPLIES;
  readonly clientName = undefined;
  readonly #login: FrontOptions["login"];
  #user: string | undefined;

  constructor(login: FrontOptions["login"]) {
    this.#login = login;
  }

  react(line: string): Reaction {
    const { keyword, argument } = parsePopCommand(line);
    switch (keyword) {
      case "CAPA":
        return { kind: "list" };
      case "USER":
        return this.#identify(argument.trim());
      case "PASS":
        return this.#pass(argument);
      case "AUTH":
        return authenticate(argument.trim());
      case "STLS":
        return argument === "" ? { kind: "start-tls" } : { kind: "say", text: "-ERR STLS stands alone" };
      case "QUIT":
        return { kind: "leave", text: "+OK bye" };
      default:
        return { kind: "pass" };
    }
  }

  list(offer: Offer, extensions: readonly string[]): string {
    const lines = [
      "+OK capabilities follow",
      "TOP",
      "UIDL",
      "RESP-CODES",
      "AUTH-RESP-CODE",
      ...(offer.mayLogIn ? ["USER", `SASL ${PASSWORD_MECHANISMS.join(" ")}`] : []),
      ...(offer.mayStartTls ? ["STLS"] : []),
      ...extensions.filter((line) => !OWN_CAPABILITY.test(line)),
      "IMPLEMENTATION mailkey-proxy",
      MULTILINE_END,
    ];
    return lines.join("\r\n");
  }

  forget(): void {
    this.#user = undefined;
  }

  challenge(challenge: string): string {
    return `+ ${challenge}`;
  }

  accepted(said: string): string {
    return `+OK ${spoken(said) || "logged in"}`;
  }

  refused(refusal: Refusal): string {
    return `-ERR [${REFUSAL_CODES[refusal.kind]}] ${refusalWords(refusal)}`;
  }

  farewell(reason: Farewell): string {
    return popFarewell(reason);
  }

  malformed(why: string): string {
    return `-ERR ${why}`;
  }

  #identify(user: string): Reaction {
    this.#user = isUserName(user) ? user : undefined;
    return { kind: "identify", text: this.#user === undefined ? "-ERR that is no user name" : "+OK now the password" };
  }

  #pass(password: string): Reaction {
    const user = this.#user;
    this.#user = undefined;
    if (user === undefined && this.#login === "password") return { kind: "identify", text: "-ERR USER comes first" };
    return { kind: "log-in", login: { user, password: new Secret(password) } };
  }
}

/** Without a mechanism it asks which there are: the form of before RFC 5034, which clients still use. */
function authenticate(argument: string): Reaction {
  if (argument === "") return { kind: "identify", text: ["+OK", ...PASSWORD_MECHANISMS, MULTILINE_END].join("\r\n") };
  const auth = parseAuthArgument(argument);
  return auth === undefined
    ? { kind: "say", text: "-ERR AUTH takes a mechanism, and its initial response" }
    : { kind: "authenticate", ...auth };
}

/** What the proxy says itself, and what it could not hand on. */
const OWN_CAPABILITY = /^(?:TOP|UIDL|USER|SASL|STLS|APOP|UTF8|LANG|RESP-CODES|AUTH-RESP-CODE|IMPLEMENTATION)(?: |$)/i;

const REFUSAL_CODES: Readonly<Record<Refusal["kind"], string>> = {
  password: "AUTH",
  throttled: "LOGIN-DELAY",
  sessions: "SYS/TEMP",
  needed: "SYS/PERM",
  unavailable: "SYS/TEMP",
  server: "SYS/PERM",
};
