import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { encodeBase64 } from "../../src/sasl/base64.ts";
import type { PasswordExchange, Turn } from "../../src/sasl/password-exchange.ts";
import { PASSWORD_MECHANISMS, passwordExchange } from "../../src/sasl/password-mechanisms.ts";
import { GARBAGE, USERS } from "./arbitraries.ts";

/** Any text that UTF-8 can say, without what ends a field of PLAIN. */
const PASSWORDS = fc.string({ unit: "binary" }).map((text) => text.toWellFormed().replaceAll("\0", ""));

function exchange(name: string): PasswordExchange {
  const found = passwordExchange(name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

/** The credentials in the clear, so that they can be compared. */
function revealed(turn: Turn) {
  return turn.kind === "credentials" ? { user: turn.user, password: turn.password.reveal() } : turn;
}

const plain = (message: string) => revealed(exchange("PLAIN").take(encodeBase64(message)));

describe("PLAIN", () => {
  test("takes the example of its document", () => {
    expect(plain("\0tim\0tanstaaftanstaaf")).toEqual({ user: "tim", password: "tanstaaftanstaaf" });
  });

  test("asks with an empty challenge", () => {
    expect(exchange("PLAIN").firstChallenge).toBe("");
  });

  test("takes any user and password, with or without the user's own name before them", () => {
    fc.assert(
      fc.property(USERS, PASSWORDS, fc.boolean(), (user, password, hasAuthzid) => {
        expect(plain(`${hasAuthzid ? user : ""}\0${user}\0${password}`)).toEqual({ user, password });
      }),
    );
  });

  test("lets nobody act for another", () => {
    expect(plain("ursel\0kurt\0xipj3plmq")).toMatchObject({ kind: "malformed" });
  });

  test("refuses what has not three fields", () => {
    for (const message of ["", "anna", "anna\0word", "\0anna\0word\0more"])
      expect(plain(message)).toMatchObject({ kind: "malformed" });
  });
});

describe("LOGIN", () => {
  test("asks for the user name and then for the password, in the words that clients know", () => {
    const login = exchange("LOGIN");
    expect(login.firstChallenge).toBe("VXNlcm5hbWU6");
    expect(login.take(encodeBase64("anna"))).toEqual({ kind: "challenge", challenge: "UGFzc3dvcmQ6" });
    expect(revealed(login.take(encodeBase64("word")))).toEqual({ user: "anna", password: "word" });
  });

  test("takes any user and password", () => {
    fc.assert(
      fc.property(USERS, PASSWORDS, (user, password) => {
        const login = exchange("LOGIN");
        login.take(encodeBase64(user));
        expect(revealed(login.take(encodeBase64(password)))).toEqual({ user, password });
      }),
    );
  });

  test("remembers nothing of another login", () => {
    exchange("LOGIN").take(encodeBase64("anna"));
    expect(exchange("LOGIN").take(encodeBase64("word"))).toMatchObject({ kind: "challenge" });
  });
});

describe("both mechanisms", () => {
  test("are found in any case, and no other is", () => {
    for (const name of PASSWORD_MECHANISMS) expect(passwordExchange(name.toLowerCase())).toBeDefined();
    for (const name of ["", "PLAI", "XOAUTH2", "CRAM-MD5", "__proto__"]) expect(passwordExchange(name)).toBeUndefined();
  });

  test("refuse a user name that is empty or holds control characters", () => {
    for (const user of ["", "a\r\nb", "a\u007f", "a\u0085"]) {
      expect(plain(`\0${user}\0word`)).toMatchObject({ kind: "malformed" });
      const login = exchange("LOGIN");
      login.take(encodeBase64(user));
      expect(login.take(encodeBase64("word"))).toMatchObject({ kind: "malformed" });
    }
  });

  test("refuse what is not base64", () => {
    for (const name of PASSWORD_MECHANISMS)
      for (const response of ["A", "AA=", "=", "*", "AAAA ", "AA\0A", "====", "AGE-", "AAAA\r\n", "é"])
        expect(exchange(name).take(response)).toMatchObject({ kind: "malformed" });
  });

  test("take a password that is not UTF-8 for one that nobody has", () => {
    const latin1 = Buffer.from("\0anna\0pässwort", "latin1").toString("base64");
    expect(revealed(exchange("PLAIN").take(latin1))).toEqual({ user: "anna", password: "p\ufffdsswort" });
  });

  test("do not throw, whatever they are sent, and show no password", () => {
    fc.assert(
      fc.property(GARBAGE, GARBAGE, (first, second) => {
        for (const name of PASSWORD_MECHANISMS) {
          const asked = exchange(name);
          asked.take(first);
          const turn = asked.take(Buffer.from(second, "latin1").toString("base64"));
          if (turn.kind === "credentials") expect(JSON.stringify(turn)).toContain('"password":"[redacted]"');
        }
      }),
    );
  });
});
