/** What is decoded of logins: the proxy's clients' passwords, and servers' challenges. Each input holds lines, one for each turn. */
import { decodeFailureChallenge } from "../../src/sasl/failure-challenge.ts";
import { mechanismNamed } from "../../src/sasl/mechanisms.ts";
import type { Turn } from "../../src/sasl/password-exchange.ts";
import { PASSWORD_MECHANISMS, passwordExchange } from "../../src/sasl/password-mechanisms.ts";
import { must, type FuzzTarget } from "./fuzz.ts";

const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64");

const CONTROL = /[\0-\x1f\x7f-\x9f]/;

function run(input: Buffer): void {
  const turns = input.toString("latin1").split("\n");
  for (const name of PASSWORD_MECHANISMS) exchange(name, turns);
  for (const turn of turns) {
    mechanismNamed("XOAUTH2").decodeInitialResponse(turn);
    mechanismNamed("OAUTHBEARER").decodeInitialResponse(turn);
    decodeFailureChallenge(turn);
  }
}

function exchange(name: string, turns: readonly string[]): void {
  const asked = passwordExchange(name);
  let turn: Turn | undefined;
  for (const response of turns) {
    turn = asked?.take(response);
    if (turn?.kind !== "challenge") break;
  }
  if (turn?.kind === "credentials") must(turn.user !== "" && !CONTROL.test(turn.user), "a user has a name");
}

export const SASL_TARGETS: readonly FuzzTarget[] = [
  {
    name: "SASL",
    corpus: [
      base64("\0anna@example.com\0secret"),
      base64("anna@example.com\0anna@example.com\0päßwort"),
      `${base64("anna@example.com")}\n${base64("secret")}`,
      base64("user=anna@example.com\u0001auth=Bearer token\u0001\u0001"),
      base64("n,a=anna@example.com,\u0001host=a.b\u0001port=993\u0001auth=Bearer token\u0001\u0001"),
      base64('{"status":"400","schemes":"bearer","scope":"mail"}'),
    ],
    words: ["=", "==", "\n", "AAAA", "AA==", "gICA", "AAECAw==", "/w==", "DQo=", "*"],
    run,
  },
];
